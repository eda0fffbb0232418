"""Parts of one's own: a neuron, a rule and a lateral profile in every model, and what is said of those that do not fit.

They bring what the contracts demand and nothing more. Each model runs with them, and its result depends on their
constants, or refuses them in one sentence that names the parameter, before any time loop is compiled.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba.core.event import install_recorder

import tectum
from tectum import parts
from tectum.core.contract import Contract
from tectum.core.law import Law
from tectum.engine.maps import network as map_network
from tectum.parts import contracts
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.input_spikes import fires, is_random
from tectum.parts.lateral import lateral_weight
from tectum.parts.neurons import adapt, jump, membrane, noise, recovery
from tectum.parts.plasticity import depress, learning_rate, potentiate, shift
from tectum.parts.poisson import enough, rate_factor
from tectum.parts.steps import discretise
from tectum.parts.traces import fading

X = np.random.default_rng(0).random((40, 5))


class Leaky(NamedTuple):
    """A membrane, and the four fields that the contract names."""

    keep: float = 0.8  # of the potential, per step
    v_rest: float = 0.0
    v_reset: float = 0.0
    v_th: float = 0.4
    refractory: int = 0  # steps


@membrane.of(Leaky)
def _(p, v, I):
    """v <- v_rest + keep (v - v_rest) + (1 - keep) I."""
    return np.float32(p.v_rest + p.keep * (v - p.v_rest) + (1.0 - p.keep) * I)


class Hebb(NamedTuple):
    """Spikes of the neuron raise weights by the traces of its inputs, those of an input lower them."""

    up: float = 0.05
    down: float = 0.01
    tau: float = 10.0  # ms, both traces


class HebbStep(NamedTuple):
    """`Hebb` for one step: two equations, and the traces that they ask for."""

    up: Any
    down: Any
    memory_plus: Any
    memory_minus: Any


@discretise.of(Hebb)
def _(part, dt):
    """Traces by lag in steps."""
    return HebbStep(part.up, part.down, fading(part.tau, dt), fading(part.tau, dt))


@potentiate.of(HebbStep)
def _(p, w, x):
    """w <- w + up (1 - w) x."""
    return np.float32(w + p.up * (1.0 - w) * x)


@depress.of(HebbStep)
def _(p, w, x):
    """w <- w - down w x."""
    return np.float32(w - p.down * w * x)


class Grasping(NamedTuple):
    """A rule with a shift, that potentiates even where nothing is left of the input's spike."""

    up: float = 0.05
    down: float = 0.01
    tau: float = 10.0  # ms, both traces
    shift: float = 0.2  # ms


class GraspingStep(NamedTuple):
    """`Grasping` for one step."""

    up: Any
    down: Any
    memory_plus: Any
    memory_minus: Any
    shift: Any  # steps


@discretise.of(Grasping)
def _(part, dt):
    """Traces by lag in steps."""
    return GraspingStep(part.up, part.down, fading(part.tau, dt), fading(part.tau, dt), round(part.shift / dt))


@potentiate.of(GraspingStep)
def _(p, w, x):
    """w <- w + up (x + 0.5 - w)."""
    return np.float32(w + p.up * (x + 0.5 - w))


@depress.of(GraspingStep)
def _(p, w, x):
    """w <- w - down w x."""
    return np.float32(w - p.down * w * x)


class Hat(NamedTuple):
    """Excitation up to a radius, inhibition beyond it."""

    near: float = 0.2
    far: float = -0.1


@lateral_weight.of(Hat)
def _(p, d, X):
    """near up to X, far beyond."""
    return p.near if d <= X else p.far


class Racing(NamedTuple):
    """What a race of latencies asks for: a current that fades in place of a threshold."""

    gain: float = 0.07
    current_left: float = 0.96
    v_rest: float = 0.0
    v_reset: float = 0.0
    refractory: int = 60  # steps


@membrane.of(Racing)
def _(p, v, I):
    """v <- v + gain (I - v)."""
    return np.float32(v + p.gain * (I - v))


class Noisy(NamedTuple):
    """What makes waves: a neuron that fires by chance."""

    spread: float = 1.0
    v_rest: float = 0.0
    v_reset: float = 0.0
    v_th: float = 1.0
    refractory: int = 0


@membrane.of(Noisy)
def _(p, v, I):
    """v <- v / 2 + I."""
    return np.float32(0.5 * v + I)


@noise.of(Noisy)
def _(p):
    """spread."""
    return np.float32(p.spread)


class Bursts(NamedTuple):
    """Inputs fire in the first steps of a presentation, the longer the larger their value."""

    n_steps: int = 50


@is_random.of(Bursts)
def _(p):
    """No."""
    return False


@fires.of(Bursts)
def _(p, x, step, u):
    """step < x n_steps."""
    return step < x * p.n_steps


class Silencing(NamedTuple):
    """A spike of another neuron takes a neuron back to rest."""

    v: float = -65.0  # mV


@inhibited.of(Silencing)
def _(p, v):
    """v."""
    return np.float32(p.v)


class Once(NamedTuple):
    """Each sample is shown once."""

    factor: float = 1.0


@enough.of(Once)
def _(p, n_spikes, n_shown):
    """Always."""
    return True


@rate_factor.of(Once)
def _(p, n_shown):
    """factor."""
    return np.float32(p.factor)


# -- the models, each with what it is given in place of its own parts: the number of spikes, and the weights


def som(neuron=None, input_neuron=None, rule=None, lateral=None, start=None):
    net = tectum.SpikingSOM(
        (3, 3),
        n_presentations=12,
        neuron=neuron or Leaky(),
        input_neuron=input_neuron or Leaky(keep=0.98),
        rule=rule or Grasping(),
        lateral=lateral or Hat(),
        start=start,
        random_state=0,
    ).fit(X)
    net.diagnose(X[:8])
    return net.spike_counts_[2], net.weights_


def softmax(neuron=None, rule=None, encoder=None):
    net = tectum.SpikingDictionary.quantiser(
        6,
        n_presentations=100,
        neuron=neuron or Leaky(),
        rule=rule or Hebb(),
        encoder=encoder or Bursts(),
        random_state=0,
    ).fit(X)
    net.diagnose(X[:8])
    return net.spike_counts_.sum(), net.weights_


def race(neuron=None, rule=None):
    net = tectum.SpikingDictionary.fois2023(
        6, n_presentations=100, neuron=neuron or Racing(), rule=rule or Hebb(tau=1.0), random_state=0
    ).fit(X)
    return net.spike_counts_.sum(), net.weights_


def standard(neuron=None, rule=None, inhibition=None, encoder=None, retry=None):
    net = tectum.DiehlCook(
        8,
        n_passes=2,
        neuron=neuron or Leaky(),
        rule=rule or Hebb(),
        inhibition=inhibition or Silencing(v=0.0),
        encoder=encoder,
        retry=retry or Once(),
        random_state=0,
    ).fit(X)
    net.diagnose(X[:8])
    return net.spike_counts_.sum(), net.weights_


def waves(neuron=None, first_neuron=None, rule=None, kernel=None):
    net = tectum.WaveNetwork(
        [parts.Sheet(80, 8.0), parts.Sheet(20)],
        neuron=neuron or Noisy(),
        first_neuron=first_neuron or Noisy(),
        rule=rule,
        first_kernel=parts.RingKernel(a_i=0.1, a_o=0.1),
        kernel=kernel,
        random_state=0,
    ).grow(60.0)
    return sum(len(train.time_ms) for train in net.record(60.0).spikes.values()), net.weights_[0]


def hierarchy(neuron=None, rule=None, lateral=None):
    scene = parts.Map(
        "scene", shape=(3, 3), neuron=neuron or Leaky(), rule=rule or Hebb(), lateral=lateral or Hat(far=0.0)
    )
    net = tectum.MapHierarchy([scene], random_state=0).fit(X)
    net.diagnose(X[:8])
    return net.spike_counts_.sum(), net.weights("scene")


def network(neuron=None, rule=None, lateral=None):
    units = parts.Population("units", 9, neuron or Leaky(), rule=rule or Hebb(), shape=(3, 3))
    others = parts.Population("others", 2, parts.ConductanceLIF())  # the loop is compiled once, for it and `hierarchy`
    wires = [
        parts.Projection("input", "units", parts.Learned(high=4.0)),
        parts.Projection("units", "units", parts.ByDistance(lateral or Hat(far=0.0), radius=1.0)),
    ]
    net = tectum.Network([units, others], wires, [parts.Rates()], presentation=50.0, random_state=0).fit(X)
    net.diagnose(X[:8])
    return net.spike_counts_["units"].sum(), net.weights("input", "units")


class Model(NamedTuple):
    """How a model is run, and other constants that must change what comes out."""

    run: Callable[..., Any]
    changes: dict[str, Any]
    still: dict[str, Any]  # a rule that changes nothing


MODELS = {
    "SpikingSOM": Model(
        som,
        {
            "neuron": Leaky(v_th=0.6),
            "input_neuron": Leaky(keep=0.97),
            "rule": Grasping(up=0.1),
            "lateral": Hat(far=-0.2),
        },
        {"rule": Grasping(up=0.0, down=0.0)},
    ),
    "SpikingDictionary.quantiser": Model(
        softmax,
        {"neuron": Leaky(keep=0.5), "rule": Hebb(up=0.1), "encoder": Bursts(n_steps=30)},
        {"rule": Hebb(up=0.0, down=0.0)},
    ),
    "SpikingDictionary.fois2023": Model(
        race, {"neuron": Racing(gain=0.1), "rule": Hebb(up=0.1, tau=1.0)}, {"rule": Hebb(up=0.0, down=0.0, tau=1.0)}
    ),
    "DiehlCook": Model(
        standard,
        {
            "neuron": Leaky(v_th=4.0),
            "rule": Hebb(up=0.1),
            "inhibition": Silencing(v=-30.0),
            "retry": Once(factor=2.0),
        },
        {"rule": Hebb(up=0.0, down=0.0)},
    ),
    "MapHierarchy": Model(
        hierarchy,
        {"neuron": Leaky(v_th=8.0), "rule": Hebb(up=0.1), "lateral": Hat(near=5.0, far=0.0)},
        {"rule": Hebb(up=0.0, down=0.0)},
    ),
    "Network": Model(
        network,
        {"neuron": Leaky(v_th=0.6), "rule": Hebb(up=0.1), "lateral": Hat(near=5.0, far=0.0)},
        {"rule": Hebb(up=0.0, down=0.0)},
    ),
    "WaveNetwork": Model(
        waves,
        {"neuron": Noisy(v_th=1e4), "first_neuron": Noisy(spread=1.5)},
        {"rule": tectum.recommended("WaveNetwork").rule._replace(eta=0.0)},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_runs_and_its_constants_count(name):
    model = MODELS[name]
    spikes, weights = model.run()
    assert spikes > 0
    assert np.isfinite(weights).all()
    assert not np.array_equal(weights, model.run(**model.still)[1]), "nothing was learned"
    for parameter, part in model.changes.items():
        other_spikes, other_weights = model.run(**{parameter: part})
        assert other_spikes != spikes or not np.array_equal(other_weights, weights), f"{parameter} is not used"


def test_rows_of_a_map_that_learn_when_they_are_used(monkeypatch):
    """As from columns that are changed at once, to the last bit, whatever the rule does with spikes that are over."""
    given = {"neuron": Leaky(v_th=0.6, refractory=211), "rule": Grasping(up=0.25, down=0.1), "lateral": Hat(far=-2.0)}
    given["start"] = parts.RandomStart()
    spikes, weights = som(**given)
    monkeypatch.setattr(map_network, "LARGE", 0)
    monkeypatch.setattr(map_network, "HISTORY", 2)
    later_spikes, later_weights = som(**given)
    assert later_spikes == spikes > 500
    np.testing.assert_array_equal(later_weights, weights)
    assert weights.std(axis=0).min() > 0.05  # inputs, and neurons, differ
    assert weights.std(axis=1).mean() > 0.05


# -- what does not fit


@contextmanager
def no_time_loop_compiled() -> Iterator[None]:
    with install_recorder("numba:compile") as recorder:
        yield
    compiled = [event.data["dispatcher"].py_func for _, event in recorder.buffer]
    assert not [function for function in compiled if function.__module__.startswith("tectum.engine")]


def refuse(run: Callable[..., Any], *words: str, error: Any = TypeError, **given: Any) -> None:
    """Assert that a model refuses parts in one sentence with these words, before it compiles."""
    with no_time_loop_compiled(), pytest.raises(error) as caught:
        run(**given)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message
    assert len(message) < 500


def dictionary(**given):
    tectum.SpikingDictionary(6, n_presentations=100, random_state=0, **given).fit(X)


class Bare(NamedTuple):
    """A part without equations."""

    number: float = 1.0


REFUSED = {
    "explaining, neuron": (dictionary, {"neuron": Leaky()}, "SpikingDictionary.neuron"),
    "explaining, rule": (dictionary, {"rule": Hebb()}, "SpikingDictionary.rule", "unexplained(p, w, eta, residual)"),
    "race, neuron": (race, {"neuron": Leaky()}, "SpikingDictionary.neuron", "current_left"),
    "waves, rule": (waves, {"rule": Hebb()}, "WaveNetwork.rule", "growth(p, y, share, fired)"),
    "waves, kernel": (waves, {"kernel": Hat()}, "'kernel' parameter of WaveNetwork", "RingKernel"),
    "waves, refractory": (waves, {"neuron": Noisy(refractory=2)}, "WaveNetwork.neuron.refractory"),
    "waves, first": (waves, {"first_neuron": Racing()}, "WaveNetwork.first_neuron", "v_th"),
    "waves, steps": (waves, {"neuron": parts.DynamicThresholdLIF()}, "WaveNetwork.neuron.step_ms"),
    "map, adapting": (som, {"neuron": parts.AdaptiveLIF()}, "SpikingSOM.neuron", "jump(", "recovery("),
    "map, tiring": (som, {"neuron": parts.Izhikevich()}, "SpikingSOM.neuron", "adapt(", "opposed(", "noise("),
    "map, noisy": (som, {"input_neuron": Noisy()}, "SpikingSOM.input_neuron", "noise(p)"),
    "map, conductances": (som, {"neuron": parts.ConductanceLIF()}, "SpikingSOM.neuron", "membrane(p, v, I)"),
    "map, rule": (som, {"rule": parts.EventSTDP()}, "SpikingSOM.rule", "potentiate(p, w, x)", "learning_rate(p)"),
    "map, profile": (som, {"lateral": parts.RingKernel()}, "SpikingSOM.lateral", "lateral_weight(p, d, X)"),
    "standard, tiring": (standard, {"neuron": parts.Izhikevich()}, "DiehlCook.neuron", "adapt("),
    "standard, crossing": (standard, {"neuron": parts.LIF(5.0)}, "DiehlCook.neuron", "crosses(p, v, a)"),
    "standard, rule": (standard, {"rule": parts.EventSTDP()}, "DiehlCook.rule", "potentiate(p, w, x)"),
    "standard, inhibition": (standard, {"inhibition": Hat()}, "DiehlCook.inhibition", "inhibited(p, v)"),
    "standard, shift": (standard, {"rule": parts.NearestNeighbourSTDP(shift=1.0)}, "DiehlCook.rule.shift"),
    "softmax, shift": (softmax, {"rule": parts.NearestNeighbourSTDP(shift=1.0)}, "SpikingDictionary.rule.shift"),
    "softmax, adapting": (softmax, {"neuron": parts.AdaptiveLIF()}, "SpikingDictionary.neuron", "jump("),
    "softmax, rule": (softmax, {"rule": parts.WaveHebb()}, "SpikingDictionary.rule", "pair("),
    "hierarchy, profile": (hierarchy, {"lateral": Hat()}, "Hat must not be below 0"),
    "hierarchy, rule": (hierarchy, {"rule": parts.WaveHebb()}, "rule of 'scene'", "potentiate(p, w, x)"),
    "network, neuron": (network, {"neuron": Bare()}, "neuron of 'units'", "membrane(p, v, I)", "v_th", "refractory"),
    "network, shift": (network, {"rule": parts.NearestNeighbourSTDP(shift=1.0)}, "rule of 'units'", "shift"),
    "no part": (som, {"neuron": (1, 2)}, "SpikingSOM.neuron"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_a_sentence(case):
    run, given, *words = REFUSED[case]
    refuse(run, *words, error=(TypeError, ValueError), **given)


def all_parts() -> list[Any]:
    """Each part that needs no argument, with its default constants."""
    kinds = [getattr(parts, name) for name in parts.__all__]
    named = [kind for kind in kinds if isinstance(kind, type) and hasattr(kind, "_fields")]
    return [kind() for kind in named if len(kind._field_defaults) == len(kind._fields)]


PLACES = {
    "clock": (parts.PacingClock, parts.AdaptiveClock, parts.Entrainment),
    "inhibition": parts.MapInhibition,
    "use": parts.UseDependentRate,
    "gate": parts.NoveltyGate,
    "norm": parts.SourceNorm,
    "threshold": (parts.SpikeThreshold, parts.AdaptiveLIF, parts.DynamicThresholdLIF, parts.Izhikevich),
    "level": (),
    "name": (),
}


@pytest.mark.parametrize("place", PLACES)
def test_no_other_part_is_taken_in_a_place_of_a_map(place):
    """Not in silence, as one without fields was that counted as none given, and not by an error of the compiler."""
    others = [part for part in all_parts() if not isinstance(part, PLACES[place])]
    assert len(others) > 90
    for part in others:
        with pytest.raises((TypeError, ValueError), match=rf"MapHierarchy.*{place}.* must be|{place} of 'map' must"):
            tectum.MapHierarchy([parts.Map(**{place: part})], random_state=0, verbose=False).fit(X)


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (
            tectum.SpikingSOM(parts.HexagonalGrid(3, 3)),
            r"shape must be \(rows, columns\) of a rectangular map, got H",
        ),
        (tectum.SpikingSOM((3, 3), input_range=parts.UniformWeights()), r"input_range must be \(low, high\), each a"),
        (tectum.DiehlCook(4, input_range=parts.UniformWeights()), r"DiehlCook\.input_range must be \(low, high\), got"),
        (
            tectum.Network([parts.Population("units", 9, shape=parts.Grid(3, 3))]),
            r"Network\.populations\['units'\]\.shape must be \(rows, columns\) of 9 neurons in all, got Grid",
        ),
    ],
)
def test_a_part_is_no_pair_of_numbers(estimator, said):
    with pytest.raises(ValueError, match=said):
        estimator.set_params(verbose=False).fit(X)


def lacking(part: Any, *fields: str, laws: tuple[Law, ...] = ()) -> Any:
    """A part without some of its fields, with the equations that its type has for these laws."""
    left = {name: value for name, value in part._asdict().items() if name not in fields}
    kind = NamedTuple("Lacking", [(name, Any) for name in left])
    for law in laws:
        law.of(kind)(law._equations[type(part)])
    return kind(**left)


class Anew(NamedTuple):
    """A part whose constants of a step are those of another one."""

    number: int


STEP, STEPS = discretise(Hebb(), 1.0), {}


@discretise.of(Anew)
def _(part, dt):
    return STEPS[part.number]


def with_step(step: Any) -> Anew:
    STEPS[len(STEPS)] = step
    return Anew(len(STEPS) - 1)


LEFT_OUT = [
    *((som, "neuron", Leaky(), field, (membrane,)) for field in ("v_rest", "v_reset", "v_th", "refractory")),
    *((som, "input_neuron", Leaky(), field, (membrane,)) for field in ("v_rest", "v_reset", "v_th", "refractory")),
    *((standard, "neuron", Leaky(), field, (membrane,)) for field in ("v_rest", "v_reset", "v_th", "refractory")),
    *((softmax, "neuron", Leaky(), field, (membrane,)) for field in ("v_rest", "refractory")),
    *((race, "neuron", Racing(), f, (membrane,)) for f in ("v_rest", "v_reset", "refractory", "current_left")),
    *((waves, "neuron", Noisy(), field, (membrane,)) for field in ("v_rest", "v_reset", "v_th", "refractory")),
    *((waves, "first_neuron", Noisy(), field, (membrane,)) for field in ("v_rest", "v_reset", "v_th", "refractory")),
    *(
        (run, "rule", STEP, field, (potentiate, depress))
        for run in (som, standard, softmax, race)
        for field in ("memory_plus", "memory_minus")
    ),
    *((run, "neuron", Leaky(), "membrane(p, v, I)", ()) for run in (som, standard, softmax, race, waves)),
    *((run, "rule", STEP, "potentiate(p, w, x)", (depress,)) for run in (som, standard, softmax, race)),
    (som, "lateral", Hat(), "lateral_weight(p, d, X)", ()),
    (standard, "encoder", parts.PoissonSpikes(), "mean_interval(p, x, boost)", ()),
]


@pytest.mark.parametrize(
    ("run", "role", "part", "what", "laws"), LEFT_OUT, ids=[f"{c[0].__name__}-{c[1]}-{c[3]}" for c in LEFT_OUT]
)
def test_what_is_left_out_is_named(run, role, part, what, laws):
    given = lacking(part, what, laws=laws)
    refuse(run, f".{role} must fulfil", what, "docs/guide/contracts.md#", **{role: with_step(given)})


def test_all_that_is_missing_is_named_at_once():
    refuse(som, "membrane(p, v, I)", "v_th", "v_rest", "v_reset", "refractory", neuron=Bare())


def test_a_rule_without_depression_needs_no_traces_of_the_neuron():
    spikes, _ = softmax(rule=with_step(lacking(STEP, "memory_minus", "down", laws=(potentiate,))))
    assert spikes > 0


def test_a_first_sheet_without_noise_is_announced(monkeypatch):
    monkeypatch.setattr("tectum.engine.sheets.network.run", lambda *args, **others: None)
    net = tectum.WaveNetwork([parts.Sheet(8, 8.0), parts.Sheet(4)], neuron=Leaky(), first_neuron=Leaky())
    with pytest.warns(UserWarning, match=r"WaveNetwork\.first_neuron has no noise.*no wave begins"):
        net.grow(5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tectum.WaveNetwork([parts.Sheet(8, 8.0), parts.Sheet(4)], neuron=Leaky(), first_neuron=Noisy()).grow(5.0)


# -- the contracts themselves


def equation(law: Law) -> Callable[..., Any]:
    """Some function with the arguments of a law."""
    return eval(f"lambda {law._arguments}: 0")


def part_with(laws: Any, fields: Any) -> Any:
    """A part with an own equation for each of these laws, and these fields."""
    kind = NamedTuple("Own", [(name, float) for name in fields])
    for law in laws:
        law.of(kind)(equation(law))
    return kind(*[0.0] * len(tuple(fields)))


def fields_of(contract: Contract) -> dict[str, None]:
    return dict.fromkeys([*contract.reads, *(name for law in contract.laws for name in law.needs)])


@pytest.mark.parametrize("contract", contracts.CONTRACTS, ids=lambda contract: contract.role)
class TestEveryContract:
    def test_a_part_with_all_laws_passes(self, contract):
        contract.check("Model.part", part_with(contract.laws, contract.reads), contract.laws)

    def test_a_part_with_what_has_no_default_passes(self, contract):
        demanded = [law for law in contract.laws if law.default is None]
        if not demanded and not fields_of(contract):  # then it must have one of them
            with pytest.raises(TypeError, match=r"lacks an equation of"):
                contract.check("Model.part", part_with([], []), contract.laws)
            demanded = [contract.laws[0]]
        contract.check("Model.part", part_with(demanded, fields_of(contract)), (*demanded, *contract.laws))

    def test_each_law_left_out_is_named(self, contract):
        for law in contract.laws:
            others = [other for other in contract.laws if other is not law]
            part = part_with(others, contract.reads)
            if law.lacks(type(part)) is None:
                continue
            with pytest.raises(TypeError, match=re.escape(law.signature)):
                contract.check("Model.part", part, contract.laws)

    def test_each_field_left_out_is_named(self, contract):
        demanded = [law for law in contract.laws if law.default is None]
        for name in fields_of(contract):
            part = part_with(demanded, [field for field in fields_of(contract) if field != name])
            asked = [law for law in contract.laws if name not in law.needs or law.lacks(type(part))]
            if asked == list(contract.laws):
                with pytest.raises(TypeError, match=rf"fields? .*\b{name}\b"):
                    contract.check("Model.part", part, contract.laws)

    def test_an_equation_that_would_be_ignored_is_refused(self, contract):
        part = part_with(contract.laws, contract.reads)
        for law in contract.laws:
            others = [other for other in contract.laws if other is not law]
            if law in contract.optional:
                contract.check("Model.part", part, others)
                continue
            with pytest.raises(TypeError, match=rf"{re.escape(law.signature)} would be ignored, as it happens; see"):
                contract.check("Model.part", part, others, why="as it happens")

    def test_its_fields_are_those_that_defaults_read(self, contract):
        assert set(fields_of(contract)) <= set(contract.fields)


def test_what_the_loops_ask_for_is_in_the_contracts():
    asked = (
        *(contracts.IN_MAPS, contracts.ADAPTING, contracts.ON_SHEETS, contracts.RACING, contracts.IN_GRAPHS),
        *(contracts.evidence_of(Leaky()), contracts.evidence_of(discretise(parts.EvidenceNeuron(), 1.0))),
    )
    assert all(set(laws) <= set(contracts.NEURON.laws) for laws in asked if isinstance(laws, tuple))
    for rule in (STEP, parts.EventSTDP()):
        assert set(contracts.by_pairs(rule)) <= set(contracts.RULE.laws)


def test_one_part_may_state_both_forms_of_an_equation():
    """A membrane for currents and one for evidence: each loop takes the form it knows."""
    both = part_with([contracts.membrane, contracts.evidence], ["v_rest", "v_reset", "v_th", "refractory"])
    for laws in (contracts.IN_MAPS, contracts.ADAPTING, contracts.evidence_of(both)):
        contracts.NEURON.check("Model.neuron", both, laws)
    rule = part_with([contracts.potentiate, contracts.pair, contracts.memory], ["memory_plus"])
    for laws in (contracts.IN_MAPS_BY_TRACES, contracts.BY_TRACES, contracts.by_pairs(rule)):
        contracts.RULE.check("Model.rule", rule, laws)


def test_rates_and_recoveries_that_nothing_asks_for_are_refused():
    fields = ["v_rest", "v_reset", "v_th", "refractory"]
    with pytest.raises(TypeError, match=r"recovery\(p, n_steps\) would be ignored"):
        contracts.NEURON.check("Model.neuron", part_with([membrane, recovery], fields), contracts.IN_MAPS)
    contracts.NEURON.check("Model.neuron", part_with([membrane, recovery], fields), contracts.ON_SHEETS)
    contracts.NEURON.check("Model.neuron", part_with([membrane, jump, recovery], fields), contracts.ADAPTING)
    with pytest.raises(TypeError, match=r"adapt\(p, a, v, fired\) would be ignored"):
        contracts.NEURON.check("Model.neuron", part_with([membrane, adapt], fields), contracts.ADAPTING)
    rule = part_with([potentiate, learning_rate, shift], ["memory_plus"])
    with pytest.raises(TypeError, match=r"laws shift\(p\), learning_rate\(p\) would be ignored"):
        contracts.RULE.check("Model.rule", rule, contracts.BY_TRACES)
