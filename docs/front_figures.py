"""Draw the picture of the front page, a map that spreads over a square: ``python docs/front_figures.py``, ten seconds.

The file is an SVG that moves by itself, small, and right for light and dark pages.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tectum import SpikingSOM, datasets

PICTURE = Path(__file__).parent / "_static" / "unfolding.svg"
SIDE = 10
SIZE, SECONDS, HELD = 300, 12, 2  # pixels; duration of a run, and how many times its end counts


def snapshots() -> list[NDArray[np.float64]]:
    """What the neurons of a map prefer in the course of training, which starts on the plane of the samples."""
    X = datasets.load("square").data
    som = SpikingSOM((SIDE, SIDE), input_range=(0.0, 1.0), random_state=0).fit(X)
    print(f"topographic error {som.topographic_error(X):.3f}")
    return [net.reshape(SIDE, SIDE, 2) for net in som.snapshots_[1:]]


def path(net: NDArray[np.float64]) -> str:
    """The net as one path: all rows, then all columns."""
    pixels = np.round(10 + (SIZE - 20) * net).astype(int)
    lines = [*pixels, *pixels.transpose(1, 0, 2)]
    return "".join("M" + "L".join(f"{x} {y}" for x, y in line) for line in lines)


def dots(nets: Iterable[NDArray[np.float64]]) -> str:
    """A dot for each neuron: a path of lines without length, with round ends."""
    return ";".join(
        "".join(f"M{x} {y}h0" for x, y in np.round(10 + (SIZE - 20) * net).astype(int).reshape(-1, 2)) for net in nets
    )


def main() -> None:
    """Train, draw, write."""
    nets = snapshots()
    nets += [nets[-1]] * HELD
    timing = f'dur="{SECONDS}s" repeatCount="indefinite"'
    lines, points = ";".join(map(path, nets)), dots(nets)
    last = path(nets[-1])
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" role="img">'
        "<title>A map spreads over the unit square</title>"
        f'<g fill="none" stroke-linecap="round" stroke-linejoin="round">'
        f'<path stroke="#4a78ee" stroke-width="1.3" d="{last}"><animate attributeName="d" {timing} values="{lines}"/>'
        f'</path><path stroke="#f58f05" stroke-width="5" d="{points.rsplit(";", 1)[-1]}">'
        f'<animate attributeName="d" {timing} values="{points}"/></path></g></svg>\n',
        encoding="utf-8",
    )
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
