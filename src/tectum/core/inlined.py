"""Functions that kernels inline, chosen by the types of their arguments: laws, and rows of numbers as vectors."""

from collections.abc import Callable
from typing import Any

from numba.extending import overload

from tectum.core import compiler
from tectum.core.inside import FITS
from tectum.core.kernel import INNER_OPTIONS


def inlined(function: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of what chooses, by the Numba types of the arguments, what kernels take in place of a function."""

    def add(choose: Callable[..., Any]) -> Callable[..., Any]:
        if FITS:
            compiler.register(function, choose, INNER_OPTIONS)
        else:
            overload(function, jit_options=INNER_OPTIONS, strict=False)(choose)
        return choose

    return add
