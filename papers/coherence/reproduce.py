"""Reproduce communication through coherence between spiking maps: what gets through, what is learned, what is not so.

    python papers/coherence/reproduce.py                          everything: 5 seeds, some minutes of one core
    python papers/coherence/reproduce.py --quick                  1 seed
    python papers/coherence/reproduce.py selection entrainment    some sections; see --help

Prints tables of measured values beside those of the trial simulation that specified the model, in brackets, and beside
what is expected. Tables go as JSON and Markdown, with figures, to this folder's `results`, or to the folder given with
--output. The exit status is 1 if a value is not as expected.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import drawings
import experiments as run
import numpy as np
import tables
from experiments import PERIOD, UNLOCKED, UNLOCKED_UPPER, Conjunction, Receiver, Sender
from rich.console import Console
from rich.table import Table
from tables import Expected, Results, Trial, above, below, between

CONSOLE = Console(width=180)
HALF = PERIOD / 2.0
OFFSETS = np.arange(0.0, PERIOD, 2.5)
DELAYS = (0.0, 1.0, 3.0, 6.0, 9.0, 12.0)
IN_PHASE, ANTI = Sender(), Sender(HALF)
SEVERAL = 5  # fewer seeds than these are no basis for an expectation


class Section(NamedTuple):
    """Measured values, those of the trial, and what is expected."""

    results: Results
    trial: Trial
    expected: Expected


def over_seeds(function: Callable[..., run.Row], seeds: range, *args: Any, **options: Any) -> dict[str, list[float]]:
    """Results of an experiment for each seed."""
    rows = [function(seed, *args, **options) for seed in seeds]
    return {key: [row[key] for row in rows] for key in rows[0]}


def transmission(seeds: range) -> Section:
    """One sender, by the phase of its receiver; then without a common period, and without a rhythm."""
    rows = {
        f"{offset:g} ms": over_seeds(run.transmission, seeds, Sender(), Receiver(offset), granger=True)
        for offset in OFFSETS
    }
    by_offset = np.array([row["MI"] for row in rows.values()])  # (n_offsets, n_seeds)
    for period in (UNLOCKED_UPPER, UNLOCKED):
        receiver = Receiver(0.0, period)
        rows[f"unlocked, {period:g} ms"] = over_seeds(run.transmission, seeds, Sender(), receiver, granger=True)
    for g in (0.1, 0.2, 0.3, 0.42):
        rows[f"tonic inhibition {g:g}"] = over_seeds(run.transmission, seeds, Sender(), Receiver(tonic=g))
    rows["no rhythm in either"] = over_seeds(run.transmission, seeds, Sender(tonic=0.42), Receiver(tonic=0.2))
    rows["3.5 ms, both 12.5 ms later"] = over_seeds(run.transmission, seeds, ANTI, Receiver(HALF + run.BEST))
    rows["the sender itself"] = over_seeds(run.sending, seeds, Sender())
    rows["all offsets"] = {
        "best MI": by_offset.max(axis=0).tolist(),
        "worst MI": by_offset.min(axis=0).tolist(),
        "best offset ms": OFFSETS[by_offset.argmax(axis=0)].tolist(),
    }
    keys = [*rows][:17]
    mi = (1.34, 2.13, 2.12, 1.71, 0.96, 0.36, 0.17, 0.07, 0.14, 0.56, 1.38, 0.36, 2.83, 1.65, 0.70, 0.02, 0.25)
    hz = (0.39, 0.53, 0.54, 0.45, 0.31, 0.23, 0.18, 0.16, 0.19, 0.26, 0.83, 0.09, 4.29, 1.00, 0.20, 0.02, 0.63)
    ppc = (0.85, 0.84, 0.81, 0.74, 0.65, 0.59, 0.64, 0.75, 0.79, 0.82, 0.08, 0.25)
    trial = {key: {"MI": m, "Hz": h} for key, m, h in zip(keys, mi, hz, strict=True)}
    for k, (key, value) in enumerate(zip(keys, ppc, strict=False)):
        trial[key] |= {"PPC": value, "PLV": 1.0 if k < len(OFFSETS) else 0.0}
    trial["the sender itself"] = {"MI": 3.60}
    expected = {"all offsets": {"best MI": above(1.7), "worst MI": below(0.3), "best offset ms": between(1, 6)}}
    return Section(rows, trial, expected)


def budget(seeds: range) -> Section:
    """Bits and spikes of receivers that are easier or harder to excite, all clocks 12.5 ms later."""
    drives, tonics = (12.5, 13.0, 13.5, 14.0, 14.5, 15.0, 15.5, 16.0), (0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3)
    rows: Results = {}
    for d in drives:
        receiver = Receiver(HALF + run.BEST, drive=d)
        rows[f"rhythm, drive {d:g} mV"] = over_seeds(run.transmission, seeds, ANTI, receiver)
    for g in tonics:
        rows[f"tonic {g:g}"] = over_seeds(run.transmission, seeds, ANTI, Receiver(tonic=g))
    tonic = [rows[f"tonic {g:g}"] for g in tonics[::-1]]
    for d in drives:
        row = rows[f"rhythm, drive {d:g} mV"]
        row["MI, tonic at this rate"] = [
            float(np.interp(np.log(row["Hz"][k]), np.log([t["Hz"][k] for t in tonic]), [t["MI"][k] for t in tonic]))
            for k in range(len(seeds))
        ]
    return Section(rows, {"rhythm, drive 14.5 mV": {"MI": 2.13, "Hz": 0.53, "MI, tonic at this rate": 1.27}}, {})


def selection(seeds: range) -> Section:
    """Two senders with stimuli of their own to one receiver."""
    receiver = Receiver()
    rows = {
        "1 in phase, 2 anti-phase": over_seeds(run.selection, seeds, [IN_PHASE, ANTI], receiver),
        "swapped": over_seeds(run.selection, seeds, [ANTI, IN_PHASE], receiver),
        "both in phase": over_seeds(run.selection, seeds, [IN_PHASE, IN_PHASE], receiver),
        "both anti-phase": over_seeds(run.selection, seeds, [ANTI, ANTI], receiver),
        "1 in phase, 2 unlocked": over_seeds(run.selection, seeds, [IN_PHASE, Sender(0.0, UNLOCKED)], receiver),
        "all unlocked": over_seeds(
            run.selection, seeds, [IN_PHASE, Sender(0.0, UNLOCKED)], Receiver(0.0, UNLOCKED_UPPER)
        ),
        "receiver tonic 0.1": over_seeds(run.selection, seeds, [IN_PHASE, ANTI], Receiver(tonic=0.1)),
        "receiver tonic 0.2": over_seeds(run.selection, seeds, [IN_PHASE, ANTI], Receiver(tonic=0.2)),
    }
    values = [(2.20, 0.07, 0.75), (-0.01, 2.32, 0.76), (0.78, 0.85, 1.40), (0.12, 0.09, 0.29), (1.99, 0.19, 0.85)]
    values += [(1.09, 0.34, 1.36), (0.94, 0.89, 6.61)]
    trial = {
        key: dict(zip(("MI 1", "MI 2", "Hz"), value, strict=True)) for key, value in zip(rows, values, strict=False)
    }
    expected = {
        "1 in phase, 2 anti-phase": {"MI 1": above(1.7), "MI 2": below(0.3)},
        "swapped": {"MI 1": below(0.3), "MI 2": above(1.7)},
    }
    return Section(rows, trial, expected)


def swapping(seeds: range) -> Section:
    """Phases of two senders exchanged every 5 s as the network runs: the cycles after that; all but the first frame."""
    found = over_seeds(run.swapping, seeds)
    rows: Results = {name: {} for name in ("sender now in phase", "sender now anti-phase")}
    for row, name in zip(rows.values(), ("good", "other"), strict=True):
        row |= {key.split(", ")[-1] if "," in key else "all": v for key, v in found.items() if key.startswith(name)}
    cycle = {"sender now in phase": {"cycle 2": above(0.2)}, "sender now anti-phase": {"cycle 2": below(0.1)}}
    limits = {"sender now in phase": {"all": above(1.7)}, "sender now anti-phase": {"all": below(0.3)}}
    return Section(rows, {}, {key: limits[key] | cycle[key] for key in rows})


def entrainment(seeds: range) -> Section:
    """A receiver without a clock; one of two anti-phase senders excites its inhibition, so much later than the rest."""
    rows: Results = {}
    for later in DELAYS:
        for name, weights in (("1", (0.25, 0.0)), ("2", (0.0, 0.25))):
            receiver = Receiver(period=None, entrained=weights, later=later)
            rows[f"{name} entrains, {later:g} ms"] = over_seeds(run.selection, seeds, [IN_PHASE, ANTI], receiver)
    free, both = Receiver(period=None), Receiver(period=None, entrained=(0.25, 0.25))
    rows["none entrains"] = over_seeds(run.selection, seeds, [IN_PHASE, ANTI], free)
    rows["both entrain, 6 ms"] = over_seeds(run.selection, seeds, [IN_PHASE, ANTI], both)
    one = Receiver(period=None, entrained=(0.25, 0.0), later=3.0)
    rows["1 entrains, 3 ms; 2 unlocked"] = over_seeds(run.selection, seeds, [IN_PHASE, Sender(0.0, UNLOCKED)], one)
    chosen, ignored = (
        np.array([np.mean([rows[f"{e} entrains, {d:g} ms"][f"MI {m}"] for e, m in pairs], axis=0) for d in DELAYS])
        for pairs in ((("1", "1"), ("2", "2")), (("1", "2"), ("2", "1")))
    )  # (n_delays, n_seeds), mean of the two senders
    difference = chosen - ignored
    rows["entraining less other"] = {f"{d:g} ms": difference[k].tolist() for k, d in enumerate(DELAYS)}
    rows["entraining less other"]["best ms"] = [DELAYS[k] for k in difference.argmax(axis=0)]
    values = ((0.18, 0.35), (0.47, 0.28), (0.36, 0.27), (0.25, 0.67), (0.91, 0.13), (0.13, 1.07), (1.48, 0.15))
    values += ((0.05, 1.43), (1.06, 0.10), (0.11, 1.03), (0.40, 0.63), (0.23, 0.48), (0.69, 0.98))
    trial = {key: {"MI 1": a, "MI 2": b} for key, (a, b) in zip(rows, values, strict=False)}
    trial["1 entrains, 3 ms; 2 unlocked"] = {"MI 1": 1.03, "MI 2": 0.19}
    trial["both entrain, 6 ms"] = {"Hz": 0.0}
    curve = {"0 ms": below(0.0), "3 ms": above(0.5), "6 ms": above(1.0), "9 ms": above(0.5), "12 ms": below(0.3)}
    return Section(rows, trial, {"entraining less other": curve | {"best ms": between(6, 6)}})


def spontaneous(seeds: range) -> Section:
    """A receiver without a clock that fires by itself: coherence without consequence."""
    rows: Results = {}
    for period in (20.0, 24.0, 26.0, 30.0):
        for weight in (0.0, 0.08):
            receiver = Receiver(period=None, drive=18.0, entrained=(weight,), later=0.0)
            name = f"period {period:g} ms, coupling {weight:g}"
            rows[name] = over_seeds(run.transmission, seeds, Sender(0.0, period), receiver)
    for delay in (1.0, 5.0, 10.0, 15.0):
        receiver = Receiver(period=None, drive=18.0, entrained=(0.06,), later=delay - run.DELAY)
        rows[f"period 25 ms, coupling 0.06, delay {delay:g} ms"] = over_seeds(
            run.transmission, seeds, Sender(), receiver
        )
    for later in (0.0, 6.0):
        for drive in (15.0, 17.0):
            receiver = Receiver(period=None, drive=drive, entrained=(0.08, 0.0), later=later)
            name = f"two senders, drive {drive:g} mV, {later:g} ms later"
            rows[name] = over_seeds(run.selection, seeds, [IN_PHASE, ANTI], receiver)
    plv, mi = (0.56, 0.88, 0.49, 0.90), (2.83, 2.54, 2.79, 2.31)
    values = ((None, 1.45), (0.19, 1.50), (0.29, 2.59), (0.74, 2.56), *zip(plv, mi, strict=True))
    trial = {key: {"MI": m} | ({} if p is None else {"PLV": p}) for key, (p, m) in zip(rows, values, strict=False)}
    for key, m in zip([*rows][8:12], (2.70, 2.74, 2.73, 2.52), strict=True):
        trial[key] = {"MI": m}
    return Section(rows, trial, {})


CONJUNCTIONS = {
    "in phase": Conjunction(),
    "L2 3 ms late": Conjunction(3.0),
    "L2 6 ms late": Conjunction(6.0),
    "L2 anti-phase": Conjunction(HALF),
    "L2 unlocked": Conjunction(period_2=UNLOCKED),
    "U unlocked": Conjunction(upper_period=UNLOCKED_UPPER),
    "all unlocked": Conjunction(period_2=UNLOCKED, upper_period=UNLOCKED_UPPER),
    "U 16 ms late": Conjunction(upper_phase=16.0),
    "U not paced": Conjunction(upper_period=None),
    "no clock": Conjunction(paced=False, upper_period=None),
}


def conjunctions(seeds: range) -> Section:
    """What a map above two others learns of 16 pairs, by the phases of the maps."""
    rows = {name: over_seeds(run.conjunctions, seeds, condition) for name, condition in CONJUNCTIONS.items()}
    for name, condition in (("in phase", Conjunction()), ("anti-phase", Conjunction(HALF))):
        rows[f"{name}, as specified"] = over_seeds(run.conjunctions, seeds, condition._replace(specified=True))
    share = np.divide(rows["L2 anti-phase"]["MI"], rows["in phase"]["MI"])
    rows["L2 anti-phase / in phase"] = {"MI": share.tolist()}
    columns = ("MI", "accuracy", "AMI", "ARI", "AMI x", "AMI y", "Hz")
    values = [(2.96, 0.89, 0.69, 0.52, 0.44, 0.45, 1.24), (2.95, 0.90, 0.71, 0.57, 0.49, 0.42, 1.22)]
    values += [(3.09, 0.92, 0.71, 0.56, 0.45, 0.47, 1.28), (0.81, 0.17, 0.18, 0.03, 0.36, -0.01, 0.40)]
    values += [(2.01, 0.69, 0.45, 0.23, 0.42, 0.22, 0.86), (2.76, 0.88, 0.59, 0.38, 0.38, 0.41, 1.26)]
    values += [(2.09, 0.73, 0.38, 0.18, 0.31, 0.26, 0.94), (-0.01, 0.07, 0.0, 0.0, 0.0, 0.0, 0.02)]
    values += [(3.12, 0.94, 0.54, 0.34, 0.37, 0.38, 2.37), (3.03, 0.90, 0.50, 0.33, 0.33, 0.38, 5.42)]
    trial = {key: dict(zip(columns, value, strict=True)) for key, value in zip(rows, values, strict=False)}
    for key in ("L2 3 ms late", "L2 6 ms late"):
        del trial[key]["ARI"]
    expected = {
        "in phase": {"MI": above(2.5)},
        "L2 anti-phase": {"AMI y": below(0.05)},
        "L2 anti-phase / in phase": {"MI": below(0.5)},
    }
    return Section(rows, trial, expected)


def crossed(seeds: range) -> Section:
    """Learned in one phase, tested in another: learning apart from transmission."""
    conditions = {"in phase": Conjunction(), "L2 anti-phase": Conjunction(HALF)}
    conditions["all unlocked"] = CONJUNCTIONS["all unlocked"]
    rows = {
        f"{trained} -> {tested}": over_seeds(run.conjunctions, seeds, conditions[trained], conditions[tested])
        for trained in conditions
        for tested in ("in phase", "L2 anti-phase")
    }
    values = ((2.96, 0.69), (1.36, 0.30), (1.06, 0.24), (0.81, 0.18), (2.65, 0.55))
    return Section(rows, {key: {"MI": m, "AMI": a} for key, (m, a) in zip(rows, values, strict=False)}, {})


def clocks(seeds: range) -> Section:
    """A clock that follows the volleys of the map below, where that map's rhythm drifts."""
    kinds = ("fixed", "adaptive", "fast")
    rows: Results = {}
    for kind in kinds:
        rows[f"steady, {kind}"] = over_seeds(run.following, seeds, kind)
        rows[f"starts anti-phase, {kind}"] = over_seeds(run.following, seeds, kind, phase=HALF)
    for drift in (-0.5, 0.5, 1.0):
        for kind in kinds:
            rows[f"{drift:+g} ms a cycle, {kind}"] = over_seeds(run.following, seeds, kind, drift)
    for kind in (*kinds, "tied"):
        rows[f"wanders by up to 0.5 ms a cycle, {kind}"] = over_seeds(run.following, seeds, kind, wander=0.5)
    expected = {
        "starts anti-phase, adaptive": {"MI": above(1.7)},
        "starts anti-phase, fixed": {"MI": below(0.3)},
        "wanders by up to 0.5 ms a cycle, adaptive": {"MI": above(1.7)},
    }
    return Section(rows, {}, expected)


SECTIONS = {
    f.__name__: f
    for f in (
        transmission,
        budget,
        selection,
        swapping,
        entrainment,
        spontaneous,
        conjunctions,
        crossed,
        clocks,
    )
}


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    table = Table("", *columns, title=title, title_justify="left")
    for cells in rows:
        table.add_row(*(cell.replace(" pass", "\n✓").replace(" FAIL", "\n✗ FAIL") for cell in cells))
    CONSOLE.print(table)


def main() -> int:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--seeds", type=int, default=SEVERAL, help="number of seeds, 5 by default")
    parser.add_argument("--quick", action="store_true", help="1 seed")
    parser.add_argument("--readme", action="store_true", help="put the tables of all results into README.md")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    seeds = range(1 if options.quick else options.seeds)
    options.output.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in options.sections or SECTIONS:
        start = time.process_time()
        section = SECTIONS[name](seeds)
        columns, rows, failed = tables.table_of(*section)
        spent = f"{len(seeds)} seed(s), {time.process_time() - start:.0f} s of the processor"
        show(f"{name}: {SECTIONS[name].__doc__}", columns, rows)
        CONSOLE.print("\n".join(failed), f"{name}: {spent}, {len(failed)} not as expected\n", sep="\n")
        stored = {"results": section.results, "failed": failed, "seeds": list(seeds)}
        (options.output / f"{name}.json").write_text(json.dumps(stored, indent=1))
        text = [f"### {name}", "", f"{SECTIONS[name].__doc__} {spent}.", "", tables.markdown(columns, rows)]
        text += [*(f"- Not as expected: {line}" for line in failed), ""]
        (options.output / f"{name}.md").write_text("\n".join(text))
        failures += len(failed)
    drawings.draw(options.output)
    if options.readme:
        found = [options.output / f"{name}.md" for name in SECTIONS]
        tables.write_into(Path(__file__).parent / "README.md", "\n".join(f.read_text() for f in found if f.exists()))
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
