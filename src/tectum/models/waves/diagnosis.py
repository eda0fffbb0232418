"""What may be wrong with the sheets of a wave network, and what to do about it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.events import Recording
from tectum.models.common.diagnosis import Diagnosis

WIDE = 0.8  # radius of a field, over that of its sheet, from which it is not compact
RATE = 50.0  # spikes/s of a node above which waves have become steady firing


def diagnose_waves(
    recording: Recording,
    weights: Sequence[NDArray[np.float32]],
    fields: Sequence[NDArray[np.float64]],
    alive: Sequence[NDArray[np.bool_]],
) -> Diagnosis:
    """Diagnose the sheets of a wave network.

    Parameters
    ----------
    recording : Recording
        Spontaneous activity; populations are ``layer_0``, ``layer_1``, ...
    weights : sequence of ndarray of shape (n_post, n_pre)
        Of each projection.
    fields : sequence of ndarray of shape (n_post, 3)
        Centre and radius of each field, over the radius of the sheet below.
    alive : sequence of ndarray of shape (n_nodes,), bool
        Nodes that can fire, by sheet.

    Returns
    -------
    Diagnosis
        With a list by sheet for each of `silent_neurons` (numbers of nodes), `silent_bins` (share of the time without a
        spike, in bins of 10 ms) and `rate` (spikes/s), and a list by projection for each of `unconnected` (numbers of
        units), `wide_fields` and `saturated_weights` (shares: fields that are not compact, weights that carry more
        than a half of their unit).
    """
    values: dict[str, list[Any]] = {name: [] for name in ("silent_neurons", "silent_bins", "rate")}
    values |= {name: [] for name in ("unconnected", "wide_fields", "saturated_weights")}
    rows, warnings = [], []
    for layer, here in enumerate(alive):
        train = recording.spikes[f"layer_{layer}"]
        n_bins = max(1, round(recording.duration_ms / 10.0))
        fired = np.zeros(len(here), dtype=bool)
        fired[train.neuron] = True
        silent = np.flatnonzero(here & ~fired)
        quiet = 1.0 - len(np.unique((train.time_ms // 10.0).astype(int))) / n_bins
        rate = 1000.0 * len(train) / recording.duration_ms / max(1, here.sum())
        values["silent_neurons"].append(silent)
        values["silent_bins"].append(max(0.0, quiet))
        values["rate"].append(rate)
        rows += [
            (f"sheet {layer}: nodes that stay silent", f"{len(silent)} of {here.sum()}"),
            (f"sheet {layer}: time without a spike", f"{max(0.0, quiet):.1%}"),
            (f"sheet {layer}: rate of a node", f"{rate:.1f} spikes/s"),
        ]
        noise = "first_neuron.noise" if layer == 0 else "drive.a_i"
        if len(train) == 0:
            warnings.append(f"sheet {layer} is silent: raise {noise} or {'first_' * (layer == 0)}kernel.a_i")
        elif len(silent) > 0.5 * here.sum() and recording.duration_ms >= 500.0:
            warnings.append(
                f"{len(silent)} of {here.sum()} nodes of sheet {layer} fire in no wave: record for longer, raise "
                f"{noise}, or lower {'first_' * (layer == 0)}kernel.r_i so that waves wander"
            )
        if rate > RATE:
            warnings.append(
                f"nodes of sheet {layer} fire {rate:.0f} times per second: activity does not die; raise "
                f"{'first_' * (layer == 0)}kernel.a_o or {'first_' * (layer == 0)}neuron.theta_plus"
            )
    for k, (w, field) in enumerate(zip(weights, fields, strict=True)):
        here, total = alive[k + 1], w.sum(axis=1, keepdims=True)
        unconnected = np.flatnonzero(here & (total[:, 0] <= 0.0))
        wide = float((field[here, 2] > WIDE).mean()) if here.any() else 0.0
        heavy = float((w[here] > 0.5 * total[here]).any(axis=1).mean()) if here.any() else 0.0
        values["unconnected"].append(unconnected)
        values["wide_fields"].append(wide)
        values["saturated_weights"].append(heavy)
        rows += [
            (f"projection {k + 1}: fields that are not compact", f"{wide:.1%}"),
            (f"projection {k + 1}: units that hang on one node", f"{heavy:.1%}"),
            (f"projection {k + 1}: units without weights", f"{len(unconnected)}"),
        ]
        if wide > 0.2:
            warnings.append(
                f"{wide:.0%} of the fields of projection {k + 1} are not compact: grow for longer, or lower "
                "normaliser.mean or competition.k"
            )
        if heavy > 0.2:
            warnings.append(
                f"{heavy:.0%} of the units of projection {k + 1} hang on a single node: lower rule.eta or "
                "normaliser.trim, or let waves be larger (first_kernel.r_i)"
            )
        if len(unconnected):
            warnings.append(
                f"{len(unconnected)} units of projection {k + 1} have no weights: raise initial.mean or lower "
                "normaliser.trim"
            )
    return Diagnosis(values, rows, warnings)
