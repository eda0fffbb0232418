"""A dictionary takes events in their own time: as a naive model says, however they are cut into chunks."""

from typing import Any

import numpy as np
import pytest

import tectum
from tectum import analysis, datasets, parts, streams
from tectum.engine.dictionary import events as engine, network
from tectum.engine.dictionary.loop import DictionaryCircuit, DictionaryState
from tectum.streams.event_formats import EVENT

SHAPE, SIZE, STRIDE, TAU = (8, 9), 3, 2, 5.0


def random_events(n: int, seed: int = 0, us: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    events = np.empty(n, EVENT)
    events["t"] = np.cumsum(rng.integers(0, 2 * us, n))
    events["t"] -= events["t"][0]
    for axis, most in (("y", SHAPE[0]), ("x", SHAPE[1]), ("p", 2)):
        events[axis] = rng.integers(0, most, n)
    events["t"][n // 2 :] += 200_000  # a pause in which all is forgotten
    return events


def small_circuit() -> tuple[DictionaryCircuit, DictionaryState]:
    encoder = parts.EventPatches(SIZE, STRIDE, TAU)
    competition = parts.ExplainingAway(quantum=1.1, signed=False, patience=3.0)
    threshold = parts.AdaptiveThreshold(start=0.8, rate=1e-3, target=0.1, minimum=0.5)
    chosen = network.DictionaryParts(
        encoder, parts.EvidenceNeuron(), competition, threshold, parts.ResidualSTDP(eta=0.05, w_min=0.0)
    )
    circuit = network.build_circuit(chosen, 0)
    weights = np.random.default_rng(1).random((6, 2 * SIZE**2), np.float32)
    state = DictionaryState(network.unit_length(weights, 0.0), np.full(6, 0.8, np.float32), np.zeros(6, np.float32))
    return circuit, state


def run(events: np.ndarray, *, learning: bool, cut: int = 10**9) -> tuple[list, DictionaryState]:
    circuit, state = small_circuit()
    sheet = engine.new_sheet(2 * SIZE**2, 6, engine.grid_of(circuit.encoder, SHAPE), learning=learning)
    scratch = engine.new_scratch(circuit, state, learning=learning)
    found: list = []
    for at in range(0, len(events), cut):
        some = events[at : at + cut]
        rates = np.full(len(some), 0.05, np.float32)
        taken = engine.take_in(circuit, state, sheet, scratch, some, rates, learning=learning)
        found += zip(*(array.tolist() for array in taken), strict=True)
    return found, state


def reference(events: np.ndarray, *, learning: bool) -> tuple[list, np.ndarray]:
    """The same in float64, patch by patch, with exponentials at each event."""
    _, state = small_circuit()
    w, theta, silence = state.weights.astype(float), 0.8, np.zeros(6)
    rows, columns = ((side - SIZE) // STRIDE + 1 for side in SHAPE)
    left = np.zeros((rows, columns, 2, SIZE, SIZE))
    drive, last, spikes = np.zeros((rows, columns, 6)), 0, []
    for t, x, y, p in events.tolist():
        fade = np.exp((last - t) / (1e3 * TAU))
        left *= fade
        drive *= fade
        last = t
        for row in range(rows):
            for column in range(columns):
                dy, dx = y - STRIDE * row, x - STRIDE * column
                if not (0 <= dy < SIZE and 0 <= dx < SIZE):
                    continue
                left[row, column, 1 - p, dy, dx] += 1 / 1.1
                drive[row, column] += w.reshape(6, 2, SIZE, SIZE)[:, 1 - p, dy, dx] / 1.1
                n = 0
                while n < engine.MOST_SPIKES:
                    excitable = 1 + 0.1 * np.maximum(0, silence / 6 / 3 - 1)
                    felt = (excitable if learning else 1.0) * drive[row, column]
                    if felt.max() <= theta:
                        break
                    j, n = int(felt.argmax()), n + 1
                    spikes.append((t, row * columns + column, j))
                    if learning:
                        rest = left[row, column].ravel() - w[j]
                        eta = 0.05 * (1.0 if excitable[j] == 1 else 10.0)
                        w[j] = np.maximum(0, w[j] + eta * rest)
                        w[j] /= np.linalg.norm(w[j])
                        left[row, column] = rest.reshape(2, SIZE, SIZE)
                        drive[row, column] = w @ rest
                        silence += 1
                        silence[j] = 0
                    else:
                        drive[row, column] -= w @ w[j]
                if learning:
                    theta = max(0.5, theta + 1e-3 * (n - 0.1))
    return spikes, w


@pytest.mark.parametrize("learning", [False, True])
def test_spikes_are_those_of_the_naive_model(learning: bool) -> None:
    events = random_events(400)
    found, state = run(events, learning=learning)
    expected, weights = reference(events, learning=learning)
    assert len(expected) > 40
    assert found == expected
    np.testing.assert_allclose(state.weights, weights, atol=2e-4)


def short_runs() -> dict[str, Any]:
    found, state = run(random_events(60), learning=True)
    return {"spikes": found, "weights": state.weights.view(np.uint32).tolist()}


def test_cuts_change_nothing() -> None:
    events = random_events(300)
    (whole, state), (pieces, other) = run(events, learning=True), run(events, learning=True, cut=7)
    assert whole == pieces
    np.testing.assert_array_equal(state.weights, other.weights)


@pytest.fixture(scope="module")
def digits() -> tuple[datasets.SimulatedEvents, np.ndarray]:
    from sklearn.datasets import load_digits

    X, y = load_digits(n_class=3, return_X_y=True)
    return datasets.saccades(X[:60].reshape(-1, 8, 8), random_state=0), y[:60]


@pytest.fixture(scope="module")
def fitted(digits: Any) -> tectum.SpikingDictionary:
    model = tectum.SpikingDictionary.for_events(8, encoder=parts.EventPatches(3, 2), n_presentations=20_000)
    return model.set_params(random_state=0).fit_events(digits[0].recordings)


def test_chunks_files_and_resuming_change_nothing(digits: Any, fitted: Any, tmp_path: Any) -> None:
    recordings = digits[0].recordings
    again = tectum.SpikingDictionary(**fitted.get_params(deep=False))
    again.fit_events(streams.events(recordings, chunk=97))
    np.testing.assert_array_equal(again.weights_, fitted.weights_)
    fitted.save(tmp_path / "a.tectum")
    loaded = tectum.load(tmp_path / "a.tectum")
    counts = fitted.transform_events(recordings, cells=2, bins=2)
    assert counts.shape == (60, 2 * 4 * 8)
    np.testing.assert_array_equal(loaded.transform_events(recordings[::-1], cells=2, bins=2)[::-1], counts)
    np.testing.assert_array_equal(
        again.partial_fit_events(recordings[:2]).weights_, loaded.partial_fit_events(recordings[:2]).weights_
    )
    labelled = list(zip(recordings, digits[1], strict=True))  # as a data set of tonic gives them
    np.testing.assert_array_equal(fitted.transform_events(_DataSet(labelled), cells=2, bins=2), counts)


class _DataSet:
    def __init__(self, items: list) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, k: int) -> Any:
        return self.items[k]


def test_spikes_tell_what_the_events_left(digits: Any, fitted: Any) -> None:
    """Better than nothing, and better than the components before learning."""
    shape, part = digits[0].shape, digits[0].recordings[5]
    at = np.linspace(50_000, 290_000, 7)
    there = analysis.event_traces(part, at, tau_ms=20.0, shape=shape)
    spikes = fitted.record_events(part, shape=shape)
    assert spikes["t"].max() <= part["t"][-1]
    restored = fitted.reconstruct_events(spikes, at, shape=shape)
    error = np.sqrt(np.square(there - restored).mean() / np.square(there).mean())
    assert error < 0.8


def test_doors(fitted: Any, digits: Any) -> None:
    with pytest.raises(ValueError, match="for_events"):
        tectum.SpikingDictionary().fit_events(digits[0].recordings)
    with pytest.raises(ValueError, match="use fit_events"):
        fitted.transform(np.zeros((2, 18)))
    with pytest.raises(ValueError, match="side of the camera"):
        tectum.SpikingDictionary.for_events(encoder=parts.EventPatches(20)).fit_events(digits[0].recordings)
    with pytest.raises(ValueError, match="cells must be from 1"):
        fitted.transform_events(digits[0].recordings, cells=50)
    seconds = digits[0].recordings[0].astype([("t", "f8"), ("x", "i4"), ("y", "i4"), ("p", "i1")])
    with pytest.raises(ValueError, match="whole microseconds"):
        fitted.transform_events(seconds)
    with pytest.raises(ValueError, match="from 0 to 7"):
        datasets.moving(np.ones((2, 4, 4)), direction=[0, 8])


def test_once_around_a_circle_leaves_no_direction_in_counts() -> None:
    """The same picture, beginning in opposite directions: the same events of each pixel, at other times."""
    picture = np.zeros((1, 10, 10))
    picture[0, 3:7, 4:8] = 1.0
    quiet: Any = {"radius": 2.0, "noise_hz": 0.0, "random_state": 0}
    a, b = (datasets.moving(picture, direction=[k], **quiet).recordings[0] for k in (0, 4))
    shape = (20, 20)
    counts = [analysis.event_counts(part, shape=shape) for part in (a, b)]
    assert np.abs(counts[0] - counts[1]).sum() < 0.015 * counts[0].sum()  # where a change just reaches a threshold
    first = [analysis.event_counts(part, shape=shape, bins=8)[0] for part in (a, b)]
    assert np.abs(first[0] - first[1]).sum() > 20
    x = [np.average(np.arange(20), weights=(frame[0] - frame[1]).clip(0).sum(axis=0)) for frame in first]
    assert x[0] > x[1] + 2  # ON events at the leading edge: on the right if it moves to the right


def test_standard_network_takes_events_as_the_graph_does(digits: Any) -> None:
    """The same circuit in both engines: the same spikes to the same events."""
    seen, y = digits
    net = tectum.DiehlCook(12, dt=1.0, gain=3.0, random_state=0).fit_events(seen.recordings, y)
    counts = net.transform_events(seen.recordings)
    assert counts.sum() > 60
    assert (net.predict_events(seen.recordings) == y).mean() > 0.5
    before = dict(vars(net))
    with pytest.raises(ValueError, match=rf"inconsistent numbers of samples: \[{len(y)}, {len(y) - 1}\]"):
        net.fit_events(seen.recordings, y[1:])
    assert all(value is before[key] for key, value in vars(net).items())
    n = 2 * seen.shape[0] * seen.shape[1]
    assert net.n_features_in_ == n
    graph = tectum.Network(
        [parts.Population("units", 12, parts.AdaptiveLIF(), rule=parts.PostPreSTDP(), norm=parts.MeanNorm(0.1),
                          inhibition=parts.LateralInhibition())],
        [parts.Projection("input", "units", parts.Learned(mean=0.1, gain=3.0), delay=0.0)],
        [parts.Trains("input", n)],
        presentation=310.0,
        random_state=0,
    )  # fmt: skip
    graph.fit_events(seen.recordings[:20])
    few = tectum.DiehlCook(12, dt=1.0, gain=3.0, random_state=0).fit_events(seen.recordings[:20], shape=seen.shape)
    assert graph.spike_counts_["units"].sum() == pytest.approx(few.spike_counts_.sum(), rel=0.1)
    assert graph.transform_events(seen.recordings[:3]).shape == (3, 12)
    with pytest.raises(ValueError, match=r"n must be 2 x 14 x 14"):
        tectum.Network([parts.Population()], [parts.Projection()], [parts.Trains("input", 7)]).fit_events(
            seen.recordings[:2], shape=seen.shape
        )


def test_command_line_takes_recordings(tmp_path: Any) -> None:
    from typer.testing import CliRunner

    from tectum.cli.app import app

    (tmp_path / "a.bin").write_bytes(
        b"".join(bytes([x % 9, x % 7, 128 * (x % 2) + x // 100, x % 256, 0]) for x in range(900))
    )
    files = [str(tmp_path / name) for name in ("a.bin", "m.tectum", "spikes.npz")]
    fit = ["fit", "dictionary", files[0], "-o", files[1], "--set", "n_components=4", "--set", "n_presentations=2000"]
    for command in (fit, ["transform", files[1], files[0], "-o", files[2]]):
        done = CliRunner().invoke(app, ["--quiet", *command])
        assert done.exit_code == 0, (done.output, done.exception)
    assert set(np.load(files[2])) == {"t", "x", "y", "unit", "recording"}
    assert isinstance(tectum.load(files[1]).encoder, parts.EventPatches)
