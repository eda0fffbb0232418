"""A hierarchy that learns a stream in a thread, which takes commands and answers questions from outside."""

import base64
import io
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.models.common.checkpoints import pause as save_if_due
from tectum.streams import Chunk, Stream, StreamError

AT_ONCE = 4  # frames, at most
MOST_NOVELTIES = 600  # points of the curve of novelty
MOST_DISCOVERIES = 60  # kept for pages that are opened later
DISCOVERIES = ("new class", "return", "unplaced", "full", "nearly full", "grown")
PICTURES = ("new class", "return", "unplaced")
RHYTHM_EVERY = 2.0  # s between two looks at the spikes
QUALITY = 70  # of JPEG


class Watching:
    """A hierarchy and the stream that it watches, one chunk after the other.

    Parameters
    ----------
    hierarchy : MapHierarchy
        Learns in place.
    stream : Stream
        Of features; its thumbnails are what the page shows.
    map : callable
        Gives the name of the map that is shown, once the hierarchy has maps.
    output : path or None, default=None
        File to save to.
    paced : bool, default=False
        Whether to wait until it is time for a chunk, for recorded streams.
    """

    def __init__(
        self,
        hierarchy: Any,
        stream: Stream,
        map: Callable[[Any], str],
        *,
        output: Path | None = None,
        paced: bool = False,
    ) -> None:
        self.hierarchy, self.output = hierarchy, output
        self.learning, self.paused, self.ended, self.error = True, False, False, ""
        self._stream, self._map, self._paced = stream, map, paced
        self._lock = threading.Lock()  # of the hierarchy, and of what is shown
        self._stop = threading.Event()
        self._novelties: deque[tuple[float, float]] = deque(maxlen=MOST_NOVELTIES)
        self._discoveries: deque[dict[str, Any]] = deque(maxlen=MOST_DISCOVERIES)
        self._pictures: dict[int, str] = {}  # by neuron
        self._shown: dict[str, Any] = {}
        self._rhythm: dict[str, Any] = {}
        self._rhythm_at = -math.inf
        self._number = 0
        self._thread = threading.Thread(target=self._run, name="tectum-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the chunk at hand."""
        self._stop.set()
        self._thread.join(timeout=30.0)

    def do(self, action: str, **values: Any) -> str:
        """Obey the page.

        Parameters
        ----------
        action : {"pause", "learn", "name", "save"}
            ``pause`` and ``learn`` take ``on``, ``name`` a ``neuron`` and a ``text``.
        **values : object

        Returns
        -------
        str
            What was done, for people.

        Raises
        ------
        ValueError
            If there is no such action, or it cannot be done.
        """
        if action == "pause":
            self.paused = bool(values["on"])
            return "paused" if self.paused else "going on"
        if action == "learn":
            self.learning = bool(values["on"])
            return "learning" if self.learning else "weights are frozen"
        with self._lock:
            if not hasattr(self.hierarchy, "maps_"):
                raise ValueError("nothing was learned yet; wait for the first frames")
            if action == "name":
                self.hierarchy.name_neuron(int(values["neuron"]), str(values["text"]), self._map(self.hierarchy))
                return f"neuron {values['neuron']} is named"
            if action == "save":
                if self.output is None:
                    raise ValueError("there is no file to save to; start tectum watch with -o FILE")
                self.hierarchy.save(self.output)
                return f"saved in {self.output}"
        raise ValueError(f"there is no action {action!r}; use pause, learn, name or save")

    def seen(self, since: int, known: int) -> dict[str, Any] | None:
        """What the page shows.

        Parameters
        ----------
        since : int
            Number of the last news that the page has; -1 for none.
        known : int
            Discoveries that it has.

        Returns
        -------
        dict or None
            What JSON can hold; None if there is no news. A page that has none gets all pictures of neurons.
        """
        with self._lock:
            if self._number == since or not self._shown:
                return None
            news = dict(self._shown, number=self._number, paused=self.paused, learning=self.learning)
            news |= {"ended": self.ended, "error": self.error, "rhythm": self._rhythm}
            news["names"] = {str(j): text for j, text in self.hierarchy.names_.get(news["map"], {}).items()}
            news["novelty"] = list(self._novelties)[-1:] if since >= 0 else list(self._novelties)
            news["pictures"] = news.pop("fresh") if since >= 0 else self._pictures
            news["discoveries"] = [d for d in self._discoveries if d["number"] >= known]
            return news

    def _run(self) -> None:
        origin = None  # when the stream began, had it come at its own pace
        try:
            for chunk in self._stream:
                for first in range(0, len(chunk.X), AT_ONCE):
                    piece, began = chunk.take(slice(first, first + AT_ONCE)), time.monotonic()
                    while self.paused and not self._stop.is_set():
                        time.sleep(0.05)
                    due = time.monotonic()
                    if self._paced and origin is not None:
                        origin += due - began
                        due = origin + float(piece.time_s[-1])
                        self._stop.wait(max(0.0, due - time.monotonic()))
                    if self._stop.is_set():
                        return
                    self._see(piece, due)
                    if origin is None:  # code has been compiled
                        origin = time.monotonic() - float(piece.time_s[-1])
        except (StreamError, ValueError, OSError) as error:
            self.error = str(error)
        finally:
            self.ended = True
            self._number += 1

    def _see(self, chunk: Chunk, due: float) -> None:
        """Learn a chunk, and keep what the page shows of it."""
        began = time.monotonic()
        with self._lock:
            hierarchy = self.hierarchy
            n_events = len(hierarchy.events_) if hasattr(hierarchy, "maps_") else 0
            first = getattr(hierarchy, "n_presentations_seen_", 0)
            if self.learning or not n_events:
                hierarchy.partial_fit(chunk.X, time_s=chunk.time_s, source=chunk.source)
                save_if_due(hierarchy)
            name = self._map(hierarchy)
            response = hierarchy.transform(chunk.X[-1:], name)[0]
            fresh = self._keep_news(chunk, name, first, n_events) if self.learning else {}
            winner = int(response.argmax()) if response.any() else -1
            picture = None if chunk.thumbnails is None else jpeg(chunk.thumbnails[-1])
            if winner >= 0 and winner not in self._pictures and picture is not None:
                fresh[winner] = self._pictures[winner] = picture
            if self.learning:
                novelty = hierarchy.novelty_[name][-len(chunk.X) :]
            else:
                novelty = hierarchy.novelty(chunk.X, time_s=chunk.time_s, source=chunk.source)[name]
            self._novelties.append((round(float(chunk.time_s[-1]), 2), round(float(novelty.max()), 3)))
            if began - self._rhythm_at > RHYTHM_EVERY:
                self._rhythm, self._rhythm_at = rhythm_of(hierarchy, chunk.X[-1:]), began
            classes = hierarchy.classes_[name]
            m = next(m for m in hierarchy.maps_ if m.name == name)
            self._shown = {
                "map": name,
                "shape": list(m.shape),
                "picture": picture,
                "time": round(float(chunk.time_s[-1]), 2),
                "active": {str(j): round(float(response[j]), 2) for j in np.flatnonzero(response)},
                "winner": winner,
                "class": int(classes[winner]) if winner >= 0 else -1,
                "used": int((classes >= 0).sum()),
                "frames": hierarchy.n_presentations_seen_,
                "rate": round(len(chunk.X) / max(time.monotonic() - began, 1e-6), 1),
                "delay": round(1e3 * max(0.0, time.monotonic() - due)),
                "fresh": {str(j): source for j, source in fresh.items()},
                "saves": self.output is not None,
            }
            self._number += 1

    def _keep_news(self, chunk: Chunk, name: str, first: int, n_events: int) -> dict[int, str]:
        """Discoveries of a chunk that was learned; pictures of the neurons that it recruited."""
        fresh: dict[int, str] = {}
        for event in self.hierarchy.events_[n_events:]:
            if event.map != name:
                continue
            k = min(max(event.frame - first, 0), len(chunk.X) - 1)
            picture = None if chunk.thumbnails is None else jpeg(chunk.thumbnails[k])
            if event.why in ("new class", "growth") and picture is not None:
                fresh[event.neuron] = self._pictures[event.neuron] = picture
            if event.why in DISCOVERIES:
                number = self._discoveries[-1]["number"] + 1 if self._discoveries else 0
                shown = {"number": number, "time": round(event.time_s, 1), "why": event.why, "label": event.label}
                shown |= {"neuron": event.neuron, "picture": picture if event.why in PICTURES else None}
                self._discoveries.append(shown)
        return fresh


def jpeg(picture: NDArray[np.uint8]) -> str:
    """A picture (height, width, 3) as what stands in the ``src`` of an image."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def rhythm_of(hierarchy: Any, X: NDArray[Any]) -> dict[str, Any]:
    """Times of the spikes of each map while a frame is shown, in ms, and how long that is."""
    recording = hierarchy.record(X)
    maps = [m.name for m in hierarchy.maps_]
    times = {name: np.round(recording.spikes[name].time_ms, 1).tolist() for name in maps}
    return {"duration": float(recording.duration_ms), "spikes": times}
