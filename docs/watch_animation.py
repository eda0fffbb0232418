"""Film the page of ``tectum watch`` for the documentation: ``python docs/watch_animation.py``, a minute or two.

A generated clip, which anybody may show, is learned step by step before Chromium without a window; after each step the
page is photographed. Needs the extras ``video`` and ``live``, and ``chromium`` on the path.
"""

import base64
import io
import json
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from websockets.sync.client import connect

from tectum import MapHierarchy, streams
from tectum.live.server import application
from tectum.live.watching import Watching
from tectum.models.hierarchy.driving import driving_maps

FILM = Path(__file__).parent / "_static" / "watch.webp"
WINDOW, WIDTH = (1180, 960), 720  # pixels of the page, and of the film across
SHOWN_MS, HELD_MS = 220, 2500  # how long a picture stands, and the last one
EVERY, CHUNK, SHAPE = 3, 4, (4, 5)


class Stepped(streams.Stream):
    """A stream that gives a chunk when it is asked for one."""

    def __init__(self, stream: streams.Stream) -> None:
        self._stream = stream
        self.names, self.n_features, self.n_announced = stream.names, stream.n_features, stream.n_announced
        self.wanted = threading.Semaphore(0)

    def __iter__(self) -> Iterator[streams.Chunk]:
        for chunk in self._stream:
            self.wanted.acquire()
            yield chunk
        self.wanted.acquire()


class Page:
    """A page in a browser, by the protocol of its debugger."""

    def __init__(self, url: str, folder: Path) -> None:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0"]
        command = [shutil.which("chromium") or "chromium", *flags, f"--user-data-dir={folder}", url]
        self._browser = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = self._browser.stderr or iter(())
        host = next(line for line in lines if "DevTools listening on" in line).split("ws://")[1].split("/")[0]
        pages: list[Any] = []
        while not pages:
            found = json.loads(urllib.request.urlopen(f"http://{host}/json").read())
            pages = [page["webSocketDebuggerUrl"] for page in found if page["url"].startswith(url)]
        self._connection = connect(pages[0], max_size=None)
        self._socket = self._connection.__enter__()
        width, height = WINDOW
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _ask(self, method: str, **values: Any) -> Any:
        self._socket.send(json.dumps({"id": 1, "method": method, "params": values}))
        while (answer := json.loads(self._socket.recv())).get("id") != 1:
            pass
        return answer["result"]

    def text(self, name: str) -> str:
        """What stands in an element."""
        code = f"document.getElementById('{name}').textContent"
        return str(self._ask("Runtime.evaluate", expression=code)["result"].get("value"))

    def picture(self) -> Image.Image:
        """The page now."""
        photograph = Image.open(io.BytesIO(base64.b64decode(self._ask("Page.captureScreenshot")["data"])))
        return photograph.convert("RGB").resize((WIDTH, photograph.height * WIDTH // photograph.width))

    def close(self) -> None:
        """End the browser."""
        self._connection.__exit__(None, None, None)
        self._browser.terminate()
        self._browser.wait()


def main() -> None:
    """Learn, film, write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = streams.write_clip(folder / "road.mp4", seconds=20.0)
        extract = streams.OrientedGradients(rows_first=True)
        flow, colours = streams.OpticalFlow(), streams.OpponentColours()
        frames = streams.video(clip, size=extract.size, every=EVERY, chunk=CHUNK)
        stream = Stepped(streams.features(frames, extract, motion=flow, colours=colours))
        maps = driving_maps(extract.shape, flow.n_features, colours.n_features)
        maps[0] = maps[0]._replace(shape=SHAPE)
        watching = Watching(MapHierarchy(maps, random_state=0), stream, lambda _: "scene", output=folder / "h.tectum")
        running = uvicorn.Server(uvicorn.Config(application(watching), port=0, log_level="warning"))
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.02)
        page = Page(f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/", folder / "profile")
        watching.start()
        pictures, learned = [], ""
        while not watching.ended:
            stream.wanted.release()
            while (now := page.text("frames")) == learned and not watching.ended:
                time.sleep(0.02)
            learned = now
            pictures.append(page.picture())
        page.close()
        running.should_exit = True
        watching.stop()
        thread.join()
    duration = [SHOWN_MS] * (len(pictures) - 1) + [HELD_MS]
    pictures[0].save(FILM, save_all=True, append_images=pictures[1:], duration=duration, loop=0, quality=55, method=4)
    print(f"{FILM.name}: {len(pictures)} pictures, {FILM.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
