"""The page of `tectum watch`, in a browser without a window, before a generated clip."""

import json
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from test_report import CHROMIUM, FLAGS

import tectum
from tectum import MapHierarchy, parts, streams

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
client = pytest.importorskip("websockets.sync.client")

from tectum.live import server  # noqa: E402
from tectum.live.watching import Watching  # noqa: E402


def watching(folder: Path, seconds: float = 6.0) -> Watching:
    clip = streams.write_clip(folder / "clip.mp4", seconds=seconds, rate=10, size=(48, 80), scenes=3)
    extract = streams.OrientedGradients(size=(48, 80), rows_first=True)
    stream = streams.features(streams.video(clip, size=extract.size, chunk=4, thumbnails=(32, 56)), extract)
    hierarchy = MapHierarchy([parts.Map("scene", (parts.Features(),), (4, 5))], cycles=2, random_state=0)
    return Watching(hierarchy, stream, lambda hierarchy: "scene", output=folder / "seen.tectum")


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """So that no test waits for the compiler."""
    MapHierarchy([parts.Map("scene", (parts.Features(),), (4, 5))], cycles=2, random_state=0).fit(np.eye(9)).predict(
        np.eye(9)
    )


@pytest.fixture
def served(tmp_path: Path):
    import uvicorn

    seen = watching(tmp_path)
    config = uvicorn.Config(server.application(seen), port=0, log_level="error")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    seen.start()
    yield seen, port
    running.should_exit = True
    seen.stop()
    thread.join(5.0)


def test_the_page_shows_what_the_maps_see(served, tmp_path: Path) -> None:
    seen, port = served
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/")
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
    with client.connect(f"ws://127.0.0.1:{port}/live", origin=f"http://127.0.0.1:{port}") as socket:

        def until(holds, message=None):
            if message:
                socket.send(json.dumps(message))
            while True:
                news = json.loads(socket.recv(timeout=90.0))
                if holds(news):
                    return news

        first = until(lambda news: news.get("winner", -1) >= 0)
        assert first["picture"].startswith("data:image/jpeg;base64,")
        assert first["shape"] == [4, 5]
        assert first["pictures"]
        done = first if first["ended"] else until(lambda news: news.get("ended"))  # few frames: at once, or later
        assert done["frames"] == 60
        assert done["rhythm"]["spikes"]["scene"]
        assert until(lambda news: "said" in news, {"do": "name", "neuron": 3, "text": "road"})["said"].startswith(
            "neuron"
        )
        assert until(lambda news: "said" in news, {"do": "save"})["said"].startswith("saved")
        assert tectum.load(tmp_path / "seen.tectum").names_ == {"scene": {3: "road"}}
        for bad in ({"do": "rm"}, {"do": "name", "neuron": 99, "text": "x"}, {"do": "name"}, [1]):
            assert until(lambda news: "said" in news, bad)["said"].startswith("not done")
    assert len([event for event in seen.hierarchy.events_ if event.why == "new class"]) == 3


@pytest.mark.browser
def test_the_page_in_a_browser(served, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium on the path")
    seen, port = served
    command = [CHROMIUM, *FLAGS[:-1], "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'profile'}"]
    with subprocess.Popen([*command, f"http://127.0.0.1:{port}/"], stderr=subprocess.PIPE, text=True) as browser:
        try:
            debugger = next(line for line in browser.stderr if "DevTools listening on" in line).split("ws://")[1]
            pages: list = []
            while not pages:
                found = json.loads(urllib.request.urlopen(f"http://{debugger.split('/')[0]}/json").read())
                pages = [page for page in found if page["type"] == "page" and str(port) in page["url"]]
            with client.connect(pages[0]["webSocketDebuggerUrl"], max_size=None) as socket:

                def ask(code: str):
                    message = {"expression": code, "returnByValue": True}
                    socket.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": message}))
                    while True:
                        answer = json.loads(socket.recv(timeout=60.0))
                        if answer.get("id") == 1:
                            return answer["result"]["result"].get("value")

                until = time.monotonic() + 90.0
                while ask("document.getElementById('said').textContent") != "the stream has ended":
                    assert time.monotonic() < until
                    time.sleep(0.2)
                assert ask("document.querySelectorAll('#map div').length") == 20
                assert ask("document.querySelectorAll('#map img').length") >= 3
                assert ask("document.querySelectorAll('#found .new-class img').length") == 3
                assert ask("document.getElementById('frame').naturalWidth") == 56
                ask("document.getElementById('learn').click()")
                while seen.learning:
                    assert time.monotonic() < until
                    time.sleep(0.05)
        finally:
            browser.terminate()


def test_other_sites_are_turned_away(served) -> None:
    _, port = served
    with pytest.raises(Exception, match="403"):
        client.connect(f"ws://127.0.0.1:{port}/live", origin="http://example.com")
    assert [server.is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0")] == [True] * 3 + [False]


def test_pausing_and_freezing(tmp_path: Path) -> None:
    seen = watching(tmp_path, seconds=3.0)
    seen.paused = True
    seen.start()
    time.sleep(0.3)
    assert seen.seen(-1, 0) is None
    seen.do("learn", on=False)
    seen.do("pause", on=False)
    while not seen.ended:
        time.sleep(0.05)
    assert seen.hierarchy.n_presentations_seen_ == 4  # the first chunk, without which there are no maps
    assert len(seen.seen(-1, 0)["novelty"]) == 8
    seen.stop()


def test_it_ends_by_itself(tmp_path: Path) -> None:
    seen, began = watching(tmp_path, seconds=3.0), time.monotonic()
    server.serve(seen, port=0, seconds=0.5)
    assert 0.5 <= time.monotonic() - began < 30.0
    assert not seen._thread.is_alive()
