"""The time loops of sheets: spike for spike against the naive reference, compiled or not, however cut."""

import hashlib
import tracemalloc
from typing import Any

import numba
import numpy as np
import pytest
import reference_waves as reference
from scipy import stats

from tectum.core.normals import LEVELS, fill_close_normals, fill_normals, normal_array, normal_levels, words_for
from tectum.engine.sheets import (
    far_field,
    loop as sheet_loop,
    network,
    projection as projection_loop,
    weights as weights_of,
    wires as sheet_wires,
)
from tectum.parts import (
    DynamicThresholdLIF,
    FieldNeighbourhood,
    KWinners,
    MeanNorm,
    RangeNorm,
    RingKernel,
    Sheet,
    WaveHebb,
    WaveWeights,
    WinnerDrive,
)
from tectum.parts.waves import RingStep

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="minutes of plain Python; one test compares with the JIT off"
)
SEED = np.uint64(11)

RULE_A = {
    "competition": KWinners(),
    "drive": WinnerDrive(),
    "rule": WaveHebb(eta_c=0.15),
    "normaliser": MeanNorm(),
}
RULE_B = {
    "competition": KWinners(0.1, 4, True),
    "drive": WinnerDrive(1000.0, 0.0, True, 3.0),
    "rule": WaveHebb(0.7, 0.0, "spikes"),
    "normaliser": MeanNorm(),
}
LOWER = (DynamicThresholdLIF(noise=3.0), RingKernel())
UPPER_A = (DynamicThresholdLIF(), RingKernel(1.2, 1.3, 60.0, 15.0))
UPPER_B = (DynamicThresholdLIF(), RingKernel(1.5, 1.93, 30.0, 10.0, density=3.0))
INITIAL_A = WaveWeights(c=70.0, c_spread=2.0)

# sheets, (neuron, kernel) of each, parts of the projections, initial weights
Case = tuple[list[Sheet], list[tuple[Any, Any]], dict[str, Any], WaveWeights]
CASES: dict[str, Case] = {
    "one sheet": ([Sheet(900, 15.0)], [LOWER], {}, INITIAL_A),
    "grid": ([Sheet((26, 30), 14.9)], [(LOWER[0], RingKernel(2.2, 5.1))], {}, INITIAL_A),
    "rule A": ([Sheet(900, 15.0), Sheet(150, 4.5)], [LOWER, UPPER_A], RULE_A, INITIAL_A),
    "rule A, forty winners": (
        [Sheet(900, 15.0), Sheet(150, 4.5)],
        [LOWER, UPPER_A],
        RULE_A | {"competition": KWinners(40)},
        INITIAL_A,
    ),
    "rule A, range": (
        [Sheet(900, 15.0), Sheet(150, 4.5)],
        [LOWER, UPPER_A],
        RULE_A | {"normaliser": RangeNorm()},
        INITIAL_A,
    ),
    "rule B": ([Sheet(900, 15.0), Sheet(150, 7.1)], [LOWER, UPPER_B], RULE_B, WaveWeights()),
    "rule B, neighbourhoods": (
        [Sheet(900, 15.0), Sheet((10, 15), 8.7)],
        [LOWER, UPPER_B],
        RULE_B | {"normaliser": MeanNorm(trim=0.7), "neighbourhood": FieldNeighbourhood(0.5, 100.0)},
        WaveWeights(),
    ),
    "rule B, three sheets": (
        [Sheet(900, 15.0), Sheet((10, 15), 8.7), Sheet(70, 4.8)],
        [LOWER, UPPER_B, UPPER_B],
        RULE_B,
        WaveWeights(),
    ),
}


def build(case: Case, alive: Any = None) -> tuple[network.Stack, network.StackState, list[sheet_wires.Geometry]]:
    sheets, neurons, learning, initial = case
    geometries = [sheet_wires.lay_out(sheet, 10.0, SEED, layer) for layer, sheet in enumerate(sheets)]
    if alive is not None:
        geometries[0] = geometries[0]._replace(alive=alive)
    parts = [
        network.LayerParts(neuron, kernel, **(learning if layer else {}))
        for layer, (neuron, kernel) in enumerate(neurons)
    ]
    stack = network.build_stack(geometries, parts, initial.mean, SEED)
    sizes = [len(geometry.positions) for geometry in geometries]
    weights = (weights_of.initial_weights(initial, *geometries[k - 1 : k + 1], SEED, k) for k in range(1, len(sizes)))
    rest = tuple(network.at_rest(part.neuron, k, n) for k, (part, n) in enumerate(zip(parts, sizes, strict=True)))
    return stack, network.StackState(rest, tuple(weights)), geometries


def rasters(stack: network.Stack, state: network.StackState, first_step: int, n_steps: int, **options: Any) -> list:
    """Spikes (n_steps, n) of each sheet; changes `state`."""
    found = [np.zeros((n_steps, len(sheet.reset)), dtype=bool) for sheet in stack.sheets]

    def keep(layer: int, start: int, spikes: sheet_loop.SpikeEvents) -> None:
        step = np.repeat(np.arange(len(spikes.first) - 1), np.diff(spikes.first)) + start - first_step
        found[layer][step, spikes.neuron[: spikes.first[-1]]] = True

    network.run(stack, state, first_step, n_steps, keep=keep, **options)
    return found


def noise_of(circuit: sheet_loop.SheetCircuit, n_steps: int) -> np.ndarray:
    """Random input (n_steps, n), held for ten steps."""
    draws = np.stack(
        [normal_array(circuit.seed, int(circuit.stream), k, len(circuit.reset)) for k in range(-(-n_steps // 10))]
    )
    return np.repeat(draws.astype(float) * float(circuit.neuron.noise), 10, axis=0)[:n_steps]


def neighbourhood_of(
    learning: dict[str, Any], weights: projection_loop.ProjectionState, geometry: sheet_wires.Geometry
) -> dict[str, Any]:
    """Radius that all units have, in sixteenths of an octave of a disc with the area of the sheet, and what follows."""
    neighbourhood, k = learning.get("neighbourhood"), learning["competition"].number(len(geometry.positions))
    if neighbourhood is None:
        return {"k": k}
    W = weights_of.dense_weights(weights).astype(float)
    field = W.sum(axis=1) ** 2 / (W**2).sum(axis=1) / W.shape[1]
    reach = weights.reach.astype(float) if weights.reach.all() else neighbourhood.widest * field
    (share,) = set(2.0 ** (np.rint(16.0 * np.log2(reach)) / 16.0))
    radius = share * np.sqrt(len(geometry.positions) / (np.pi * geometry.density))
    wide = reach / neighbourhood.widest
    sharpness = np.maximum(1, (neighbourhood.tuned / reach) ** 2).astype(int)
    return {"reach": radius, "wide": wide**2, "sharpness": sharpness, "k": round(k * wide.mean())}


def reference_layers(case: Case, stack: network.Stack, state: network.StackState, geometries: list) -> list:
    _, neurons, learning, _ = case
    layers = []
    for layer, ((neuron, kernel), geometry) in enumerate(zip(neurons, geometries, strict=True)):
        a_i, a_o = kernel.strengths(geometry.density)
        ring = reference.Ring(kernel.r_i, kernel.r_o, a_i, a_o, kernel.length)
        own = reference.Neuron(neuron.tau_m, neuron.tau_th, neuron.theta_plus, neuron.v_th)
        projection: dict[str, Any] = {}
        if layer:
            competition, rule, norm = learning["competition"], learning["rule"], learning["normaliser"]
            inner, outer = learning["drive"].strengths(geometry.density)
            hebb = reference.Hebb(
                power=competition.power,
                normed=competition.normed,
                relative=learning["drive"].relative,
                drive_i=inner,
                drive_o=outer,
                eta=rule.eta,
                eta_c=rule.eta_c,
                post=rule.post,
                mu=getattr(norm, "mean", None),
                span=getattr(norm, "span", None),
                trim=getattr(norm, "trim", 0.0),
                **neighbourhood_of(learning, state.weights[layer - 1], geometry),
            )
            W = weights_of.dense_weights(state.weights[layer - 1]).astype(float)
            projection = {"hebb": hebb, "W": W, "c": state.weights[layer - 1].c.astype(float)}
        reset = stack.sheets[layer].reset.astype(float)
        layers.append(reference.Layer(geometry.positions, own, ring, reset, alive=geometry.alive, **projection))
    return layers


LARGE_UPPER: Case = (
    [Sheet((9, 9), 4.5), Sheet((46, 45), 23.5)],
    [(DynamicThresholdLIF(noise=30.0), LOWER[1]), (DynamicThresholdLIF(), UPPER_B[1]._replace(a_i=300.0))],
    CASES["rule B, neighbourhoods"][2],
    WaveWeights(),
)
LARGE: Case = ([Sheet((45, 47), 23.5)], [(DynamicThresholdLIF(noise=6.0, step_ms=1.0), RingKernel())], {}, INITIAL_A)


# The dynamics are chaotic: one spike that float32 puts into another step than float64 changes all that follows. Within
# these numbers of steps, which hold several waves, none is.
AGREE = 300


@pytest.mark.parametrize("name", CASES)
def test_spikes_of_the_reference(name):
    case = CASES[name]
    stack, state, geometries = build(case)
    layers = reference_layers(case, stack, state, geometries)
    expected = reference.run(layers, noise_of(stack.sheets[0], AGREE))
    ours = rasters(stack, state, 0, AGREE)
    for found, wanted in zip(ours, expected, strict=True):
        assert wanted.sum() > 300
        np.testing.assert_array_equal(found, wanted)
    for weights, layer in zip(state.weights, layers[1:], strict=True):
        np.testing.assert_allclose(weights_of.dense_weights(weights), layer.W, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(weights.c, layer.c, rtol=1e-4)
        np.testing.assert_allclose(weights.square, (layer.W**2).sum(axis=1), rtol=1e-3)
        assert np.abs(layer.W - 2.5).max() > 1.0


def test_small_neighbourhoods_learn_what_fits():
    """From neighbourhoods of 0.32 of the widest on, between two looks at the fields."""
    case = CASES["rule B, neighbourhoods"]
    stack, state, geometries = build(case)
    state.weights[0].reach[:] = 0.16
    layers = reference_layers(case, stack, state, geometries)
    assert layers[1].hebb.wide.max() == pytest.approx(0.32**2)
    assert layers[1].hebb.sharpness.max() == 14  # (tuned / reach)^2 = (0.6 / 0.16)^2, whole
    expected = reference.run(layers, noise_of(stack.sheets[0], 10 + AGREE)[10:])
    ours = rasters(stack, state, 10, AGREE)
    for found, wanted in zip(ours, expected, strict=True):
        assert wanted.sum() > 300
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(weights_of.dense_weights(state.weights[0]), layers[1].W, rtol=1e-3, atol=1e-5)


def test_dead_nodes_are_silent_and_the_others_as_in_the_reference():
    case = CASES["rule A"]
    alive = np.random.default_rng(1).random(900) < 0.8
    stack, state, geometries = build(case, alive)
    layers = reference_layers(case, stack, state, geometries)
    expected = reference.run(layers, noise_of(stack.sheets[0], 200))
    ours = rasters(stack, state, 0, 200)
    assert not ours[0][:, ~alive].any()
    for found, wanted in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", ["rule A", "rule B, three sheets", "rule B, neighbourhoods"])
@pytest.mark.parametrize("cut", [1, 37, 600, 1003])
def test_in_pieces(name, cut):
    """Across a change of noise, a chunk and a renewal of the running sums."""
    whole_stack, whole, _ = build(CASES[name])
    spikes = rasters(whole_stack, whole, 0, 1100)
    stack, state, _ = build(CASES[name])
    parts = [rasters(stack, state, 0, cut), rasters(stack, state, cut, 1100 - cut)]
    for found, *pieces in zip(spikes, *parts, strict=True):
        np.testing.assert_array_equal(np.concatenate(pieces), found)
    for one, other in zip([*state.sheets, *state.weights], [*whole.sheets, *whole.weights], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("case", "has_blocks"), [(CASES["rule A"], False), (LARGE, True)])
def test_unused_is_not_compiled(case, has_blocks):
    """What no sheet of a network has is None in all, so that their kernels have the same types and leave it out."""
    circuits = build(case)[0].sheets
    assert {type(circuit.blocks) for circuit in circuits} == {far_field.BlockField if has_blocks else type(None)}
    assert all(circuit.radius is None for circuit in circuits)


def test_large_grid_in_pieces():
    """Sums over blocks, which a cut takes anew."""
    stack, whole, _ = build(LARGE)
    assert stack.sheets[0].blocks.size > 0
    spikes = rasters(stack, whole, 0, 60)[0]
    assert spikes[10:].any(axis=1).all()
    _, state, _ = build(LARGE)
    pieces = [rasters(stack, state, start, n)[0] for start, n in ((0, 1), (1, 22), (23, 37))]
    np.testing.assert_array_equal(np.concatenate(pieces), spikes)
    for a, b in zip(state.sheets[0], whole.sheets[0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_neighbourhoods_follow_the_fields():
    """Wires of each unit as of a profile with its radius; the radius in the law's own steps from the fields."""
    stack, state, (_, geometry) = build(CASES["rule B, neighbourhoods"])
    rasters(stack, state, 0, 1000)
    weights, circuit = state.weights[0], stack.sheets[1]
    W = weights_of.dense_weights(weights).astype(float)
    field = W.sum(axis=1) ** 2 / (W**2).sum(axis=1) / 900.0
    assert field.min() < 0.9
    rasters(stack, state, 1000, 1, learning=False)
    np.testing.assert_allclose(weights.reach, 0.5 / (1.0 + 0.056**2), rtol=1e-3)  # of weights 2.5 with spread 0.14
    before = weights.reach.astype(float)
    rasters(stack, state, 1000, 1)
    expected = before + (1.0 - np.exp(-1.0)) * (0.5 * field - before)
    np.testing.assert_allclose(weights.reach, expected, rtol=1e-3)
    size = np.sqrt(150.0 / (np.pi * geometry.density))
    radius = size * 2.0 ** (np.rint(16.0 * np.log2(weights.reach.astype(float))) / 16.0)
    assert len(np.unique(radius)) > 1
    circuit = sheet_wires.rewire(circuit, stack.neighbourhoods[0], weights.reach)
    D = np.linalg.norm(geometry.positions[:, None] - geometry.positions[None], axis=-1)
    for j in range(150):
        near = circuit.near[circuit.first[j] : circuit.last[j]]
        np.testing.assert_array_equal(np.sort(near), np.flatnonzero((D[j] < radius[j]) & (np.arange(150) != j)))
        far = np.where(D[j] > radius[j] * 1.93 / 1.5, np.exp(-D[j] / 10.0), 0.0)
        np.testing.assert_allclose(circuit.far[j] * circuit.unit, far, atol=circuit.unit)


def test_units_of_a_grid_are_wired_by_offset_as_one_by_one(monkeypatch):
    """The same bits, with radii of all sizes and inhibition by the drive as well."""
    sheets, neurons, learning, initial = CASES["rule B, neighbourhoods"]
    case = (sheets, neurons, learning | {"drive": WinnerDrive(500.0, 100.0, True)}, initial)
    found, digests = [], []
    for fewest in (0, network.FEWEST_BY_OFFSET):
        monkeypatch.setattr(network, "FEWEST_BY_OFFSET", fewest)
        stack, state, _ = build(case)
        assert (stack.sheets[1].columns > 0) == (fewest == 0)
        rasters(stack, state, 0, 1000)
        state.weights[0].reach[:] = np.geomspace(0.01, 3.0, 150)
        found.append(rasters(stack, state, 1001, 600)[1])
        digests.append([array.tobytes() for record in (*state.sheets, *state.weights) for array in record])
    assert found[0].sum() > 300
    np.testing.assert_array_equal(*found)
    assert digests[0] == digests[1]


def test_wires_of_a_grid_take_memory_in_proportion_to_its_nodes():
    """Also when neighbourhoods differ, and while the wires are made."""
    for side in (60, 240):
        geometry = sheet_wires.lay_out(Sheet((side, side), 10.0), 10.0, SEED, 1)
        tracemalloc.start()
        wires = sheet_wires.wire_by_reach(geometry, UPPER_B[1])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sum(array.nbytes for array in wires[:-1]) < 80 * side**2
        assert peak < 200 * side**2


def test_trimming_leaves_the_mean_and_no_negative_weight():
    stack, state, _ = build(CASES["rule B, neighbourhoods"])
    rasters(stack, state, 0, 2900)
    W = weights_of.dense_weights(state.weights[0]).astype(float)
    np.testing.assert_allclose(W.mean(axis=1), 2.5, rtol=1e-4)
    np.testing.assert_allclose(state.weights[0].square, (W**2).sum(axis=1), rtol=1e-3)
    assert W.min() == 0.0
    assert (W == 0.0).mean() > 0.1


@pytest.mark.parametrize("name", ["rule A", "rule B"])
def test_running_sums_of_the_weights(name):
    stack, state, _ = build(CASES[name])
    rasters(stack, state, 0, 2900)
    W = weights_of.dense_weights(state.weights[0]).astype(float)
    np.testing.assert_allclose(W.mean(axis=1), 2.5, rtol=1e-4)
    np.testing.assert_allclose(state.weights[0].square, (W**2).sum(axis=1), rtol=1e-3)


def test_frozen_weights_stay():
    stack, state, _ = build(CASES["rule B"])
    before = [array.copy() for array in state.weights[0]]
    rasters(stack, state, 0, 300, learning=False)
    for array, kept in zip(state.weights[0], before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("centre", [(30, 40), (0, 69), (5, 20)], ids=["middle", "corner", "border"])
def test_inhibition_over_blocks(centre):
    """Within 2 % of the largest value everywhere, 0.5 % in root mean square; and exactly none around a lone spike."""
    rows, columns, spacing, kernel = 51, 70, 0.5, RingKernel(r_o=5.0)
    geometry = sheet_wires.lay_out(Sheet((rows, columns), columns * spacing), 20.0, SEED, 0)
    (circuit,) = network.build_stack([geometry], [network.LayerParts(LOWER[0], kernel)], 2.5, SEED).sheets
    assert circuit.blocks.size == 8
    row, column = np.divmod(np.arange(rows * columns), columns)
    distance = spacing * np.hypot(row - centre[0], column - centre[1])
    for bump in (distance < 4.0, distance == 0.0):
        state = network.at_rest(LOWER[0], 0, rows * columns)
        state.fired[:] = bump
        scratch = network._sheet_scratch(circuit)
        sheet_loop.begin(circuit, circuit.blocks, state, scratch)
        inhibition_alone = circuit._replace(lateral=RingStep(np.float32(0.0), np.float32(-1.0)))
        lines = [np.zeros(columns, np.float32) for _ in range(rows)]
        for row_number, line in enumerate(lines):
            sheet_loop.sum_lateral(inhibition_alone, inhibition_alone.blocks, scratch, row_number, line)
        field = np.concatenate(lines)
        apart = spacing * np.hypot(*(x[bump][:, None] - x for x in (row, column)))
        exact = np.where(apart > kernel.r_o, np.exp(-apart / kernel.length), 0.0).sum(axis=0)
        if bump.sum() > 1:
            error = (field - exact) / exact.max()
            assert np.abs(error).max() < 0.02
            assert np.sqrt(np.mean(error**2)) < 0.005
        else:
            np.testing.assert_allclose(field[distance <= kernel.r_o], 0.0, atol=2e-4)
            assert exact[distance > kernel.r_o].min() > 0.0
        for i in np.flatnonzero(bump):
            sheet_loop.count_spike(circuit, circuit.blocks, scratch, i, sheet_loop.STOP)
        far_field.add_changes(circuit.blocks, scratch.change, scratch.changed, scratch.blocks)
        for total in (scratch.nearby, scratch.blocks, scratch.change):
            assert not total.any()


def test_a_grid_is_wired_like_free_nodes():
    """Up to the distance at which the inhibition of a grid ends."""
    geometry = sheet_wires.lay_out(Sheet((9, 13), 26.0), 20.0, SEED, 0)
    kernel = RingKernel(4.1, 5.1, 16.0, 3.0, length=2.0)
    grid, free = sheet_wires.wire_grid(geometry, kernel), sheet_wires.wire(geometry._replace(columns=0), kernel)
    row, column = np.divmod(np.arange(117), 13)
    down, across = row[None] - row[:, None], column[None] - column[:, None]

    def unfold(stamp: np.ndarray) -> np.ndarray:
        reach = np.array(stamp.shape) // 2
        inside = (np.abs(down) <= reach[0]) & (np.abs(across) <= reach[1])
        found = np.zeros((117, 117))
        found[inside] = stamp[down[inside] + reach[0], across[inside] + reach[1]]
        return found

    pre, post = np.nonzero(unfold(grid.disc))
    np.testing.assert_array_equal(np.cumsum(np.bincount(pre, minlength=117)), free.last)
    np.testing.assert_array_equal(post, free.near)
    far = unfold(grid.unit * grid.far.astype(float))
    np.testing.assert_allclose(far, free.unit * free.far.astype(float), atol=1.4e-4 * np.exp(-5.1 / 2.0))


def test_areas_are_those_that_nodes_stand_for():
    """Of a grid all alike; a node with a twin has half of one; together they are those of the sheet."""
    grid = sheet_wires.lay_out(Sheet((9, 13), 26.0), 20.0, SEED, 0)
    np.testing.assert_array_equal(sheet_wires.areas(grid), 1.0)
    places = np.vstack([grid.positions, grid.positions[60] + 1e-6])
    twins = sheet_wires.areas(grid._replace(positions=places))
    np.testing.assert_array_equal(np.delete(twins, [60, 117]), 1.0)
    assert twins[60] + twins[117] == 1.0
    assert 0.3 < twins[60] < 0.7
    irregular = sheet_wires.lay_out(Sheet(400, 20.0), 20.0, SEED, 0)
    assert sheet_wires.areas(irregular).sum() == pytest.approx(400.0, rel=0.1)
    apart = sheet_wires.areas(grid._replace(positions=np.vstack([grid.positions, grid.positions + 2.0**17])))
    assert apart.min() == 1.0  # nothing is laid out between them, where nodes at the border reach out a little
    assert apart.max() < 3.0


def test_excitation_by_area():
    """Of nodes with weights, and inhibition as without; on a grid nothing changes."""
    kernel, weights = RingKernel(3.0, 5.0), sheet_wires.areas(sheet_wires.lay_out(Sheet(200), 20.0, SEED, 0))
    geometry = sheet_wires.lay_out(Sheet(200), 20.0, SEED, 0)
    neuron, drawn = DynamicThresholdLIF(noise=6.0), np.random.default_rng(0)
    fired = drawn.choice(200, 20, replace=False)
    D = np.linalg.norm(geometry.positions[:, None] - geometry.positions[None, fired], axis=-1)
    near = (D < 3.0) & (D > 0.0)
    for by_area, share in ((False, np.ones(200)), (True, np.rint(16.0 * weights) / 16.0)):
        layer = network.LayerParts(neuron, kernel._replace(by_area=by_area))
        circuit = network.build_stack([geometry], [layer], 2.5, SEED).sheets[0]
        scratch = network._sheet_scratch(circuit)
        for i in fired:
            sheet_loop.count_spike(circuit, circuit.blocks, scratch, i, np.int32(1))
        np.testing.assert_allclose(circuit.lateral.a_i * scratch.n_near, 16.0 * (near @ share[fired]), rtol=1e-6)
        far = np.where(D > 5.0, np.exp(-D / 10.0), 0.0).sum(axis=1)
        np.testing.assert_allclose(scratch.far * circuit.unit, far, atol=20 * circuit.unit)
    grid = sheet_wires.lay_out(Sheet((12, 12)), 20.0, SEED, 0)
    same = [sheet_wires.wire_grid(grid, kernel._replace(by_area=by_area)) for by_area in (False, True)]
    for plain, weighted in zip(*same, strict=True):
        np.testing.assert_array_equal(plain, weighted)


@pytest.mark.parametrize("k", [1, 2, 5, 20, 40])
def test_k_largest(k):
    rng = np.random.default_rng(k)
    for _ in range(50):
        y = np.maximum(rng.integers(-5, 9, 30), 0).astype(np.float32)
        expected = reference.k_largest(y.astype(float), k)
        projection_loop.keep_largest(y, k, np.zeros(30, np.float32))
        np.testing.assert_array_equal(y, expected)


class TestNoise:
    def test_distribution(self):
        draws = normal_array(SEED, 3, 5, 200_000)
        assert abs(draws.mean()) < 0.01
        assert abs(draws.std() - 1.0) < 0.01
        assert abs((draws**4).mean() - 3.0) < 0.06
        assert np.abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.01

    def test_levels(self):
        levels = normal_levels().astype(float)
        assert len(levels) == LEVELS
        lower, upper = np.split(levels, 2)
        assert (np.diff(upper) > 0.0).all()
        np.testing.assert_array_equal(lower, -upper)
        assert (levels**2).mean() == pytest.approx(1.0, abs=1e-6)

    def test_distribution_of_close_normals(self):
        """As the normal one up to 3.5 standard deviations, and no number tells of its neighbours or of other keys."""
        n, half = 1_000_001, 500_001
        draws, others = np.empty((2, n), np.float32)
        fill_close_normals(SEED, np.uint64(3), np.uint64(5), np.float32(2.0), draws)
        fill_close_normals(SEED, np.uint64(3), np.uint64(6), np.float32(2.0), others)
        x = draws.astype(float) / 2.0
        assert abs(x.mean()) < 0.004
        assert x.std() == pytest.approx(1.0, abs=0.003)
        assert (x**3).mean() == pytest.approx(0.0, abs=0.015)
        assert (x**4).mean() == pytest.approx(3.0, abs=0.03)
        assert (x**6).mean() == pytest.approx(15.0, abs=0.5)
        assert stats.kstest(x, "norm").statistic < 0.004
        for bound in (2.0, 2.5, 3.0, 3.5):
            for tail in (x > bound, x < -bound):
                assert tail.mean() == pytest.approx(stats.norm.sf(bound), rel=0.25)
        assert 3.8 < x.max() < 3.82
        for other in (x[1:], x[256:], x[half:], others.astype(float)[: n - 1]):
            assert abs(np.corrcoef(x[: len(other)], other)[0, 1]) < 0.004
            assert abs(np.corrcoef(x[: len(other)] ** 2, other**2)[0, 1]) < 0.004

    def test_a_number_depends_on_its_key_alone(self):
        np.testing.assert_array_equal(normal_array(SEED, 3, 5, 13), normal_array(SEED, 3, 5, 100)[:13])
        others = [normal_array(SEED, 3, 6, 100), normal_array(SEED, 4, 5, 100), normal_array(np.uint64(1), 3, 5, 100)]
        for other in others:
            assert abs(np.corrcoef(other, normal_array(SEED, 3, 5, 100))[0, 1]) < 0.4
        scaled = np.empty(10, np.float32)
        fill_normals(normal_levels(), SEED, np.uint64(3), np.uint64(5), np.float32(2.0), words_for(10), scaled)
        np.testing.assert_array_equal(scaled, np.float32(2.0) * normal_array(SEED, 3, 5, 10))


def short_runs() -> list[Any]:
    """Counts and a digest of the state after some steps of small networks of every kind."""
    found: list[Any] = []
    shrunk: dict[str, Case] = {
        name: (
            [sheet._replace(shape=(8, 9) if sheet.columns else 70, side=4.5) for sheet in case[0]],
            *case[1:3],
            case[3]._replace(c=case[3].c / 12.0),
        )
        for name, case in CASES.items()
    }
    for case, n_steps in [*((case, 20) for case in shrunk.values()), (LARGE, 3), (LARGE_UPPER, 6)]:
        stack, state, _ = build(case)
        spikes = rasters(stack, state, 990, n_steps)
        arrays = [array for record in (*state.sheets, *state.weights) for array in record]
        digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
        counts = [int(raster.sum()) for raster in spikes]
        assert min(counts) > 0
        found.append([counts, digest])
    return found
