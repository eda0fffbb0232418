"""The documentation: pages that are generated are fresh, and the code on them runs in page order."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

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
    """The Python code of a page, or of one of its sections."""
    text = (GUIDE / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^##+ ", text.partition(heading)[2], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_the_page_of_contracts_is_fresh() -> None:
    page = (GUIDE / "contracts.md").read_text(encoding="utf-8")
    assert page == script("contracts").page(), "run python docs/contracts.py"


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("contracts.md", ""),
        ("build_your_own.md", "### A rule of your own"),
        ("what_a_map_does.md", ""),
        ("applications.md", ""),
    ],
)
def test_code_runs_in_page_order(page: str, heading: str) -> None:
    blocks = code_blocks(page, heading)
    assert blocks
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
