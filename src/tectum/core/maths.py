"""Functions of numbers that must give the same bits compiled and interpreted, and vectorise."""

import numpy as np
from numpy.typing import NDArray

from tectum.core.kernel import kernel
from tectum.core.law import Real

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
SIXTEENTH = np.float32(1.0 / 16.0)
C2, C3, C4, C5 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24), np.float32(1 / 120)


@kernel
def exp_negative(x: Real) -> Real:
    """exp(-x) in float32 for 0 <= x <= 4, to a relative error below 1e-5, below 2e-6 up to 2.2.

    The Taylor polynomial of exp(-x/16), squared four times. The C library's exp is slower, cannot be vectorised here,
    and NumPy's float32 exp differs from it in the last bits.
    """
    t = -x * SIXTEENTH
    e = ONE + t * (ONE + t * (C2 + t * (C3 + t * (C4 + t * C5))))
    e = e * e
    e = e * e
    e = e * e
    return e * e


FURTHEST = np.float32(17.0)
SIXTYFOURTH = np.float32(1.0 / 64.0)


@kernel
def exp_negative_wide(x: Real) -> Real:
    """exp(-x) in float32 for x >= 0, to a relative error below 5e-5 up to 17, from where it stays at exp(-17).

    As `exp_negative`, with exp(-x/64) squared six times.
    """
    t = -min(x, FURTHEST) * SIXTYFOURTH
    e = ONE + t * (ONE + t * (C2 + t * (C3 + t * (C4 + t * C5))))
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    return e * e


@kernel
def sum_in_lanes(x: NDArray[np.float32]) -> np.float32:
    """Sum of x (n,), in four sums that need not wait for each other."""
    n = x.shape[0]
    a = b = c = d = ZERO
    for k in range(n // 4):
        i = 4 * k
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(n - n % 4, n):
        a += x[i]
    return (a + b) + (c + d)
