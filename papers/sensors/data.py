"""Activity of sensors whose true places are known, in an order drawn at random: what the layouts are measured on."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, map_coordinates
from sklearn.datasets import load_sample_image

FOLDER = Path(os.environ.get("TECTUM_DATA", "data")).expanduser()


class Sensors(NamedTuple):
    """Activity, and where the sensors are."""

    X: NDArray[np.float64]  # (n_samples, n_sensors)
    true: NDArray[np.float64]  # (n_sensors, 2)


def grid(rows: int, cols: int) -> NDArray[np.float64]:
    """Places of pixels, row by row."""
    return np.indices((rows, cols)).reshape(2, -1).T.astype(np.float64)


def in_disorder(X: NDArray[Any], shape: tuple[int, int], rng: np.random.Generator) -> Sensors:
    """Sensors in an unknown order."""
    order = rng.permutation(X.shape[1])
    return Sensors(X[:, order].astype(np.float64), grid(*shape)[order])


def cut(pictures: list[NDArray[Any]], n: int, side: int, rng: np.random.Generator, edge: int = 0) -> NDArray[Any]:
    """Squares cut from pictures at random."""
    found = []
    for k in rng.integers(0, len(pictures), n):
        corner = [rng.integers(edge, length - side - edge + 1) for length in pictures[k].shape]
        found.append(pictures[k][corner[0] : corner[0] + side, corner[1] : corner[1] + side].ravel())
    return np.array(found)


def photographs() -> list[NDArray[Any]]:
    """The two photographs of scikit-learn, halved so that neighbouring pixels differ."""
    greys = (load_sample_image(name).mean(axis=2) / 255.0 for name in ("china.jpg", "flower.jpg"))
    return [grey[:426].reshape(213, 2, 320, 2).mean(axis=(1, 3)) for grey in greys]


def digits(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Digits of MNIST, (n, 28, 28)."""
    from tectum import datasets

    data = datasets.load("mnist", subset="train").data
    return (data[rng.choice(len(data), n, replace=False)] / 255.0).reshape(n, 28, 28)


def mnist(n: int, rng: np.random.Generator) -> Sensors:
    """Digits, 784 pixels, of which some hundred are dead or nearly so."""
    return in_disorder(digits(n, rng).reshape(n, -1), (28, 28), rng)


def natural(n: int, rng: np.random.Generator) -> Sensors:
    """Patches of photographs."""
    return in_disorder(cut(photographs(), n, 28, rng), (28, 28), rng)


def one_photograph(n: int, rng: np.random.Generator) -> Sensors:
    """Patches of one photograph as it is, of bright sky and dark roofs."""
    return in_disorder(cut([load_sample_image("china.jpg").mean(axis=2) / 255.0], n, 12, rng), (12, 12), rng)


def whitened(n: int, rng: np.random.Generator) -> Sensors:
    """Patches of the whitened images of Olshausen & Field."""
    images = np.load(FOLDER / "natural-images" / "olshausen_field_whitened_10x512x512.npy")
    return in_disorder(cut(list(images), n, 20, rng, 12), (20, 20), rng)


def cifar(n: int, rng: np.random.Generator) -> Sensors:
    """Pictures of CIFAR-10 (as JPEG), grey."""
    import cv2

    with np.load(FOLDER / "cifar10" / "cifar10_jpeg.npz") as kept:
        data, offsets = kept["train_bytes"], kept["train_offsets"]
    rows = rng.choice(len(offsets) - 1, n, replace=False)
    X = [cv2.imdecode(data[offsets[k] : offsets[k + 1]], cv2.IMREAD_GRAYSCALE).ravel() for k in rows]
    return in_disorder(np.array(X) / 255.0, (32, 32), rng)


def symmetric(n: int, rng: np.random.Generator) -> Sensors:
    """Patches and their mirror images, 0.58 to 0.42, a little turned and moved, as symmetric things are in pictures."""
    side = 28
    patches = cut(photographs(), n, side, rng).reshape(n, side, side)
    patches = 0.575 * patches + 0.425 * patches[:, :, ::-1]
    moved = np.array([_jittered(patch, rng, 0.7, 2.0) for patch in patches])
    return in_disorder(moved[:, 2:-2, 2:-2].reshape(n, -1), (side - 4, side - 4), rng)


def clothes(n: int, rng: np.random.Generator) -> Sensors:
    """Drawn garments: shirts with sleeves, trousers, dresses, and one in five a shoe, which is not symmetric."""
    side = 28
    return in_disorder(
        np.array([_jittered(_garment(side, rng), rng, 1.0, 4.0).ravel() for _ in range(n)]), (side, side), rng
    )


def _garment(side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x, y = np.abs(np.arange(side) - (side - 1) / 2)[None], np.arange(side)[:, None]
    kind, top, bottom = rng.integers(10), rng.integers(1, 5), rng.integers(22, 28)
    within = (y >= top) & (y < bottom)
    if kind < 4:  # shirt
        width = rng.uniform(4.0, 7.0)
        mask = (x < width) & within
        sleeve, length, slope = rng.uniform(1.7, 2.7), rng.uniform(5.0, 24.0), rng.uniform(0.0, 0.35)
        mask |= (np.abs(x - width - 1.0 - slope * (y - top)) < sleeve) & (y > top) & (y < top + length)
    elif kind < 6:  # trousers
        width, slope = rng.uniform(2.5, 4.0), rng.uniform(0.0, 0.12)
        mask = (np.abs(x - width - slope * y) < width - 0.3) & within
        mask |= (x < 2.0 * width) & (y >= top) & (y < top + rng.integers(5, 10))
    elif kind < 8:  # dress
        mask = (x < rng.uniform(2.0, 5.0) + rng.uniform(0.0, 0.35) * y) & within
    else:  # shoe
        sole, height = rng.integers(18, 22), rng.uniform(9.0, 14.0)
        column = np.arange(side)[None] - (side - 1) / 2
        upper = sole - height / (1.0 + np.exp((column - rng.uniform(-4.0, 6.0)) / 2.0)) - rng.uniform(1.0, 4.0)
        mask = (y >= upper) & (y < sole + rng.integers(0, 3))
        mask = mask[:, ::-1] if rng.random() < 0.15 else mask
    texture = _texture(side, rng)
    texture = 0.85 * (texture + texture[:, ::-1]) / 2.0 + 0.15 * _texture(side, rng)
    return mask * np.clip(rng.uniform(0.3, 0.8) + 0.2 * texture, 0.02, 1.0)


def _texture(side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise with the spectrum of natural images."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1.0 / side
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) / frequency).real
    return noise / noise.std()


def _jittered(picture: NDArray[Any], rng: np.random.Generator, shift: float, turn: float) -> NDArray[Any]:
    angle, middle = np.deg2rad(rng.normal(0.0, turn)), (len(picture) - 1) / 2 * np.ones(2)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offset = middle - matrix @ middle + rng.normal(0.0, shift, 2)
    return affine_transform(picture, matrix, offset=offset, order=1)


def driving(n: int, rng: np.random.Generator) -> Sensors:
    """Frames of the clips of the data folder, 18 x 32 pixels; n is the most frames of a clip."""
    from tectum import streams

    clips = sorted((FOLDER / "driving").glob("*.mp4"))
    if not clips:
        raise FileNotFoundError(FOLDER / "driving")
    X = []
    for clip in clips:
        chunks = [c.X for c in streams.video(clip, size=(18, 32), grey=True, area=True, thumbnails=None)]
        X.append(np.concatenate(chunks)[:n])
    return in_disorder(np.concatenate(X) / 255.0, (18, 32), rng)


def events(n: int, rng: np.random.Generator) -> Sensors:
    """6 s of a DVS128 before which a bar moves sideways: events in 5 ms, in squares of 4 x 4 pixels."""
    from tectum import streams

    stream = streams.event_frames(FOLDER / "events" / "DVS128-2017-03-21-short.aedat", window_ms=5.0, shape=(128, 128))
    counts = np.concatenate([chunk.X for chunk in stream])[:n]
    cells = counts.reshape(-1, 2, 32, 4, 32, 4).sum(axis=(1, 3, 5))
    return in_disorder(np.sqrt(cells.reshape(len(cells), -1)), (32, 32), rng)


def dead(sensors: Sensors, share: float, rng: np.random.Generator) -> Sensors:
    """Some sensors give nothing."""
    X = sensors.X.copy()
    X[:, rng.random(X.shape[1]) < share] = 0.0
    return sensors._replace(X=X)


def noise_only(sensors: Sensors, share: float, rng: np.random.Generator) -> Sensors:
    """Some sensors give noise of the usual size."""
    X = sensors.X.copy()
    X[:, rng.random(X.shape[1]) < share] = 0.0
    silent = np.flatnonzero(np.ptp(X, axis=0) == 0.0)
    X[:, silent] = rng.normal(0.0, X.std(), (len(X), len(silent)))
    return sensors._replace(X=X)


def noisy(sensors: Sensors, sd: float, rng: np.random.Generator) -> Sensors:
    """All sensors have noise of their own, in units of the standard deviation of the activity."""
    return sensors._replace(X=sensors.X + rng.normal(0.0, sd * sensors.X.std(), sensors.X.shape))


def scattered(n_sensors: int, rng: np.random.Generator, part: str = "square") -> NDArray[np.float64]:
    """Random places in the unit square, or in a ring in it."""
    places = rng.permutation(rng.uniform(0.0, 1.0, (8 * n_sensors, 2)))  # not those that `rivals.random` draws
    radius = np.linalg.norm(places - 0.5, axis=1)
    return places[(radius < 0.5) & (radius > 0.3)][:n_sensors] if part == "ring" else places[:n_sensors]


def smooth_field(places: NDArray[np.float64], n: int, length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random fields whose correlation falls with the distance as a Gaussian of standard deviation `length`."""
    wave, phase = rng.normal(0.0, 1.0 / length, (n, 60, 2)), rng.uniform(0.0, 2.0 * np.pi, (n, 60, 1))
    height = rng.normal(0.0, np.sqrt(2.0 / 60.0), (n, 60))
    return np.einsum("mk,mkn->mn", height, np.cos(wave @ places.T + phase))


def fields(n: int, length: float, noise: float, rng: np.random.Generator, part: str = "square") -> Sensors:
    """200 sensors at random places that feel a smooth random field, and noise of their own."""
    places = scattered(200, rng, part)
    X = smooth_field(places, n, length, rng)
    return Sensors(X + rng.normal(0.0, noise, X.shape), places)


def scattered_in(pictures: NDArray[np.float64], side: float, edge: float, rng: np.random.Generator) -> Sensors:
    """200 sensors at random places in squares of pictures (n, rows, cols), between whose pixels they interpolate."""
    places = scattered(200, rng)
    at = edge + (side - 1.0) * places.T
    return Sensors(np.stack([map_coordinates(one, at, order=1) for one in pictures]), places)


def counts(n: int, length: float, rng: np.random.Generator) -> Sensors:
    """Spike counts, Poisson, of 200 neurons at random places whose logarithmic rates are a smooth random field."""
    places = scattered(200, rng)
    return Sensors(rng.poisson(np.exp(smooth_field(places, n, length, rng) - 0.5)).astype(np.float64), places)


Make = Callable[[np.random.Generator], Sensors]
SETS: dict[str, Make] = {
    "MNIST, 6,000": lambda rng: mnist(6000, rng),
    "MNIST, 6,000, 10 % dead": lambda rng: dead(mnist(6000, rng), 0.1, rng),
    "MNIST, 6,000, dead sensors give noise": lambda rng: noise_only(mnist(6000, rng), 0.05, rng),
    "natural patches, 500": lambda rng: natural(500, rng),
    "natural patches, 500, 10 % dead": lambda rng: dead(natural(500, rng), 0.1, rng),
    "natural patches, 1,000, noise 0.3 sd": lambda rng: noisy(natural(1000, rng), 0.3, rng),
    "patches of china.jpg, 500": lambda rng: one_photograph(500, rng),
    "whitened patches, 3,000": lambda rng: whitened(3000, rng),
    "CIFAR-10, 1,500": lambda rng: cifar(1500, rng),
    "drawn clothes, 6,000": lambda rng: clothes(6000, rng),
    "mirrored patches, 3,000": lambda rng: symmetric(3000, rng),
    "driving clips, 7": lambda rng: driving(1100, rng),
    "event camera, 6 s": lambda rng: events(1200, rng),
    "random places, wide field, 500": lambda rng: fields(500, 0.3, 0.1, rng),
    "random places, narrow field, 500": lambda rng: fields(500, 0.1, 0.1, rng),
    "random places in a ring, 500": lambda rng: fields(500, 0.2, 0.1, rng, "ring"),
    "random places in photographs, 1,000": lambda rng: scattered_in(
        cut(photographs(), 1000, 30, rng).reshape(-1, 30, 30), 30.0, 0.0, rng
    ),
    "random places in digits, 3,000": lambda rng: scattered_in(digits(3000, rng), 20.0, 4.0, rng),
    "random places, spike counts, 1,000": lambda rng: counts(1000, 0.2, rng),
}
