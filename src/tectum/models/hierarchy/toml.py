"""Hierarchies of maps written in TOML: a ``[[maps]]`` table per map, its sources in a row, its parts as tables in it.

    cycles = 4

    [[maps]]
    name = "scene"
    shape = [20, 20]
    sources = [{ features = "all", code = { part = "RandomProjection", k = 40 } }]

    [maps.rule]
    eta = 0.1

    [[maps]]
    name = "top"
    sources = [{ spikes = "scene" }, { winners = "top", share = 0.3 }]

A source holds one of ``features`` (``"all"``, or ``[first, behind the last]``), ``spikes`` and ``winners`` (the name of
a map), and fields of `tectum.parts.Features`, `Spikes` or `Winners`. Fields that a part does not name keep their
defaults; ``part`` chooses another kind. What stands outside the maps are parameters of `MapHierarchy`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tectum import parts
from tectum.models.common import parameters
from tectum.models.common.nested import following, replaced, unknown_name
from tectum.models.common.settings import flatten, load_toml, new_part
from tectum.models.hierarchy.graph import LOWER, default_parts

PLAIN = ("name", "sources", "shape", "level", "phase", "topology")  # keys of a map that are no parts
KINDS: dict[str, Any] = {"features": parts.Features, "spikes": parts.Spikes, "winners": parts.Winners}
PART_KEYS = (*LOWER, "clock")


def read_graph(path: str | os.PathLike[str]) -> tuple[list[parts.Map] | None, dict[str, Any]]:
    """The maps of a hierarchy in a TOML file, None if it has none, and what else it sets, by dotted key as `read_toml`
    gives it.

    ValueError if it is not TOML, or a map, a source, a part or a field does not exist or cannot hold what it is given;
    the message names map and key.
    """
    content = load_toml(path)
    tables = content.pop("maps", None)
    others = dict(flatten(content))
    if tables is None:
        return None, others
    where = Path(path).name
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{where}: maps must be tables, got {tables!r}; begin each with a line [[maps]]")
    names = [table.get("name") for table in tables]
    for number, name in enumerate(names, start=1):
        if not isinstance(name, str) or not name:
            raise ValueError(f'{where}: map number {number} must have a name, got {name!r}; write name = "scene"')
    return [_map(f"{where}: map {table['name']!r}", table, names) for table in tables], others


def _map(where: str, table: Mapping[str, Any], names: list[Any]) -> parts.Map:
    known = (*PLAIN, *PART_KEYS)
    for key in table:
        if key not in known:
            raise ValueError(unknown_name(f"{where} has no key", key, known))
    given = table.get("sources", [{"features": "all"}])
    if not isinstance(given, list) or not all(isinstance(source, dict) for source in given):
        raise ValueError(f'{where}: sources must be a list of tables, got {given!r}; write [{{ features = "all" }}]')
    sources = tuple(_source(f"{where}, source {k}", source, names) for k, source in enumerate(given, start=1))
    defaults = default_parts(sources, None)
    fields: dict[str, Any] = {
        key: tuple(table[key]) if isinstance(table[key], list) else table[key] for key in PLAIN if key in table
    } | {"sources": sources}
    for key in PART_KEYS:
        if key in table:
            fields[key] = _part(f"{where}, {key}", table[key], defaults[key])
            parameters.check_part(f"{where}, {key}", fields[key])
    if not isinstance(fields.get("shape", ()), tuple):
        raise ValueError(f"{where}: shape must be [rows, columns], got {fields['shape']!r}; write shape = [8, 8]")
    return parts.Map(**fields)


def _source(where: str, table: Mapping[str, Any], names: list[Any]) -> Any:
    kinds = [key for key in table if key in KINDS]
    if len(kinds) != 1:
        strange = next((key for key in table if key not in KINDS), "")
        if strange and not kinds and not any(strange in kind._fields for kind in KINDS.values()):
            raise ValueError(unknown_name(f"{where} has no key", strange, KINDS))
        raise ValueError(f"{where} must hold one of {', '.join(KINDS)}, got {dict(table)!r}; one source for each")
    kind = kinds[0]
    source = KINDS[kind]()
    value, others = table[kind], {key: item for key, item in table.items() if key != kind}
    if kind == "features":
        source = source._replace(**_stretch(where, value))
    elif value not in names:
        raise ValueError(unknown_name(f"{where}: {kind} must name a map, there is no", str(value), names))
    else:
        source = source._replace(of=value)
    fixed = ("start", "stop", "of")
    known = [field for field in source._fields if field not in fixed]
    for key, item in others.items():
        if key not in known:
            raise ValueError(unknown_name(f"{where} ({type(source).__name__}) has no key", key, known))
        if key == "code":
            item = _part(f"{where}, code", item, source.code)
        source = source._replace(**{key: item})
    return source


def _stretch(where: str, value: Any) -> dict[str, int | None]:
    if value == "all":
        return {"start": 0, "stop": None}
    whole = isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)
    if not whole:
        raise ValueError(
            f'{where}: features must be "all" or [first, behind the last], got {value!r}; write features = [0, 100]'
        )
    return {"start": value[0], "stop": value[1]}


def _part(where: str, value: Any, defaults: Any) -> Any:
    """A part from its name, or from a table of fields over the default ones."""
    if isinstance(value, str):
        part = new_part(where, value)
    elif isinstance(value, dict):
        part = new_part(where, value["part"]) if "part" in value else following(defaults)
        for key, item in flatten({key: item for key, item in value.items() if key != "part"}):
            part = replaced(where, part, key.split("."), item)
    else:
        raise ValueError(f"{where} must be the name of a part or a table of its fields, got {value!r}")
    return part
