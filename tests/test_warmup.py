"""The first start on a machine: `tectum warmup`, what is compiled, and the clock that leaves it out."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tectum
from tectum.cli.app import app
from tectum.core import compile_time
from tectum.core.kernel import Kernel

needs_compiler = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")

# Each model in a process of its own that has not compiled or loaded any kernel, but has not to import all anew.
SIGNATURES = """
    import gc, json, os, sys
    import numba.core.cpu, scipy.sparse, sklearn.utils.validation
    import tectum
    from tectum.cli.warmup import use
    from tectum.core.kernel import Kernel

    for name in sys.argv[1:]:
        getattr(tectum, name)
        if os.fork():
            assert os.wait()[1] == 0, name
            continue
        kernels = [k for k in gc.get_objects() if isinstance(k, Kernel)]
        assert not [k for k in kernels if "cached" in vars(k)]
        use(name)
        kernels = [k for k in gc.get_objects() if isinstance(k, Kernel) and "cached" in vars(k)]
        counts = {k.__qualname__: len(k.cached.signatures) for k in kernels if k.cached.signatures}
        os.write(1, (json.dumps([name, counts]) + os.linesep).encode())
        os._exit(0)
"""
KERNELS = {
    "SpikingSOM": 5,  # `project_dense` for the mixtures of the features
    "SpikingDictionary": 4,
    "DiehlCook": 2,
    "SpikingReadout": 2,
    "MapHierarchy": 7,
    "WaveNetwork": 7,
}


@pytest.fixture(scope="module")
def signatures() -> dict[str, dict[str, int]]:
    """Number of signatures by kernel, for each model."""
    settings = os.environ | {"PYTHONPATH": str(Path(tectum.__file__).parents[1]), "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-c", textwrap.dedent(SIGNATURES), *KERNELS]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@needs_compiler
@pytest.mark.parametrize("name", KERNELS)
def test_fit_and_transform_compile_each_kernel_once(signatures, name: str) -> None:
    """Seconds depend on the machine; the number of kernels and of their signatures does not."""
    found = signatures[name]
    assert found
    assert len(found) <= KERNELS[name], found
    assert set(found.values()) == {1}, found


@needs_compiler
class TestClock:
    def test_stands_still_while_a_kernel_is_compiled(self) -> None:
        fresh = Kernel(lambda x: x + 1)
        before, clock = compile_time.compile_seconds(), compile_time.seconds_without_compiling()
        assert fresh.uncached(2) == 3
        spent = compile_time.compile_seconds() - before
        assert spent > 0.0
        assert fresh.uncached(3) == 4
        assert compile_time.compile_seconds() - before == spent
        assert compile_time.seconds_without_compiling() >= clock

    def test_announces_the_first_kernel_alone(self) -> None:
        said: list[str] = []
        fresh = Kernel(lambda x: x * 2)
        with compile_time.announced(lambda: said.append("compiling")):
            assert said == []
            fresh.uncached(1)
            fresh.uncached(1.0)
        fresh.uncached(np.float32(1.0))
        assert said == ["compiling"]

    def test_says_nothing_in_a_pipe(self, capfd: pytest.CaptureFixture[str]) -> None:
        from tectum.models.common.progress import progress_bar

        with progress_bar(1, "fit", shown=True):
            Kernel(lambda x: x * 3).uncached(1)
        assert "compiling" not in "".join(capfd.readouterr())


class TestCommand:
    def test_warms_what_is_named(self) -> None:
        found = CliRunner().invoke(app, ["--json", "warmup", "dictionary", "diehl-cook"])
        assert found.exit_code == 0
        result = json.loads(found.stdout)
        assert set(result["models"]) == {"dictionary", "diehl-cook"}
        assert all(took["compile_seconds"] <= took["seconds"] for took in result["models"].values())

    def test_names_the_models_there_are(self) -> None:
        found = CliRunner().invoke(app, ["warmup", "somm"])
        assert found.exit_code == 2
        assert "spiking-som" in found.output
