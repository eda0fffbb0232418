"""How kernels are compiled: what is inlined becomes machine code once, with the kernel that Python calls.

Numba optimises and assembles every function before it inlines it into its callers, and wraps each for Python. A kernel
of thirty functions with a hundred arrays then costs three times the work. Here the inlined functions stay as they were
lowered until the kernel is complete. This reaches into Numba; where its inside differs, kernels are compiled its way.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

_spent = [0.0]  # s that kernels took to compile in this process
_listeners: list[Callable[[], None]] = []


def compile_seconds() -> float:
    """Seconds that this process has spent compiling kernels."""
    return _spent[0]


def seconds_without_compiling() -> float:
    """A clock that stands still while a kernel is compiled; only differences mean something."""
    return time.perf_counter() - _spent[0]


@contextlib.contextmanager
def announced(say: Callable[[], None]) -> Iterator[None]:
    """Call `say` once, before the first kernel that is compiled in the block."""

    def once() -> None:
        _listeners.remove(once)
        say()

    _listeners.append(once)
    try:
        yield
    finally:
        if once in _listeners:
            _listeners.remove(once)


WRAPPERS = {"no_cpython_wrapper": False, "no_cfunc_wrapper": True}
NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

try:
    import llvmlite.binding as llvm
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler
except ImportError:  # a Numba with another inside
    KERNEL: dict[str, Any] = dict(WRAPPERS)
    INLINED: dict[str, Any] = dict(NO_WRAPPERS)
else:

    class _Library(JITCodeLibrary):
        """Code of a kernel, linked with all that it inlines at any depth."""

        _linking_libraries: list[Any]

        def finalize(self) -> None:
            for library, module in _callers_first(self._linking_libraries):
                self._reload_init.update(library._reload_init)
                self._final_module.link_in(module, preserve=True)
            self._linking_libraries = []
            super().finalize()

    class _Part(JITCodeLibrary):
        """Code of a function that is only ever inlined, as it was lowered."""

        _linking_libraries: list[Any]

        def own_module(self) -> Any:
            """Its code without that of the functions it calls."""
            return super()._get_module_for_linking()

        def _get_module_for_linking(self) -> Any:
            module = self.own_module().clone()
            for _, called in _callers_first(self._linking_libraries):
                module.link_in(called, preserve=True)
            return module

        def _optimize_functions(self, ll_module: Any) -> None:
            ll_module.data_layout = self._codegen._data_layout

        def finalize(self) -> None:
            self._raise_if_finalized()
            self._finalize_dynamic_globals()
            # Numba enters the environment of each function in the engine, as the place of a global variable.
            variables = (str(v) for v in self._final_module.global_variables if v.name.startswith("_ZN08NumbaEnv"))
            empty = str(self._codegen._create_empty_module(self.name))
            self._codegen._add_module(llvm.parse_assembly("\n".join([empty, *variables])))
            self._finalized = True

    def _callers_first(libraries: list[Any]) -> list[tuple[Any, Any]]:
        """Libraries and what they call at any depth, with their code; what nobody calls yet would not be linked."""
        found: dict[Any, Any] = {}

        def visit(library: Any) -> None:
            if library in found:
                return
            if isinstance(library, _Part):
                for called in library._linking_libraries:
                    visit(called)
                found[library] = library.own_module()
            else:
                found[library] = library._get_module_for_linking()

        for library in libraries:
            visit(library)
        return list(reversed(found.items()))

    def _compiler(library_class: type) -> type:
        class Custom(Compiler):
            def __init__(self, typing_context: Any, target_context: Any, library: Any, *rest: Any) -> None:
                if library is None:
                    library = library_class(target_context.codegen(), "kernel")
                    library.enable_object_caching()
                super().__init__(typing_context, target_context, library, *rest)

        return Custom

    class _KernelCompiler(_compiler(_Library)):  # type: ignore[misc]
        def compile_extra(self, function: Any) -> Any:
            for say in list(_listeners):
                say()
            began = time.perf_counter()
            try:
                return super().compile_extra(function)
            finally:
                _spent[0] += time.perf_counter() - began

    KERNEL = WRAPPERS | {"pipeline_class": _KernelCompiler}
    INLINED = NO_WRAPPERS | {"pipeline_class": _compiler(_Part)}
