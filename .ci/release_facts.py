"""Facts of a release: ``versions``, ``contents DIST``, ``links HTML``. Exit status 1, and what is wrong, if one is."""

import json
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
# What an sdist must bring so that everybody can build and check it, and what has no place in a wheel.
IN_SDIST = (
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "pyproject.toml",
    "src/tectum/__init__.py",
    "tests/",
)
IN_WHEEL = ("tectum/__init__.py", "tectum/py.typed", "tectum/report/", "tectum-")
NOT_IN_WHEEL = ("tests/", "docs/", "papers/", "benchmarks/", ".npy", ".gz", ".mp4")


def versions() -> Iterator[str]:
    """Each place that names the version names the same."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    places = {
        "src/tectum/__init__.py": r'^__version__ = "([^"]+)"',
        "CITATION.cff": r"^version: (\S+)",
        "CHANGELOG.md": r"^## \[([^\]]+)\]",
        "conda/recipe.yaml": r'^  version: "([^"]+)"',
    }
    for name, pattern in places.items():
        found = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        if found is None or found[1] != wanted:
            yield f"{name} must name version {wanted}, as pyproject.toml does, got {found and found[1]}"
    json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    print(f"version {wanted}")


def contents(folder: Path) -> Iterator[str]:
    """The sdist and the wheel hold what they should, and no more."""
    sdists, wheels = list(folder.glob("*.tar.gz")), list(folder.glob("*.whl"))
    if len(sdists) != 1 or len(wheels) != 1:
        yield f"{folder} must hold one sdist and one wheel, got {[path.name for path in folder.iterdir()]}"
        return
    with tarfile.open(sdists[0]) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    yield from (f"the sdist lacks {part}" for part in IN_SDIST if not any(name.startswith(part) for name in names))
    with zipfile.ZipFile(wheels[0]) as archive:
        names = archive.namelist()
    yield from (f"the wheel lacks {part}" for part in IN_WHEEL if not any(name.startswith(part) for name in names))
    yield from (f"the wheel must not hold {name}" for name in names if any(part in name for part in NOT_IN_WHEEL))
    print(f"{len(names)} files in the wheel, {wheels[0].stat().st_size / 1e6:.1f} MB")


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.append(value)
            elif value and name in ("id", "name"):
                self.anchors.add(value)


def links(folder: Path) -> Iterator[str]:
    """Links inside the documentation lead to a file, and to an anchor on it; what a page loads comes along."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    n = 0
    for path, page in pages.items():
        if {"_modules", "_static"} & set(path.relative_to(folder.resolve()).parts):
            continue  # pages of source link to objects without an anchor; templates of the theme are no pages
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            n += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            where = path.relative_to(folder.resolve())
            if not target.exists():
                yield f"{where}: {link} leads nowhere"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{where}: {link} names an anchor that is not there"
    print(f"{n} links on {len(pages)} pages")


def main() -> None:
    """Check one kind of facts."""
    kind, *arguments = sys.argv[1:]
    wrong = list({"versions": versions, "contents": contents, "links": links}[kind](*map(Path, arguments)))
    if wrong:
        sys.exit("\n".join(wrong[:40]))


if __name__ == "__main__":
    main()
