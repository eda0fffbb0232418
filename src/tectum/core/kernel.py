"""Compiled kernels, and a disk cache of their machine code that follows the source.

Numba's own disk cache looks at the file of the kernel alone: after an equation was edited in another file, the old
machine code would keep running. Here machine code is kept in ``kernels/<hash>`` under the cache folder
(``TECTUM_CACHE``, else ``tectum`` in the user's cache folder), where the hash covers every source file of this package.
"""

import contextlib
import functools
import hashlib
import inspect
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

import numba
from numba.core import types

from tectum.core import compiler
from tectum.core.disk_cache import AVAILABLE, DiskCache
from tectum.core.inside import FITS

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).resolve().parents[1]
KEPT_FOLDERS = 3

# A division follows IEEE 754 instead of raising, and calls are inlined: testing a divisor that varies in the loop, or
# calling a long function, costs the loop its vector instructions (measured: 9 and 12 times slower). All options are
# spelled out because Numba hands unset ones down from caller to callee.
ENTRY_OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": False, "forceinline": False, "_nrt": False}
INNER_OPTIONS: Any = ENTRY_OPTIONS | {"forceinline": True}  # of equations, which devices compile too

_NUMBA: Any = numba.config


def called_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """As `kernel`, but other kernels call it: for long work from several places, which would be compiled for each."""
    return function if _NUMBA.DISABLE_JIT else Kernel(function, compiler.CALLED)


def lane_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """As `called_kernel`, for a loop over arrays that share no memory: however many it changes, it is vectorised."""
    return function if _NUMBA.DISABLE_JIT else Kernel(function, compiler.APART)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call for each combination of argument types.

    A kernel stands at the top level of a module, and its docstring marks each argument IN, INOUT or OUT. It can be
    called from Python, where it releases the GIL, and from other kernels and laws; its plain function is at
    ``__wrapped__``. With ``NUMBA_DISABLE_JIT=1`` it is that function.
    """
    return function if _NUMBA.DISABLE_JIT else Kernel(function)


class Kernel(Generic[P, R]):
    """A function with three compiled forms: with a disk cache, without one, and inlined into other kernels.

    Machine code is stored only where the source hash tells whether it is still valid: for kernels of this package
    whose arguments hold no parameters (named tuples) of a class from elsewhere, since those bring their own laws.
    """

    def __init__(self, function: Callable[P, R], form: dict[str, Any] = compiler.INLINED) -> None:
        functools.update_wrapper(self, function)
        self.uncached = _dispatcher(function, ENTRY_OPTIONS | (compiler.KERNEL if FITS else compiler.WRAPPERS))
        options = {"forceinline": form is compiler.INLINED}
        self.inner = _dispatcher(function, ENTRY_OPTIONS | (form if FITS else compiler.NO_WRAPPERS) | options)
        self.inner.get_call_template = functools.partial(_without_literals, self.inner.get_call_template)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        for argument in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(argument, tuple) and _is_foreign(argument):
                return self._of_their_types(self._signature.bind(*args, **kwargs).args)
        return self.cached(*args, **kwargs)

    def _of_their_types(self, args: tuple[Any, ...]) -> Any:
        """The call with parameters of classes from elsewhere, two of which may have one name, and the same fields.

        Where it is called, Numba knows a named tuple by its names alone.
        """
        kinds = tuple(map(numba.typeof, args))
        known = self.uncached.overloads.get(kinds)
        return (known.entry_point if known else self.uncached.compile(kinds))(*args)

    @functools.cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.__wrapped__)  # type: ignore[attr-defined]

    @functools.cached_property
    def cached(self) -> Any:
        """Dispatcher with a disk cache; `uncached` itself where nothing can be stored."""
        function = self.__wrapped__  # type: ignore[attr-defined]
        folder = kernel_folder() if AVAILABLE and in_package(function) else None
        # Source that changed since it was loaded no longer describes the equations in memory.
        if folder is None or source_hash() != LOADED_HASH:
            return self.uncached
        return _with_cache(function, folder)

    @property
    def _numba_type_(self) -> types.Dispatcher:
        """What Numba takes for a kernel that another kernel calls: its code is inlined, and stored with the outer."""
        return types.Dispatcher(self.inner)

    def __reduce__(self) -> str:
        return self.__qualname__  # type: ignore[attr-defined]


def in_package(thing: Any) -> bool:
    """Whether a function or class is defined in this package, so that the source hash covers it."""
    return thing.__module__.partition(".")[0] == __name__.partition(".")[0]


def source_hash() -> str | None:
    """SHA-256 over the names and contents of all Python files of this package; None if one cannot be read."""
    digest = hashlib.sha256()
    try:
        for path in sorted(PACKAGE.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0{len(content)}\0".encode() + content)
    except OSError:
        return None
    return digest.hexdigest()


LOADED_HASH = source_hash()


def _is_foreign(value: tuple[Any, ...]) -> bool:
    """Whether a tuple is, or holds at any depth, a named tuple of a class from outside this package."""
    if type(value) is not tuple and not in_package(type(value)):
        return True
    return any(isinstance(item, tuple) and _is_foreign(item) for item in value)


def _without_literals(resolve: Callable[..., Any], args: Any, kws: Any) -> Any:
    """A kernel as it is called by others: it is not compiled once more for each number that stands in a call."""
    return resolve([types.unliteral(arg) for arg in args], {name: types.unliteral(arg) for name, arg in kws.items()})


class _Forgetful(dict[Any, Any]):
    """A dict that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


def _dispatcher(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    dispatcher = numba.njit(**options)(function)
    # Numba would repeat a failure for ever, also after the missing equation of a law was added.
    dispatcher._compiler._failed_cache = _Forgetful()
    return dispatcher


def _with_cache(function: Callable[..., Any], folder: Path) -> Any:
    """A dispatcher that keeps machine code in a folder."""
    dispatcher = _dispatcher(function, ENTRY_OPTIONS | (compiler.KERNEL if FITS else compiler.WRAPPERS))
    dispatcher._cache = DiskCache(function, folder)
    return dispatcher


@functools.cache
def kernel_folder() -> Path | None:
    """Folder for the machine code of the loaded source, after removing those of old sources; None without one."""
    if LOADED_HASH is None:
        return None
    try:
        folder = _cache_folder() / "kernels" / LOADED_HASH
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return None
    with contextlib.suppress(OSError):  # a cache that others made can be read all the same
        os.utime(folder)
        by_age = sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in by_age[KEPT_FOLDERS:]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _cache_folder() -> Path:
    own = os.environ.get("TECTUM_CACHE")
    if own:
        return Path(own).expanduser()
    user = os.environ.get("XDG_CACHE_HOME")
    return (Path(user) if user and os.path.isabs(user) else Path.home() / ".cache") / "tectum"
