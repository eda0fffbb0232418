"""What the API pages show: a class's own members, fields of parameter tuples with ranges, laws with equations."""

import ast
import importlib
import inspect
import io
import pkgutil
import textwrap
import tokenize
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from tectum.core.law import Law
from tectum.core.ranges import Below, OneOf, Range, declared

PACKAGE = "tectum"
OF_CLASSES = {"attribute", "class", "method", "property"}  # autodoc names the owner, autosummary the member
BEFORE_NUMPYDOC = 100  # numpydoc connects at 500


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hooks with Sphinx."""
    app.connect("config-inited", offer_laws)
    app.connect("autodoc-skip-member", skip_foreign_member)
    app.connect("autodoc-process-docstring", add_fields, priority=BEFORE_NUMPYDOC)
    app.connect("autodoc-process-docstring", draw_examples, priority=BEFORE_NUMPYDOC)
    return {"parallel_read_safe": True}


def offer_laws(app: Sphinx, config: Config) -> None:
    """Give the page templates, by module, each law's name and its pairs of parameter type and equation."""
    parts = importlib.import_module(f"{PACKAGE}.parts")
    modules = [f"{parts.__name__}.{module.name}" for module in pkgutil.iter_modules(parts.__path__)]
    config.autosummary_context = {"laws": {module: list(laws_of(module)) for module in modules}}


def laws_of(module_name: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Laws that a module declares, with the equation of each type as its docstring tells it."""
    for name, member in vars(importlib.import_module(module_name)).items():
        if isinstance(member, Law) and member.__module__ == module_name:
            equations = [(kind.__name__, inspect.getdoc(equation) or "") for kind, equation in member.equations]
            default = [("Others", with_needs(member))] if member.default is not None else []
            yield name, default + equations


def with_needs(law: Law) -> str:
    """The default equation of a law, and the fields that it reads."""
    fields = f"\n\nReads the field{'s' if len(law.needs) > 1 else ''} {', '.join(law.needs)}." if law.needs else ""
    return f"{law.default}{fields}"


def skip_foreign_member(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what a class inherits from other packages, and attributes that are no properties."""
    if what not in OF_CLASSES:
        return None
    if isinstance(member, property):
        member = member.fget
    if not callable(member):
        return True
    owner = member if hasattr(member, "__module__") else getattr(member, "__objclass__", None)
    return True if not (getattr(owner, "__module__", None) or "").startswith(PACKAGE) else None


def add_fields(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Append the fields of a named tuple to its docstring as a section of parameters."""
    if what == "class" and hasattr(obj, "_field_defaults") and "Parameters" not in lines and "Attributes" not in lines:
        lines += ["", "Parameters", "----------"]
        limits = declared(obj)
        for field, default, comment in commented_fields(obj):
            kind = ", ".join(words for words in (in_words(*limits.get(field, (False, ()))), default) if words)
            lines += [f"{field} : {kind}" if kind else field, f"    {comment}"]


def draw_examples(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show what the example of a plot draws."""
    if name.startswith(f"{PACKAGE}.plots.plot_") and "Examples" in lines:
        first = lines.index("Examples") + 2
        code = [f"   {line}" if line else "" for line in lines[first:]]
        lines[first:] = [".. plot::", "   :include-source: True", "", *code, ""]


def in_words(optional: bool, limits: tuple[Any, ...]) -> str:
    """What a field may hold: ``above 0``, ``0 to 1``, ``above 0 and below high, or None``."""
    words = [words for limit in limits if (words := limit_in_words(limit))]
    return " and ".join(words) + (", or None" if optional and words else "")


def limit_in_words(limit: Any) -> str:
    """One limit of a field."""
    if isinstance(limit, Below):
        return f"below {limit.other}"
    if isinstance(limit, OneOf):
        return f"one of {', '.join(map(repr, limit.choices))}"
    if not isinstance(limit, Range):
        return ""
    noun = "whole number" if limit.whole else ""
    if limit.least is not None and limit.most is not None:
        bounds = f"{limit.least:g} to {limit.most:g}"
    else:
        pairs = (("above", limit.above), ("at least", limit.least), ("at most", limit.most))
        bounds = " and ".join(f"{words} {bound:g}" for words, bound in pairs if bound is not None)
    return " ".join(words for words in (noun, bounds, "(inf too)" if limit.infinite else "") if words) or "number"


def commented_fields(cls: type) -> Iterator[tuple[str, str, str]]:
    """Name, default, and comment (behind the field, else above it) of each field in the source of `cls`."""
    source = textwrap.dedent(inspect.getsource(cls))
    behind: dict[int, str] = {}
    above: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = token.line.strip().startswith("#")
            (above if alone else behind)[token.start[0]] = token.string.lstrip("#: ")
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = "" if node.value is None else f"default={ast.unparse(node.value)}"
            comment = behind.get(node.end_lineno or node.lineno) or above.get(node.lineno - 1, "")
            yield node.target.id, default, comment
