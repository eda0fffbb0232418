"""What a cortical sheet is shown: waves of a retina, photographs, and gratings, as contrast on a torus."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import affine_transform, gaussian_filter

Floats = NDArray[np.float32]

CENTRE, SURROUND = 0.8, 1.6  # widths of the two Gaussians of ON and OFF cells, in places of the retina
WAVE_SHEET = 64  # nodes along each side of the sheet on which waves travel
WAVE_SIDE = 27.0  # its length, in units in which nodes excite each other within 2
FRAME_MS = 1.0  # in which a node that fires is lit
EVERY = 2  # frames from one view to the next
LIT = 40  # nodes of the sheet that are lit in a view, at least
NEIGHBOURHOOD = 6.0  # width of the Gaussian within which contrast is normalised, in pixels
FLOOR = 3.0  # contrast below which it is not normalised, in standard deviations of the photograph
SCALE = 3  # pixels of a photograph to a place of the retina
FREQUENCIES = (0.15, 0.19, 0.24)  # cycles per place, around what ON and OFF cells answer best
BORDER = 1  # dark places along the edges of a view of a photograph, which meet on the torus


def contrast(pictures: ArrayLike) -> Floats:
    """Pictures (..., side, side) on a torus as ON and OFF cells see them: a difference of Gaussians, signed."""
    given = np.asarray(pictures, np.float64)
    k2 = np.add.outer(*(np.fft.fftfreq(n) ** 2 for n in given.shape[-2:]))
    centre, surround = (np.exp(-2.0 * math.pi**2 * width**2 * k2) for width in (CENTRE, SURROUND))
    return np.fft.ifft2(np.fft.fft2(given) * (centre - surround)).real.astype(np.float32)


def wave_views(n_views: int, side: int, seed: int) -> Floats:
    """Views (n_views, side, side) of the waves of a sheet of the wave kit, rolled up on the torus of the retina.

    The sheet is that of a `WaveNetwork` in the later phase of its growth; a node is a place of the retina. Each view is
    turned by an angle and lies at a place drawn at random, so that the borders of the sheet favour no orientation.
    """
    from tectum.models.wave_network import WaveNetwork
    from tectum.parts.sheets import Sheet
    from tectum.parts.wave_learning import WavePhase

    n, phases = WAVE_SHEET, (WavePhase(),)
    waves = WaveNetwork([Sheet((n, n), side=WAVE_SIDE), Sheet(2)], phases=phases, random_state=seed).grow(1.0)
    draw, views, n_found = np.random.default_rng(seed), np.zeros((n_views, side, side), np.float32), 0
    while n_found < n_views:
        n_frames = min(EVERY * math.ceil(1.1 * (n_views - n_found) + 1), 6000)
        spikes = waves.record(n_frames * FRAME_MS).spikes["layer_0"]
        lit = np.zeros((n_frames, n, n), np.float32)
        lit.reshape(n_frames, -1)[(spikes.time_ms / FRAME_MS).astype(np.int64), spikes.neuron] = 1.0
        for frame in lit[EVERY - 1 :: EVERY]:
            if n_found < n_views and frame.sum() >= LIT:
                turned = _turned(frame, draw.uniform(0.0, 2.0 * math.pi), n)
                views[n_found] = _rolled_up(turned, side, draw.integers(side, size=2))
                n_found += 1
    return contrast(views)


def filtered_photographs(photographs: Sequence[ArrayLike]) -> list[Floats]:
    """Photographs (height, width, 3) or grey as ON and OFF cells see them, over the contrast around each place."""
    found = []
    for photograph in photographs:
        grey = np.asarray(photograph, np.float64).reshape(*np.shape(photograph)[:2], -1).mean(axis=2)
        grey = gaussian_filter(grey, 0.5 * SCALE)[::SCALE, ::SCALE]
        seen = gaussian_filter(grey, CENTRE) - gaussian_filter(grey, SURROUND)
        around = np.sqrt(gaussian_filter(seen**2, NEIGHBOURHOOD))
        found.append((seen / (around + FLOOR * seen.std())).astype(np.float32))
    return found


def photograph_views(filtered: Sequence[Floats], n_views: int, side: int, seed: int) -> Floats:
    """Views (n_views, side, side) of filtered photographs, turned by any angle, at random places of the torus."""
    draw = np.random.default_rng(seed)
    views = np.zeros((n_views, side, side), np.float32)
    inside, wide = slice(BORDER, side - BORDER), math.ceil(side * math.sqrt(2.0))
    for m in range(n_views):
        picture = filtered[int(draw.integers(len(filtered)))]
        row, column = (draw.integers(n - wide + 1) for n in picture.shape)
        view = np.zeros((side, side), np.float32)
        cut = _turned(picture[row : row + wide, column : column + wide], draw.uniform(0.0, 2.0 * math.pi), side)
        view[inside, inside] = cut[inside, inside]
        views[m] = np.roll(view, draw.integers(side, size=2), (0, 1))
    return views


def gratings(
    side: int, *, cycles: Sequence[int] | None = None, n_orientations: int = 16, n_phases: int = 8
) -> tuple[Floats, NDArray[np.float64]]:
    """Sinusoidal gratings (n, side, side) and the orientation of the bars of each; the phases of one stand together."""
    cycles = [round(f * side) for f in FREQUENCIES] if cycles is None else cycles
    y, x = np.indices((side, side))
    orientation = np.repeat(np.tile(np.arange(n_orientations) * math.pi / n_orientations, len(cycles)), n_phases)
    frequency = np.repeat(np.asarray(cycles), n_orientations * n_phases) / side
    phase = np.tile(np.arange(n_phases) / n_phases, len(cycles) * n_orientations)
    across = np.multiply.outer(np.sin(orientation), x) + np.multiply.outer(np.cos(orientation), y)
    turns = frequency[:, np.newaxis, np.newaxis] * across + phase[:, np.newaxis, np.newaxis]
    return np.cos(2.0 * math.pi * turns).astype(np.float32), orientation


def _turned(picture: Floats, angle: float, side: int) -> Floats:
    """The middle (side, side) of a picture that is turned by an angle."""
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = (np.array(picture.shape) - 1) / 2
    found: Floats = affine_transform(
        picture, turn, middle - turn @ np.full(2, (side - 1) / 2), output_shape=(side, side), order=1
    )
    return found


def _rolled_up(sheet: Floats, side: int, place: NDArray[np.int64]) -> Floats:
    """A sheet on a torus of side x side: where it overlaps itself the brighter one is seen."""
    n = -(-len(sheet) // side)
    whole = np.zeros((n * side, n * side), np.float32)
    whole[: len(sheet), : len(sheet)] = sheet
    return np.roll(whole.reshape(n, side, n, side).max(axis=(0, 2)), place, (0, 1))
