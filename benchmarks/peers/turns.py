"""Turns: the driver asks each engine to do the same work once more, and the engine answers with one line of JSON.

An engine builds, compiles and warms up, says so in a line, then works once for each line that it reads. What a library
prints goes to the error stream. Only the standard library, since each engine has an environment of its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def cpu_seconds() -> float:
    """User and system, of this process and its finished children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def answer(**values: Any) -> None:
    """One line of JSON to the driver."""
    print(json.dumps(values), file=_answers, flush=True)


def serve(version: str, work: Callable[[], dict[str, Any]]) -> None:
    """Say that the engine is ready, then work once a line.

    `work` returns `cpu_seconds`, a float, and what else its workload asks for.
    """
    answer(version=version, ready_cpu_seconds=cpu_seconds())
    for _ in sys.stdin:
        answer(**work())
