"""Which changes of the code would the tests not notice? Mutants of laws, loops and analysis, run as plain Python.

Each mutant is the package with one operator, number or statement changed. It runs the tests that reach the changed
function, with the JIT off, until one fails; a mutant of the engine that none notices then runs the long tests of its
loop, compiled (`--compiled`). What survives is printed: a hole in the tests, or a change that changes nothing, which
`mutation_equivalent.txt` then names.

    python tests/mutation.py --compiled            # 60 mutants each of parts, engine and analysis
    python tests/mutation.py parts/waves.py --mutants 500
    python tests/mutation.py --again .mutation/results.jsonl  # the survivors of an earlier run

Results are appended to a file after each mutant; a run that was interrupted goes on where it was. A mutant takes some
2 s of processor time, one that is compiled half a minute, the table of which test reaches which function a few minutes,
once.
"""

import argparse
import ast
import contextlib
import copy
import hashlib
import importlib.abc
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE, TESTS = CHECKOUT / "src" / "tectum", CHECKOUT / "tests"
AREAS = ("parts", "engine", "analysis")
EQUIVALENT = Path(__file__).with_name("mutation_equivalent.txt")
# Tests that run the loops of a folder compiled, in long runs; for those of CUDA the simulator. Mutants that no test in
# plain Python notices meet these, in a copy of the package with a cache of its own.
COMPILED = {
    "engine/dictionary": ["test_dictionary_loop.py", "test_latency_dictionary.py"],
    "engine/graph": ["test_graph_loop.py", "test_feature_code.py"],
    "engine/maps": ["test_map_loop.py"],
    "engine/sheets": ["test_sheet_loop.py", "test_wave_images.py"],
    "engine/standard": ["test_diehl_cook_loop.py", "test_cuda_engine.py"],
}
# Processor time, so that what is found does not depend on what else the machine does.
SLOWEST = 6.0  # s, tests that take longer are left out
LONGEST = 25.0  # s of tests for one mutant, the fastest first
LONGEST_COMPILED = 400.0  # s of tests for one mutant, compilation included

SWAPS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
NAMES = {"ZERO": "ONE", "ONE": "ZERO", "min": "max", "max": "min", "sin": "cos", "cos": "sin", "argmax": "argmin"}
NAMES |= {"argmin": "argmax", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum", "sum": "max"}
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Mutant(NamedTuple):
    """One change of a module."""

    module: str  # path within the package
    number: int  # among the changes of the module
    line: int
    function: str  # where it is; "" at the top of the module
    before: str
    after: str


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes to put in the place of one."""
    new: Any = copy.deepcopy(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in SWAPS[type(node.ops[0])]:
            new = copy.deepcopy(node)
            new.ops = [kind()]
            yield new
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPS:
        new.op = SWAPS[type(node.op)][0]()
        yield new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield new.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        value = node.value
        new.value = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else 2 * value or 1.0
        yield new
    elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        new.id = NAMES[node.id]
        yield new
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        new.attr = NAMES[node.attr]
        yield new
    elif isinstance(node, ast.IfExp | ast.If):
        new.test = ast.UnaryOp(ast.Not(), new.test)
        yield new
    if isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript | ast.Attribute)
    ):
        yield ast.copy_location(ast.Pass(), node)


def places(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str, int | None, ast.AST, str]]:
    """Parent, field, index, node and enclosing function of all that a run executes, errors and annotations aside."""
    for field, value in ast.iter_fields(node):
        if field in {"decorator_list", "annotation", "returns", "type_comment", "bases", "ctx"}:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import):
                continue
            if isinstance(child, ast.AnnAssign) and isinstance(node, ast.ClassDef):  # recommended values are data
                continue
            if isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) == "__all__":
                continue
            inside = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{function}.{child.name}:{child.lineno}" if function else f"{child.name}:{child.lineno}"
            yield node, field, index, child, inside
            yield from places(child, inside)


def mutants(path: Path, wanted: int | None = None) -> Iterator[tuple[Mutant, str]]:
    """All mutants of a module, and the source of the wanted one."""
    name = path.relative_to(PACKAGE).as_posix()
    tree, number = ast.parse(path.read_text(encoding="utf-8")), 0
    for parent, field, index, node, function in list(places(tree)):
        for new in changes(node):
            source = ""
            if number == wanted:
                put(parent, field, index, new)
                source = ast.unparse(ast.fix_missing_locations(tree))
                put(parent, field, index, node)
            before, after = (ast.unparse(x).splitlines()[0][:90] for x in (node, ast.fix_missing_locations(new)))
            yield Mutant(name, number, getattr(node, "lineno", 0), function, before, after), source
            number += 1


def put(parent: Any, field: str, index: int | None, node: ast.AST) -> None:
    """Put a node into a tree."""
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def sample(paths: list[Path], most: int, seed: int) -> list[Mutant]:
    """At most so many mutants of these modules, the same for a seed."""
    every = [mutant for path in paths for mutant, _ in mutants(path)]
    return random.Random(seed).sample(every, min(most, len(every)))


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules of the package from other sources."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = {
            f"tectum.{name.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}": (name, source)
            for name, source in sources.items()
        }

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in self.sources:
            return None
        file = PACKAGE / self.sources[fullname][0]
        folders = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(fullname, file, loader=self, submodule_search_locations=folders)

    def exec_module(self, module: Any) -> None:
        name, source = self.sources[module.__name__]
        exec(compile(source, str(PACKAGE / name), "exec"), module.__dict__)


def with_marks(path: Path) -> str:
    """The source of a module whose functions note that they were called."""
    tree, name = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(PACKAGE).as_posix()
    for _, _, _, node, function in places(tree):
        if isinstance(node, ast.FunctionDef):
            note = ast.parse(f"__import__('builtins').REACHED.add(({name!r}, {function!r}))").body
            has_docstring = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            node.body[has_docstring:has_docstring] = note
    return ast.unparse(ast.fix_missing_locations(tree))


class Reach:
    """Pytest plugin: which test reaches which functions, and how long it takes."""

    def __init__(self) -> None:
        self.tests: dict[str, tuple[float, list[tuple[str, str]]]] = {}
        self.began = 0.0

    def pytest_runtest_call(self, item: Any) -> Any:
        import pytest

        def stop(*_: Any) -> None:
            pytest.fail("takes too long for plain Python")

        signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST)

    def pytest_runtest_setup(self, item: Any) -> None:
        import builtins

        builtins.REACHED.clear()  # type: ignore[attr-defined]
        self.began = time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        import builtins

        if report.when == "call":
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            if report.outcome == "passed":
                took = time.process_time() - self.began
                self.tests[report.nodeid] = (took, sorted(builtins.REACHED))  # type: ignore[attr-defined]


def test_files() -> list[Path]:
    """Test files that import something of the areas, without those of estimators, commands and reports."""
    some = re.compile(rf"^(from|import) tectum\.({'|'.join(AREAS)})\b|^from tectum import .*\banalysis\b", re.MULTILINE)
    whole = re.compile(r"_(cuda|threads|cost|plots|spiking|hierarchy|network|cook\.py)|driving")
    outside = re.compile(r"tectum\.(cli|report|encode)")
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("test_*.py"))}
    chosen = (path for path, text in texts.items() if some.search(text) and not outside.search(text))
    return [path for path in chosen if not whole.search(path.name)]


def run_tests(tests: list[str], sources: dict[str, str], plugin: Any = None) -> int:
    """Exit code of pytest in this process."""
    import pytest

    sys.meta_path.insert(0, Replaced(sources))
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not science and not compiled and not browser"]
    if plugin is not None:
        options.remove("-x")
    return int(pytest.main([*options, *tests], plugins=[plugin] if plugin else []))


def forked(seconds: float, log: Path, work: Any) -> int | None:
    """Exit code of some work in a process of its own; None if it took so much processor time, or hangs."""
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        with contextlib.suppress(BaseException):
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os._exit(work())
        os._exit(3)
    end = time.monotonic() + 20.0 * seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def reach_table(folder: Path, tests: list[Path]) -> dict[str, tuple[float, list[list[str]]]]:
    """Duration and reached functions of each test, measured unless sources and tests are as they were."""
    files = [*sorted(PACKAGE.rglob("*.py")), *sorted(TESTS.glob("*.py"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*files, *tests])).hexdigest()[:16]
    table = folder / f"reach-{digest}.json"
    if not table.exists():
        modules = [path for area in AREAS for path in sorted((PACKAGE / area).rglob("*.py"))]

        def work() -> int:
            import builtins

            builtins.REACHED = set()  # type: ignore[attr-defined]
            plugin = Reach()
            sources = {path.relative_to(PACKAGE).as_posix(): with_marks(path) for path in modules}
            run_tests([str(path) for path in tests], sources, plugin)
            table.write_text(json.dumps(plugin.tests))
            return 0

        assert forked(3600.0, folder / "reach.log", work) == 0, f"the tests could not be run, see {folder}/reach.log"
    return json.loads(table.read_text())


def tests_of(mutant: Mutant, table: dict[str, tuple[float, list[list[str]]]]) -> list[str]:
    """Tests that reach the changed function, or the module if the change is at its top, the fastest first."""

    def reaches(functions: list[list[str]]) -> bool:
        return any(name == mutant.module and mutant.function in ("", found) for name, found in functions)

    chosen, total = [], 0.0
    for name, (duration, functions) in sorted(table.items(), key=lambda item: item[1][0]):
        if reaches(functions) and total + duration <= LONGEST:
            chosen.append(name)
            total += duration
    return chosen


def fate(mutant: Mutant, table: dict[str, tuple[float, list[list[str]]]], folder: Path) -> str:
    """killed, timeout, survived, or unreached if no test gets there."""
    chosen = tests_of(mutant, table)
    if not chosen:
        return "unreached"
    source = source_of(mutant)
    code = forked(3.0 * LONGEST, folder / "mutant.log", lambda: run_tests(chosen, {mutant.module: source}))
    return "timeout" if code is None else "survived" if code == 0 else "killed"


def source_of(mutant: Mutant) -> str:
    return next(text for _, text in mutants(PACKAGE / mutant.module, mutant.number) if text)


def fate_compiled(mutant: Mutant, folder: Path) -> str:
    """As `fate`, by the tests that compile; these and their child processes import a changed copy of the package."""
    files = next(files for place, files in COMPILED.items() if mutant.module.startswith(place))
    with tempfile.TemporaryDirectory() as place:
        copied = Path(place) / "tectum"
        shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
        (copied / mutant.module).write_text(source_of(mutant), encoding="utf-8")
        settings = {"PYTHONPATH": place, "TECTUM_CACHE": f"{place}/cache", "NUMBA_DISABLE_JIT": "0"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-m", "not science and not browser", *(str(TESTS / name) for name in files)]
        log = (folder / "mutant.log").open("w")
        limit = resource.RLIMIT_CPU, (int(LONGEST_COMPILED), int(LONGEST_COMPILED) + 5)
        with log:
            code = subprocess.run(
                command,
                cwd=CHECKOUT,
                env=os.environ | settings,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: resource.setrlimit(*limit),
                check=False,
            ).returncode
    return "survived" if code == 0 else "timeout" if code < 0 else "killed"


def key_of(mutant: Mutant) -> str:
    return f"{mutant.module} {mutant.function.rpartition('.')[2].partition(':')[0]}: {mutant.before} -> {mutant.after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "modules", nargs="*", help="files or folders within the package; default: parts engine analysis"
    )
    parser.add_argument("--mutants", type=int, default=60, help="most mutants of each of them")
    parser.add_argument("--tests", type=Path, nargs="+", help="test files; default: those that import the three")
    parser.add_argument("--compiled", action="store_true", help="let tests that compile try those that survive")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=CHECKOUT / ".mutation" / "results.jsonl")
    parser.add_argument("--again", type=Path, help="results of an earlier run, whose survivors are tried anew")
    options = parser.parse_args()
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "MPLBACKEND": "Agg"}
    sys.path[:0] = [str(CHECKOUT / "src"), str(TESTS)]
    for name in ("numpy", "scipy.optimize", "scipy.sparse", "sklearn.manifold", "numba", "pytest", "pandas"):
        importlib.import_module(name)  # once, before processes fork
    import hypothesis

    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    folder = options.results.parent
    folder.mkdir(exist_ok=True)
    known = {line["key"]: line for line in map(json.loads, options.results.open())} if options.results.exists() else {}
    equivalent = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    wanted = None
    if options.again:
        rows = list(map(json.loads, options.again.open()))
        wanted = {row["key"] for row in rows if row["fate"] in ("survived", "unreached")}
        known = {}
    table = reach_table(folder, options.tests or test_files())
    fates: dict[str, Counter[str]] = {}
    for area in options.modules or AREAS:
        place = PACKAGE / area
        paths = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for mutant in sample(paths, 10**9 if wanted else options.mutants, options.seed):
            key = key_of(mutant)
            if wanted is not None and key not in wanted:
                continue
            if any(line.startswith(key) for line in equivalent):
                result = "equivalent"
            elif key in known:
                result = known[key]["fate"]
            else:
                result = fate(mutant, table, folder)
                compiles = mutant.module.startswith(tuple(COMPILED))
                if options.compiled and compiles and result in ("survived", "unreached"):
                    result = fate_compiled(mutant, folder)
                with options.results.open("a") as file:
                    file.write(json.dumps({"key": key, "line": mutant.line, "fate": result}) + "\n")
            fates.setdefault(area, Counter())[result] += 1
            if result in ("survived", "unreached"):
                print(
                    f"{result:9s} src/tectum/{mutant.module}:{mutant.line}: {mutant.before} -> {mutant.after}",
                    flush=True,
                )
    print(f"\n{'':24s}{'mutants':>9s}{'killed':>9s}{'survived':>10s}{'unreached':>11s}{'equivalent':>12s}{'rate':>8s}")
    for area, counts in fates.items():
        killed, all_ = counts["killed"] + counts["timeout"], counts.total() - counts["equivalent"]
        numbers = f"{counts.total():9d}{killed:9d}{counts['survived']:10d}{counts['unreached']:11d}"
        print(f"{area:24s}{numbers}{counts['equivalent']:12d}{killed / max(1, all_):8.0%}")


if __name__ == "__main__":
    main()
