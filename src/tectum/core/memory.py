"""Sizes that this machine cannot hold are refused before memory is asked for."""

import math
import os
from collections.abc import Callable


def available() -> int:
    """Bytes that this process may have: the memory of the machine, or the limit that was set."""
    found = [2**47]
    try:
        import resource

        limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        found += [limit for limit in limits if limit != resource.RLIM_INFINITY]
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ImportError, OSError, ValueError):  # not on this system
        pass
    return min(found)


def check_room(where: str, given: object, n: int, n_bytes: Callable[[int], int], unit: str = "neurons") -> None:
    """Raise ValueError if n neurons, or what `unit` says, need more memory than there is, and say how many would fit.

    `where` is the parameter and `given` what it holds, from which n follows; `n_bytes` says what so many need, more for
    more of them.
    """
    room = available()
    if n_bytes(n) <= room:
        return
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if n_bytes(middle) <= room else (low, middle)
    raise ValueError(
        f"{where} must fit into the memory of this machine ({room / 2**30:.1f} GiB), got {given!r}, {n:,} {unit} that "
        f"need {n_bytes(n) / 2**30:,.0f} GiB; up to {low:,} {unit} would fit, {math.isqrt(low)} x {math.isqrt(low)}"
    )
