"""The commands ``tectum info`` and ``tectum doctor``: what there is, and what of it works on this machine."""

import importlib.util
import os
import platform
import re
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typer

import tectum
from tectum.cli.output import Output
from tectum.cli.support import MODELS

WORKS, MISSING, WRONG = "works", "not here", "wrong"
COLOURS = {WORKS: "green", MISSING: "yellow", WRONG: "bold red"}
REQUIREMENT = re.compile(r"(?P<package>[\w.-]+)(?:\[[^]]*\])?(?P<bounds>[^;]*)(?:;(?P<marker>.*))?")
EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[\w-]+)['"]""")
DEVELOPMENT = {"test", "lint", "docs"}  # extras for work on tectum itself


class Finding(NamedTuple):
    """One thing that `doctor` looked at."""

    name: str
    state: str  # one of COLOURS
    detail: str  # what was found, and the way out where it does not work


def info(context: typer.Context) -> None:
    """Show versions, folders, threads, models and data sets."""
    out: Output = context.obj
    facts = environment_facts()
    if out.progress:
        print_facts(facts)
    out.result(facts)


def doctor(context: typer.Context) -> None:
    """Try out what works here: packages, extras, cache, compiler, video, GPU. Paste it into a report of a fault.

    The exit status is 1 if something that tectum needs does not work; extras that are not installed are no fault.
    """
    out: Output = context.obj
    found = list(examined())
    if out.progress:
        print_findings(found)
    out.result({"findings": [finding._asdict() for finding in found]})
    if any(finding.state == WRONG for finding in found):
        raise typer.Exit(1)


def examined() -> Iterator[Finding]:
    """Everything that `doctor` looks at, in the order of the page."""
    where = f"{platform.python_implementation()} {platform.python_version()}, {platform.platform(terse=True)}"
    yield Finding("tectum", WORKS, f"{tectum.__version__}, {where}")
    yield from packages()
    yield cores()
    for name, probe in (
        ("cache", look_at_cache),
        ("compiler", try_compiler),
        ("video", try_video),
        ("GPU", look_at_gpu),
    ):
        yield tried(name, probe)
    folder = os.environ.get("TECTUM_DATA")
    if folder is None:
        yield Finding("TECTUM_DATA", MISSING, "not set; needed only for data sets in a folder of your own")
    elif Path(folder).expanduser().is_dir():
        yield Finding("TECTUM_DATA", WORKS, folder)
    else:
        yield Finding("TECTUM_DATA", WRONG, f"{folder} is no folder; create it, or unset the variable")


def tried(name: str, probe: Callable[[], Finding]) -> Finding:
    """What `look` finds, or the error that it ends with."""
    try:
        return probe()
    except Exception as error:
        return Finding(name, WRONG, f"{type(error).__name__}: {error}")


def packages() -> Iterator[Finding]:
    """The packages that tectum needs, and those of each extra."""
    try:
        lines = requires("tectum") or []
    except PackageNotFoundError:
        yield Finding("packages", MISSING, "tectum runs from its source; install it to have its requirements checked")
        return
    wanted: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        requirement = REQUIREMENT.match(line)
        assert requirement
        marker = EXTRA.search(requirement["marker"] or "")
        needed = wanted.setdefault(marker["extra"] if marker else "", [])
        needed.append((requirement["package"], requirement["bounds"].strip()))
    for extra, needed in wanted.items():
        if extra in DEVELOPMENT:
            continue
        have = [(package, bounds, version_of(package)) for package, bounds in needed if package != "tectum"]
        old = [f"{package} {has} is not {bounds}" for package, bounds, has in have if has and not fits(has, bounds)]
        absent = [package for package, _, has in have if has is None]
        name = f"tectum[{extra}]" if extra else "packages"
        state = WORKS if not old + absent else MISSING if extra and not old else WRONG
        there = ", ".join(f"{package} {has}" for package, _, has in have if has)
        lacks = [f"without {', '.join(absent)}"] if absent else []
        way_out = [f"pip install --upgrade {name.replace('packages', 'tectum')!r}"] if old + absent else []
        yield Finding(name, state, "; ".join(filter(None, [there, *old, *lacks, *way_out])))


def version_of(package: str) -> str | None:
    """Version of an installed package, else None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def fits(has: str, bounds: str) -> bool:
    """Whether a version is not below the lowest one that is declared."""
    least = re.search(r">=\s*([\d.]+)", bounds)

    def numbers(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)[:3]]

    return least is None or numbers(has) >= numbers(least[1])


def cores() -> Finding:
    """Cores and memory that this process may use."""
    from tectum.core.memory import available

    n = n_threads()
    return Finding("cores", WORKS, f"{n} of {os.cpu_count()}, memory {available() / 2**30:.0f} GiB")


def n_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def look_at_cache() -> Finding:
    """Whether machine code and downloads can be kept."""
    from tectum.core.disk_cache import AVAILABLE
    from tectum.core.kernel import kernel_folder

    folder = kernel_folder()
    if folder is None:
        return Finding(
            "cache", WRONG, "no folder can be written: set TECTUM_CACHE to one, or every start compiles anew"
        )
    if not AVAILABLE:
        return Finding("cache", WRONG, f"this Numba keeps no machine code: every start compiles anew ({folder})")
    files = list(folder.glob("*.kernel"))
    size = sum(path.stat().st_size for path in files) / 2**20
    read_only = "" if os.access(folder, os.W_OK) else ", read only"
    return Finding(
        "cache", WORKS, f"{len(files)} kernels, {size:.0f} MiB in {folder}{read_only}; tectum warmup fills it"
    )


def try_compiler() -> Finding:
    """Whether a small map learns what it must."""
    from tectum.core.compile_time import compile_seconds

    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return Finding("compiler", WRONG, "NUMBA_DISABLE_JIT is set: everything runs as slow Python; unset it")
    before = compile_seconds()
    X = np.linspace(0.1, 0.9, 8).reshape(4, 2)
    winners = tectum.SpikingSOM((2, 2), n_presentations=40, random_state=0).fit(X).predict(X)
    took = compile_seconds() - before
    if (winners < 0).any():
        return Finding("compiler", WRONG, "a small map stays silent; please report this with the lines above")
    return Finding("compiler", WORKS, "a small map learned" + (f", {took:.1f} s compiling" if took > 0.05 else ""))


def try_video() -> Finding:
    """Whether a clip that is written can be read."""
    if importlib.util.find_spec("cv2") is None:
        return Finding("video", MISSING, "no reader of videos; pip install 'tectum[video]'")
    import cv2

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "clip.avi")
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
        for level in (0, 128, 255):
            writer.write(np.full((24, 32, 3), level, np.uint8))
        writer.release()
        capture = cv2.VideoCapture(path)
        n = 0
        while capture.read()[0]:
            n += 1
        capture.release()
    if n != 3:
        return Finding("video", WRONG, f"OpenCV {cv2.__version__} reads {n} of 3 frames that it wrote")
    return Finding("video", WORKS, f"OpenCV {cv2.__version__} writes and reads a clip")


def look_at_gpu() -> Finding:
    """Whether replicas can be trained on a CUDA device."""
    from tectum.core.devices import obstacle

    why = obstacle()
    return (
        Finding("GPU", WORKS, "a CUDA device can be used") if why is None else Finding("GPU", MISSING, "; ".join(why))
    )


def print_findings(found: list[Finding]) -> None:
    """The findings as a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, state, detail in found:
        table.add_row(escape(name), f"[{COLOURS[state]}]{state}[/]", escape(detail))
    Console().print(table)


def environment_facts() -> dict[str, Any]:
    """Versions, folders, threads, models and data sets."""
    from tectum import datasets
    from tectum.datasets.cache import cache_folder

    used = ("numpy", "scipy", "scikit-learn", "numba", "matplotlib")
    return {
        "versions": {"tectum": tectum.__version__, "python": platform.python_version()}
        | {package: version_of(package) or "not installed" for package in used},
        "platform": platform.platform(terse=True),
        "threads": n_threads(),
        "cache": str(cache_folder()),
        "data_folder": os.environ.get("TECTUM_DATA"),
        "models": list(MODELS),
        "datasets": [summary._asdict() for summary in datasets.describe()],
    }


def print_facts(facts: dict[str, Any]) -> None:
    """The same as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    versions = "  ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rows = [
        ("versions", versions),
        ("platform", facts["platform"]),
        ("threads", str(facts["threads"])),
        ("cache", facts["cache"]),
        ("TECTUM_DATA", facts["data_folder"] or "not set"),
        ("models", ", ".join(f"{command} ({MODELS[command].name})" for command in facts["models"])),
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows:
        table.add_row(f"[dim]{name}[/]", value)
    console.print(table)
    sets = Table("data set", "samples", "features", "classes", "source", box=None, pad_edge=False, header_style="dim")
    for summary in facts["datasets"]:
        classes = "–" if summary["classes"] is None else str(summary["classes"])
        sets.add_row(summary["name"], str(summary["samples"]), str(summary["features"]), classes, summary["source"])
    console.print()
    console.print(sets)
