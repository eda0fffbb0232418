"""Workload: 100 prototypes of images, by spiking and by other means, since k-means is better at it.

4,000 images are learned: by tectum and MiniSom once, in their order, by k-means until it settles, but for the row "one
pass". Score: accuracy on 1,000 images that nobody has learned from, if each unit is given the most frequent label of
the images that it wins.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from standard_network import N_UNSEEN, images

N_UNITS = 100


def write(path: Path, n_images: int) -> None:
    """The problem that an engine is given."""
    X = images()[1].X
    np.savez(path, X=X[:n_images], unseen=X[-N_UNSEEN:], n_units=N_UNITS)


def score(path: Path, n_images: int) -> dict[str, float]:
    """What an engine's result is worth."""
    y = images()[1].y
    with np.load(path) as result:
        votes = np.zeros((N_UNITS, 10))
        np.add.at(votes, (result["winner"], y[:n_images]), 1)
        return {"accuracy": float(np.mean(votes.argmax(axis=1)[result["unseen_winner"]] == y[-N_UNSEEN:]))}
