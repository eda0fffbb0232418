"""Constants of parts by their path: ``rule__tau_plus`` of an estimator, ``rule.tau_plus`` on the command line.

A path goes through fields of parts and through items of sequences of parts, which are found by their name if they have
one, else by their number: ``encoder__code__sigma``, ``maps__lower_0__rule__eta``, ``phases__1__duration``.
"""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

Fill = Callable[[Any, str], Any]  # what a field of a part stands for that is None


class Follows(float):
    """A constant that nobody set, of a part of which another was: it is always the one recommended at the time."""


def following(part: Any) -> Any:
    """A recommended part of which a constant will be set: the others are still those recommended, see `up_to_date`."""
    if not hasattr(part, "_replace"):
        return part
    fields = part._asdict().items()
    return part._replace(**{name: Follows(v) if type(v) is float else following(v) for name, v in fields})


def up_to_date(part: Any, recommended: Any) -> Any:
    """What stands for a part: the recommended one for None, or for those of its constants that nobody set."""
    if part is None:
        return recommended
    if not hasattr(part, "_replace"):
        return part
    same, found = type(part) is type(recommended), {}
    for name, value in part._asdict().items():
        now = getattr(recommended, name) if same else None
        if isinstance(value, Follows):
            found[name] = now if same else float(value)
        elif hasattr(value, "_replace"):
            found[name] = up_to_date(value, now)
    return part._replace(**found) if found else part


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
        member = up_to_date(member, fill(value, name))
        yield name, member
        yield from ((f"{name}__{deeper}", constant) for deeper, constant in constants(member, fill))


def replaced(where: str, value: Any, path: list[str], new: Any, fill: Fill = lambda part, field: None) -> Any:
    """A copy of a part in which the constant at a path is another; errors name the place by `where`."""
    if not path:
        return new
    (name, *deeper), known = path, members(value)
    if not known:
        raise ValueError(f"{where} is not a part and has no field {name!r}; set {where} itself")
    if name not in known:
        raise ValueError(unknown_name(f"{where} ({type(value).__name__}) has no field", name, known))
    member = following(fill(value, name)) if known[name] is None else known[name]
    known[name] = replaced(f"{where}.{name}", member, deeper, new, fill)
    return value._replace(**known) if hasattr(value, "_replace") else type(value)(known.values())


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that does not exist, with one that is close."""
    known = list(known)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{what} {name!r}; {hint}{'there are: ' + ', '.join(known) if known else 'there are none'}"
