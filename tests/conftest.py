"""Fixtures for the whole test suite; kernels that workers share."""

import os

# One thread each for BLAS and OpenMP, before NumPy is imported: on small arrays, and beside a second worker, threads
# that wait for each other cost several times the work.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import fcntl
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tectum.core import kernel
from tectum.core.disk_cache import DiskCache

LONGEST_WAIT = 120  # s
CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Path]:
    """Folder with the larger data files (MNIST, UCI): ``TECTUM_DATA``, else ``../shared/data`` beside the checkout.

    ``TECTUM_DATA`` names it until the end of the run. Without the folder, tests that ask for it are skipped, or fail
    where the environment variable ``CI`` is ``true``.
    """
    own = os.environ.get("TECTUM_DATA")
    folder = Path(own).expanduser() if own else CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"no data folder at {folder}; set TECTUM_DATA to a folder with mnist/ and uci/"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TECTUM_DATA", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def left_alone_by_the_collector() -> None:
    """What the files before have imported and compiled, millions of objects that each full collection would visit."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def one_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages whose figures are drawn in the colours of light pages alone, for tests that do not look at colours."""
    from tectum.report import page

    render = page.render
    light, _ = page.THEMES
    drawn: list[tuple[Any, Any]] = []

    def render_once(drawing: Any, theme: Any) -> Any:
        if theme == light:
            drawn[:] = [(drawing, render(drawing, theme))]
        [(same, image)] = drawn
        assert same is drawing
        return image

    monkeypatch.setattr(page, "render", render_once)


@pytest.fixture
def undrawn(one_theme: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages whose figures are laid out once but not rendered, for tests of what a page says."""
    monkeypatch.setattr("tectum.report.render._save", lambda figure, *_: b"<svg/>")


@pytest.fixture
def quick_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sparse codes that a page compares with, learned for a moment, for tests that do not look at their scores."""
    monkeypatch.setattr("tectum.analysis.sparse_baselines.STEPS", 10)
    monkeypatch.setattr("tectum.analysis.dictionary_baselines.MOST_PATCHES", 500)


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, int], None]]:
    """Makes learning in an engine stop in its k-th chunk; the signal is noticed when the kernel returns."""

    def after(network: Any, k: int) -> None:
        chunks, learn = iter(range(k)), network.learn

        def learn_and_stop(*args: Any) -> Any:
            response = learn(*args)
            if next(chunks, None) is None:
                raise KeyboardInterrupt
            return response

        monkeypatch.setattr(network, "learn", learn_and_stop)

    yield after
    monkeypatch.undo()


class OnceCompiled(DiskCache):
    """Machine code that one worker compiles while the others wait for it, in place of each compiling its own."""

    _lock: Any = None

    def load_overload(self, types: Any, target_context: Any) -> Any:
        found = super().load_overload(types, target_context)
        if found is None and self._lock is None:
            with suppress(OSError):
                path = self._path(types, target_context.codegen()).with_suffix(".lock")
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = open(path, "w")  # noqa: SIM115
                for _ in range(LONGEST_WAIT):  # a compilation that failed is never stored
                    with suppress(BlockingIOError):
                        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    time.sleep(1.0)
            found = super().load_overload(types, target_context)
            if found is not None:
                self._release()
        return found

    def save_overload(self, types: Any, compiled: Any) -> None:
        super().save_overload(types, compiled)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


if "PYTEST_XDIST_WORKER" in os.environ:
    kernel.DiskCache = OnceCompiled  # type: ignore[misc]
