"""Find data files on this machine, and download them once into a cache."""

import os
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from tectum.persistence import write_atomically

TIMEOUT_S = 60.0


def cache_folder() -> Path:
    """Folder for downloads, which may not exist yet: ``TECTUM_CACHE``, else ``tectum`` in the user's cache folder."""
    own = os.environ.get("TECTUM_CACHE")
    if own:
        return Path(own).expanduser()
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user and os.path.isabs(user) else Path.home() / ".cache") / "tectum"


def find(relative: str) -> Path | None:
    """First existing file of that relative path in ``TECTUM_DATA``, then in the cache; None if neither has it."""
    own = os.environ.get("TECTUM_DATA")
    folders = [Path(own).expanduser()] if own else []
    candidates = [folder / relative for folder in [*folders, cache_folder()]]
    return next((path for path in candidates if path.is_file()), None)


def download(url: str, relative: str, is_original: Callable[[bytes], bool]) -> Path:
    """Download a small file into the cache, to the relative path; only what `is_original` accepts gets there.

    ConnectionError if the download fails, ValueError if something else than the published content arrived.
    """
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            payload = response.read()
    except (OSError, HTTPException) as error:
        raise unreachable(url, [relative], error) from error
    if not is_original(payload):
        raise ValueError(
            f"{url} must send the published {Path(relative).name}, but the checksum of its answer differs; "
            f"nothing was kept. Try again later, or copy the original to {cache_folder() / relative}"
        )
    path = cache_folder() / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, payload)
    return path


def unreachable(url: str, relative_paths: list[str], error: Exception) -> ConnectionError:
    """The error to raise when a download failed, with the way out for a machine without network."""
    own = os.environ.get("TECTUM_DATA") or "not set"
    return ConnectionError(
        f"{' and '.join(relative_paths)} must be in the folder TECTUM_DATA ({own}), in the cache ({cache_folder()}), "
        f"or on the network, but {url} could not be reached ({error}). Without network, copy what is missing to the "
        "same relative path in the cache, or set TECTUM_DATA to a folder that holds it"
    )


def wrong_content(path: Path, expected: str) -> ValueError:
    """The error to raise when a file found on this machine is not the published one; it is never deleted."""
    return ValueError(
        f"{path} must be {expected}, but its checksum differs; it is left as it is. "
        "Replace it by the original, or remove it to have it downloaded"
    )
