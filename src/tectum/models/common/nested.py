"""Constants of parts by their path: ``rule__tau_plus`` of an estimator, ``rule.tau_plus`` on the command line.

A path goes through fields of parts and through items of sequences of parts, which are found by their name if they have
one, else by their number: ``encoder__code__sigma``, ``maps__lower_0__rule__eta``, ``phases__1__duration``.
"""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

Fill = Callable[[Any, str], Any]  # what a field of a part stands for that is None


def members(value: Any) -> dict[str, Any]:
    """Fields of a part, or parts in a sequence by name or number; other values have none."""
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, list | tuple) and value and all(hasattr(item, "_asdict") for item in value):
        return {str(getattr(item, "name", k)): item for k, item in enumerate(value)}
    return {}


def constants(value: Any, fill: Fill) -> Iterator[tuple[str, Any]]:
    """Path and value of all that is in a part, parts in it before their fields."""
    for name, member in members(value).items():
        member = fill(value, name) if member is None else member
        yield name, member
        yield from ((f"{name}__{deeper}", constant) for deeper, constant in constants(member, fill))


def replaced(where: str, value: Any, path: list[str], new: Any, fill: Fill = lambda part, field: None) -> Any:
    """A copy of a part in which the constant at a path is another; errors name the place by `where`."""
    if not path:
        return new
    (name, *deeper), known = path, members(value)
    if not known:
        raise ValueError(f"{where} is no part and has no field {name!r}; set {where} itself")
    if name not in known:
        raise ValueError(unknown_name(f"{where} ({type(value).__name__}) has no field", name, known))
    member = fill(value, name) if known[name] is None else known[name]
    known[name] = replaced(f"{where}.{name}", member, deeper, new, fill)
    return value._replace(**known) if hasattr(value, "_replace") else type(value)(known.values())


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that does not exist, with one that is close."""
    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{what} {name!r}; {hint}there are: {', '.join(known)}"
