"""Kernels on a CUDA device, compiled by numba-cuda; import this only where `devices.obstacle` finds none.

Laws resolve in such kernels as they do on the CPU, and so do functions decorated with `kernel`. In the simulator of
numba-cuda (``NUMBA_ENABLE_CUDASIM=1``) a kernel is plain Python, with a thread of the interpreter for each of a block.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import cuda
from numba.core import types
from numba.cuda.cudadrv import nvvm
from numpy.typing import NDArray

from tectum.core.devices import SIMULATED
from tectum.core.kernel import Kernel

# Link-time optimisation would compile again, without the option of `_exactly_rounded`.
OPTIONS: dict[str, Any] = {} if SIMULATED else {"lto": False}
_COMPILING = threading.Lock()


def device_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for what device kernels call and what knows threads; other helpers are a `kernel`."""
    return cuda.jit(function, device=True)


class DeviceKernel:
    """A function that runs on the device, once in each thread of each block; see `to_device` for its arguments."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.compiled = cuda.jit(function, **OPTIONS)

    def launch(self, n_blocks: int, n_threads: int, shared_bytes: int, *args: Any) -> None:
        """Run it with so much memory shared by the threads of a block, and wait until it is done."""
        with contextlib.nullcontext() if SIMULATED else _exactly_rounded():  # the first launch compiles
            self.compiled[n_blocks, n_threads, 0, shared_bytes](*args)
        cuda.synchronize()


def to_device(value: Any) -> Any:
    """An array, or the arrays in a named tuple at any depth, on the device; numbers stay as they are."""
    if isinstance(value, np.ndarray):
        return value if SIMULATED else cuda.to_device(np.ascontiguousarray(value))
    if isinstance(value, tuple):
        return type(value)(*(to_device(item) for item in value))
    return value


def room_on_device(kind: Any, *shape: int) -> Any:
    """An array on the device whose content does not matter."""
    return np.zeros(shape, kind) if SIMULATED else cuda.device_array(shape, kind)


def to_host(array: Any) -> NDArray[Any]:
    """What `to_device` or `room_on_device` gave, as a NumPy array."""
    return array if SIMULATED else array.copy_to_host()


def most_blocks(bytes_of_block: int, most: int) -> int:
    """Blocks, up to `most`, for which half of the free memory of the device has room; one at least."""
    free = cuda.current_context().get_memory_info()[0]
    return int(max(1, min(most, free / 2 / bytes_of_block)))


@contextlib.contextmanager
def _exactly_rounded() -> Iterator[None]:
    """Compile products and sums as two roundings, as on the CPU; by default NVVM fuses them into one.

    The option is NVVM's; numba-cuda hands options through from the function that is replaced here alone.
    """
    with _COMPILING:
        original = nvvm.compile_ir
        nvvm.compile_ir = functools.partial(original, fma=0)
        try:
            yield
        finally:
            nvvm.compile_ir = original


@functools.cache
def _on_device(function: Callable[..., Any]) -> Any:
    return cuda.jit(function, device=True, forceinline=True)


def _register() -> None:
    """Let kernels of the device call functions decorated with `kernel`; their compiled code is for the CPU."""
    from numba.cuda.extending import typeof_impl

    @typeof_impl.register(Kernel)
    def _(called: Any, context: Any) -> Any:
        return types.Dispatcher(_on_device(called.__wrapped__))


if not SIMULATED:
    _register()
