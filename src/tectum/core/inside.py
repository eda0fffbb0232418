"""Whether the installed Numba is inside as kernels expect it: known of versions that the tests run with, else tried.

Kernels reach into Numba to compile in a fraction of the time (`compiler`, `bundle`). Where it is another inside, they
are compiled its way, to the same numbers.
"""

import re
import warnings
from typing import Any, NamedTuple

import numba
import numpy as np

from tectum.core import bundle, compiler

TESTED = (0, 68)  # the newest Numba that is known to fit; the oldest is that of pyproject.toml


class _Pair(NamedTuple):
    table: np.ndarray
    factor: float


def _try_out() -> None:
    """Compile a kernel that takes arrays by address, inlines a function and a law, and calls another function.

    Whatever Numba raises; ArithmeticError if the kernel gives something else than the function that it is made of.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}

    def double(x: Any) -> Any: ...

    compiler.register(double, lambda x: lambda x: 2.0 * x, options | {"forceinline": True})

    @numba.njit(**options, **compiler.INLINED, forceinline=True)
    def scaled(x: Any, factor: Any) -> Any:
        return x * factor

    @numba.njit(**options, **compiler.CALLED, forceinline=False)
    def total(table: Any, factor: Any) -> Any:
        found = 0.0
        for k in range(len(table)):
            found += scaled(table[k], factor)
        return found

    @numba.njit(**options, **compiler.KERNEL, forceinline=False)
    def run(pair: Any) -> Any:
        return total(pair.table, pair.factor) + double(scaled(pair.table[0], pair.factor))

    bundle.register(_Pair)
    if run(_Pair(np.arange(1.0, 5.0), 2.0)) != 24.0:
        raise ArithmeticError("a kernel computes something else than its function")


def _fits() -> bool:
    version = tuple(int(number) for number in re.findall(r"\d+", numba.__version__)[:2])
    if numba.config.DISABLE_JIT or (version <= TESTED and compiler.AVAILABLE):
        return True
    try:
        if not compiler.AVAILABLE:
            raise ImportError("names are missing")
        _try_out()
    except Exception as error:  # whatever a changed inside leads to
        said = str(error).partition("\n")[0][:100]
        warnings.warn(
            f"Numba {numba.__version__} is another inside than tectum knows ({type(error).__name__}: {said}): kernels "
            f"take longer to compile; install numba<{TESTED[0]}.{TESTED[1] + 1}, or a newer tectum",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


FITS = _fits()
