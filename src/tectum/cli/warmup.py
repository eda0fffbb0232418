"""The command ``tectum warmup``."""

import time
from typing import Annotated, Any

import numpy as np
import typer

from tectum.cli.output import Output
from tectum.cli.support import MODELS, check_name


def warmup(
    context: typer.Context,
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL...]", help=f"Any of {', '.join(MODELS)}; all by default.")
    ] = None,
) -> None:
    """Compile the kernels of models into the cache, for an image of a container or a folder that machines share."""
    from tectum.core.compile_time import compile_seconds

    out: Output = context.obj
    for name in models or []:
        check_name("MODEL", name, [*MODELS])
    seconds: dict[str, dict[str, float]] = {}
    for name in models or MODELS:
        out.say(f"{name} ...")
        started, compiled = time.perf_counter(), compile_seconds()
        use(MODELS[name].name)
        took = {"seconds": time.perf_counter() - started, "compile_seconds": compile_seconds() - compiled}
        out.say(f"{name}: {took['seconds']:.1f} s, of these {took['compile_seconds']:.1f} s compiling")
        seconds[name] = took
    compiling = sum(took["compile_seconds"] for took in seconds.values())
    out.say(f"{len(seconds)} models ready, {compiling:.1f} s compiling; the machine code is in {kept_in()}")
    out.result({"models": seconds, "cache": kept_in()})


def use(name: str) -> Any:
    """Fit a small model of a family with its default parts, and transform; returns it."""
    import tectum

    X = np.linspace(0.1, 0.9, 64).reshape(4, 16)
    if name == "SpikingSOM":
        model = tectum.SpikingSOM((3, 3), n_presentations=4, random_state=0).fit(X)
    elif name == "SpikingDictionary":
        model = tectum.SpikingDictionary(n_components=4, random_state=0).fit(X)
    elif name == "MapHierarchy":
        model = tectum.MapHierarchy(random_state=0).fit(X)
    elif name == "DiehlCook":
        model = tectum.DiehlCook(n_neurons=4, random_state=0).fit(X)
    elif name == "SpikingReadout":
        model = tectum.SpikingReadout(random_state=0).fit(X, [0, 1, 0, 1])
    elif name == "Network":
        model = tectum.Network(presentation=20.0, random_state=0).fit(X)
    else:
        sheets = [tectum.parts.Sheet(64, 10.0), tectum.parts.Sheet(16, 5.0)]
        model = tectum.WaveNetwork(sheets, random_state=0).grow(1.0)
        X = np.linspace(0.0, 1.0, 256).reshape(4, 64)
        model.fit(X)
    model.transform(X)
    return model


def kept_in() -> str | None:
    """Folder of the machine code; None if none is kept."""
    from tectum.core.kernel import kernel_folder

    folder = kernel_folder()
    return None if folder is None else str(folder)
