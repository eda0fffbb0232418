"""Maps that grow: rows and columns are added where neighbours differ most."""

from typing import NamedTuple

from tectum.core.ranges import Count


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
