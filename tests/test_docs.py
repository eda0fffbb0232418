"""The documentation: pages that are generated are fresh, and the code on them runs in page order.

Here models learn for a moment, and pages that stream for long are left out; ``python tests/test_docs.py`` runs all in
full, ``python tests/test_docs.py docs/guide/streams.md`` one of them.
"""

import contextlib
import doctest
import importlib
import importlib.util
import pkgutil
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import ModuleType

import numba
import pytest

from tectum.core.kernel import Kernel, _is_foreign

CHECKOUT = Path(__file__).resolve().parents[1]
GUIDE = CHECKOUT / "docs" / "guide"


def script(name: str) -> ModuleType:
    """A script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", CHECKOUT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code_blocks(page: str, heading: str = "") -> list[str]:
    """The Python code of a page, or of one of its sections; blocks that need files of a user are marked ``no-run``."""
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^##+ ", text.partition(heading)[2], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def run(page: str, heading: str = "", most: int | None = None) -> None:
    """Run the code of a page from top to bottom; with `most` presentations at a time, to see that it runs."""
    blocks = code_blocks(page, heading)
    assert blocks
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks):
        if most is not None:
            block = re.sub(r"n_presentations=(\d+)", lambda n: f"n_presentations={min(int(n[1]), most)}", block)
        exec(compile(block, f"{page}, block {number}", "exec"), names)


def test_the_page_of_contracts_is_fresh() -> None:
    page = (GUIDE / "contracts.md").read_text(encoding="utf-8")
    assert page == script("contracts").page(), "run python docs/contracts.py"


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("README.md", ""),
        ("docs/guide/build_your_own.md", "### A rule of your own"),
        ("docs/guide/cost_model.md", ""),
        ("docs/guide/cortex.md", ""),
        ("docs/guide/events.md", ""),
        ("docs/guide/network.md", ""),
        ("docs/guide/readout.md", ""),
        ("docs/guide/scaling.md", ""),
        ("docs/guide/sensors.md", ""),
        ("docs/guide/spiking_som.md", ""),
        ("docs/guide/streams.md", ""),
        ("docs/guide/what_a_map_does.md", ""),
        ("docs/guide/applications.md", ""),
        ("docs/guide/your_data.md", ""),
        ("docs/coming_from/minisom.md", ""),
        ("docs/coming_from/snntorch.md", ""),
    ],
)
@pytest.mark.usefixtures("undrawn")
def test_code_runs_in_page_order(page: str, heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page, heading, most=200)


class LoopBegins(Exception):
    """Instead of compiling a time loop."""


def test_examples_of_contracts_reach_their_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of one's own pass all checks; tests/test_open_parts.py compiles loops with them."""
    if numba.config.DISABLE_JIT:
        pytest.skip("no loop is compiled")
    call = Kernel.__call__

    def without_compiling(self: Kernel, *args: object, **kwargs: object) -> object:
        if self.__wrapped__.__module__.startswith("tectum.engine") and any(
            isinstance(argument, tuple) and _is_foreign(argument) for argument in args
        ):
            raise LoopBegins
        return call(self, *args, **kwargs)

    monkeypatch.setattr(Kernel, "__call__", without_compiling)
    names: dict[str, object] = {"__name__": "page"}
    reached = 0
    for block in code_blocks("docs/guide/contracts.md"):
        try:
            exec(compile(block, "contracts.md", "exec"), names)
        except LoopBegins:
            reached += 1
    assert reached >= 5  # that of a lateral profile, which becomes weights, runs to its end


@pytest.mark.parametrize("package", ["analysis", "parts"])
def test_quick_examples_of_docstrings(package: str) -> None:
    """Those that train nothing, of the tectum that is installed; ``python -m pytest src/tectum`` runs all."""
    home = importlib.import_module(f"tectum.{package}")
    slow = {"dictionary_baselines", "features", "filters", "temporal_baselines"}
    names = {module.name for module in pkgutil.iter_modules(home.__path__)} - slow
    results = [doctest.testmod(importlib.import_module(f"{home.__name__}.{name}")) for name in sorted(names)]
    assert sum(result.attempted for result in results) > 50
    assert not sum(result.failed for result in results)


def test_every_example_of_the_gallery_has_a_title() -> None:
    for path in sorted((CHECKOUT / "examples").rglob("plot_*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == '"""', path
        assert lines[2] == "=" * len(lines[1]), path


def main() -> None:
    """Run the code of all pages, or of those named, in a folder of their own; minutes."""
    everywhere = [
        CHECKOUT / "README.md",
        *(CHECKOUT / "docs").glob("*.md"),
        *GUIDE.glob("*.md"),
        *GUIDE.parent.glob("coming_from/*.md"),
    ]
    pages = sys.argv[1:] or [str(path.relative_to(CHECKOUT)) for path in sorted(everywhere)]
    failed = []
    for page in filter(code_blocks, pages):
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            try:
                run(page)
            except Exception:
                traceback.print_exc()
                failed.append(page)
        print(f"{page}: {'failed' if page in failed else 'runs'}, {time.process_time() - began:.0f} CPU s", flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
