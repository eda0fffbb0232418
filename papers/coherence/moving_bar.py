"""Which way a bar moves, told by the winner of one spiking map: with its own last winners as context, and without.

    python papers/coherence/moving_bar.py                     5 seeds, about two minutes
    python papers/coherence/moving_bar.py --seeds 1 --no-rates

A bump moves on a ring of places (`ring.py`); then a real bar moves before an event camera, if the folder that
TECTUM_DATA names holds `events/DVS128-2017-03-21-short.aedat`. Prints the measured values with those expected in
brackets, and draws the place and the direction that each neuron prefers into `results/moving_bar.png` beside this
file, or into the folder given with -o. The exit status is 1 if a value is not as expected.

A cycle of 25 ms forgets what was there in the frame before, as inhibition resets the membranes. So what was must come
back as spikes: `Winners`, the neurons that won in the frame before, strongest first, or a delay line.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from moving_bar_rate import EXPECTED as RATE_MODELS, measure as rate_scores
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from ring import PLACES, Ring, ring_stream, scores
from scipy.ndimage import gaussian_filter1d

from tectum import MapHierarchy, parts, plots, streams

SHAPE = (8, 8)
TRAINING, TESTING = 10_000, 3_000
RECORDING = "DVS128-2017-03-21-short.aedat"
WINDOW_MS, BINS = 40.0, 16
VARIANTS, WAYS = 20, 400  # of the recording, and ways of the bar that are learned
SLOWEST = 0.5  # strips per window, below which the bar stands
FEWEST = 200  # events of a window in which the bar is in view
PLACE, CONTEXT = 2.5, 1.4  # conductance that a perfect match of the present, and of the last winners, brings
CODE = parts.Ranked(k=3, t_enc=6.0)  # the bump is three places wide; more inputs blur the place

# What differs from the parts that a MapHierarchy has by itself, and why: all states of the ring recur for ever, so that
# all neurons should be used, and which neurons are the context is known only after the map has changed.
RECURRING: dict[str, Any] = {
    # neurons side by side must not fire together, or they never come to stand for different directions
    "lateral": parts.NearExcitation(W=0.3),
    # w is overwritten by what arrives (eta beta = 0.3); all arrivals of a frame count about alike (25 ms)
    "rule": parts.ArrivalSTDP(eta=0.1, w_max=5.0, beta=3.0, tau_pre=25.0),
    # slow enough to follow while the contexts change
    "use": parts.UseDependentRate(n_0=100.0),
    # neurons that win a lot tire, for longer than one of two directions happens to prevail, and hand it over to another
    "threshold": parts.SpikeThreshold(rise=0.15, rest=-2.0, tau=30_000.0),
    "gate": parts.NoveltyGate(factor=1.01, recruited=0.02, drop=6.0),
}
NOW = parts.Features(code=CODE)
SOURCES = {  # and the conductance that all together bring
    "no context": ((NOW,), PLACE),
    "last winners": ((NOW, parts.Winners("map", k=4, share=CONTEXT / PLACE, t_enc=6.0)), PLACE + CONTEXT),
    "delay line": ((NOW, NOW._replace(delay=2)), 3.5),
}
LEAST, LEAST_REAL, CHANCE = 0.9, 0.8, (0.45, 0.55)  # direction with context, and without
MOST_SPREAD = 0.5  # of the place two steps ago, with context, as a share of that without


def spiking_map(context: str, seed: int) -> MapHierarchy:
    """A map with or without memory."""
    sources, drive = SOURCES[context]
    norm = parts.SourceNorm(drive=drive)
    return MapHierarchy([parts.Map("map", sources, SHAPE, norm=norm, **RECURRING)], random_state=seed)


def on_ring(context: str, seed: int) -> tuple[list[float], MapHierarchy]:
    """Scores of a map that was trained, labelled and tested on streams of their own, and the map."""
    learned = spiking_map(context, seed).fit(ring_stream(TRAINING, 3 * seed).X)
    labelling, test = (ring_stream(TESTING, 3 * seed + k) for k in (1, 2))
    return scores(SHAPE, labelling, learned.predict(labelling.X), test, learned.predict(test.X)), learned


def sweeps(events: NDArray[Any], mirrored: bool) -> list[Ring]:
    """The bar's ways across the field of view, each as counts of events in strips of the picture, ON and OFF alike.

    Strips overlap like receptive fields (a Gaussian, sigma one strip). Direction is that of the events' centroid;
    windows in which it stands, at the ends, are left out.
    """
    events = events.copy()
    if mirrored:
        events["x"] = events["x"].max() - events["x"]
    stream = streams.event_frames(events, window_ms=WINDOW_MS)
    pictures = np.concatenate([chunk.X for chunk in stream]).reshape(-1, 2, *stream.shape)
    columns = pictures.sum(axis=(1, 2))
    counts = np.add.reduceat(columns, np.arange(BINS) * columns.shape[1] // BINS, axis=1)
    seen = counts.sum(axis=1) >= FEWEST
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    found = []
    for begin, end in edges.reshape(-1, 2):
        if end - begin < BINS // 2:
            continue
        X = counts[begin:end]
        centre = X @ np.arange(BINS) / X.sum(axis=1)
        velocity = np.gradient(centre)
        moves = np.abs(velocity) >= SLOWEST
        X = gaussian_filter1d(X, 1.0, axis=1)[moves]
        settled = np.arange(len(X)) >= 3
        found.append(Ring(X, centre[moves].round().astype(int), (velocity[moves] > 0).astype(int), settled))
    return found


def joined(ways: list[Ring]) -> Ring:
    """Some ways after each other."""
    return Ring(*(np.concatenate(field) for field in zip(*ways, strict=True)))


def on_events(context: str, seed: int, events: NDArray[Any]) -> float:
    """Direction of the real bar in the mirrored recording, read from a map that learned and was labelled on the other.

    Each variant of a way has 70 % of its events, and windows that begin at another time. What was recorded as a way to
    the left is a way to the right in the mirror: no event is both learned and tested.
    """
    rng = np.random.default_rng(seed)

    def variants(n: int, mirrored: bool) -> list[Ring]:
        found: list[Ring] = []
        for begin in rng.uniform(0.0, 1e3 * WINDOW_MS, n):
            found += sweeps(events[(events["t"] >= begin) & (rng.random(len(events)) < 0.7)], mirrored)
        return found

    ways = variants(VARIANTS, False)
    learned = spiking_map(context, seed).fit(joined([ways[k] for k in rng.integers(len(ways), size=WAYS)]).X)
    labelling, test = joined(variants(10, False)), joined(variants(10, True))
    return scores(SHAPE, labelling, learned.predict(labelling.X), test, learned.predict(test.X))[0]


def draw(learned: MapHierarchy, seed: int, file: Path) -> None:
    """Where on the ring each neuron's bump is, as a colour, and which way it goes, as an arrow."""
    test = ring_stream(TESTING, 3 * seed + 1)
    winners = learned.predict(test.X)
    with plots.style():
        figure, axes = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
        rows, columns = np.divmod(np.arange(SHAPE[0] * SHAPE[1]), SHAPE[1])
        place, way = np.full(len(rows), np.nan), np.zeros(len(rows))
        for unit in np.unique(winners[winners >= 0]):
            won = (winners == unit) & test.settled
            if won.any():
                place[unit] = np.angle(np.exp(2j * np.pi * test.position[won] / PLACES).mean()) * PLACES / (2 * np.pi)
                way[unit] = 2.0 * test.direction[won].mean() - 1.0
        image = axes.imshow((place % PLACES).reshape(SHAPE), cmap="twilight", vmin=0, vmax=PLACES)
        axes.quiver(columns, rows, way, np.zeros_like(way), pivot="mid", scale=12, color="tab:orange", width=0.012)
        figure.colorbar(image, label="preferred place on the ring")
        axes.set(xticks=[], yticks=[], title="place (colour) and direction (arrow; its length is how reliable)")
        figure.savefig(file, dpi=150)
        plt.close(figure)


def main() -> int:
    """Print the tables and draw the map."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-rates", action="store_true", help="leave out the rate models")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    console = Console(width=180)
    columns = ["direction", "worst seed", "AMI", *(f"lag {lag}" for lag in range(7))]
    table = Table("model", *columns, title=f"Bump on a ring: mean of {options.seeds} seeds (expected)")
    measured = {}
    for context in SOURCES:
        runs = [on_ring(context, seed) for seed in range(options.seeds)]
        values = np.array([found for found, _ in runs])
        measured[context] = values
        if context == "last winners":
            draw(runs[0][1], 0, options.output / "moving_bar.png")
        worst = values[:, 0].max() if context == "no context" else values[:, 0].min()
        cells = [f"{value:.2f}" for value in values.mean(axis=0)]
        cells[0] += " (0.45-0.55)" if context == "no context" else " (>= 0.9)"
        if context == "last winners":
            cells[4] += f" (<= {MOST_SPREAD * measured['no context'][:, 4].mean():.2f})"
        table.add_row(f"spiking, {context}", cells[0], f"{worst:.2f}", *cells[1:])
    for name, (model, expected) in () if options.no_rates else RATE_MODELS.items():
        found = np.mean([rate_scores(model, seed) for seed in range(min(options.seeds, 3))], axis=0)
        cells = [f"{f:.2f} ({e:.2f})" for f, e in zip(found, expected, strict=True)]
        table.add_row(name, cells[0], "", *cells[1:])
    console.print(table)
    without, with_ = measured["no context"], measured["last winners"]
    checks = {
        f"direction with context >= {LEAST}": with_[:, 0].mean() >= LEAST,
        f"direction without in {CHANCE}": CHANCE[0] <= without[:, 0].mean() <= CHANCE[1],
        "spread two steps ago at most half": with_[:, 4].mean() <= MOST_SPREAD * without[:, 4].mean(),
    }
    recording = Path(os.environ.get("TECTUM_DATA", ".")).expanduser() / "events" / RECORDING
    if recording.exists():
        events = streams.read_events(recording)
        table = Table("model", "direction, mean and each seed", title="Bar before an event camera, mirrored recording")
        for context in SOURCES:
            found = np.array([on_events(context, seed, events) for seed in range(options.seeds)])
            table.add_row(f"spiking, {context}", f"{found.mean():.2f}: " + " ".join(f"{f:.2f}" for f in found))
            if context == "last winners":
                checks[f"direction of the real bar with context >= {LEAST_REAL}"] = found.mean() >= LEAST_REAL
        console.print(table)
    else:
        console.print(f"no {RECORDING}: set TECTUM_DATA to see the real bar")
    for what, holds in checks.items():
        console.print(f"{what}: {'yes' if holds else 'NO'}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
