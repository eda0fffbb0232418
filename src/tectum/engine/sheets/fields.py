"""Units that look at images through grown fields: competition inside each field, learning, and the response.

To learn, weights lie by field, then by node of the field, then by unit; to respond, by node, then by field.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.random import uniform
from tectum.parts.field_learning import contrast_gain, is_seen, moved_weight, winner_rate
from tectum.parts.norms import length_factor
from tectum.parts.wave_learning import raised_threshold

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
FIELD_STREAM = np.uint64(0xFFFF0001)  # step of the random numbers that say which fields learn


class Fields(NamedTuple):
    """Which nodes each field holds (IN); a node lies in as many as hold it."""

    first: Any  # (n_fields + 1,) int64, where the nodes of each field begin
    node: Any  # (n_entries,) uint32
    share: Any  # (n_entries,) float32, adds up to 1 in each field


class FieldState(NamedTuple):
    """What the units of each field have learned (INOUT)."""

    w: Any  # (n_entries, n_maps) float32; of length 1 in each unit that has won, else 0
    c: Any  # (n_fields, n_maps) float32 competition thresholds
    wins: Any  # (n_fields, n_maps) int64


class FieldEntries(NamedTuple):
    """Fields by node, with the weights of units relative to the mean of their field (IN)."""

    first: Any  # (n_nodes + 1,) int64, where the fields that hold each node begin
    field: Any  # (n_entries,) int64
    share: Any  # (n_entries,) float32
    contrast: Any  # (n_entries, n_maps) float32, sqrt(share) (w - mean of w over the units)
    total: Any  # (n_fields, n_maps) float32, their sum over the nodes of a field


@kernel
def see_patch(rule, fields, f, image, z):
    """Write the patch of a field into z, with mean 0 and at most unit length; returns its variance.

    Nodes count by their share: z_i = sqrt(a_i) (p_i - m) g, so that products of patches weigh nodes by a_i.
    """
    begin, end = fields.first[f], fields.first[f + 1]
    mean = ZERO
    for e in range(begin, end):
        mean += fields.share[e] * image[fields.node[e]]
    variance = ZERO
    for e in range(begin, end):
        deviation = image[fields.node[e]] - mean
        variance += fields.share[e] * deviation * deviation
        z[e - begin] = np.sqrt(fields.share[e]) * deviation
    gain = contrast_gain(rule, variance)
    for q in range(end - begin):
        z[q] *= gain
    return variance


@kernel
def match(w, z, x):
    """Input of each unit of a field: x_k = sum_i w_ik z_i."""
    for k in range(x.shape[0]):
        x[k] = ZERO
    for q in range(w.shape[0]):
        row, value = w[q], z[q]
        for k in range(x.shape[0]):
            x[k] += row[k] * value


@kernel
def learn_in_fields(rule, fields, state, images, seed, shown, z, x):
    """Present images one after another to the units of all fields.

    IN `rule`, `fields`, `images` (n_images, n_nodes), `seed` of the draw of the fields that learn, and `shown`, the
    number of images before these. INOUT `state`. z, at least as long as the largest field, and x (n_maps,) are room to
    work in.
    """
    n_maps = x.shape[0]
    even = ONE / np.float32(n_maps)
    for m in range(images.shape[0]):
        for f in range(state.c.shape[0]):
            # 1 whether the field learns from this image
            if uniform(seed, shown + m, FIELD_STREAM, f) >= rule.share:
                continue
            if not is_seen(rule, see_patch(rule, fields, f, images[m], z)):
                continue
            # 2 competition; a unit that has never won has no input
            w, c, wins = state.w[fields.first[f] : fields.first[f + 1]], state.c[f], state.wins[f]
            match(w, z, x)
            winner = 0
            for k in range(n_maps):
                x[k] -= c[k]
                winner = k if x[k] > x[winner] else winner
            # 3 units that have never won come first
            for k in range(n_maps - 1, -1, -1):
                winner = k if wins[k] == 0 else winner
            # 4 the winner moves towards the patch
            wins[winner] += 1
            rate, square = winner_rate(rule, wins[winner]), ZERO
            for q in range(w.shape[0]):
                moved = moved_weight(rule, w[q, winner], z[q], rate)
                w[q, winner] = moved
                square += moved * moved
            scale = length_factor(rule, square)
            for q in range(w.shape[0]):
                w[q, winner] *= scale
            # 5 thresholds
            for k in range(n_maps):
                c[k] = raised_threshold(rule, c[k], (ONE if k == winner else ZERO) - even)


@kernel
def respond_in_fields(rule, entries, images, mean, square, x, out):
    """By how much the input of each unit exceeds the mean of its field, at least 0; only nodes that are lit add to it.

    IN `rule`, `entries`, `images` (n_images, n_nodes). OUT (n_images, n_fields * n_maps), field by field. `mean` and
    `square` (n_fields,) and x (n_fields, n_maps) are room to work in.
    """
    n_fields, n_maps = x.shape
    for m in range(images.shape[0]):
        mean[:], square[:], x[:] = ZERO, ZERO, ZERO
        for i in range(images.shape[1]):
            value = images[m, i]
            if value == ZERO:
                continue
            for e in range(entries.first[i], entries.first[i + 1]):
                f, share = entries.field[e], entries.share[e]
                mean[f] += share * value
                square[f] += share * value * value
                row, total = entries.contrast[e], x[f]
                for k in range(n_maps):
                    total[k] += row[k] * value
        for f in range(n_fields):
            gain = contrast_gain(rule, max(square[f] - mean[f] * mean[f], ZERO))
            for k in range(n_maps):
                out[m, f * n_maps + k] = max((x[f, k] - mean[f] * entries.total[f, k]) * gain, ZERO)
