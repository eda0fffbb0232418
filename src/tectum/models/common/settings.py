"""Parameters of an estimator from text: ``key=value`` on the command line, and TOML files.

Keys are parameters (``dt``), fields of parts (``radius.end``) or fields of parts in parts
(``inhibition.neuron.tau_m``). Fields that are not named keep the values that the estimator would use by default. The
entry ``part`` (or the part itself, ``radius=ConstantRadius``) chooses another kind of part. The key ``variant`` chooses
an alternative constructor of the estimator, whose parameters the others then change (``variant=reference``).
"""

import ast
import os
import tomllib
from collections.abc import Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from tectum import parts
from tectum.files import DataError, no_file
from tectum.models.common.nested import unknown_name

WORDS = {"none": None, "true": True, "false": False, "inf": float("inf"), "nan": float("nan")}


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Parameters from a TOML file by dotted key: top-level keys are parameters, tables are parts, lists become
    tuples. DataError if it is not TOML.
    """
    return dict(flatten(load_toml(path)))


def load_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a TOML file as it is; errors are those of `read_toml`."""
    path = Path(path)
    if not path.is_file():
        raise no_file(path, "configuration file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        _nesting(content)
        return content
    except (ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{path} must be a TOML file, but {error}; correct it there") from error


def _nesting(value: Any) -> int:
    """How deeply tables and lists are nested; RecursionError where functions that follow them would fail."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + _nesting(item) for item in inner), default=0)


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Values by key from texts like ``shape=8,8`` and ``radius.end=1.5``: numbers, true, false, none, inf, names, or
    several of them with commas between. ValueError if a text is not of the form ``key=value``.
    """
    values = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (key.strip() and equals and text.strip()):
            raise ValueError(f"settings must have the form key=value, got {assignment!r}; for example radius.end=1.5")
        values[key.strip()] = _parse(text)
    return values


def constructor_arguments(estimator_class: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for the constructor of an estimator, with complete parts, from values by dotted key as `read_toml`
    and `parse_assignments` give them. ValueError if a variant, a parameter, a part or a field does not exist, or a
    parameter is out of range.
    """
    defaults = estimator_class().get_params(deep=False)
    variant = _of_variant(estimator_class, settings["variant"]) if "variant" in settings else {}
    estimator, recommended = estimator_class(**variant), estimator_class._recommended
    changes: dict[str, Any] = {}
    for key, value in settings.items():
        name, *fields = key.split(".")
        if key == "variant":
            continue
        if name not in defaults:
            raise ValueError(unknown_name(f"{estimator_class.__name__} has no parameter", name, defaults))
        named = isinstance(value, str) and (name in recommended or value in parts.__all__)
        if fields[-1:] == ["part"] or (named and not fields):
            value = new_part(key, value)
        changes[key.removesuffix(".part").replace(".", "__")] = value
    for path in sorted(changes, key=lambda path: path.count("__")):  # other kinds of parts before their fields
        estimator.set_params(**{path: changes[path]})
    estimator._validate_params()  # also those that a command sets otherwise later
    return {name: value for name, value in estimator.get_params(deep=False).items() if value is not defaults[name]}


def _of_variant(estimator_class: Any, name: Any) -> dict[str, Any]:
    """The parameters that an alternative constructor sets, one that needs no arguments."""
    own = [base for base in estimator_class.__mro__ if base.__module__.startswith("tectum.")]
    members = [(key, member) for base in own for key, member in vars(base).items() if key[0] != "_"]
    variants = [key for key, member in members if isinstance(member, classmethod) and _needs_nothing(member.__func__)]
    if name not in variants:
        raise ValueError(unknown_name(f"{estimator_class.__name__} has no variant", str(name), variants))
    defaults = estimator_class().get_params(deep=False)
    given = getattr(estimator_class, name)().get_params(deep=False)
    return {key: value for key, value in given.items() if value != defaults[key]}


def _needs_nothing(constructor: Any) -> bool:
    given = list(signature(constructor).parameters.values())[1:]
    return all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in given)


def flatten(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Dotted keys and values of nested tables, lists as tuples."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _parse(text: str) -> Any:
    """A number, one of `WORDS`, a name, or a tuple of them."""
    text = text.strip().removeprefix("(").removesuffix(")")
    if "," in text:
        return tuple(_parse(item) for item in text.split(",") if item.strip())
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # the last two for what is nested deeply
        return text


def new_part(key: str, name: Any) -> Any:
    """The part of that name with its defaults; `key` is said where there is none."""
    if name not in parts.__all__:
        raise ValueError(unknown_name(f"{key}: there is no part", str(name), parts.__all__))
    return getattr(parts, name)()
