"""The demonstration of a piece of cortex: waves wire it, photographs refine it, and eyes compete for it."""

import copy
from pathlib import Path
from typing import Any

from tectum.cli.output import Output
from tectum.cli.support import announce_report, shell_command
from tectum.core.compile_time import seconds_without_compiling

SIDE = 68
N_WAVES, N_SIGHTS = 10_000, 6_000  # views; half as many for two eyes


def demonstrate(out: Output, report: Path, seed: int | None) -> None:
    """The demo `cortex`: one sheet through its development, and some with two eyes."""
    from tectum.models.cortex import rearing
    from tectum.report.cortex.page import DARK, LIGHT, UNTRAINED, write_cortex_report

    started, seed_used = seconds_without_compiling(), seed or 0
    sheets: dict[str, Any] = {UNTRAINED: rearing.new_sheet(SIDE, seed_used)}
    out.say(f"waves of a retina wire a sheet of {SIDE} x {SIDE} neurons ...")
    waves = rearing.wave_views(sheets[UNTRAINED], N_WAVES, seed_used)
    sheets[DARK] = rearing.learn(copy.deepcopy(sheets[UNTRAINED]), waves, rearing.WAVE_RATE)
    out.say("it sees photographs ...")
    sights = rearing.sight_views(sheets[DARK], N_SIGHTS, seed_used)
    sheets[LIGHT] = rearing.see(copy.deepcopy(sheets[DARK]), sights)
    out.say("sheets with two eyes ...")
    dominance = rearing.dominance_by_eyes(SIDE, seed_used, N_WAVES // 2, N_SIGHTS // 2)
    seconds = seconds_without_compiling() - started
    command = shell_command("demo", "cortex", seed=seed)
    written = write_cortex_report(report, sheets, dominance, command=command, seconds=seconds)
    out.result(announce_report(out, report, written.study, seconds=seconds))
