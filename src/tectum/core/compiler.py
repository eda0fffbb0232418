"""How kernels are compiled: what is inlined becomes machine code only as part of the kernel that Python calls.

Numba assembles every function that it inlines, and wraps each for Python; where a function takes a hundred arrays, that
is most of the work. This reaches into Numba; `inside` says whether that can be.
"""

import functools
import gc
import time
from collections.abc import Callable
from typing import Any

from tectum.core.compile_time import LISTENERS, SPENT

WRAPPERS = {"no_cpython_wrapper": False, "no_cfunc_wrapper": True}
NO_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

try:
    import llvmlite.binding as llvm
    import numba
    from numba.core import types
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler, Flags
    from numba.core.typing import templates
except ImportError:  # a Numba with another inside
    AVAILABLE = False
    KERNEL: dict[str, Any] = dict(WRAPPERS)
    INLINED: dict[str, Any] = dict(NO_WRAPPERS)
    CALLED: dict[str, Any] = dict(NO_WRAPPERS)
    APART: dict[str, Any] = dict(NO_WRAPPERS)
else:
    AVAILABLE = True

    _UNSET = Flags().values()
    _SAME = hash(Flags())  # Numba hashes the names of the options alone

    class _Flags(Flags):
        """Flags that compare what was set first; Numba compares all options, at each call that it resolves."""

        _values: dict[str, Any]

        def __eq__(self, other: object) -> bool:
            if not isinstance(other, _Flags):
                return super().__eq__(other)
            return self._values == other._values or _UNSET | self._values == _UNSET | other._values

        def __hash__(self) -> int:
            return _SAME

    class _Library(JITCodeLibrary):
        """Code of a kernel, with that of the functions it calls: these are optimised by themselves, and once."""

        _linking_libraries: list[Any]

        def _optimize_functions(self, module: Any) -> None:
            """None by itself: what follows does the same to all of them."""
            module.data_layout = self._codegen._data_layout

        def _optimize_final_module(self) -> None:
            """Once: Numba's cheaper passes, which come first, bring together counts of references; there are none."""
            passes, builder = self._codegen._module_pass_manager()
            passes.run(self._final_module, builder)

        def finalize(self) -> None:
            called = self._link_inlined()
            self._optimize_final_module()
            for part in reversed(called):  # callers first: LLVM links only what is called
                self._final_module.link_in(part._get_module_for_linking(), preserve=True)
            self._final_module.verify()
            self._finalize_final_module()

        def _link_inlined(self) -> list["_Called"]:
            """Link what is inlined; returns what is called."""
            self._raise_if_finalized()
            called: dict[_Called, None] = {}
            for library in dict.fromkeys(self._linking_libraries):
                self._reload_init.update(library._reload_init)
                if isinstance(library, _Part):
                    called |= dict.fromkeys(library.called)
                if isinstance(library, _Called):
                    called[library] = None
                else:
                    self._final_module.link_in(library._get_module_for_linking(), preserve=True)
            return list(called)

    class _Part(_Library):
        """Code of a function that is only ever inlined."""

        called: list["_Called"]

        def finalize(self) -> None:
            self.called = self._link_inlined()
            # Optimised before it is inlined: its loops are vectorised while its arguments are known to be apart.
            self._optimize_final_module()
            self._finalize_dynamic_globals()
            # Numba enters the environment of each function in the engine, as the place of a global variable.
            variables = (str(v) for v in self._final_module.global_variables if v.name.startswith("_ZN08NumbaEnv"))
            empty = str(self._codegen._create_empty_module(self.name))
            self._codegen._add_module(llvm.parse_assembly("\n".join([empty, *variables])))
            self._finalized = True

    class _Law(_Part):
        """An equation: optimised as a part of what it is inlined into."""

        def _optimize_final_module(self) -> None:
            pass

    class _Called(_Part):
        """Code of a function that kernels call."""

    def _compiler(library_class: type, apart: bool = False) -> type:
        class Custom(Compiler):
            def __init__(
                self, typing: Any, target: Any, library: Any, args: Any, result: Any, flags: Any, *rest: Any
            ) -> None:
                if library is None:
                    library = library_class(target.codegen(), "kernel")
                    library.enable_object_caching()
                flags = _Flags(flags)
                if apart:
                    flags.noalias = True
                super().__init__(typing, target, library, args, result, flags, *rest)

        return Custom

    def _remembering(resolve: Callable[..., Any]) -> Callable[..., Any]:
        """What Numba finds for an operator or a law, once for the types of its arguments: each time it tries dozens."""
        found: dict[Any, Any] = {}

        def look_up(function: Any, args: Any, kws: Any) -> Any:
            if kws or not isinstance(function, types.Function):
                return resolve(function, args, kws)
            key = function, tuple(args)
            if key not in found:
                found[key] = resolve(function, args, kws)
            return found[key]

        return look_up

    class _KernelCompiler(_compiler(_Library)):  # type: ignore[misc]
        def compile_extra(self, function: Any) -> Any:
            for say in list(LISTENERS):
                say()
            began, collects = time.perf_counter(), gc.isenabled()
            gc.disable()  # it finds nothing in what Numba keeps, and was a quarter of the time
            typing = self.state.typingctx
            typing.resolve_function_type = _remembering(typing.resolve_function_type)
            typing.resolve_getattr = functools.cache(typing.resolve_getattr)
            try:
                return super().compile_extra(function)
            finally:
                del typing.resolve_function_type, typing.resolve_getattr
                if collects:
                    gc.enable()
                SPENT[0] += time.perf_counter() - began

    KERNEL = WRAPPERS | {"pipeline_class": _KernelCompiler}
    INLINED = NO_WRAPPERS | {"pipeline_class": _compiler(_Part)}
    CALLED = NO_WRAPPERS | {"pipeline_class": _compiler(_Called)}
    APART = NO_WRAPPERS | {"pipeline_class": _compiler(_Called, apart=True)}

    _LAW = NO_WRAPPERS | {"pipeline_class": _compiler(_Law)}

    def register(function: Any, choose: Callable[..., Any], options: dict[str, Any]) -> None:
        """As `numba.extending.overload`, but what is chosen for a processor is compiled as a part of kernels alone."""

        def decorator(template: Any) -> Any:
            found = templates._OverloadFunctionTemplate._get_jit_decorator(template)  # of the processor or a device
            return functools.partial(found, **_LAW) if found is numba.jit else found

        template = templates.make_overload_template(function, choose, {"nopython": True} | options, False, "never")
        template._get_jit_decorator = decorator
        templates.infer(template)
        templates.infer_global(function, types.Function(template))
