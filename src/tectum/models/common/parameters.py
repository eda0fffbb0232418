"""Parts as parameters of an estimator: which are used when none is given, what they may hold, and their JSON form."""

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from tectum import parts
from tectum.core.ranges import Range, check_range, check_ranges
from tectum.models.common.nested import Follows, up_to_date
from tectum.parts.topology import TOPOLOGIES

MOST_STEPS = 10**6  # of a presentation in a temporal code
FEW = 3  # features up to which two directions of equal spread are likely

# The map as specified for Rumbell et al. (2014): the defaults of the parts, with the values that differ between the
# neurons and synapses they serve.
PUBLISHED: dict[str, Any] = {
    "wiring": parts.DirectWiring(),
    "encoder": parts.CircularGaussian(),
    "input_neuron": parts.LIF(),
    "inhibition": parts.DelayedInhibition(),
    "projection": parts.PlasticProjection(),
    "start": parts.RandomStart(),
    "neuron": parts.LIF(tau_m=1.0, v_th=1.0, v_reset=0.0),
    "lateral": parts.DifferenceOfGaussians(),
    "lateral_synapse": parts.Synapse(tau_r=0.1, tau_f=0.5),
    "radius": parts.DecayingRadius(),
    "rule": parts.NearestNeighbourSTDP(),
    "protocol": parts.Protocol(),
    "readout": parts.FirstSpike(),
}

# A map of few features, each with a ring of its own: the default of version 0.1.
DIRECT: dict[str, Any] = PUBLISHED | {
    "encoder": parts.CircularGaussian(n_units=None, sigma=0.53, first=None, low=0.15, high=0.85),
    "inhibition": parts.DelayedInhibition(W_inhibition=3.9),
    "projection": parts.PlasticProjection(drive=31.0, recovery=0.02),
    "lateral": parts.DifferenceOfGaussians(W=0.1, b=math.inf, growth=2.0),
    "lateral_synapse": parts.Synapse(tau_r=0.1, tau_f=0.2),
    "radius": parts.DecayingRadius(start=6.0, end=1.15, half=0.53),
    "rule": parts.NearestNeighbourSTDP(A_minus=0.0061, shift=0.55),
}

# What SpikingSOM uses where a part is None; `papers/rumbell2014` measures what each departure from DIRECT does.
RECOMMENDED: dict[str, Any] = DIRECT | {
    "wiring": parts.RandomMixtures(),
    "encoder": parts.CircularGaussian(n_units=None, sigma=0.53, first=None, low=0.15, high=0.85, most=512),
    "start": parts.PlaneStart(),
    "radius": parts.DecayingRadius(start=2.0, end=1.25, half=0.4),
    "rule": parts.NearestNeighbourSTDP(A_plus=0.0144, A_minus=0.0183, shift=0.55),
}

# Departures from RECOMMENDED for a map without any schedule.
CONTINUOUS: dict[str, Any] = {"radius": parts.ConstantRadius(1.35)}

# A dictionary whose neurons explain the input away, the default of SpikingDictionary.
EXPLAINING: dict[str, Any] = {
    "encoder": parts.RegularSpikes(),
    "neuron": parts.EvidenceNeuron(),
    "competition": parts.ExplainingAway(),
    "threshold": parts.AdaptiveThreshold(start=0.1, rate=4e-5, target=3.0, minimum=0.01),
    "rule": parts.ResidualSTDP(),
    "initial": parts.SampleWeights(),
    "schedule": parts.DecayingRate(),
}

# The same with neurons that fire in parallel, and inhibition that is learned and late.
LOCAL: dict[str, Any] = EXPLAINING | {"competition": parts.LocalInhibition(), "rule": parts.LocalSTDP()}

# Spiking neurons that decorrelate each other (SAILnet), with one spike for each sample on average.
SAILNET: dict[str, Any] = EXPLAINING | {
    "competition": parts.DecorrelatingInhibition(),
    "threshold": parts.AdaptiveThreshold(start=2.0, rate=5e-5, target=3.0, minimum=0.01),
    "rule": parts.DecorrelatingSTDP(),
}

# The vector quantiser of Tavanaei, Masquelier & Maida (2018): the reading that its objective demands, ...
REFERENCE: dict[str, Any] = {
    "encoder": parts.BernoulliSpikes(),
    "neuron": parts.EvidenceNeuron(tau_steps=0.0),
    "competition": parts.SoftmaxInhibition(),
    "threshold": parts.AdaptiveThreshold(),
    "rule": parts.EventSTDP(w_min=0.01),
    "initial": parts.MeanWeights(),
    "schedule": parts.DecayingRate(hold=0.5, end=0.05),
}
# ... the one of the published implementation, ...
LITERAL: dict[str, Any] = REFERENCE | {
    "neuron": parts.EvidenceNeuron(R=1.0, beta=0.0, tau_steps=0.0, refractory=1, delayed=True),
    "threshold": parts.AdaptiveThreshold(start=0.2, jitter=0.055),
    "initial": parts.UniformWeights(),
    "schedule": parts.DecayingRate(hold=1.0, end=1.0),
}
# ... and one whose neurons integrate the evidence of the whole presentation, so that the winner is the nearest.
QUANTISER: dict[str, Any] = REFERENCE | {
    "neuron": parts.EvidenceNeuron(),
    "competition": parts.SoftmaxInhibition(strict=True),
    "rule": parts.EventSTDP(),
    "initial": parts.SampleWeights(share=0.75, noise=0.01),
    "schedule": parts.DecayingRate(hold=0.3, end=0.002),
}

# A dictionary of events: thresholds count in quanta, and aim at spikes per event and patch.
EVENTS: dict[str, Any] = EXPLAINING | {
    "encoder": parts.EventPatches(),
    "threshold": parts.AdaptiveThreshold(start=0.8, rate=1e-4, target=0.1, minimum=0.5),
    "competition": parts.ExplainingAway(patience=50.0),
    "rule": parts.ResidualSTDP(eta=0.02),
}

# The vector quantiser with a temporal code of Fois & Girau (2023); its threshold is constant.
FOIS2023: dict[str, Any] = {
    "encoder": parts.LatencyPopulation(),
    "neuron": parts.LatencyNeuron(),
    "competition": parts.LatencyRace(),
    "threshold": parts.AdaptiveThreshold(start=0.25, rate=0.0, target=1.0, minimum=0.0),
    "rule": parts.LatencySTDP(),
    "initial": parts.UniformWeights(low=0.6, high=0.8),
    "schedule": parts.DecayingRate(hold=1.0, end=1.0),
}

# The standard network after Diehl & Cook (2015), in the form that is used to compare simulators.
DIEHL_COOK: dict[str, Any] = {
    "encoder": parts.PoissonSpikes(),
    "retry": parts.MoreInput(),
    "neuron": parts.AdaptiveLIF(),
    "inhibition": parts.LateralInhibition(),
    "rule": parts.PostPreSTDP(),
    "norm": parts.MeanNorm(mean=0.1),
}

# Neurons that are taught which class a sample is of.
READOUT: dict[str, Any] = {"encoder": parts.RegularSpikes(n_steps=20), "rule": parts.SupervisedSTDP()}

# Fields that had other names in files of version 0.1.
RENAMED: dict[str, dict[str, str]] = {
    "LIF": {"theta": "v_th", "reset": "v_reset"},
    "ConductanceLIF": {"E_L": "v_rest", "v_threshold": "v_th", "refractory_ms": "refractory"},
    "AdaptiveLIF": {"refractory_ms": "refractory"},
    "LatencyNeuron": {"refractory_ms": "refractory"},
    "LatencyPopulation": {"theta": "v_th"},
    "DynamicThresholdLIF": {"tau_v": "tau_m", "reset": "v_reset"},
    "Izhikevich": {"v_peak": "v_th"},
}


def for_shape(
    recommended: Mapping[str, Any],
    shape: Any,
    topology: str = "rectangular",
    start: Any = None,
    n_features: int | None = None,
) -> dict[str, Any]:
    """Parts with the radius for the longer side of a map, half of it around a torus, from those for a side of 10.

    A radius recommended for a map that is ordered from the start is twice as wide for one that is not: after another
    `start` than the plane, or in up to three features that vary, where the axes of the plane may be arbitrary.
    """
    longer = max(shape, default=10) / (2 if "toroidal" in topology else 1)
    decay = recommended["radius"]
    few = n_features is not None and n_features <= FEW
    if isinstance(recommended["start"], parts.PlaneStart) and (
        few or isinstance(start, parts.RandomStart | parts.SampleStart)
    ):
        longer *= 2
    return {**recommended, "radius": decay._replace(start=max(decay.end, decay.start * longer / 10))}


def published(n_features: int) -> dict[str, Any]:
    """Parameters of the map of 2014; more than three features take more of the ring."""
    encoder = PUBLISHED["encoder"]
    return {
        **PUBLISHED,
        "dt": 0.05,
        "encoder": encoder._replace(low=0.10, high=0.90) if n_features > 3 else encoder,
    }


def for_presentations(rule: Any, n: int | None) -> Any:
    """The recommended rule for a map that learns from n presentations, given the one for 20,000 or more.

    Fewer change the weights more, by up to 8/3 from 7,500 presentations down.
    """
    more = min(max(1.0, 20_000 / (n or 20_000)), 8 / 3)
    return rule._replace(A_plus=rule.A_plus * more, A_minus=rule.A_minus * more)


def check_shape(shape: Any, name: str = "SpikingSOM.shape", topology: str = "rectangular") -> None:
    """Check the shape of a map: two whole numbers, at least two neurons, and rows that fit around a hexagonal torus."""
    if hasattr(shape, "_fields") and type(shape) is not TOPOLOGIES[topology]:
        raise ValueError(f"{name} must be (rows, columns) of a {topology} map, got {shape!r}; set topology beside it")
    whole = all(isinstance(n, numbers.Integral) and not isinstance(n, bool) for n in shape)
    if len(shape) != 2 or not whole or min(shape) < 1 or math.prod(shape) < 2:
        raise ValueError(f"{name} must be (rows, columns) with two neurons or more, got {shape!r}")
    if topology == "hexagonal-toroidal" and shape[0] % 2:
        raise ValueError(
            f"{name} must have an even number of rows on a hexagonal torus, where odd rows are shifted, got {shape!r}; "
            "use one row more"
        )


def check_topology(name: str, topology: Any) -> None:
    """Check that there is such a topology."""
    if topology not in TOPOLOGIES:
        raise ValueError(f"{name} must be one of {', '.join(TOPOLOGIES)}, got {topology!r}")


def resolve(estimator: Any, recommended: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an estimator by parameter, recommended ones in place of None; ValueError if a field of a part is
    out of range, with the names of estimator, part and field.
    """
    chosen = {}
    for name, default in recommended.items():
        chosen[name] = up_to_date(getattr(estimator, name), default)
        check_part(f"{type(estimator).__name__}.{name}", chosen[name], default)
    return chosen


def check_part(name: str, part: Any, like: Any = None) -> None:
    """Check the fields of a part, and of the parts in it; see `resolve`. The message names the part `like`."""
    if not hasattr(part, "_asdict"):
        such = "" if like is None else f" such as {type(like).__name__}()"
        raise ValueError(f"{name} must be a part{such}, got {part!r}; use one of tectum.parts or None for the default")
    try:
        hash(part)
    except TypeError:
        raise ValueError(
            f"{name} must hold numbers and other parts, got {part!r}; make arrays from them with @discretise.of"
            f"({type(part).__name__}), see docs/guide/contracts.md"
        ) from None
    check_ranges(name, part)


def check_active(n_active: float, n_components: int) -> None:
    """Check that a dictionary has as many components as are to represent a sample."""
    if not isinstance(n_active, numbers.Real) or not n_active > 0:
        raise ValueError(f"SpikingDictionary.n_active must be a number above 0, got {n_active!r}; None for the default")
    if n_active > n_components:
        raise ValueError(
            f"SpikingDictionary.n_active must be at most n_components = {n_components}, got {n_active!r}; ask for "
            "fewer, or have more components"
        )


def check_temporal(chosen: dict[str, Any], n_active: Any) -> None:
    """Check that the parts of a dictionary with a temporal code fit each other, and its time step."""
    encoder = chosen["encoder"]
    if not isinstance(encoder, parts.LatencyPopulation):
        raise ValueError(
            "SpikingDictionary.encoder must be LatencyPopulation() with competition=LatencyRace(), "
            f"got {encoder!r}; start from SpikingDictionary.fois2023()"
        )
    if not isinstance(chosen["initial"], parts.UniformWeights):
        raise ValueError(
            "SpikingDictionary.initial must be UniformWeights() with a temporal code, whose weights are no values of "
            f"the input, got {chosen['initial']!r}; leave it out to use the default"
        )
    constants = [(name, part, field) for name, part in chosen.items() for field in ("tau_m", "tau_f")]
    tau, name = min(
        (getattr(part, field), f"{name}.{field}") for name, part, field in constants if hasattr(part, field)
    )
    if encoder.dt >= tau:
        raise ValueError(
            f"SpikingDictionary.encoder.dt must be below every time constant, got {encoder.dt} ms and {name} = {tau} "
            "ms; use a smaller step"
        )
    if encoder.n_steps > MOST_STEPS:
        raise ValueError(
            f"SpikingDictionary.encoder must have at most {MOST_STEPS:,} steps in a presentation, got "
            f"{encoder.n_steps:,}; use a longer dt, or fewer ms"
        )
    if n_active is not None and chosen["threshold"].rate == 0.0:
        raise ValueError(
            f"SpikingDictionary.n_active must be None while threshold.rate is 0, got {n_active!r}; a constant "
            "threshold keeps up no number of neurons: pass threshold=AdaptiveThreshold(...) with a rate above 0"
        )


def to_json(value: Any) -> Any:
    """A parameter in a form that JSON can hold; parts keep their class name."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        if getattr(parts, type(value).__name__, None) is not type(value):
            raise ValueError(
                f"only parts of tectum can be stored in a file, got a {type(value).__name__} from "
                f"{type(value).__module__}; use pickle for models with parts of your own"
            )
        return {"part": type(value).__name__, **{k: to_json(v) for k, v in value._asdict().items()}}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return {"follows": float(value)} if isinstance(value, Follows) else value


def from_json(value: Any) -> Any:
    """The parameter that `to_json` described; lists become tuples."""
    if isinstance(value, dict) and value.keys() == {"follows"}:
        return Follows(value["follows"])
    if isinstance(value, dict):
        names = RENAMED.get(value["part"], {})
        fields = {str(names.get(k, k)): from_json(v) for k, v in value.items() if k != "part"}
        part = getattr(parts, value["part"]) if value["part"] in parts.__all__ else None
        if not (isinstance(part, type) and issubclass(part, tuple) and hasattr(part, "_fields")):
            raise ValueError(f"{value['part']!r} must be one of {', '.join(parts.__all__)}")
        return part(**fields)
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    return value


def describe(estimator: Any) -> dict[str, Any]:
    """What JSON must hold of any estimator: its parameters and the features it was fitted to."""
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "params": {name: to_json(value) for name, value in estimator.get_params(deep=False).items()},
        "n_features_in": estimator.n_features_in_,
        "feature_names_in": None if names is None else names.tolist(),
    }


def restore(estimator_class: Any, header: dict[str, Any]) -> Any:
    """The estimator that `describe` described, without its learned state."""
    estimator = estimator_class(**{name: from_json(value) for name, value in header["params"].items()})
    n, names = header["n_features_in"], header["feature_names_in"]
    check_range("n_features_in", n, Range(least=1, most=2**31, whole=True))
    estimator.n_features_in_ = n
    if names is not None:
        if len(names) != n or not all(isinstance(name, str) for name in names):
            raise ValueError(f"feature_names_in must be {n} texts, got {len(names)} entries")
        estimator.feature_names_in_ = np.array(names, dtype=object)
    return estimator


def describe_changes(learned_with: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Which parameters are no longer those that a model learned with; an empty text if all are."""
    pairs = [(name, was, given[name]) for name, was in learned_with.items() if repr(was) != repr(given[name])]
    return ", ".join(f"{name} must stay {was!r:.200}, got {now!r:.200}" for name, was, now in pairs)
