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
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from typing import Any

from tectum import parts
from tectum.models.common import parameters

WORDS = {"none": None, "true": True, "false": False, "inf": float("inf"), "nan": float("nan")}


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read parameters from a TOML file: top-level keys are parameters, tables are parts.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    dict
        Values by dotted key, lists as tuples.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not TOML.
    """
    return dict(flatten(load_toml(path)))


def load_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a TOML file as it is; errors are those of `read_toml`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file at {path}; check the path")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a TOML file, but {error}; correct it there") from error


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Values by key from texts like ``shape=8,8`` and ``radius.end=1.5``.

    Parameters
    ----------
    assignments : iterable of str
        Numbers, true, false, none, inf, names, or several of them with commas between.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If a text is not of the form ``key=value``.
    """
    values = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (key.strip() and equals and text.strip()):
            raise ValueError(f"settings must have the form key=value, got {assignment!r}; for example radius.end=1.5")
        values[key.strip()] = _parse(text)
    return values


def constructor_arguments(estimator_class: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for the constructor of an estimator.

    Parameters
    ----------
    estimator_class : class
        For example `SpikingSOM`.
    settings : mapping
        Values by dotted key, as from `read_toml` and `parse_assignments`.

    Returns
    -------
    dict
        Parts are complete.

    Raises
    ------
    ValueError
        If a variant, a parameter, a part or a field does not exist.
    """
    known = estimator_class().get_params(deep=False)
    recommended = getattr(estimator_class, "_recommended", {})
    arguments = _of_variant(estimator_class, settings["variant"]) if "variant" in settings else {}
    whole, of_fields = {}, {}
    for key, value in settings.items():
        name, *fields = key.split(".")
        if key == "variant":
            continue
        if name not in known:
            raise ValueError(unknown_name(f"{estimator_class.__name__} has no parameter", name, known))
        is_part = fields == ["part"] or (not fields and name in recommended and isinstance(value, str))
        if is_part:
            arguments[name] = new_part(key, value)
        elif fields:
            of_fields[key] = value
        else:
            whole[name] = value
    # Under a softmax the other parts of a dictionary are those of its quantiser.
    is_softmax = isinstance(arguments.get("competition"), parts.SoftmaxInhibition)
    usual = parameters.QUANTISER if is_softmax else recommended
    arguments |= whole
    for key, value in of_fields.items():
        name, *fields = key.split(".")
        part = arguments.get(name)
        arguments[name] = with_field(name, usual.get(name) if part is None else part, fields, value)
    return arguments


def _of_variant(estimator_class: Any, name: Any) -> dict[str, Any]:
    """The parameters that an alternative constructor sets, one that needs no arguments."""
    own = [base for base in estimator_class.__mro__ if base.__module__.startswith("tectum.")]
    members = [(key, member) for base in own for key, member in vars(base).items() if key[0] != "_"]
    variants = [key for key, member in members if isinstance(member, classmethod) and _needs_nothing(member.__func__)]
    if name not in variants:
        raise ValueError(unknown_name(f"{estimator_class.__name__} has no variant", str(name), variants))
    usual = estimator_class().get_params(deep=False)
    given = getattr(estimator_class, name)().get_params(deep=False)
    return {key: value for key, value in given.items() if value != usual[key]}


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
    except (ValueError, SyntaxError):
        return text


def new_part(key: str, name: Any) -> Any:
    """The part of that name with its defaults; `key` is said where there is none."""
    if name not in parts.__all__:
        raise ValueError(unknown_name(f"{key}: there is no part", str(name), parts.__all__))
    return getattr(parts, name)()


def with_field(path: str, part: Any, fields: list[str], value: Any) -> Any:
    """The part with one of its fields, or of the fields of a part in it, replaced."""
    field, *deeper = fields
    if not hasattr(part, "_fields"):
        raise ValueError(f"{path} is no part and has no field {field!r}; write {path}=value")
    if field not in part._fields:
        raise ValueError(unknown_name(f"{path} ({type(part).__name__}) has no field", field, part._fields))
    if deeper:
        value = with_field(f"{path}.{field}", getattr(part, field), deeper, value)
    return part._replace(**{field: value})


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """What to say about a name that does not exist, with one that is near."""
    near = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{what} {name!r}; {hint}there are: {', '.join(known)}"
