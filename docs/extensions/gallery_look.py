"""What the gallery is made of: its scripts, their look, and how its notebooks begin elsewhere."""

from contextlib import AbstractContextManager
from typing import Any

from tectum import plots

SECTIONS = ("maps", "dictionaries", "waves", "streams", "networks", "workflow")
FIRST_CELL = """# Outside an environment that has tectum, such as Colab, this installs it.
import importlib.util

if importlib.util.find_spec("tectum") is None:
    %pip install --quiet "tectum[video,events]"
"""


_open: list[AbstractContextManager[None]] = []


def look(configuration: dict[str, Any], script: str | None) -> None:
    """Draw an example in the look of tectum; sphinx-gallery calls this before each of them."""
    while _open:
        _open.pop().__exit__(None, None, None)
    _open.append(plots.style("light", transparent=False))
    _open[0].__enter__()


def settings() -> dict[str, Any]:
    """Settings of sphinx-gallery; folders are relative to that of the documentation."""
    return {
        "examples_dirs": "../examples",
        "gallery_dirs": "gallery",
        "backreferences_dir": "gallery/backreferences",
        "doc_module": ("tectum",),
        "reference_url": {"tectum": None},
        "filename_pattern": r"/plot_",
        "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
        "subsection_order": [f"../examples/{name}" for name in SECTIONS],
        "within_subsection_order": "FileNameSortKey",
        "reset_modules": ("gallery_look.look",),
        "first_notebook_cell": FIRST_CELL,
        "download_all_examples": False,
        "remove_config_comments": True,
        "show_memory": False,
        "show_signature": False,
        "min_reported_time": 60,
        "capture_repr": ("_repr_html_",),
        "thumbnail_size": (400, 280),
        "image_scrapers": ("matplotlib",),
        "plot_gallery": "True",
    }
