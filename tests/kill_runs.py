"""Kill runs at random moments and go on with them: `python tests/kill_runs.py --times 100`.

Each of `tectum fit`, `grow`, `encode` and `report` is killed (SIGKILL) as many times, each time at a random moment.
Demanded of each: what is there can be read; going on (`--resume`, or the same command again) gives the bits of a run
that was left alone; after it nothing else lies in the folder. Exit code 0 if all held.
"""

import argparse
import collections
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tectum
from tectum import persistence

OFTEN = ["--checkpoint-every", "0.0005"]  # minutes
FIT = ["fit", "spiking-som", "d.csv", "-o", "som", "--set", "shape=5,5", "--set", "n_presentations=6000", "-q", *OFTEN]
GROW = ["grow", "-o", "net", "--layers", "400@10,40", "--duration", "1500", "-q", *OFTEN]
ENCODE = ["encode", "model", "shards", "-o", "codes", "-q"]
REPORT = ["report", "model", "d.csv", "-o", "page.html", "-q"]
RUNS = {"fit": FIT, "grow": GROW, "encode": ENCODE, "report": REPORT}
OUTPUTS = {"fit": "som", "grow": "net", "encode": "codes", "report": "page.html"}


def start(words: list[str], folder: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "tectum.cli", *words], cwd=folder, stderr=subprocess.PIPE, text=True)


def prepare(folder: Path) -> None:
    """The inputs of all runs."""
    X = np.random.RandomState(0).uniform(size=(200, 4))
    np.savetxt(folder / "d.csv", X, delimiter=",", header="a,b,c,d", comments="")
    tectum.SpikingSOM((5, 5), n_presentations=400, random_state=0).fit(X).save(folder / "model")
    (folder / "shards").mkdir()
    for k in range(20):
        np.save(folder / "shards" / f"{k:02}.npy", X)


def content(path: Path) -> dict:
    """What a run has made, without what differs from run to run: times, and versions of what wrote it."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in sorted(path.glob("*.npy"))}
    if path.suffix == ".html":
        text = path.read_text(encoding="utf-8")
        return {"whole": text.rstrip().endswith("</html>")}
    return {name: array.tobytes() for name, array in persistence.load_arrays(path)[0].items()}


def resumed(name: str, folder: Path) -> list[str]:
    """The command that goes on with what a killed run has left."""
    words, output = RUNS[name], folder / OUTPUTS[name]
    if name == "report" or not output.exists():
        return [*words, "--force"] if name == "report" else words
    if name == "encode":
        return [*words, "--resume"]
    model = tectum.load(output)
    if name == "fit":
        return ["fit", "spiking-som", "d.csv", "-o", "som", "--resume", "som", "-q", *OFTEN]
    left = 1500.0 - model.n_steps_grown_ * model.step_ms
    again = ["grow", "-o", "net", "--resume", "net", "-q", *OFTEN]
    return [*again, "--duration", f"{left}"] if left > 0.0 else ["info", "-q"]


def main() -> int:
    """Kill and go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=RUNS, nargs="*", default=[*RUNS])
    given = parser.parse_args()
    rng, wrong = np.random.default_rng(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "inputs"
        source.mkdir()
        prepare(source)
        for kind in given.only:
            whole = Path(name) / f"{kind}-whole"
            shutil.copytree(source, whole)
            start(RUNS[kind], whole).communicate()  # compiles
            shutil.rmtree(whole)
            shutil.copytree(source, whole)
            began = time.monotonic()
            start(RUNS[kind], whole).communicate()
            length, expected = time.monotonic() - began, content(whole / OUTPUTS[kind])
            files = sorted(str(path.relative_to(whole)) for path in whole.rglob("*"))
            counts: collections.Counter = collections.Counter()
            for k in range(given.times):
                folder = Path(name) / f"{kind}-{k}"
                shutil.copytree(source, folder)
                process = start(RUNS[kind], folder)
                time.sleep(rng.uniform(0.3, 1.0) * length)
                process.kill()
                process.communicate()
                counts["killed"] += process.returncode == -9
                counts["had a result"] += (folder / OUTPUTS[kind]).exists()
                counts["had leftovers"] += any(folder.rglob("*.part"))
                try:
                    again = start(resumed(kind, folder), folder)
                    told = again.communicate()[1]
                    same = again.returncode == 0 and content(folder / OUTPUTS[kind]) == expected
                except (ValueError, OSError) as error:
                    same, told = False, repr(error)
                counts["the same bits"] += same
                clean = sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == files
                counts["nothing left over"] += clean
                if not (same and clean):
                    wrong += 1
                    print(kind, k, told, [str(path) for path in folder.rglob("*.part")], flush=True)
                shutil.rmtree(folder)
            print(f"{kind}: {given.times} times, {length:.1f} s each: {dict(counts)}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
