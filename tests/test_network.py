"""`Network`: what it computes beside other models and by hand, what it refuses, files, and the pages of the guide."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

import tectum
from tectum.core.events import SpikeTrain
from tectum.parts import (
    LIF,
    AdaptiveLIF,
    All,
    ByDistance,
    ConductanceLIF,
    Currents,
    Izhikevich,
    Latencies,
    LateralInhibition,
    Learned,
    MeanNorm,
    MoreInput,
    NearExcitation,
    OneToOne,
    Population,
    PostPreSTDP,
    Projection,
    RangeNorm,
    Rates,
    Sparse,
    TargetSTDP,
    Trains,
)

GUIDE = Path(__file__).parents[1] / "docs" / "guide" / "network.md"
X = load_digits().data[:40] / 16
CELL = LIF(tau_m=5.0, v_th=0.4, v_reset=0.0)  # a current of 1 for one step of 1 ms moves it by 0.18
# One neuron aside learns, so that all networks made by hand hold parts of the same types, and are compiled once.
ASIDE = Population("aside", 1, CELL, rule=TargetSTDP(), norm=MeanNorm())


def relay(*populations: Population, projections: list[Projection], n: int = 1, ms: float = 20.0, **others: Any) -> Any:
    """A network of spikes at given times, in steps of 1 ms."""
    wires = [learned_from("in"), *projections]
    return tectum.Network([ASIDE, *populations], wires, [Trains("in", n)], presentation=ms, dt=1.0, **others)


def learned_from(source: str) -> Projection:
    return Projection(source, "aside", Learned())


def train(*times: float, neurons: Any = None, presentation: Any = None, n: int = 1) -> SpikeTrain:
    zeros = np.zeros(len(times), np.int64)
    return SpikeTrain(
        np.array(times),
        zeros if neurons is None else np.array(neurons),
        zeros if presentation is None else np.array(presentation),
        n,
    )


@pytest.fixture(scope="module")
def pair() -> tuple[Any, Any]:
    """The network of Diehl & Cook in both forms, after the same digits."""
    units = Population(
        "units", 30, AdaptiveLIF(), rule=PostPreSTDP(), norm=MeanNorm(mean=0.1), inhibition=LateralInhibition()
    )
    wires = [Projection("input", "units", Learned(mean=0.1, gain=784 / 64), delay=0.0)]
    kit = tectum.Network([units], wires, [Rates()], random_state=0).fit(X)
    return kit, tectum.DiehlCook(30, retry=MoreInput(times=1), random_state=0).fit(X)


class TestDiehlCook:
    def test_same_spikes_and_weights(self, pair):
        kit, own = pair
        np.testing.assert_array_equal(kit.spike_counts_["units"], own.spike_counts_)
        np.testing.assert_array_equal(kit.weights("input", "units"), own.weights_)
        np.testing.assert_allclose(kit.adaptation("units"), own.thresholds_ + 52.0, atol=1e-5)

    def test_same_responses_and_recordings(self, pair):
        kit, own = pair
        np.testing.assert_array_equal(kit.transform(X[:10]), own.transform(X[:10]))
        ours, theirs = kit.record(X[:3]), own.record(X[:3])
        for name, other in (("units", "units"), ("input", "inputs")):
            np.testing.assert_array_equal(ours.spikes[name].time_ms, theirs.spikes[other].time_ms)
            np.testing.assert_array_equal(np.sort(ours.spikes[name].neuron), np.sort(theirs.spikes[other].neuron))

    def test_goes_on_from_a_file_to_the_last_bit(self, pair, tmp_path):
        pair[0].save(tmp_path / "net.tectum")
        loaded, whole = tectum.load(tmp_path / "net.tectum"), tectum.load(tmp_path / "net.tectum").partial_fit(X[:8])
        for part in (X[:3], X[3:8]):
            loaded.partial_fit(part)
        np.testing.assert_array_equal(loaded.weights("input", "units"), whole.weights("input", "units"))
        np.testing.assert_array_equal(loaded.spike_counts_["units"], whole.spike_counts_["units"])
        assert loaded.n_presentations_seen_ == 48

    def test_responses_do_not_depend_on_threads_order_and_company(self, pair):
        kit = pair[0]
        whole = kit.transform(X)
        np.testing.assert_array_equal(kit.transform(X[::-1]), whole[::-1])
        np.testing.assert_array_equal(kit.set_params(n_jobs=2).transform(X[:5]), whole[:5])

    def test_diagnosis(self, pair):
        found = pair[0].diagnose(X)
        assert 0.0 < found.rate["units"] < 50.0
        assert found.saturated_weights["units"] == 0.0
        assert "spikes/s" in str(found)

    def test_has_no_page_and_says_so(self, pair, tmp_path):
        with pytest.raises(ValueError, match="a kind that has a page, got a Network; call its diagnose"):
            tectum.report.write_report(tmp_path / "net.html", pair[0], X)

    @pytest.mark.parametrize(
        ("name", "value"), [("populations__units__neuron__tau_m", 50.0), ("inputs__input__rate", 30.0)]
    )
    def test_constants_by_name(self, pair, name, value):
        net = tectum.Network().set_params(**{name: value})
        assert net.get_params()[name] == value
        assert net.get_params()["populations__units__rule__tau_pre"] == 20.0


class TestByHand:
    def test_delays_and_membranes(self):
        """A spike at 3 ms arrives at 7: v = 1.9 (1 - e^-1/5) = 0.344; with what is left of it the one at 9 crosses."""
        net = relay(Population("one", 1, CELL), projections=[Projection("in", "one", OneToOne(1.9), delay=4.0)])
        seen = net.fit(None, spikes={"in": train(3.0, 9.0, 10.0)}).record(
            None, spikes={"in": train(3.0, 9.0, 10.0)}, potentials=True
        )
        jump = 1.9 * -np.expm1(-1 / 5)
        v = seen.traces["one"][:, 0]
        assert v[7] == pytest.approx(jump, rel=1e-5)
        assert v[8] == pytest.approx(jump * np.exp(-1 / 5), rel=1e-5)
        np.testing.assert_array_equal(seen.spikes["one"].time_ms, [13.0])
        np.testing.assert_array_equal(seen.spikes["in"].time_ms, [3.0, 9.0, 10.0])

    def test_spikes_go_round_a_loop_of_delays(self):
        """One neuron excites the next 5 ms later, that one the first after 2 ms, and so on."""
        net = relay(
            Population("a", 1, CELL),
            Population("b", 1, CELL),
            projections=[
                Projection("in", "a", All(3.0), delay=0.0),
                Projection("a", "b", All(3.0), delay=5.0),
                Projection("b", "a", All(3.0), delay=2.0),
            ],
        ).fit(None, spikes={"in": train(1.0)})
        seen = net.record(None, spikes={"in": train(1.0)})
        np.testing.assert_array_equal(seen.spikes["a"].time_ms, [1.0, 8.0, 15.0])
        np.testing.assert_array_equal(seen.spikes["b"].time_ms, [6.0, 13.0])

    def test_inhibition_and_wiring(self):
        """One to one to three neurons; the second inhibits all of the next population, uniformly."""
        net = relay(
            Population("a", 3, CELL),
            Population("b", 3, CELL),
            projections=[
                Projection("in", "a", OneToOne(3.0), delay=0.0),
                Projection("in", "b", OneToOne(3.0), delay=3.0),
                Projection("a", "b", All(9.0), delay=2.0, inhibitory=True),
            ],
            n=3,
        )
        spikes = {"in": train(1.0, 2.0, neurons=[1, 2], n=3)}
        seen = net.fit(None, spikes=spikes).record(None, spikes=spikes)
        np.testing.assert_array_equal(seen.spikes["a"].neuron, [1, 2])
        assert len(seen.spikes["b"]) == 0

    def test_rule_and_norm_of_a_pair(self):
        """w <- w + eta (x - 0.1) (1 - w) at the spike, x = exp(-2 / 20); then the mean of the weights is kept."""
        net = relay(
            Population("a", 1, CELL, rule=TargetSTDP(eta_plus=0.1), norm=MeanNorm(mean=0.3)),
            projections=[Projection("in", "a", Learned(low=0.5, high=0.5, gain=6.0), delay=0.0)],
            n=2,
        )
        net.fit(None, spikes={"in": train(2.0, 4.0, neurons=[0, 1], n=2)})
        assert net.spike_counts_["a"].tolist() == [2]  # each spike is enough for one
        w, other = 0.5, 0.5
        for x, y in ((1.0, 0.0), (np.exp(-2 / 20), 1.0)):
            w, other = (u + 0.1 * (trace - 0.1) * (1.0 - u) for u, trace in ((w, x), (other, y)))
        scale = 0.3 / ((w + other) / 2)
        np.testing.assert_allclose(net.weights("in", "a")[0], [w * scale, other * scale], rtol=1e-5)

    def test_latencies_and_currents(self):
        """The largest value fires first, the smallest never; a current above the threshold fires at a known time."""
        values = np.array([[0.0, 0.5, 1.0]])
        net = tectum.Network(
            [ASIDE, Population("a", 3, CELL)],
            [learned_from("seen"), Projection("seen", "a", OneToOne(3.0), delay=0.0)],
            [Latencies("seen", earliest=2.0, latest=12.0)],
            presentation=20.0,
            dt=1.0,
            input_range=(0.0, 1.0),
        )
        seen = net.fit(values).record(values)
        np.testing.assert_array_equal(seen.spikes["a"].time_ms, [2.0, 7.0])
        np.testing.assert_array_equal(seen.spikes["a"].neuron, [2, 1])
        net = tectum.Network(
            [ASIDE, Population("a", 3, CELL)],
            [learned_from("a")],
            [Currents("flow", "a", gain=1.0)],
            presentation=20.0,
            input_range=(0.0, 1.0),
        )
        expected = np.ceil(-5.0 * np.log(1.0 - 0.4 / 1.0)) - 1.0  # v = I (1 - e^(-t/5)) > 0.4 after so many steps
        first = net.fit(values).record(values).spikes["a"]
        assert first.time_ms[first.neuron == 2][0] == expected

    def test_activity_goes_on_where_samples_do_not_begin_at_rest(self):
        """A spike at the end of a presentation arrives in the next one."""
        spikes = {"in": train(19.0, 21.0, presentation=[0, 1])}
        late = [Projection("in", "a", All(3.0), delay=0.0), Projection("a", "b", All(3.0), delay=4.0)]
        both = (Population("a", 1, CELL), Population("b", 1, CELL))
        counts = [
            relay(*both, projections=late, from_rest=rest).fit(None, spikes=spikes).spike_counts_["b"].tolist()
            for rest in (True, False)
        ]
        assert counts == [[1], [2]]


class TestWiring:
    def test_random_share(self):
        net = tectum.Network(
            [Population("a", 50, CELL)], [Projection("input", "a", Sparse(1.0, density=0.2))], [Rates()], random_state=1
        )
        net._start(X)
        row_start = net._graph.graph.circuit.row_start
        assert row_start[-1] / (64 * 50) == pytest.approx(0.2, abs=0.03)

    def test_by_distance(self):
        """Gaussian of the distance on the grid, no synapse onto itself, the same for a population twice as fine."""
        from tectum.models.kit.graph import _wire

        grid = Population("a", 16, CELL, shape=(4, 4))
        near = Projection("a", "a", ByDistance(NearExcitation(W=1.0, radius=1.0)))
        W = _wire(near, grid, grid, 0, np.uint64(0))["fixed"].toarray()
        assert W[5, 5] == 0.0
        assert W[5, 6] == pytest.approx(np.exp(-0.5), rel=1e-6)
        assert W[0, 15] == 0.0
        fine = Population("b", 64, CELL, shape=(8, 8))
        W = _wire(near._replace(target="b"), grid, fine, 0, np.uint64(0))["fixed"].toarray()
        assert W[0, 0] == pytest.approx(np.exp(-0.5 * 2 * 0.25**2), rel=1e-6)


class Bare(NamedTuple):
    """A neuron with nothing."""

    x: float = 1.0


def learning(**parts: Any) -> dict[str, Any]:
    return {
        "populations": [Population("a", 100, CELL, rule=TargetSTDP(), **parts)],
        "projections": [Projection("input", "a")],
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"populations": [Population("a", neuron=Bare())]}, r"neuron of 'a'.*membrane\(p, v, I\).*v_th.*v_rest"),
        (
            {"populations": [Population("a", neuron=n) for n in (CELL,)] + [Population("b", neuron=ConductanceLIF())]
             + [Population("c", neuron=Izhikevich())]},
            "neurons of two types.*LIFStep, ConductanceStep, IzhikevichStep",
        ),
        ({"projections": [Projection("inptu", "a")]}, "no population or input 'inptu'; did you mean 'input'"),
        ({"projections": [Projection("a", "a", All(), delay=0.0)]}, "delay must be 1.0 ms, a step, or more, got 0.0"),
        ({"projections": [Projection("input", "a", OneToOne())]}, "as many neurons on both sides, got 64 and 100"),
        ({"projections": [Projection("input", "a", 3)]}, "wiring must be one of All, OneToOne"),
        ({"inputs": [Rates(stop=65)]}, "must lie within the 64 features"),
        ({"inputs": [Rates("a")]}, "names must differ, got 'a' twice"),
        ({"inputs": [Rates(rate=-1.0)]}, r"inputs\['input'\].rate must be above 0, got -1.0"),
        ({"readout": "b"}, "no population 'b'"),
        (learning(norm=RangeNorm()), r"norm of 'a'.*got RangeNorm: its law needs_range\(p\) would be ignored"),
        (learning(norm=Bare()), r"norm of 'a'.*it lacks the law norm_factor.*or else the laws length_factor"),
        (learning(norm=MeanNorm(trim=0.1)), "norm of 'a'.trim must be 0"),
        ({"populations": [Population("a", 100, CELL, shape=(3, 3))]}, "of 100 neurons in all"),
        ({"populations": []}, "one parts.Population or more"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value)),
)  # fmt: skip
def test_what_is_no_network_is_refused_in_a_sentence(given, message):
    usual = {"populations": [Population("a", 100, CELL)], "projections": [], "inputs": [Rates()]}
    with pytest.raises((ValueError, TypeError), match=message):
        tectum.Network(**usual | given, dt=1.0).fit(X)


def test_spikes_that_do_not_fit_are_refused():
    net = relay(Population("a", 1, CELL), projections=[Projection("in", "a", All(1.0))])
    with pytest.raises(ValueError, match=r"spikes\['in'\].neuron must lie within its 1 neurons"):
        net.fit(None, spikes={"in": train(1.0, neurons=[1])})
    with pytest.raises(ValueError, match="spikes must hold a SpikeTrain for the input 'in'"):
        net.fit(X[:2])
    with pytest.raises(ValueError, match="X must be a table of samples"):
        net.fit(None)
    with pytest.raises(ValueError, match="Trains, there is no 'inn'; did you mean 'in'"):
        net.fit(None, spikes={"in": train(1.0), "inn": train(1.0)})
    with pytest.raises(ValueError, match=r"must be a SpikeTrain whose time_ms, neuron and presentation are equally"):
        net.fit(None, spikes={"in": train(1.0, 2.0, neurons=[0])})
    with pytest.raises(ValueError, match=r"must be a SpikeTrain .* got 3; pass tectum.SpikeTrain"):
        net.fit(None, spikes={"in": 3})


def test_what_was_learned_outlives_spikes_and_features_that_do_not_fit():
    """All of them are looked at before the first is learned: also those after the first chunk."""
    net = relay(Population("a", 1, CELL), projections=[Projection("in", "a", All(1.0))])
    net.fit(None, spikes={"in": train(1.0)})
    before = net.spike_counts_["a"].copy()
    late = train(1.0, 600 * 20.0 + 1.0, neurons=[0, 1], presentation=[0, 600])
    for learn in (net.fit, net.partial_fit):
        with pytest.raises(ValueError, match="neuron must lie within its 1 neurons"):
            learn(None, spikes={"in": late})
        with pytest.raises(ValueError, match="presentation must lie within its 2 presentations"):
            learn(np.zeros((2, 1)), spikes={"in": late})
        assert net.n_presentations_seen_ == 1
        np.testing.assert_array_equal(net.spike_counts_["a"], before)
    driven = tectum.Network([Population("a", 3, CELL)], [], [Currents("drive", "a")], dt=1.0).fit(np.ones((2, 3)))
    with pytest.raises(ValueError, match="a feature for each of the 3 neurons of 'a', got 4"):
        driven.fit(np.ones((2, 4)))
    assert driven.n_features_in_ == 3
    assert driven.n_presentations_seen_ == 2


@pytest.mark.parametrize("number", range(5))
def test_the_networks_of_the_guide(number):
    """Each runs from its own lines and those before it that it needs."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 5
    space: dict[str, Any] = {}
    for block in (*_imports(blocks[:number]), *(blocks[3:4] if number == 4 else ()), blocks[number]):
        exec(block, space)
    _HELD[number](space)


def _imports(blocks: list[str]) -> list[str]:
    return ["\n".join(re.findall(r"^(?:import|from) .*$", block, re.MULTILINE)) for block in blocks] + [
        "cell = ConductanceLIF(drive=6.0, noise=0.3)" if blocks else ""
    ]


def _balanced(space: dict[str, Any]) -> None:
    counts = {name: n.sum() for name, n in space["balanced"].spike_counts_.items()}
    rate = counts["E"] / 200 / 5.0
    assert 5.0 < rate < 40.0
    assert counts["I"] > 0
    assert space["recording"].traces["E"].shape == (5000, 200)


def _race(space: dict[str, Any]) -> None:
    winners, learned = space["winners"], space["race"].weights("input", "units")
    assert len(set(winners.tolist())) == 4
    own = [learned[w][space["patterns"][k] > 0].mean() for k, w in enumerate(winners)]
    others = [learned[w][space["patterns"][k] == 0].mean() for k, w in enumerate(winners)]
    assert min(own) > 3.0 * max(others)


def _stack(space: dict[str, Any]) -> None:
    answers = space["stack"].transform(space["X"])
    assert (answers > 0).any(axis=1).mean() > 0.9
    assert len(set(answers.argmax(axis=1).tolist())) >= 4


def _diehl_cook(space: dict[str, Any]) -> None:
    np.testing.assert_array_equal(space["kit"].spike_counts_["units"], space["own"].spike_counts_)


def _relay(space: dict[str, Any]) -> None:
    heard = len(space["own"].record(space["X"][:5]).spikes["units"])
    assert space["relay"].spike_counts_["copy"].sum() == heard > 0


_HELD = (_balanced, _race, _stack, _diehl_cook, _relay)


@parametrize_with_checks([tectum.Network(presentation=30.0, random_state=0)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_input_spikes_in_flight_arrive_in_the_next_presentation(tmp_path):
    """Fit at once, cut in two, or resumed from a file, a spike that is late in a presentation arrives in the next."""
    E = Population("E", 3, CELL)
    network = {"projections": [Projection("in", "E", OneToOne(5.0), delay=4.0)], "n": 3, "ms": 10.0, "random_state": 0}
    given = train(8.0, 19.0, 21.0, neurons=[1, 2, 0], presentation=[0, 1, 2], n=3)
    net = relay(E, from_rest=False, **network).fit(None, spikes={"in": given})
    assert net.spike_counts_["E"].tolist() == [1, 1, 1]
    heard = net.record(None, spikes={"in": given}).spikes["E"]
    np.testing.assert_array_equal(heard.time_ms, [12.0, 23.0, 25.0])
    resumed = relay(E, from_rest=False, **network).partial_fit(None, spikes={"in": train(8.0, neurons=[1], n=3)})
    resumed.save(tmp_path / "net.tectum")
    for part in (resumed, tectum.load(tmp_path / "net.tectum")):
        part.partial_fit(None, spikes={"in": train(9.0, 11.0, neurons=[2, 0], presentation=[0, 1], n=3)})
        assert part.spike_counts_["E"].tolist() == [1, 1, 1]
        np.testing.assert_array_equal(part._state.v, net._state.v)
    at_rest = relay(E, **network).fit(None, spikes={"in": given})
    assert at_rest.spike_counts_["E"].tolist() == [1, 0, 0]


def test_a_network_without_learned_projections_says_so() -> None:
    wires = [Projection("in", "E", OneToOne(5.0))]
    net = tectum.Network([Population("E", 3, CELL)], wires, [Trains("in", 3)], presentation=10.0, dt=1.0)
    net.fit(None, spikes={"in": train(1.0, neurons=[1], n=3)})
    with pytest.raises(ValueError, match=r"no learned projection 'in to E'; there are none$"):
        net.weights("in", "E")
