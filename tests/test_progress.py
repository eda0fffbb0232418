"""Progress: one bar at a time; in a notebook a line that can be read afterwards."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tectum import SpikingSOM
from tectum.models.common.progress import progress_bar, progress_line, without_progress
from tectum.report import examine


def test_a_line_says_how_far_it_is() -> None:
    assert progress_line("fit", "presentations", 500, 2000, 2.0) == "fit: 500 of 2,000 presentations, 250/s, 6 s left"
    assert progress_line("fit", "presentations", 2000, 2000, 8.0) == "fit: 2,000 of 2,000 presentations, 250/s, 8.0 s"
    assert progress_line("learn", "frames", 30, None, 2.0, "new") == "learn: 30 frames, 15/s, 2.0 s, new"
    assert progress_line("fit", "samples", 0, 10, 0.0) == "fit: 0 of 10 samples, 0/s, 0.0 s"


def test_a_notebook_keeps_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[str]] = []

    def display(data: dict, raw: bool, display_id: bool) -> SimpleNamespace:
        shown = [data["text/plain"]]
        lines.append(shown)
        return SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    kernel = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    X = np.random.RandomState(0).uniform(size=(30, 3))
    som = SpikingSOM((3, 3), n_presentations=50, verbose=True, random_state=0).fit(X)
    assert len(lines) == 1
    assert lines[0][-1].startswith("fit: 50 of 50 presentations")
    examine(som, X, baselines=False)
    assert len(lines) == 1


def test_one_bar_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(2, "outer", True) as outer, progress_bar(2, "inner", True) as inner:
        inner(1)
        outer(2)
    with without_progress(), progress_bar(2, "hidden", True) as hidden:
        hidden(2)
    said = capsys.readouterr().err
    assert "outer" in said
    assert "inner" not in said
    assert "hidden" not in said
