"""The threshold at which a network has the activity that it aims at."""

import math
from collections.abc import Callable

HALVINGS = 12  # of the bracket
WIDEST = 2.0**20  # factor from the first threshold that is tried


def find_threshold(
    activity: Callable[[float], float], target: float, first: float, least: float, halvings: int = HALVINGS
) -> float:
    """Threshold at least `least` at which `activity`, which falls with it, is `target`, searched from `first`.

    The bracket doubles until the target lies in it, then it is halved on a logarithmic scale. Where activity never
    reaches the target this is the end of the widest bracket.
    """
    low = high = max(first, least)
    while activity(low) < target and low > max(least, first / WIDEST):
        low = max(least, 0.5 * low)
    while activity(high) > target and high < first * WIDEST:
        high *= 2.0
    for _ in range(halvings):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if activity(middle) > target else (low, middle)
    return math.sqrt(low * high)
