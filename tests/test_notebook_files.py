"""The notebooks: they are whole, begin with what Colab needs, and hold no results; one of them runs here.

``python tests/test_notebook_files.py`` runs all, about a minute of one core.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
QUICK = "a_map_of_a_table"


def cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(path: Path) -> list[str]:
    """The cells of code, but for the first, which installs."""
    return ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"][1:]


def run(path: Path) -> None:
    names: dict[str, object] = {"__name__": "notebook"}
    for number, text in enumerate(code(path)):
        exec(compile(text, f"{path.name}, cell {number}", "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_whole(path: Path) -> None:
    first = next(cell for cell in cells(path) if cell["cell_type"] == "code")
    assert "%pip install" in "".join(first["source"])
    assert not any(cell.get("outputs") for cell in cells(path))
    for text in code(path):
        compile(text, path.name, "exec")


def test_there_are_five_and_a_page_lists_them() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) >= 5
    assert all(path.name in page for path in NOTEBOOKS)


def test_a_notebook_runs() -> None:
    run(next(path for path in NOTEBOOKS if path.stem == QUICK))


if __name__ == "__main__":
    plt.switch_backend("Agg")
    for notebook in NOTEBOOKS:
        began = time.process_time()
        run(notebook)
        print(f"{notebook.name}: runs, {time.process_time() - began:.0f} CPU s", flush=True)
    sys.exit()
