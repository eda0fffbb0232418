"""Engines that can be asked for, and what stands in the way of the one that is not the CPU."""

import importlib.util

import numba

ENGINES = ("cpu", "cuda")
SIMULATED = bool(getattr(numba.config, "ENABLE_CUDASIM", False))


def obstacle() -> tuple[str, str] | None:
    """Why kernels cannot run on a CUDA device, and what to do about it; None if they can."""
    if importlib.util.find_spec("numba_cuda") is None:
        return "the package numba-cuda is not installed", "install it with pip install 'tectum[gpu]'"
    from numba import cuda

    if not cuda.is_available():
        return (
            "no CUDA device, driver and toolkit were found",
            "install a driver of NVIDIA, and the toolkit with pip install 'numba-cuda[cu12]' or 'numba-cuda[cu13]'",
        )
    return None
