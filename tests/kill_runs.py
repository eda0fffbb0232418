"""Kill runs at random moments and go on with them: `python tests/kill_runs.py --times 100`.

Each of `tectum fit`, `grow`, `encode` (in the process, in two others, and in two of Dask), `report` and a download is
killed (SIGKILL) as many times, each time at a random moment. Demanded of each: what is there can be read; going on
(`--resume`, or the same command again) gives the bits of a run that was left alone; after it nothing else lies in the
folder. Exit code 0 if all held.
"""

import argparse
import collections
import contextlib
import http.server
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tectum
from tectum import persistence
from tectum.cli.app import app
from tectum.datasets import cache

OFTEN = ["--checkpoint-every", "0.0005"]  # minutes
FIT = ["fit", "spiking-som", "d.csv", "-o", "som", "--set", "shape=5,5", "--set", "n_presentations=3000", "-q", *OFTEN]
GROW = ["grow", "-o", "net", "--layers", "400@10,40", "--duration", "700", "-q", *OFTEN]
ENCODE = ["encode", "model", "shards", "-o", "codes", "-q"]
REPORT = ["report", "model", "d.csv", "-o", "page.html", "-q"]
PAYLOAD = np.random.RandomState(0).bytes(4 * 2**20)
RUNS = {
    "fit": FIT,
    "grow": GROW,
    "encode": ENCODE,
    "encode in processes": [*ENCODE, "--jobs", "2"],
    "encode on Dask": [*ENCODE, "--scheduler", "local:2"],
    "report": REPORT,
    "download": [],
}
OUTPUTS = {"fit": "som", "grow": "net", "encode": "codes", "report": "page.html", "download": "cache/x/payload.bin"}


class Slowly(http.server.BaseHTTPRequestHandler):
    """Sends the payload within a second."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAYLOAD)))
        self.end_headers()
        for k in range(0, len(PAYLOAD), 2**16):
            self.wfile.write(PAYLOAD[k : k + 2**16])
            time.sleep(1 / 64)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the one who asked was killed
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


def serve() -> str:
    """Address of the payload on this machine, from a process that ends with this one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/payload.bin"


def output_of(kind: str) -> str:
    return OUTPUTS[kind.partition(" ")[0]]


class Run:
    """A command in a process of its own: forked, so that a hundred of them need not import everything anew."""

    def __init__(self, kind: str, words: list[str], folder: Path) -> None:
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - read in `end`
        self._pid = os.fork()
        if self._pid == 0:
            code = 1
            try:
                os.chdir(folder)
                os.dup2(self._said.fileno(), 2)
                code = fetch(words) if kind == "download" else run_command(words)
            finally:
                os._exit(code)

    def kill(self) -> None:
        """As `kill -9` does, and only the process itself, not those that it has started."""
        os.kill(self._pid, signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """Exit code, negative for a signal, and what was said."""
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._said.seek(0)
        return code, self._said.read()


def run_command(words: list[str]) -> int:
    """Exit code of a command of tectum."""
    try:
        app(words)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def fetch(words: list[str]) -> int:
    """Download the payload into the cache of the present folder, unless it is there."""
    os.environ["TECTUM_CACHE"] = "cache"
    if cache.find("x/payload.bin") is None:
        cache.download(words[0], "x/payload.bin", lambda found: found == PAYLOAD)
    return 0


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
        return {file.name: np.load(file).tobytes() for file in sorted(path.glob("*.npy"))}
    if path.suffix == ".html":
        if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
            raise ValueError(f"{path} is cut off")
        return {}
    if path.suffix == ".bin":
        if path.read_bytes() != PAYLOAD:
            raise ValueError(f"{path} is cut off")
        return {}
    return {name: array.tobytes() for name, array in persistence.load_arrays(path)[0].items()}


def resumed(name: str, folder: Path) -> list[str]:
    """The command that goes on with what a killed run has left."""
    words, output = RUNS[name], folder / output_of(name)
    if output.exists():
        content(output)
    if name in ("report", "download") or not output.exists():
        return [*words, "--force"] if name == "report" else words
    if name.startswith("encode"):
        return [*words, "--resume"]
    model = tectum.load(output)
    if name == "fit":
        return ["fit", "spiking-som", "d.csv", "-o", "som", "--resume", "som", "-q", *OFTEN]
    left = 700.0 - model.n_steps_grown_ * model.step_ms
    again = ["grow", "-o", "net", "--resume", "net", "-q", *OFTEN]
    return [*again, "--duration", f"{left}"] if left > 0.0 else ["info", "-q"]


def main() -> int:
    """Kill and go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=RUNS, nargs="*", default=[*RUNS], metavar="RUN")
    given = parser.parse_args()
    rng, wrong = np.random.default_rng(given.seed), 0
    RUNS["download"].append(serve())
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "inputs"
        source.mkdir()
        prepare(source)
        for kind in given.only:
            whole = Path(name) / f"{kind}-whole"
            shutil.copytree(source, whole)
            Run(kind, RUNS[kind], whole).end()  # compiles
            shutil.rmtree(whole)
            shutil.copytree(source, whole)
            began = time.monotonic()
            Run(kind, RUNS[kind], whole).end()
            length, expected = time.monotonic() - began, content(whole / output_of(kind))
            files = sorted(str(path.relative_to(whole)) for path in whole.rglob("*"))
            counts: collections.Counter = collections.Counter()
            for k in range(given.times):
                folder = Path(name) / f"{kind}-{k}"
                shutil.copytree(source, folder)
                run = Run(kind, RUNS[kind], folder)
                time.sleep(rng.uniform(0.05, 1.0) * length)
                run.kill()
                counts["killed"] += run.end()[0] == -signal.SIGKILL
                counts["had a result"] += (folder / output_of(kind)).exists()
                counts["had leftovers"] += any(folder.rglob("*.part"))
                try:
                    code, said = Run(kind, resumed(kind, folder), folder).end()
                    same = code == 0 and content(folder / output_of(kind)) == expected
                except (ValueError, OSError) as error:
                    same, said = False, repr(error)
                counts["the same bits"] += same
                clean = sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == files
                counts["nothing left over"] += clean
                if not (same and clean):
                    wrong += 1
                    print(kind, k, said, [str(path) for path in folder.rglob("*.part")], flush=True)
                shutil.rmtree(folder)
            print(f"{kind}: {given.times} times, {length:.1f} s each: {dict(counts)}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
