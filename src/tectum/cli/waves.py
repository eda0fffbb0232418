"""What the commands share about networks of sheets: their layers, growth with a look at it, their report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tectum.cli.output import Output
from tectum.cli.support import announce_report
from tectum.core.compile_time import seconds_without_compiling

if TYPE_CHECKING:
    from tectum.parts import Sheet
    from tectum.report import Snapshot

CONFIGURATIONS = ("topographic", "continuous", "scheduled", "authors", "precursor", "budding", "growing")
DEMO_LAYERS = "1600,300,100"
WORDS = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def demonstration() -> Any:
    """The network of the demo, before growth."""
    return new_network("topographic", DEMO_LAYERS, None, [], 0)


def new_network(
    configuration: str, layers: str | None, config: Path | None, settings: Sequence[str], seed: int | None
) -> Any:
    """A network before growth, with the parameters of the configuration file, of the settings and the seed."""
    from tectum import WaveNetwork
    from tectum.models.common.settings import constructor_arguments, parse_assignments, read_toml

    values = {"random_state": 0} | (read_toml(config) if config else {}) | parse_assignments(settings)
    values["variant"] = configuration
    if "layers" in values:
        raise ValueError(f"layers must be given by --layers, for instance {DEMO_LAYERS} or 40x40,300, got a setting")
    if seed is not None:
        values["random_state"] = seed
    arguments = constructor_arguments(WaveNetwork, values)
    if configuration == "growing":
        if layers is not None:
            raise ValueError(f"--layers must be left out with --configuration growing, got {layers!r}; sheets divide")
        arguments["layers"] = WaveNetwork.growing(random_state=arguments["random_state"]).layers
    elif layers is not None:
        arguments["layers"] = parse_layers(layers, getattr(WaveNetwork, configuration)().layers)
    return WaveNetwork(**arguments)


def parse_layers(text: str, defaults: "Sequence[Sheet]") -> "list[Sheet]":
    """Sheets from a text like ``1600,300`` or ``40x40@20,300@10``: nodes or rows x columns, then the side.

    Sides that are not given are those of `defaults`, its last one for all further sheets.
    """
    from tectum.parts import Sheet

    sheets = []
    for k, item in enumerate(text.split(",")):
        size, at, length = item.strip().partition("@")
        try:
            numbers = [int(number) for number in size.lower().split("x")]
            side = float(length) if at else defaults[min(k, len(defaults) - 1)].side
            if len(numbers) > 2:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"--layers must be sheets with commas between, from below, each a number of nodes or ROWSxCOLUMNS, "
                f"with @SIDE if need be, got {item.strip()!r}; for instance 1600,300 or 40x40@20,300@10"
            ) from None
        sheets.append(Sheet(numbers[0] if len(numbers) == 1 else tuple(numbers), side))
    return sheets


def grow(network: Any, duration: float | None, *, follow: bool, progress: bool) -> "list[Snapshot] | None":
    """Let a network grow, with looks at it on the way if it is to be reported on."""
    from tectum.models.common.progress import progress_bar
    from tectum.report import follow_growth

    if not follow:
        network.set_params(verbose=progress).grow(duration)
        return None
    step = network.step_ms
    ms = network.schedule_ms - getattr(network, "n_steps_grown_", 0) * step if duration is None else duration
    with progress_bar(round(ms / step), "grow", progress, unit="steps") as advance:
        return follow_growth(network, duration, advance=lambda passed: advance(round(passed / step)))


def report_on(
    out: Output, path: Path, network: Any, growth: "list[Snapshot] | None", command: str, seconds: float | None
) -> dict[str, Any]:
    """Write a report and return the numbers in it."""
    from tectum.report import write_report
    from tectum.report.waves.study import examine_waves

    study = examine_waves(network, growth=growth)
    n = len(study.positions)
    title = f"{WORDS.get(n, str(n))} sheets wired by waves"
    write_report(path, network, growth=growth, study=study, title=title, command=command, seconds=seconds)
    sizes, waves = [len(X) for X in study.positions], [found._asdict() for found in study.statistics]
    return announce_report(out, path, study, sheets=sizes, waves=waves)


def run(out: Output, network: Any, duration: float | None, report: Path | None, command: str, saying: str = "") -> None:
    """Let a network grow, and write a report if one is asked for."""
    if saying:
        out.say(saying)
    started = seconds_without_compiling()
    growth = grow(network, duration, follow=report is not None, progress=out.progress)
    seconds = seconds_without_compiling() - started
    network.set_params(verbose=False)
    result: dict[str, Any] = {"steps": network.n_steps_grown_, "seconds": seconds}
    if report is not None:
        out.say("measuring and drawing the report ...")
        result |= report_on(out, report, network, growth, command, seconds)
    out.result(result)
