"""What may be wrong with the maps of a hierarchy, and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.models.common.diagnosis import Diagnosis, responders, saturation
from tectum.parts import Features, Map


def diagnose_maps(
    maps: Sequence[Map],
    scores: Mapping[str, NDArray[np.float64]],
    weights: Mapping[str, Sequence[NDArray[np.float32]]],
    usage: Mapping[str, NDArray[np.float32]],
) -> Diagnosis:
    """Diagnose the maps of a hierarchy.

    Given are by map the responses (n_frames, n_neurons), 0 for none, weights of each source (n_neurons, n_inputs), and
    frames in which each neuron learned (n_neurons,).

    Values are dicts by map: `silent_neurons`, `never_winning`, `unused_neurons` (numbers of neurons), `silent_samples`,
    `largest_share`, `saturated_weights` (shares), and `responding` (mean number of neurons).
    """
    values: dict[str, dict[str, Any]] = {}
    rows, warnings = [], []
    for m in maps:
        unused = np.flatnonzero(usage[m.name] == 0)
        n_free = 0 if m.gate is None else len(unused)  # it recruits them for what is new
        found, lines, said = responders(scores[m.name], f"map {m.name!r}", n_free)
        found["unused_neurons"] = unused
        n, w_max = len(usage[m.name]), getattr(m.rule, "w_max", None)
        found["saturated_weights"] = max(saturation(w, w_max) for w in weights[m.name])
        lines += [
            ("neurons that have not learned", f"{len(found['unused_neurons'])} of {n}"),
            ("saturated weights", f"{found['saturated_weights']:.1%}"),
        ]
        warnings += [line.format(hog="lower norm.drive, or check that the frames differ") for line in said]
        if found["silent_samples"] > 0.05:
            sees = isinstance(m.sources[0], Features)
            remedy = "learn from frames like these" if sees else "set its phase so that it is open when spikes arrive"
            warnings.append(
                f"map {m.name!r} is silent in {found['silent_samples']:.0%} of the frames: raise norm.drive, or "
                f"{remedy}"
            )
        if found["saturated_weights"] > 0.2:
            warnings.append(
                f"{found['saturated_weights']:.0%} of the weights of map {m.name!r} are at their upper bound: raise "
                "rule.w_max or lower rule.eta"
            )
        if found["responding"] > 0.7 * n:
            warnings.append(
                f"{found['responding']:.0f} of {n} neurons of map {m.name!r} answer a frame: competition fails; raise "
                "inhibition.inhibition or lower lateral.W"
            )
        rows += [(f"{m.name}: {name}", value) for name, value in lines]
        for name, value in found.items():
            values.setdefault(name, {})[m.name] = value
    return Diagnosis(values, rows, warnings)
