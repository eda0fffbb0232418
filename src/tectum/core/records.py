"""Tables of parameters: many named tuples of one type as one of arrays, and the way back in a kernel."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba.core import types

from tectum.core.inlined import inlined


def stack(records: Sequence[Any]) -> Any:
    """Named tuples of one type, one or more, as one whose fields are arrays, a row for each; tables of different
    lengths are filled up with zeros.
    """
    return type(records[0])(
        *(_column([np.asarray(value) for value in values]) for values in zip(*records, strict=True))
    )


def _column(values: list[Any]) -> Any:
    column = np.zeros((len(values), *np.max([value.shape for value in values], axis=0).astype(int)), values[0].dtype)
    for row, value in zip(column, values, strict=True):
        if value.ndim:
            row[: len(value)] = value
    if not column.ndim > 1:
        column[:] = values
    return column


def pick(record: Any, k: int) -> Any:
    """Row k of a table that `stack` has made, as a named tuple of its type; also in kernels."""
    return type(record)(*(column[k] for column in record))


@inlined(pick)
def _pick(record: Any, k: Any) -> Callable[..., Any] | None:
    if not isinstance(record, types.BaseNamedTuple):
        return None
    kind = record.instance_class
    rows = ", ".join(f"record.{name}[k]" for name in kind._fields)
    space: dict[str, Any] = {"kind": kind}
    exec(f"def pick(record, k):\n    return kind({rows})", space)
    return space["pick"]
