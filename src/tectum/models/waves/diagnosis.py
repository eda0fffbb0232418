"""What may be wrong with the sheets of a wave network, and what to do about it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import analysis
from tectum.analysis import tilings
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.dictionary_diagnosis import operation_rows
from tectum.models.common.recording import Recording

WIDE = 0.8  # radius of a field, over that of its sheet, from which it is not compact
FEWEST = 50  # units, from which a clumped tiling is worth a word
CLUMPED = 0.7  # of the effective rank of a grid, below which fields say the same
FOLDED = 0.2  # share of an ordered map that is turned over, from which it has a fold
ORDERED = 0.4  # topography, below which there is no order to be folded
RATE = 50.0  # spikes/s of a node above which waves have become steady firing


def diagnose_waves(
    recording: Recording,
    weights: Sequence[NDArray[np.float32]],
    fields: Sequence[NDArray[np.float64]],
    alive: Sequence[NDArray[np.bool_]],
    positions: Sequence[NDArray[np.float64]],
    costs: analysis.Operations | None = None,
) -> Diagnosis:
    """Diagnose the sheets of a wave network.

    Given are spontaneous activity, weights of each projection (n_post, n_pre), centre and radius of each field (n_post,
    3) over the radius of the sheet below, the nodes of each sheet that can fire (n_nodes,), their places (n_nodes, 2),
    and what the response to an image costs.

    Values are lists: by sheet `silent_neurons` (numbers of nodes) and `rate` (spikes/s), by projection `wide_fields`
    and `saturated_units` (shares: fields that are not compact, units more than a half of whose weight is on one node),
    `effective_rank` (of the compact fields, over that of a grid of fields as large), `folded` (share of the map that is
    turned over; NaN without a plane). With costs `operations` per image, and `dense_operations` of a product with
    all weights.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    rows, warnings = [], []
    for layer, here in enumerate(alive):
        train, first, n = recording.spikes[f"layer_{layer}"], "first_" * (layer == 0), int(here.sum())
        silent = np.setdiff1d(np.flatnonzero(here), train.neuron)
        rate = 1000.0 * len(train) / recording.duration_ms / max(1, n)
        noise = "first_neuron.noise" if first else "drive.a_i"
        values["silent_neurons"].append(silent)
        values["rate"].append(rate)
        rows += [
            (f"sheet {layer}: nodes that stay silent", f"{len(silent)} of {n}"),
            (f"sheet {layer}: rate of a node", f"{rate:.1f} spikes/s"),
        ]
        if len(train) == 0:
            warnings.append(f"sheet {layer} is silent: raise {noise} or {first}kernel.a_i")
        elif len(silent) > 0.5 * n and recording.duration_ms >= 500.0:
            warnings.append(
                f"{len(silent)} of {n} nodes of sheet {layer} fire in no wave: record for longer, raise {noise}, or "
                f"lower {first}kernel.r_i so that waves wander"
            )
        if rate > RATE:
            warnings.append(
                f"nodes of sheet {layer} fire {rate:.0f} times per second: activity does not die; raise "
                f"{first}kernel.a_o or {first}neuron.theta_plus"
            )
    for k, (w, field, here) in enumerate(zip(weights, fields, alive[1:], strict=True), start=1):
        wide = float((field[here, 2] > WIDE).mean())
        heavy = float((w[here].max(axis=1) > 0.5 * w[here].sum(axis=1)).mean())
        values["wide_fields"].append(wide)
        values["saturated_units"].append(heavy)
        rows += [
            (f"projection {k}: fields that are not compact", f"{wide:.1%}"),
            (f"projection {k}: units that hang on one node", f"{heavy:.1%}"),
        ]
        below = alive[k - 1]
        units = here & (w[:, below].sum(axis=1) > 0.0)
        rank = folded = order = 0.0
        if units.any():
            known, nodes, places = w[np.ix_(units, below)], positions[k - 1][below], positions[k][units]
            found = tilings.evenness(known, nodes, places)
            rank, folded = found.rank / found.rank_grid, found.folded
            if len(places) >= FEWEST:
                order = analysis.sheet_topography(analysis.field_centres(known, nodes), places)
        values["effective_rank"].append(rank)
        values["folded"].append(folded)
        rows.append((f"projection {k}: effective rank of the fields, over a grid's", f"{rank:.2f}"))
        if wide <= 0.2 and len(w) >= FEWEST and rank < CLUMPED:
            warnings.append(
                f"fields of projection {k} clump, their effective rank is {rank:.0%} of a grid's: spread units evenly "
                "(Sheet.even), or let waves go over the border (WavePhase.margin)"
            )
        if wide <= 0.2 and order > ORDERED and folded > FOLDED:
            warnings.append(
                f"the map of projection {k} has a fold, {folded:.0%} of it is turned over: grow from another seed, or "
                "with wider neighbourhoods and more winners at first (WaveNetwork.scheduled)"
            )
        if wide > 0.2:
            warnings.append(
                f"{wide:.0%} of the fields of projection {k} are not compact: grow for longer, or lower competition.k"
            )
        if heavy > 0.2:
            warnings.append(
                f"{heavy:.0%} of the units of projection {k} hang on a single node: lower rule.eta or normaliser.trim, "
                "or let waves be larger (first_kernel.r_i)"
            )
    if costs is None:
        return Diagnosis(dict(values), rows, warnings)
    of_sheets = [analysis.dense_operations(w.shape[1], len(w)) for w in weights]
    dense = analysis.Operations(*np.sum(of_sheets, axis=0).tolist())
    told = {"operations": costs, "dense_operations": dense}
    return Diagnosis(dict(values) | told, rows + operation_rows(costs, dense), warnings)
