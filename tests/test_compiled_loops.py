"""Compiled loops do what they do as plain Python, to the last bit: short runs of all kinds of layers, in both forms."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import test_dictionary_loop
import test_diehl_cook_loop
import test_event_dictionary
import test_graph_loop
import test_latency_dictionary
import test_map_loop
import test_sheet_loop
import test_spiking_readout

import tectum

pytestmark = pytest.mark.compiled
LOOPS = {
    module.__name__: module
    for module in (
        test_dictionary_loop,
        test_diehl_cook_loop,
        test_event_dictionary,
        test_graph_loop,
        test_latency_dictionary,
        test_map_loop,
        test_sheet_loop,
        test_spiking_readout,
    )
}


def all_runs() -> str:
    return json.dumps({name: module.short_runs() for name, module in LOOPS.items()})


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """The runs of a process without the compiler."""
    paths = os.pathsep.join([str(Path(tectum.__file__).parents[1]), str(Path(__file__).parent)])
    environment = os.environ | {"PYTHONPATH": paths, "NUMBA_DISABLE_JIT": "1"}
    code = "from test_compiled_loops import all_runs; print(all_runs())"
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", LOOPS)
def test_equal_to_the_last_bit(plain, name):
    assert plain[name] == json.loads(json.dumps(LOOPS[name].short_runs()))
