"""What the estimators share: constants of parts by name, the table of families, diagnoses, state in files."""

import ast
import copy
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import tectum
from tectum import parts, persistence
from tectum.cli.support import MODELS
from tectum.models.common.base import SpikingEstimator
from tectum.models.common.families import BY_NAME, FAMILIES, family_of
from tectum.models.common.nested import Follows, constants, members, replaced
from tectum.report.examination import PAGES

SOURCE = Path(tectum.__file__).parent
NAMES = [family.name for family in FAMILIES]
COMPETITIONS = (parts.SoftmaxInhibition, parts.LatencyRace, parts.LocalInhibition, parts.DecorrelatingInhibition)
NO_PRIVATE = ("_replace", "_asdict", "_fields", "_make")  # public methods of named tuples


def samples(n: int = 60, n_features: int = 16) -> NDArray[np.float64]:
    return np.random.RandomState(0).uniform(size=(n, n_features))


def small(name: str) -> Any:
    """An estimator that has learned next to nothing."""
    X = samples()
    made = {
        "SpikingSOM": lambda: tectum.SpikingSOM((3, 3), n_presentations=40, random_state=0).fit(X[:, :2]),
        "SpikingDictionary": lambda: tectum.SpikingDictionary(6, n_presentations=60, random_state=0).fit(X),
        "DiehlCook": lambda: tectum.DiehlCook(6, random_state=0).fit(X),
        "MapHierarchy": lambda: tectum.MapHierarchy(random_state=0).fit(X),
        "WaveNetwork": lambda: tectum.WaveNetwork([parts.Sheet((8, 8)), parts.Sheet(12)], random_state=0).grow(50.0),
        "SpikingReadout": lambda: tectum.SpikingReadout(random_state=0).fit(X, X[:, 0] > 0.5),
        "Network": lambda: tectum.Network(presentation=50.0, random_state=0).fit(X),
    }
    return made[name]()


def effective(model: Any) -> dict[str, Any]:
    """The constants in use, by path."""
    found = {}
    for name, part in model.chosen_parts().items():
        found |= {f"{name}__{path}": value for path, value in constants(part, model._default_of) if not members(value)}
    return found


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return {name: small(name) for name in NAMES}


class TestConstantsByName:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_constant_of_every_part_is_a_parameter(self, name):
        model = getattr(tectum, name)()
        deep, shallow = model.get_params(), model.get_params(deep=False)
        assert deep.items() >= shallow.items()
        for parameter, part in tectum.recommended(name).items():
            for path, value in constants(part, lambda part, field: None):
                assert f"{parameter}__{path}" in deep
                assert value is None or deep[f"{parameter}__{path}"] == value

    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_set_to_what_it_is(self, name):
        """And then the parts in use are what they were."""
        model, before = getattr(tectum, name)(), tectum.recommended(name)
        plain = {path: value for path, value in model.get_params().items() if "__" in path and not members(value)}
        for path, value in plain.items():
            model.set_params(**{path: value})
        after = model.chosen_parts()
        for parameter in before:
            if parameter not in ("maps", "layers", "phases"):
                assert after[parameter] == before[parameter], parameter

    def test_one_changes_and_the_others_stay_as_recommended(self):
        som = tectum.SpikingSOM().set_params(rule__tau_plus=15.0)
        assert som.rule == tectum.recommended("SpikingSOM").rule._replace(tau_plus=15.0)
        assert som.rule.A_minus != parts.NearestNeighbourSTDP().A_minus
        given = tectum.SpikingSOM(rule=parts.NearestNeighbourSTDP()).set_params(rule__tau_plus=15.0)
        assert given.rule == parts.NearestNeighbourSTDP(tau_plus=15.0)

    @pytest.mark.parametrize(
        ("name", "others"),
        [
            *((name, {}) for name in NAMES),
            ("SpikingSOM", {"n_presentations": 3000, "shape": (20, 4), "start": parts.RandomStart()}),
            ("SpikingSOM", {"topology": "toroidal"}),
            *(("SpikingDictionary", {"competition": kind()}) for kind in COMPETITIONS),
            ("SpikingDictionary", {"encoder": parts.EventPatches()}),
            ("SpikingDictionary", {"n_active": 2}),
            ("MapHierarchy", {"clock": parts.PacingClock(period=70.0)}),
        ],
    )
    def test_one_constant_leaves_all_others_as_they_would_be_without(self, name, others):
        """Whatever else is set, before or after it."""
        kind = getattr(tectum, name)
        expected, plain = effective(kind(**others)), kind().get_params()
        for path, value in plain.items():
            parameter = path.partition("__")[0]
            if path == parameter or parameter in others or members(value):
                continue
            for model in (kind().set_params(**{path: value}).set_params(**others), kind(**others)):
                if type(getattr(kind(**others).chosen_parts(), parameter)) is not type(plain[parameter]):
                    continue  # a part of another kind was asked for
                model.set_params(**{path: value})
                assert effective(model) | {path: None} == expected | {path: None}, path
                assert effective(clone(model)) == effective(model)

    def test_one_constant_leaves_the_others_as_recommended_for_the_data(self, fitted):
        """A map of two features begins with a radius twice as wide, and learns faster in few presentations."""
        som = fitted["SpikingSOM"]
        expected = effective(som)
        for path, value in effective(tectum.SpikingSOM()).items():
            touched = copy.copy(som).set_params(**{path: value})
            assert effective(touched) | {path: None} == expected | {path: None}, path
        assert expected["radius__start"] == 1.25  # 0.4 * 3, and no less than the end
        wide = tectum.SpikingSOM((9, 9), n_presentations=4, random_state=0).set_params(radius__end=1.0)
        assert wide.fit(samples(9, 2)).chosen_parts().radius.start == 3.6
        assert wide.fit(samples(9, 4)).chosen_parts().radius.start == 1.8

    def test_parts_of_a_map_follow_the_clock_of_the_hierarchy(self):
        model = tectum.MapHierarchy().set_params(maps__upper__clock__lead=3.0, clock__period=70.0)
        assert [m.clock.period for m in model.fit(samples(4, 4)).maps_] == [70.0, 70.0, 70.0]
        assert model.maps_[2].clock.lead == 3.0
        assert not any(
            isinstance(value, Follows) for m in model.maps_ for value in dict(constants(m, lambda *_: None)).values()
        )

    @pytest.mark.compiled
    def test_a_file_and_a_pickle_keep_what_was_not_set(self, tmp_path):
        som = tectum.SpikingSOM((9, 9), n_presentations=9, random_state=0).set_params(radius__end=1.0, rule__shift=0.5)
        som.fit(samples(9, 2)).save(tmp_path / "map")
        for again in (tectum.load(tmp_path / "map"), pickle.loads(pickle.dumps(som))):
            assert effective(again) == effective(som)
            assert again.fit(samples(9, 4)).chosen_parts().radius.start == 1.8
            assert effective(again.set_params(n_presentations=20_000))["rule__A_plus"] == 0.0144

    def test_recommended_ones_are_those_for_the_other_parameters(self):
        assert tectum.SpikingSOM((20, 4)).get_params()["radius__start"] == 4.0
        assert tectum.SpikingSOM().set_params(radius__end=1.5, shape=(20, 4)).radius.start == 4.0
        softmax = tectum.SpikingDictionary(competition=parts.SoftmaxInhibition()).set_params(rule__eta=0.01)
        assert softmax.rule == parts.EventSTDP(eta=0.01)

    def test_a_part_and_one_of_its_constants_in_one_call(self):
        som = tectum.SpikingSOM().set_params(radius__radius=3.0, radius=parts.ConstantRadius(9.0))
        assert som.radius == parts.ConstantRadius(3.0)

    def test_parts_in_parts(self):
        maps = [parts.Map("scene", (parts.Features(code=parts.RandomProjection(k=9)),))]
        model = tectum.MapHierarchy(maps).set_params(maps__scene__sources__0__code__jitter=0.1, clock__period=50.0)
        assert model.maps[0].sources[0].code == parts.RandomProjection(k=9, jitter=0.1)
        assert maps[0].sources[0].code.jitter == 0.5  # what was given is not changed
        assert model.clock == parts.PacingClock(period=50.0)
        som = tectum.SpikingSOM().set_params(inhibition__neuron__tau_m=7.0)
        assert som.inhibition.neuron.tau_m == 7.0
        assert som.inhibition.W_inhibition == 3.9

    def test_maps_by_name(self):
        model = tectum.MapHierarchy().set_params(maps__lower_0__rule__eta=0.1)
        assert model.maps[0].rule == tectum.MapHierarchy().get_params()["maps__lower_0__rule"]._replace(eta=0.1)
        assert [m.rule for m in model.maps[1:]] == [None, None]
        assert model.get_params()["maps__upper__rule__eta"] == 0.2

    @pytest.mark.compiled
    def test_default_maps_that_were_touched_learn_as_those_that_were_not(self):
        X = samples(20, 7)
        alone = tectum.MapHierarchy(random_state=0).fit(X)
        touched = tectum.MapHierarchy(random_state=0).set_params(maps__upper__rule__eta=0.2).fit(X)
        assert touched.maps_ == alone.maps_
        np.testing.assert_array_equal(touched.weights(), alone.weights())

    def test_phases_and_sheets_by_number(self):
        network = tectum.WaveNetwork().set_params(phases__1__duration=9000.0, layers__1__shape=100)
        assert [phase.duration for phase in network.phases] == [3000.0, 9000.0]
        assert network.layers[1].shape == 100
        assert network.schedule_ms == 12_000.0

    @pytest.mark.parametrize(
        ("name", "params", "message"),
        [
            ("SpikingSOM", {"rul__eta": 1}, "SpikingSOM has no parameter 'rul'; did you mean 'rule'"),
            (
                "SpikingSOM",
                {"rule__tau_pluss": 1},
                r"SpikingSOM.rule \(NearestNeighbourSTDP\) has no field 'tau_pluss'",
            ),
            ("SpikingSOM", {"rule__tau_pluss": 1}, "did you mean 'tau_plus'"),
            ("SpikingSOM", {"dt__x": 1}, "SpikingSOM.dt is not a part and has no field 'x'"),
            ("SpikingSOM", {"inhibition__neuron__tau": 1}, r"SpikingSOM.inhibition.neuron \(LIF\) has no field 'tau'"),
            ("MapHierarchy", {"maps__lowr_0__rule__eta": 1}, "did you mean 'lower_0'"),
            ("WaveNetwork", {"phases__7__k": 1}, "WaveNetwork.phases .* has no field '7'; .*there are: 0, 1"),
        ],
    )
    def test_a_wrong_name_is_answered_with_the_right_one(self, name, params, message):
        with pytest.raises(ValueError, match=message):
            getattr(tectum, name)().set_params(**params)

    @pytest.mark.parametrize("name", NAMES)
    def test_clone_and_repr(self, name):
        model = getattr(tectum, name)()
        path = next(path for path, value in model.get_params().items() if "__" in path and isinstance(value, float))
        model.set_params(**{path: 0.75})
        assert clone(model).get_params()[path] == 0.75
        assert "0.75" in repr(model)

    def test_replaced_leaves_the_original(self):
        part = parts.RegularSpikes()
        assert replaced("x", part, ["n_steps"], 7) == part._replace(n_steps=7)
        assert replaced("x", [part], ["0", "n_steps"], 7) == [part._replace(n_steps=7)]

    @pytest.mark.compiled
    def test_grid_search(self):
        som = tectum.SpikingSOM((3, 3), n_presentations=30, random_state=0)
        search = GridSearchCV(som, {"radius__end": [1.0, 1.5]}, cv=2, error_score="raise").fit(samples(20, 2))
        assert search.best_estimator_.radius.end == search.best_params_["radius__end"]
        assert search.best_score_ == max(search.cv_results_["mean_test_score"]) < 0.0


class TestFamilies:
    def test_one_table(self):
        assert {name for name in tectum.__all__ if name in BY_NAME} == set(NAMES)
        assert list(MODELS) == [family.command for family in FAMILIES]
        assert {family.page for family in FAMILIES if family.page} == PAGES.keys()
        for family in FAMILIES:
            assert family.estimator is getattr(tectum, family.name)
            assert issubclass(family.estimator, SpikingEstimator)
            assert family_of(family.estimator()) is family

    def test_other_classes_have_no_family(self):
        with pytest.raises(TypeError, match="model must be an estimator of tectum, got a str"):
            family_of("SpikingSOM")
        with pytest.raises(ValueError, match=r"recommended.estimator must be one of SpikingSOM, .* got 'SOM'"):
            tectum.recommended("SOM")

    def test_report_and_command_line_use_no_private_member_of_an_estimator(self):
        found = [
            f"{path.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(node)}"
            for folder in ("report", "cli")
            for path in (SOURCE / folder).rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
            if node.attr not in NO_PRIVATE and not ast.unparse(node.value).startswith(("self", "cls"))
        ]
        assert not found


@pytest.mark.compiled
class TestModels:
    @pytest.mark.parametrize("name", NAMES)
    def test_chosen_parts_are_those_given_and_recommended_ones(self, fitted, name):
        chosen = fitted[name].chosen_parts()
        for parameter, part in chosen.items():
            given = getattr(fitted[name], parameter)
            assert given is None or given == part
            assert getattr(chosen, parameter) is part

    @pytest.mark.parametrize("name", NAMES)
    def test_a_file_holds_all_of_it(self, fitted, name, tmp_path):
        fitted[name].save(tmp_path / "model")
        loaded = tectum.load(tmp_path / "model")
        arrays, header = fitted[name]._get_state()
        again, other = loaded._get_state()
        assert header == other
        assert arrays.keys() == again.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, again[key], err_msg=key)

    @pytest.mark.parametrize("name", NAMES)
    def test_after_a_fit_that_fails_it_is_as_it_was(self, name):
        """The old model works on the old data, and refuses those it failed to learn from."""
        model, wide = small(name), samples(5, 300)
        X = samples()[:, : model.n_features_in_]
        responses, before = model.transform(X) if name != "WaveNetwork" else None, dict(vars(model))
        given, labels = {
            "SpikingSOM": (np.ones_like(wide), None),
            "SpikingDictionary": (np.zeros_like(wide), None),
            "DiehlCook": (wide, [1]),
            "MapHierarchy": (wide, None),
            "WaveNetwork": (wide, None),
            "SpikingReadout": (wide, [1]),
            "Network": (wide, None),
        }[name]
        faults: dict[str, Any] = {"MapHierarchy": {"maps": ()}, "Network": {"readout": "nowhere"}}.get(name, {})
        model.set_params(**faults)
        with pytest.raises(ValueError, match=r".+"):
            model.fit(given, labels)
        model.set_params(**dict.fromkeys(faults))
        assert vars(model).keys() == before.keys()
        assert all(value is before[key] for key, value in vars(model).items())
        if name != "WaveNetwork":
            np.testing.assert_array_equal(model.transform(X), responses)
        with pytest.raises(ValueError, match="X has 300 features, but"):
            model.transform(wide)

    def test_a_first_fit_that_fails_leaves_nothing(self):
        model = tectum.SpikingDictionary(4)
        before = dict(vars(model))
        with pytest.raises(ValueError, match="must hold a value other than 0"):
            model.fit(np.zeros((5, 3)))
        assert vars(model) == before

    @pytest.mark.parametrize(
        ("name", "changes", "message"),
        [
            ("SpikingSOM", {"wiring": parts.DirectWiring()}, r"wiring must stay None, got DirectWiring\(\)"),
            ("SpikingDictionary", {"n_components": 16}, "n_components must stay 6, got 16"),
            (
                "SpikingDictionary",
                {"competition": parts.LocalInhibition(), "rule": parts.LocalSTDP()},
                "competition must stay None, got LocalInhibition.* rule must stay None, got LocalSTDP",
            ),
            ("DiehlCook", {"n_neurons": 16}, "n_neurons must stay 6, got 16"),
            ("SpikingReadout", {"encoder": parts.PoissonSpikes()}, "encoder must stay None, got PoissonSpikes"),
            ("WaveNetwork", {"layers": [parts.Sheet((8, 8)), parts.Sheet(13)]}, "layers must stay .* got .*13"),
            ("Network", {"populations": [parts.Population("units", 3)]}, "populations must stay None, got "),
            ("MapHierarchy", {"cycles": 0}, "'cycles' parameter of MapHierarchy must be"),
        ],
    )
    def test_parameters_that_do_not_fit_what_was_learned_are_refused(self, name, changes, message, tmp_path):
        """And a good file is not replaced by one that cannot be read."""
        model, path = small(name), tmp_path / "model"
        model.save(path)
        kept = path.read_bytes()
        given = {key: getattr(model, key) for key in changes}
        model.set_params(**changes)
        X = samples()[:, : model.n_features_in_]
        for refused in (lambda: model.save(path), lambda: tectum.save(model, path), lambda: model.transform(X)):
            with pytest.raises(ValueError, match=message) as raised:
                refused()
            assert name == "MapHierarchy" or "set them back, or call fit again" in str(raised.value)
        assert path.read_bytes() == kept
        tectum.load(path)
        model.set_params(**given).save(path)
        arrays, header = persistence.load_arrays(path)
        assert header["params"].keys() == model.get_params(deep=False).keys()
        assert arrays.keys() == model._get_state()[0].keys()

    @pytest.mark.parametrize("name", NAMES)
    def test_no_threads_are_refused(self, name):
        with pytest.raises(ValueError, match=r"'n_jobs' parameter .* Got 0 instead"):
            small(name).set_params(n_jobs=0).fit(samples(), np.arange(60) % 2)

    def test_growth_goes_on_with_the_sheets_it_began_with(self):
        model = small("WaveNetwork").set_params(layers=[parts.Sheet((8, 8)), parts.Sheet(13)])
        for refused in (lambda: model.grow(10.0), lambda: model.fit(samples(5, 64))):
            with pytest.raises(ValueError, match=r"layers must stay .* got .*13.*set them back"):
                refused()

    def test_events_are_refused_by_a_dictionary_of_a_table(self, tmp_path):
        model = small("SpikingDictionary").set_params(encoder=parts.EventPatches())
        events = np.zeros(40, [("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.int8)])
        events["t"], events["x"], events["y"] = np.arange(40), np.arange(40) % 8, np.arange(40) // 5
        for take in (model.record_events, model.transform_events, model.partial_fit_events):
            with pytest.raises(ValueError, match="encoder must stay None, got EventPatches"):
                take(events)
        with pytest.raises(ValueError, match="encoder must stay None, got EventPatches"):
            model.save(tmp_path / "model")
        assert model.fit_events(events).partial_fit_events(events).n_features_in_ == 50

    def test_parameters_may_change_that_fit_what_was_learned(self, tmp_path):
        som = small("SpikingSOM").set_params(shape=(2, 2), readout=parts.Centroid(), n_jobs=2)
        assert som.transform(samples()[:, :2]).shape == (60, 9)
        som.save(tmp_path / "som")
        assert tectum.load(tmp_path / "som").shape == (2, 2)

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("SpikingSOM", {"shape": (3, 3), "n_presentations": 80}),
            ("SpikingDictionary", {"n_components": 6, "n_presentations": 1200}),
            ("DiehlCook", {"n_neurons": 6, "n_passes": 20, "shuffle": True}),
            ("MapHierarchy", {"n_passes": 2, "greedy": True, "shuffle": True}),
            ("WaveNetwork", {"layers": [parts.Sheet((4, 4)), parts.Sheet(12)], "n_presentations": 1100}),
        ],
        ids=["map", "dictionary", "network", "hierarchy", "sheets"],
    )
    def test_an_interrupted_fit_goes_on_from_a_file(self, name, changes, monkeypatch, tmp_path):
        X = samples()
        whole = getattr(tectum, name)(random_state=0, **changes).fit(X)
        cut = getattr(tectum, name)(random_state=0, warm_start=True, **changes)
        learn, calls = type(cut)._learn, []

        def interrupted(self, *arguments):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            learn(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(type(cut), "_learn", interrupted)
            with pytest.raises(KeyboardInterrupt):
                cut.fit(X)
        cut.save(tmp_path / "cut")
        resumed = tectum.load(tmp_path / "cut").fit(X)
        arrays, expected = resumed._get_state()[0], whole._get_state()[0]
        for key, array in expected.items():
            np.testing.assert_array_equal(arrays[key], array, err_msg=key)

    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_diagnosed(self, fitted, name):
        model = fitted[name]
        X = samples()[:, : model.n_features_in_]
        found = model.diagnose() if name == "WaveNetwork" else model.diagnose(X)
        text = str(found)
        assert all(label in text for label, _ in found.rows)
        assert all(warning in text for warning in found.warnings)
        with pytest.raises(AttributeError, match="Diagnosis has no 'beauty'; there are: "):
            _ = found.beauty

    @pytest.mark.parametrize(
        ("changes", "warning"),
        [
            ({"gain": 0.01}, "no neuron fires for 100% .* raise gain"),
            ({"gain": 0.01}, "6 of 6 neurons have never fired while the network learned"),
            ({"rule": parts.PostPreSTDP(w_max=0.02)}, "of the weights are at their upper bound: lower rule"),
            ({"inhibition": parts.LateralInhibition(strength=0.0)}, "neurons answer a sample: competition fails"),
        ],
        ids=["weak", "idle", "saturated", "no competition"],
    )
    def test_a_broken_network_names_its_remedy(self, changes, warning):
        found = tectum.DiehlCook(6, random_state=0, **changes).fit(samples()).diagnose(samples())
        assert any(re.search(warning, line) for line in found.warnings), found

    def test_a_silent_map_is_named(self, fitted):
        deaf = tectum.MapHierarchy(random_state=0).set_params(maps__upper__norm__drive=0.1).fit(samples())
        found = deaf.diagnose(samples())
        assert found.silent_samples["upper"] == 1.0
        assert len(found.silent_neurons["upper"]) == 64
        assert any("map 'upper' is silent in 100% of the frames: raise norm.drive" in line for line in found.warnings)
        assert not any("'upper' is silent" in line for line in fitted["MapHierarchy"].diagnose(samples()).warnings)

    def test_a_silent_sheet_is_named(self):
        quiet = tectum.WaveNetwork([parts.Sheet((8, 8)), parts.Sheet(12)], random_state=0)
        found = quiet.set_params(first_neuron__noise=0.0).grow(50.0).diagnose(200.0)
        assert found.rate[0] == 0.0
        assert "sheet 0 is silent: raise first_neuron.noise" in "\n".join(found.warnings)
