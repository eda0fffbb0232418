"""The shape of the repository itself: what a review would otherwise have to look for."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "src" / "tectum"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEXTS = frozenset([".c", ".cff", ".css", ".html", ".j2", ".js", ".md", ".py", ".rst", ".toml", ".txt", ".yaml", ".yml"])
FOLDERS = ("src", "tests", "benchmarks", "papers", "docs", "examples", ".ci", ".github")
WITHOUT_SUFFIX = {"LICENSE", "Makefile", "run"}
BUILT = {"_build", "api", "gallery"}

MOST_LINES = 400
OWN_STATE = {"BitGenerator", "Generator", "RandomState", "SeedSequence", "default_rng"}  # not the global state
MACHINE_PATH = re.compile(r"(?<![\w.~*}])/(?:home|Users|root|work|mnt|tmp)/|\b[A-Z]:\\{1,2}Users\b")
# package -> the packages of tectum it may import besides itself
LAYERS = {
    "files": set[str](),
    "core": set[str](),
    "parts": {"core"},
    "engine": {"core", "parts"},
    "analysis": set[str](),
    "plots": set[str](),
    "streams": {"files"},
    "persistence": {"files"},
    "datasets": {"files", "persistence", "streams"},
    "models": {"analysis", "core", "engine", "files", "parts", "persistence", "plots", "streams"},
    "image": {"core", "models"},
    "encode": {"datasets", "files", "models", "persistence"},
    "live": {"models", "streams"},
    "report": {"analysis", "core", "image", "models", "parts", "persistence", "plots", "streams"},
}
FREE = {"__init__", "__main__", "cli"}  # they may import all
COMPILING = {"core", "engine"}  # where numba may be imported
DOCUMENTED = tuple(
    f"tectum{part}" for part in ("", ".analysis", ".plots", ".datasets", ".encode", ".image", ".streams")
)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def places(found: Iterator[tuple[Path, int, str]]) -> list[str]:
    """The findings as lines that an editor can jump to."""
    return [f"{path.relative_to(CHECKOUT)}:{line}: {what}" for path, line, what in found]


def texts() -> Iterator[Path]:
    """Every text file that people write: those in the folders above, and those beside them."""
    candidates = [*CHECKOUT.iterdir(), *(path for folder in FOLDERS for path in sorted((CHECKOUT / folder).rglob("*")))]
    for path in candidates:
        is_text = path.suffix in TEXTS or path.name in WITHOUT_SUFFIX
        if is_text and path.is_file() and not BUILT.intersection(path.relative_to(CHECKOUT).parts):
            yield path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full module name of each import in a file, also of those inside functions."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def code_lines(path: Path) -> int:
    """Lines of a file without its docstrings: a full description of an estimator's parameters is no burden."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(parse(path)) if isinstance(node, holders)]
    first = [body[0] for body in bodies if body and isinstance(body[0], ast.Expr)]
    docstrings = [node for node in first if isinstance(getattr(node.value, "value", None), str)]
    described = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in docstrings)
    return len(path.read_text(encoding="utf-8").splitlines()) - described


def test_files_can_be_read_in_a_sitting() -> None:
    lengths = ((path, code_lines(path)) for path in SOURCES)
    assert not places(
        (path, n, f"{n} lines besides docstrings, at most {MOST_LINES}") for path, n in lengths if n > MOST_LINES
    )


def test_no_global_random_state() -> None:
    def draws(path: Path) -> Iterator[tuple[Path, int, str]]:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}:
                yield path, node.lineno, f"np.random.{node.attr}"
        yield from ((path, line, name) for line, name in imports(path) if re.match(r"(numpy\.)?random\b", name))

    found = (place for path in SOURCES for place in draws(path) if place[2].rpartition(".")[2] not in OWN_STATE)
    assert not places(found)


def test_no_fastmath() -> None:
    def options(tree: ast.Module) -> Iterator[tuple[str | None, ast.expr]]:
        """Name and value of each keyword argument, and of each entry of a dictionary."""
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword):
                yield node.arg, node.value
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    yield getattr(key, "value", None), value

    assert not places(
        (path, value.lineno, "fastmath would part compiled from uncompiled runs")
        for path in SOURCES
        for name, value in options(parse(path))
        if name == "fastmath" and getattr(value, "value", None) is not False
    )


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_numba_stays_inside_core_and_engine() -> None:
    outside = [path for path in SOURCES if layer_of(path) not in COMPILING]
    assert not places(
        (path, line, f"{name} outside core/ and engine/")
        for path in outside
        for line, name in imports(path)
        if name.split(".")[0] == "numba"
    )


def test_every_package_has_a_layer() -> None:
    assert {layer_of(path) for path in SOURCES} == LAYERS.keys() | FREE


def test_imports_point_one_way() -> None:
    def wrong_ways() -> Iterator[tuple[Path, int, str]]:
        for path in SOURCES:
            layer = layer_of(path)
            for line, name in imports(path) if layer in LAYERS else ():
                target = name.split(".")[1] if name.startswith("tectum.") else None
                is_package = target is not None and ((PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").exists())
                if is_package and target not in LAYERS[layer] | {layer}:
                    yield path, line, f"{layer} must not import {name}"

    assert not places(wrong_ways())


def test_no_file_repeats_the_name_of_its_folder() -> None:
    def repeats() -> Iterator[tuple[Path, int, str]]:
        for path in SOURCES:
            folder = path.parent.name.rstrip("s")
            if path.parent != PACKAGE and path.stem.startswith((f"{folder}_", f"{folder}s_")):
                yield path, 1, f"{path.stem} in {path.parent.name}/"

    assert not places(repeats())


def test_no_path_of_one_machine() -> None:
    def paths() -> Iterator[tuple[Path, int, str]]:
        for path in texts():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if found := MACHINE_PATH.search(line):
                    yield path, number, f"path of one machine: {found.group()}"

    assert not places(paths())


def public_members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Public functions and classes of a module, and the public methods that its classes define themselves."""
    for name in module.__all__:
        member = getattr(module, name)
        if inspect.isfunction(member):
            yield name, member
        elif inspect.isclass(member):
            yield name, member
            for method_name, method in vars(member).items():
                if inspect.isfunction(method) and not method_name.startswith("_"):
                    yield f"{name}.{method_name}", method


def missing_sections(member: Any) -> list[str]:
    """What the docstring of a function or class lacks; [] when all is there."""
    text = inspect.getdoc(member) or ""
    if not text:
        return ["docstring"]
    sections = re.findall(r"^(\w[\w ]*)\n-{3,}$", text, flags=re.MULTILINE)
    if inspect.isclass(member):
        documented = {"Parameters", "Attributes"}.intersection(sections) or hasattr(member, "_fields")
        return [] if documented else ["Parameters or Attributes"]  # fields of a named tuple have comments instead
    signature = inspect.signature(member)
    if set(signature.parameters) <= {"self", "cls"}:
        return []
    missing = [] if "Parameters" in sections else ["Parameters"]
    returns_something = signature.return_annotation not in (None, "None", inspect.Signature.empty)
    makes_context = hasattr(member, "__wrapped__") and inspect.isgeneratorfunction(member.__wrapped__)
    if returns_something and not makes_context and not {"Returns", "Yields"}.intersection(sections):
        missing.append("Returns")
    return missing


@pytest.mark.parametrize("name", DOCUMENTED)
def test_public_names_are_documented(name: str) -> None:
    lacking = {
        f"{name}.{member_name}": missing
        for member_name, member in public_members(importlib.import_module(name))
        if (missing := missing_sections(member))
    }
    assert not lacking


def test_texts_hold_what_the_checks_look_for() -> None:
    """The checks see something: a clean result from an empty list of files would prove nothing."""
    assert len(SOURCES) > 20
    names = {path.name for path in texts()}
    assert {"README.md", "Makefile", "pyproject.toml", "test_house_style.py", "run"} <= names
    home = "/".join(["", "home", "ada", "x"])
    assert MACHINE_PATH.search(f'open("{home}")')
    assert not MACHINE_PATH.search("https://example.org/home/page and ../work/x")
