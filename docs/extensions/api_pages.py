"""What the API pages show: a class's own members, the commented fields of parameter tuples, laws with equations."""

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

PACKAGE = "tectum"
OF_CLASSES = {"attribute", "class", "method", "property"}  # autodoc names the owner, autosummary the member
BEFORE_NUMPYDOC = 100  # numpydoc connects at 500


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hooks with Sphinx."""
    app.connect("config-inited", offer_laws)
    app.connect("autodoc-skip-member", skip_foreign_member)
    app.connect("autodoc-process-docstring", add_fields, priority=BEFORE_NUMPYDOC)
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
            equations = member._equations.items()
            yield name, [(kind.__name__, inspect.getdoc(equation) or "") for kind, equation in equations]


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
        for field, kind, comment in commented_fields(obj):
            lines += [f"{field} : {kind}", f"    {comment}"]


def commented_fields(cls: type) -> Iterator[tuple[str, str, str]]:
    """Name, type with default, and comment (behind the field, else above it) of each field in the source of `cls`."""
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
            kind = ast.unparse(node.annotation)
            if node.value is not None:
                kind += f", default={ast.unparse(node.value)}"
            comment = behind.get(node.end_lineno or node.lineno) or above.get(node.lineno - 1, "")
            yield node.target.id, kind, comment
