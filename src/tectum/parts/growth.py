"""Maps that grow where neighbours differ most, and maps that move neurons to where most is won."""

from typing import NamedTuple

from tectum.core.ranges import AtLeastOne, Count, Positive, Share


class GrowingGrid(NamedTuple):
    """After every `interval` presentations a map gets a row or a column, until it is full; after Fritzke (1995).

    The new neurons come between neighbours i, j that lie side by side along a path from border to border, one pair in
    each line, the next at most a place aside. The path is the one along which weights differ most: it maximises the
    mean of ``D_ij = sum_k (w_ki - w_kj)^2`` over its pairs. Each new neuron prefers the middle between its two ends
    and has as many weights of each strength as they have, so that it is as excitable.

    Examples
    --------
    >>> GrowingGrid()
    GrowingGrid(rows=10, columns=10, interval=600)
    """

    rows: Count = 10  # of the full map
    columns: Count = 10
    interval: Count = 600  # presentations


class MovingGrid(NamedTuple):
    """Neurons that win nothing any more move to where much is won: a map that follows what changes, and forgets.

    After every `per_neuron` presentations for each neuron the map looks for the path from border to border whose
    neurons have won least since, and, in what is left, for neighbours side by side along a path that have won most, by
    the mean over the path; in each line the next is at most a place aside. If the former have won at most `idle` times
    and the latter at least `surplus` times as often as a neuron does on average, the first path is taken out and new
    neurons come between those neighbours, as in `GrowingGrid`; after the growing cell structures of Fritzke (1994),
    which remove what is not used. The size of the map stays.

    Examples
    --------
    >>> MovingGrid()
    MovingGrid(per_neuron=6.0, idle=0.05, surplus=1.7)
    """

    per_neuron: Positive = 6.0  # presentations
    idle: Share = 0.05  # of the mean number of wins
    surplus: AtLeastOne = 1.7  # times the mean number of wins
