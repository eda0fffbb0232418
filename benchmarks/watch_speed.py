"""Does `tectum watch` go on before a camera without growing, and what does its page cost?

A generated clip is played over and over, as fast as it was taken, by a process that stands for a camera: Motion JPEG
over HTTP, of which frames are lost that nobody fetched in time. `tectum watch URL --minutes M` learns it, in this
process, so that its threads can be told apart, before Chromium without a window (or, without Chromium, before a
WebSocket that is read). Printed each minute are the memory of the process, frames/s that were learned, the time that
the last few frames took, and shares of one core: of the page, that is of the server, of what it is told, of JPEG files
and of the spikes that are drawn; of features and maps, which is the rest of this process; and of the browser. The exit
status is 1 if the page takes more than 15 % of a core after the first minute, or memory grew by more than 5 % after the
second.

    python benchmarks/watch_speed.py --minutes 10
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from destinations import file_to_write

from tectum import streams
from tectum.cli import main as tectum
from tectum.live import watching
from tectum.report.streams.diary import memory_mib

RATE, SIZE = 25.0, (360, 640)  # frames/s, pixels
PAGE, GROWTH = 0.15, 0.05  # at most
SETTLED = 2  # minutes, in which code is compiled and maps are made
TICK = os.sysconf("SC_CLK_TCK")


class Costs:
    """Processor time of the page."""

    def __init__(self) -> None:
        self.spent, self._lock = 0.0, threading.Lock()

    def of(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The work, timed in its thread."""

        def timed(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return work(*given, **named)
            finally:
                with self._lock:
                    self.spent += time.thread_time() - began

        return timed


def play(folder: Path, port: int) -> None:
    """A camera, until it is killed."""
    import cv2

    clip = cv2.VideoCapture(str(streams.write_clip(folder / "road.mp4", seconds=24.0, rate=RATE, size=SIZE)))
    pictures = []
    while (read := clip.read())[0]:
        pictures.append(cv2.imencode(".jpg", read[1])[1].tobytes())
    began = time.monotonic()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            shown = -1
            with contextlib.suppress(OSError):
                while True:
                    number = int((time.monotonic() - began) * RATE)
                    if number > shown:
                        shown, picture = number, pictures[number % len(pictures)]
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                        self.wfile.write(head.encode() + picture + b"\r\n")
                    time.sleep(0.005)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Camera)
    print("ready", flush=True)
    server.serve_forever()


def processor_s(root: int) -> float:
    """Processor time of a process and of those that it started."""
    spent, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(words[1])
            spent[int(folder.name)] = sum(map(int, words[11:15])) / TICK

    def under(process: int) -> bool:
        return process == root or (process in parents and under(parents[process]))

    return sum(seconds for process, seconds in spent.items() if under(process))


def open_page(address: str, folder: Path) -> subprocess.Popen[bytes]:
    """A browser, or what reads what a page would get."""
    chromium = shutil.which("chromium")
    if chromium:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1180,960"]
        command = [chromium, *flags, f"--user-data-dir={folder / 'profile'}", address]
    else:
        read = f"for news in connect('{address.replace('http', 'ws')}live', max_size=None): pass"
        command = [sys.executable, "-c", f"from websockets.sync.client import connect\n{read}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Watch, print a line a minute; exit 1 if it grows, or the page costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--every", type=int, default=1, help="learn every n-th frame")
    parser.add_argument("--cnn", type=Path, help="ONNX file of the network; else pooled gradients")
    parser.add_argument("--ports", type=int, nargs=2, default=(8877, 8878), help="of the camera and of the page")
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    parser.add_argument("--camera", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.camera:
        play(options.camera, options.ports[0])
    os.environ.pop("TECTUM_DATA", None)
    costs, seen = Costs(), []
    watching.jpeg, watching.rhythm_of = costs.of(watching.jpeg), costs.of(watching.rhythm_of)
    watching.Watching.seen = costs.of(watching.Watching.seen)  # type: ignore[method-assign]
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        command = [sys.executable, __file__, "--camera", name, "--ports", *map(str, options.ports)]
        camera = subprocess.Popen(command, stdout=subprocess.PIPE)
        ends.callback(camera.kill)
        assert camera.stdout is not None
        camera.stdout.readline()
        start = watching.Watching.start

        def started(self: watching.Watching) -> None:
            seen.append(self)
            start(self)

        watching.Watching.start = started  # type: ignore[method-assign]
        main_thread = time.pthread_getcpuclockid(threading.get_ident())
        done = threading.Event()

        def look() -> None:
            while not seen:
                time.sleep(0.1)
            page = open_page(f"http://127.0.0.1:{options.ports[1]}/", folder)
            ends.callback(page.kill)

            def state() -> tuple[float, ...]:
                frames = getattr(seen[0].hierarchy, "n_presentations_seen_", 0)
                own = costs.spent + time.clock_gettime(main_thread)
                return time.monotonic(), frames, own, time.process_time() - own, processor_s(page.pid)

            before = state()
            while not done.wait(60.0):
                now = state()
                wall, frames, own, rest, browser = (b - a for a, b in zip(before, now, strict=True))
                rows.append(
                    {
                        "memory_mib": memory_mib(),
                        "frames_per_s": frames / wall,
                        "page": own / wall,
                        "maps": rest / wall,
                        "browser": browser / wall,
                        "delay_ms": (seen[0].seen(-1, 0) or {}).get("delay", 0.0),
                    }
                )
                print(f"minute {len(rows)}:", ", ".join(f"{k} {v:.3g}" for k, v in rows[-1].items()), flush=True)
                before = now

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        words = ["watch", f"http://127.0.0.1:{options.ports[0]}/", "--no-browser", "--port", str(options.ports[1])]
        words += ["--every", str(options.every), "--minutes", str(options.minutes), "-o", str(folder / "seen.tectum")]
        words += ["--cnn", str(options.cnn)] if options.cnn else []
        print(f"{memory_mib():.0f} MiB before it starts", flush=True)
        sys.argv = ["tectum", *words]
        with contextlib.suppress(SystemExit):
            tectum()
        done.set()
        looking.join()
    settled = rows[SETTLED - 1 :]
    growth = settled[-1]["memory_mib"] / settled[0]["memory_mib"] - 1.0 if len(settled) > 1 else 0.0
    share = max(row["page"] for row in rows[1:] or rows)
    print(
        f"page: at most {100 * share:.1f} % of a core (at most {100 * PAGE:.0f}); memory grew by {100 * growth:.1f} %"
    )
    if options.json:
        options.json.write_text(json.dumps({"minutes": rows, "growth": growth}) + "\n")
    raise SystemExit(share > PAGE or growth > GROWTH)


if __name__ == "__main__":
    main()
