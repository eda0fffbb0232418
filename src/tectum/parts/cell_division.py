"""Sheets that grow from one cell by division, and units that bud from their cells.

Raghavan & Thomson (2019), "Neural networks grown and self-organized by noise", arXiv:1906.01039; constants as in the
code that its authors published, in which waves do not act on division. The length of a round is ours.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.random import seed_from
from tectum.core.ranges import Below, Count, Number, Positive, Share
from tectum.parts.sheets import Sheet

MOST_ROUNDS = 1000


class CellDivision(NamedTuple):
    """A cell in the middle of a square divides, and so do its daughters, round by round, while there is room.

    A cell that has come of age may bud a unit of the upper sheet, right above it. All other lengths are those of the
    first sheet.

    Examples
    --------
    >>> CellDivision().side
    20.0
    """

    side: Positive = 20.0
    upper_side: Positive = 10.0  # of the sheet of units, in its own unit of length
    round_ms: Positive = 100.0  # ms, length of a round
    nearest: Annotated[Positive, Below("furthest")] = 1.0  # distance of a daughter from its mother, at least
    furthest: Positive = 2.0  # and at most
    around: Positive = 1.0  # radius within which neighbours count, and units of the upper sheet keep apart
    most: Count = 3  # neighbours of a cell that divides
    crowd: Count = 11  # neighbours of a place where no daughter can settle
    divisions: Count = 40  # of a cell at most (Hayflick limit)
    age: Number = 25  # rounds after which a cell may bud
    chance: Share = 0.4  # of budding, in a round

    def sheets(self, random_state: Any = None) -> tuple[Sheet, Sheet]:
        """The sheet of cells and that of the units, with the times at which they are born.

        Parameters
        ----------
        random_state : int, RandomState, Generator or None, default=None

        Returns
        -------
        (Sheet, Sheet)

        Raises
        ------
        ValueError
            If fewer than two cells or two units come about.
        """
        draw = np.random.default_rng(seed_from(random_state))
        cells, units = _Colony(np.full(2, 0.5 * self.side)), _Colony()
        now = quiet = 0  # rounds, and those since anything was born
        while quiet <= self.age and now < MOST_ROUNDS:
            now, quiet = now + 1, quiet + 1
            for mother in draw.permutation(len(cells.places)):
                place = cells.places[mother]
                if cells.born[mother] + self.age <= now:
                    if draw.random() < self.chance and not units.near(place, self.around).any():
                        units.add(place, now)
                        quiet = 0
                elif cells.neighbours[mother] <= self.most and cells.divided[mother] < self.divisions:
                    angle, distance = draw.uniform(0.0, 2.0 * math.pi), draw.uniform(self.nearest, self.furthest)
                    place = place + distance * np.array([math.cos(angle), math.sin(angle)])
                    cells.divided[mother] += 1
                    near = cells.near(place, self.around)
                    if near.sum() < self.crowd and (place >= 0.0).all() and (place <= self.side).all():
                        cells.neighbours[near] += 1
                        cells.add(place, now, int(near.sum()))
                        quiet = 0
        if min(len(cells.places), len(units.places)) < 2:
            raise ValueError(
                f"CellDivision must give two cells and two units, got {len(cells.places)} and {len(units.places)}; "
                "make side or chance larger"
            )
        return cells.sheet(self.round_ms, self.side), units.sheet(
            self.round_ms, self.upper_side, self.upper_side / self.side
        )


class _Colony:
    """What has been born so far."""

    def __init__(self, *places: NDArray[np.float64]) -> None:
        self.places = np.array(places).reshape(-1, 2)
        self.born, self.neighbours, self.divided = np.zeros((3, len(places)), dtype=np.int64)

    def near(self, place: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
        """Which of them are within a radius."""
        return np.hypot(*(self.places - place).T) < radius

    def add(self, place: NDArray[np.float64], now: int, neighbours: int = 0) -> None:
        self.places = np.vstack([self.places, place])
        self.born = np.append(self.born, now)
        self.neighbours = np.append(self.neighbours, neighbours)
        self.divided = np.append(self.divided, 0)

    def sheet(self, round_ms: float, side: float, scale: float = 1.0) -> Sheet:
        return Sheet(positions=scale * self.places, side=side, born=round_ms * self.born)
