"""Machine code on disk: a file for each function, types of its arguments and kind of processor.

A file is put in place whole and holds its own checksum, so that processes may share a folder, also one that they can
only read, and a damaged file is as good as none.
"""

import hashlib
import os
import pickle
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba

try:
    from numba.core.compiler import CompileResult
    from numba.core.serialize import dumps

    AVAILABLE = hasattr(CompileResult, "_reduce") and hasattr(CompileResult, "_rebuild")
except ImportError:  # a Numba with another inside: every process compiles
    AVAILABLE = False

DIGEST = hashlib.sha256().digest_size


class DiskCache:
    """What Numba asks for machine code of one function, in place of its own cache."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self.cache_path = folder
        self._name = f"{function.__module__}.{function.__qualname__}".replace("<", "").replace(">", "")
        self._code = function.__code__.co_code

    def load_overload(self, types: Any, target_context: Any) -> Any:
        """The compiled function for these types of arguments; None if there is none, or none that can be read."""
        target_context.refresh()
        with suppress(Exception):  # whatever pickle makes of a file from elsewhere
            content = self._path(types, target_context.codegen()).read_bytes()
            if hashlib.sha256(content[DIGEST:]).digest() == content[:DIGEST]:
                stored = CompileResult._rebuild(target_context, *pickle.loads(content[DIGEST:]))
                return stored if stored.signature.args == tuple(types) else None
        return None

    def save_overload(self, types: Any, compiled: Any) -> None:
        """Store a compiled function; a full disk or a folder that is only read must not stop a computation."""
        with suppress(OSError):
            path = self._path(types, compiled.codegen)
            path.parent.mkdir(parents=True, exist_ok=True)
            content = dumps(compiled._reduce())
            unfinished = path.with_suffix(f".{uuid.uuid4().hex}")
            try:
                unfinished.write_bytes(hashlib.sha256(content).digest() + content)
                os.replace(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)

    def _path(self, types: Any, codegen: Any) -> Path:
        key = (types, codegen.magic_tuple(), numba.__version__, sys.version_info[:2], self._code)
        return self.cache_path / f"{self._name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.kernel"
