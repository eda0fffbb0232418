"""Rate models of maps on a stream of driving clips: what the order of the frames does to each rule.

    python papers/coherence/rate_maps.py --features fire6.npz      from an archive with X, source (clip of each frame)
    python papers/coherence/rate_maps.py --data FOLDER             computes the features of the clips in FOLDER first
    python papers/coherence/rate_maps.py --data FOLDER --seeds 10

FOLDER holds driving/*.mp4 and cnn/*.onnx; the environment variable TECTUM_DATA by default. The numbers expected were
measured with every 2nd to 4th frame of a clip, as --data takes them, and 3 seeds. Prints measured values with those
expected in brackets; the exit status is 1 if the order of the rules is not as expected. The parameters of the
conscience and of the dynamic rule were not given with the numbers; these were chosen on the same clips. In the natural
order, TE of the constant and of the metaplastic rule varies by 0.1 to 0.2 between seeds.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans

from tectum import analysis

SHAPE = (8, 8)
CLIPS = {  # take every n-th frame
    "solidWhiteRight.mp4": 2,
    "countryroad.mp4": 3,
    "desert.mp4": 3,
    "night.mp4": 4,
    "rainy.mp4": 4,
    "seattlestreet1.mp4": 3,
}
HELD_OUT, PROBED, BLOCK = 25, 20, 30
ORDERS = ("shuffled", f"blocks of {BLOCK}", "natural")
MEASURES = ("QE", "TE", "AMI", "forgetting dQ")
KMEANS_QE = 0.474

# rule, then expected for the three orders: QE, TE, AMI, dQ
EXPECTED = {
    "constant": (
        analysis.constant_rule(),
        [(0.468, 0.485, 0.491), (0.03, 0.13, 0.35), (0.85, 0.87, 0.85), (0.001, 0.015, 0.055)],
    ),
    "annealed": (
        analysis.annealed_rule(),
        [(0.461, 0.468, 0.519), (0.03, 0.13, 0.44), (0.79, 0.82, 0.75), (0.000, 0.001, 0.088)],
    ),
    "conscience": (
        analysis.conscience_rule(),
        [(0.472, 0.548, 0.663), (0.02, 0.23, 0.48), (0.86, 0.84, 0.71), (0.001, 0.075, 0.265)],
    ),
    "dynamic": (
        analysis.dynamic_rule(rate=0.05, elasticity=0.6),
        [(0.519, 0.572, 0.613), (0.01, 0.08, 0.27), (0.88, 0.85, 0.75), (0.010, 0.108, 0.197)],
    ),
    "metaplastic": (
        analysis.metaplastic_rule(),
        [(0.462, 0.473, 0.477), (0.01, 0.05, 0.02), (0.87, 0.88, 0.79), (0.000, 0.008, 0.032)],
    ),
}


def driving_features(folder: Path, clips: dict[str, int] = CLIPS) -> tuple[NDArray, NDArray]:
    """Activations (n_frames, 34992) of the layer fire6/conv1x1_1 of every n-th frame of clips, and the clip of each."""
    from tectum import streams

    cnn = streams.CNN(folder / "cnn" / "squeezenet_v1.0_deepcomp_to_fire6.onnx")
    X, source = [], []
    for clip, (name, every) in enumerate(clips.items()):
        frames = streams.video(folder / "driving" / name, size=cnn.size, every=every, thumbnails=None)
        for chunk in streams.features(frames, cnn):
            X.append(np.asarray(chunk.X, dtype=np.float32))
            source += [clip] * len(chunk.X)
    return np.concatenate(X), np.array(source)


def project(X: NDArray, seed: int = 0, n: int = 256) -> NDArray[np.float64]:
    """Features as shares of their 99th percentile, at most 1, in a random Gaussian projection of length 1."""
    high = np.percentile(X, 99, axis=0)
    shares = np.minimum(X / np.where(high > 0, high, 1.0), 1.0)
    Y = shares @ np.random.default_rng(seed).normal(size=(X.shape[1], n)).astype(np.float32)
    return (Y / np.maximum(np.linalg.norm(Y, axis=1, keepdims=True), 1e-12)).astype(np.float64)


def ordered(training: NDArray, source: NDArray, order: str, rng: np.random.Generator) -> NDArray[np.intp]:
    """Frames to learn, in one of the ORDERS."""
    if order == "shuffled":
        return rng.permutation(training)
    if order == "natural":
        return training
    clips = [training[source[training] == clip] for clip in np.unique(source)]
    blocks = [clip[start : start + BLOCK] for clip in clips for start in range(0, len(clip), BLOCK)]
    return np.concatenate([blocks[k] for k in rng.permutation(len(blocks))])


def measure(Y: NDArray, source: NDArray, rule: analysis.baselines.Rule, order: str, seed: int) -> list[float]:
    """The MEASURES of one map after one pass, on the last frames of every clip, which it never learned."""
    training, probes = split(source)
    stream = ordered(training, source, order, np.random.default_rng(seed))
    ends = [int(np.flatnonzero(source[stream] == clip)[-1]) + 1 for clip in np.unique(source)]
    times = np.unique([*ends, len(stream)])
    codebooks = analysis.online_codebooks(Y[stream], SHAPE, rule, times=times, random_state=seed)
    winners = [analysis.best_matching_units(Y[probes], codebook) for codebook in codebooks]
    errors = [
        np.linalg.norm(Y[probes] - codebook[first[:, 0]], axis=1)
        for codebook, first in zip(codebooks, winners, strict=True)
    ]
    quality = analysis.class_quantization(errors, source[probes])
    forgotten = analysis.quantization_forgetting(quality, np.searchsorted(times, ends))
    return [
        float(errors[-1].mean()),
        analysis.topographic_error(winners[-1], SHAPE),
        float(analysis.cluster_scores(source[probes], winners[-1][:, 0])["ami"]),
        float(forgotten.mean()),
    ]


def split(source: NDArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Frames to learn, and probes: the last of each clip, with a gap between."""
    frames = [np.flatnonzero(source == clip) for clip in np.unique(source)]
    return np.concatenate([f[:-HELD_OUT] for f in frames]), np.concatenate([f[-PROBED:] for f in frames])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("TECTUM_DATA"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.features is None and arguments.data is None:
        parser.error("give --features FILE or --data FOLDER")
    if arguments.features is not None:
        with np.load(arguments.features) as archive:
            X, source = archive["X"].astype(np.float32), archive["source"]
    else:
        X, source = driving_features(Path(arguments.data))
    Y = project(X)
    training, probes = split(source)
    console = Console(width=180)
    offline = KMeans(SHAPE[0] * SHAPE[1], n_init=3, random_state=0).fit(Y[training]).cluster_centers_
    console.print(
        f"{len(X)} frames; QE of k-means: {analysis.quantization_error(Y[probes], offline):.3f} ({KMEANS_QE})"
    )
    table = Table("rule", "order", *MEASURES, title=f"mean ± standard deviation of {arguments.seeds} seeds (expected)")
    forgetting, topography = {}, {}
    for name, (rule, expected) in EXPECTED.items():
        for column, order in enumerate(ORDERS):
            runs = np.array([measure(Y, source, rule, order, seed) for seed in range(arguments.seeds)])
            cells = zip(runs.mean(axis=0), runs.std(axis=0), expected, strict=True)
            table.add_row(name, order, *(f"{mean:.3f} ± {sd:.3f} ({row[column]:.3f})" for mean, sd, row in cells))
        forgetting[name], topography[name] = runs[:, 3].mean(), runs[:, 1].mean()
    console.print(table)
    # What holds beyond the spread of a few seeds; metaplastic and constant rule forget about as little
    as_expected = max(forgetting["metaplastic"], forgetting["constant"]) < forgetting["annealed"]
    as_expected &= forgetting["annealed"] < forgetting["dynamic"] < forgetting["conscience"]
    as_expected &= topography["metaplastic"] < min(topography["annealed"], topography["conscience"])
    console.print("order of the rules as expected" if as_expected else "the rules are in another order than expected")
    return int(not as_expected)


if __name__ == "__main__":
    raise SystemExit(main())
