"""Kill runs at random moments and go on with them: `python tests/kill_runs.py --times 100`.

Each of `tectum fit`, `grow`, `encode` (in the process, in two others, and in two of Dask), `report` and a download is
killed (SIGKILL) as many times, each time at a random moment. Demanded of each: what is there can be read; going on
(`--resume`, or the same command again) gives the bits of a run that was left alone; after it nothing else lies in the
folder. Exit code 0 if all held.
"""

import argparse
import collections
import contextlib
import functools
import hashlib
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
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
PAYLOAD = np.random.RandomState(0).bytes(4 * 2**20)
GET = """
import hashlib, os, sys
os.environ["TECTUM_CACHE"] = "cache"
from tectum.datasets import cache
if cache.find("x/payload.bin") is None:
    cache.download(sys.argv[1], "x/payload.bin", lambda found: hashlib.sha256(found).hexdigest() == sys.argv[2])
"""
RUNS = {
    "fit": FIT,
    "grow": GROW,
    "encode": ENCODE,
    "encode in processes": [*ENCODE, "--jobs", "2"],
    "encode on Dask": [*ENCODE, "--scheduler", "local:2"],
    "report": REPORT,
    "download": [hashlib.sha256(PAYLOAD).hexdigest()],
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


@functools.cache
def server() -> str:
    """Address of the payload on this machine."""
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{serving.server_port}/payload.bin"


def output_of(kind: str) -> str:
    return OUTPUTS[kind.partition(" ")[0]]


def start(words: list[str], folder: Path) -> subprocess.Popen:
    words = ["-c", GET, server(), *words] if words == RUNS["download"] else ["-m", "tectum.cli", *words]
    return subprocess.Popen([sys.executable, *words], cwd=folder, stderr=subprocess.PIPE, text=True)


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
    left = 1500.0 - model.n_steps_grown_ * model.step_ms
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
            length, expected = time.monotonic() - began, content(whole / output_of(kind))
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
                counts["had a result"] += (folder / output_of(kind)).exists()
                counts["had leftovers"] += any(folder.rglob("*.part"))
                try:
                    again = start(resumed(kind, folder), folder)
                    said = again.communicate()[1]
                    same = again.returncode == 0 and content(folder / output_of(kind)) == expected
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
