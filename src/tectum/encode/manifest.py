"""What has been encoded: one JSON file beside the outputs, replaced in one step, so that it is valid at any moment."""

import glob
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tectum.encode.shards import Shard, content_hash, file_hash
from tectum.encode.work import Outcome
from tectum.files import DataError
from tectum.persistence import PART, part_stem, write_atomically

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
SHARE_OF_WRITING = 0.05  # of the time, at most, for a manifest that grows large; a lost entry costs one shard


@dataclass
class Entry:
    """One shard in the manifest."""

    input: str  # path
    rows: tuple[int, int] | None  # of a file that was cut: first, and one beyond the last
    size: int  # bytes of the input file
    mtime_ns: int  # of the input file
    output: str  # name of the file in the folder of the manifest
    state: str = "waiting"  # or done, or failed
    sha256: str | None = None  # of the content that was encoded
    n_rows: int | None = None
    n_bytes: int | None = None  # that were read of the input
    output_size: int | None = None  # bytes
    output_sha256: str | None = None
    seconds: float | None = None  # from opening the input to the finished output
    error: str | None = None

    @property
    def shard(self) -> Shard:
        """Where the samples are."""
        return Shard(self.input, self.rows, self.size, self.mtime_ns)

    @property
    def name(self) -> str:
        """For messages."""
        return self.input if self.rows is None else f"{self.input} rows {self.rows[0]} to {self.rows[1] - 1}"

    def take(self, outcome: Outcome) -> None:
        """Note what became of the shard."""
        self.state = "done" if outcome.error is None else "failed"
        for name, value in outcome._asdict().items():
            setattr(self, name, value)


@dataclass
class Manifest:
    """All shards of a folder, and what they are encoded with."""

    folder: Path
    model: dict[str, Any]  # path, sha256, class
    sparse: bool
    versions: list[dict[str, str]]  # of tectum, NumPy and Python, of each run that had others than the one before
    entries: list[Entry] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)  # outputs of a manifest before, kept until all shards are done
    _may_write: float = 0.0

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / MANIFEST

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The manifest of a folder, None where there is none; DataError if it is damaged or of a newer tectum."""
        path = folder / MANIFEST
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format_version"] > FORMAT_VERSION:
                raise ValueError(f"format version {content['format_version']}, known up to {FORMAT_VERSION}")
            entries = [Entry(**entry) for entry in content["shards"]]
            replaced = content.get("replaced", [])
            if not (isinstance(content["sparse"], bool) and isinstance(content["model"]["sha256"], str)):
                raise ValueError("sparse and model must be as written")
            for entry in entries:
                entry.rows = None if entry.rows is None else (entry.rows[0], entry.rows[1])
            for name in (*replaced, *(entry.output for entry in entries)):
                if Path(name).name != name:
                    raise ValueError(f"output must be the name of a file, got {name!r}")
            return cls(folder, content["model"], content["sparse"], content["versions"], entries, replaced)
        except Exception as error:  # whatever a damaged file makes of its entries
            raise DataError(
                f"{path} is not a manifest that this tectum can read ({error!r}); choose another folder, or pass "
                "overwrite (--overwrite) to encode everything anew"
            ) from error

    def write(self, *, at_once: bool = True) -> None:
        """Replace the file; a large one is left for later unless it must be `at_once`."""
        started = time.monotonic()
        if not at_once and started < self._may_write:
            return
        content = {
            "format_version": FORMAT_VERSION,
            "versions": self.versions,
            "model": self.model,
            "sparse": self.sparse,
            "shards": [asdict(entry) for entry in self.entries],
        }
        if self.replaced:
            content["replaced"] = self.replaced
        write_atomically(self.path, json.dumps(content, indent=1).encode())
        ended = time.monotonic()
        self._may_write = ended + (ended - started) / SHARE_OF_WRITING

    def add(self, shards: Sequence[Shard]) -> None:
        """Entries for new shards, each with a name of its own for the output."""
        taken = {MANIFEST, *(entry.output for entry in self.entries)}
        for shard in shards:
            output = _free_name(shard, ".npz" if self.sparse else ".npy", taken)
            taken.add(output)
            self.entries.append(Entry(*shard, output=output))

    def outputs(self) -> list[str]:
        """Names of all files that are or were of this folder."""
        return list(dict.fromkeys([*(entry.output for entry in self.entries), *self.replaced]))

    def remove_replaced(self) -> None:
        """Delete the outputs of a manifest before that this one has not written anew."""
        for name in set(self.replaced).difference(entry.output for entry in self.entries):
            (self.folder / name).unlink(missing_ok=True)
        self.replaced = []

    def is_done(self, entry: Entry) -> bool:
        """Whether the output is there as it was written."""
        output = self.folder / entry.output
        if entry.state != "done" or not output.is_file() or output.stat().st_size != entry.output_size:
            return False
        return file_hash(output) == entry.output_sha256

    def remove_remains(self) -> None:
        """Delete what killed processes have left of files they were writing."""
        for name in (MANIFEST, *(entry.output for entry in self.entries)):
            for part in self.folder.glob(f"{glob.escape(part_stem(name))}*{PART}"):
                part.unlink(missing_ok=True)


def is_changed(entry: Entry, shard: Shard) -> bool:
    """Whether an input that was encoded has another content now; a new time of change alone does not count."""
    if entry.state != "done" or shard == entry.shard:
        return False
    return (shard.size != entry.size and shard.rows is None) or content_hash(shard) != entry.sha256


def _free_name(shard: Shard, suffix: str, taken: Iterable[str]) -> str:
    """A name after the input, then after its folder too, then with a number."""
    path = Path(shard.path)
    rows = "" if shard.rows is None else f"-rows-{shard.rows[0]:012d}-{shard.rows[1]:012d}"
    stems = [path.stem, f"{path.parent.name}-{path.stem}"]
    number = 2
    while (name := f"{stems[0]}{rows}{suffix}") in taken:
        del stems[0]
        if not stems:
            stems.append(f"{path.stem}-{number}")
            number += 1
    return name
