"""Readers at damaged files: nothing but the documented error, and no memory beyond what a file may ask for."""

import json
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import lz4.frame
import made_files
import nir
import numpy as np
import pandas as pd
import pytest
import zstandard
from PIL import Image

import tectum
from tectum import datasets, streams
from tectum.cli.images import read_image
from tectum.core.events import SpikeTrain
from tectum.encode.manifest import Manifest
from tectum.files import DataError
from tectum.models.common.settings import load_toml

CASES = 40  # of each kind of file
MEMORY = 3 * 2**30  # bytes of addresses, which absurd sizes would exceed
TABLE = "name,a,b\n" + "x,1,2.5\ny,3,\n" * 3


def write_samples(folder: Path) -> None:
    """A small good file of each kind."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    np.save(folder / "array.npy", X)
    np.savez(folder / "arrays.npz", X=X, y=np.arange(12))
    np.savez_compressed(folder / "packed.npz", data=X, time_s=np.arange(12.0))
    (folder / "table.csv").write_text(TABLE)
    pd.DataFrame(X, columns=list("abc")).to_parquet(folder / "table.parquet")
    Image.fromarray(rng.integers(0, 256, (9, 9), np.uint8)).save(folder / "image.png")
    Image.fromarray(rng.random((9, 9)).astype("f4")).save(folder / "image.tif")
    Image.fromarray(rng.integers(0, 256, (9, 9), np.uint8)).save(folder / "image.jpg")
    events = {"t": np.arange(20) * 1000, "x": np.arange(20) % 5, "y": np.arange(20) % 4, "p": np.arange(20) % 2}
    np.savez(folder / "events.npz", **events)
    (folder / "events.bin").write_bytes(rng.integers(0, 100, 100, np.uint8).tobytes())
    pairs = np.stack([np.arange(20) * 2, np.arange(20) * 1000], axis=1).astype(">i4")
    (folder / "events.aedat").write_bytes(b"#!AER-DAT2.0\r\n" + pairs.tobytes())
    columns = [np.asarray(events[name], "i4") for name in ("t", "x", "y", "p")]
    recorded = np.rec.fromarrays(columns, names="t,x,y,p")
    made_files.aedat4(folder / "events.aedat4", recorded, table=True)
    made_files.aedat4(folder / "lz4.aedat4", recorded, lz4.frame.compress, 1)
    made_files.aedat4(folder / "zstd.aedat4", recorded, zstandard.ZstdCompressor().compress, 3)
    plain = np.zeros(200, [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])
    plain["t"], plain["x"], plain["p"] = np.arange(200) * 500, np.arange(200) % 7, np.arange(200) % 2
    for name, encoding in (("events.dat", "dat"), ("evt2.raw", "evt2"), ("evt3.raw", "evt3")):
        made_files.prophesee(folder / name, plain, encoding)
    with h5py.File(folder / "events.h5", "w") as file:
        for name in "txyp":
            file[f"events/{name}"] = plain[name]
    (folder / "network.onnx").write_bytes(made_files.onnx_network())
    streams.write_clip(folder / "clip.mp4", seconds=0.6, rate=10.0, size=(32, 32), scenes=1)
    one = np.ones(3)
    neurons = nir.LIF(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=0.5 * one)
    nodes = {
        "input": nir.Input(np.array([4])),
        "w": nir.Linear(np.ones((3, 4))),
        "n": neurons,
        "output": nir.Output(np.array([3])),
    }
    nir.write(folder / "graph.nir", nir.NIRGraph(nodes, [("input", "w"), ("w", "n"), ("n", "output")]))
    (folder / "pictures").mkdir()
    Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(folder / "pictures" / "a.png")
    Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(folder / "pictures" / "b.jpg")
    (folder / "settings.toml").write_text('dt = 0.05\n[radius]\npart = "ConstantRadius"\nradius = 2.5\n')
    (folder / "manifest").mkdir()
    entry = {"input": "a.npy", "rows": [0, 4], "size": 10, "mtime_ns": 1, "output": "a.npy", "state": "done"}
    content = {"format_version": 1, "versions": [], "model": {"sha256": "0"}, "sparse": False, "shards": [entry]}
    (folder / "manifest" / "manifest.json").write_text(json.dumps(content))


def watch_events(path: Path) -> None:
    try:
        stream = streams.event_frames(path, window_ms=5.0, empty=False)
    except ValueError as error:
        if "event_frames.shape" not in str(error) and not isinstance(error, DataError):
            raise
        return
    next(iter(stream))


def take_events(path: Path) -> None:
    list(streams.events(path, chunk=50))


def see(path: Path) -> None:
    """Features of a frame, by a network that must fit colour frames."""
    try:
        cnn = streams.CNN(path, size=(4, 4))
        cnn.transform(np.zeros((1, 4, 4, 3), np.uint8))
    except ValueError as error:
        if "CNN." not in str(error) and not isinstance(error, DataError):
            raise


def watch_pictures(path: Path) -> None:
    list(streams.images(path.parent, size=(4, 4)))


def carry(path: Path) -> None:
    given = SpikeTrain(np.arange(8.0), np.arange(8) % 4, np.zeros(8, int), 4)
    network = tectum.Network.from_nir(path, presentation=10.0)
    if network.n_features_in_ == 4:
        network.transform(None, spikes={"input": given})


READERS: dict[str, list[Callable]] = {
    "array.npy": [datasets.load, lambda path: list(streams.arrays(path))],
    "arrays.npz": [datasets.load, lambda path: list(streams.arrays(path))],
    "packed.npz": [datasets.load, lambda path: list(streams.arrays(path))],
    "table.csv": [
        lambda path: datasets.load(path, target="name", missing="keep"),
        lambda path: datasets.load(path, missing="keep", text="one-hot"),
    ],
    "table.parquet": [datasets.load],
    "image.png": [read_image],
    "image.tif": [read_image],
    "image.jpg": [read_image],
    "events.npz": [watch_events],
    "events.bin": [watch_events],
    "events.aedat": [watch_events],
    "events.aedat4": [watch_events],
    "lz4.aedat4": [watch_events],
    "zstd.aedat4": [watch_events],
    "events.dat": [take_events],
    "evt2.raw": [take_events],
    "evt3.raw": [take_events],
    "events.h5": [take_events],
    "network.onnx": [see],
    "graph.nir": [carry],
    "clip.mp4": [lambda path: list(streams.video(path, size=(8, 8)))],
    "pictures/a.png": [watch_pictures],
    "pictures/b.jpg": [watch_pictures],
    "settings.toml": [load_toml],
    "manifest/manifest.json": [lambda path: Manifest.read(path.parent)],
}


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Flipped bytes, a stretch cut out or off, doubled, or overwritten by large numbers."""
    changed = bytearray(content)
    kind = rng.integers(5)
    first, last = np.sort(rng.integers(0, len(content) + 1, 2))
    if kind == 0:
        for place in rng.integers(0, len(changed), rng.integers(1, 6)):
            changed[place] = rng.integers(256)
    elif kind == 1:
        del changed[rng.integers(len(changed)) :]
    elif kind == 2:
        del changed[first:last]
    elif kind == 3:
        changed[first:first] = changed[first:last]
    else:
        changed[first : first + 8] = rng.choice([b"\xff" * 8, b"99999999", b"\x7f" + b"\xff" * 7, b"\x00" * 8])
    return bytes(changed)


def fuzz(folder: Path, cases: int) -> list[str]:
    """What went wrong."""
    write_samples(folder)
    rng, wrong = np.random.default_rng(0), []
    for name, readers in READERS.items():
        path = folder / name
        content = path.read_bytes()
        for case in range(-1, cases):  # the good file first
            path.write_bytes(content if case < 0 else damaged(content, rng))
            for reader in readers:
                try:
                    reader(path)
                except DataError as error:
                    if case < 0:
                        wrong.append(f"{name} as it was: {error}")
                except BaseException as error:
                    wrong.append(f"{name}, case {case}: {error!r}")
        path.write_bytes(content)
    return wrong


def test_readers_survive_damaged_files(tmp_path: Path) -> None:
    """In a process of its own, where a signal would show, with little memory."""
    command = [sys.executable, "-W", "ignore", __file__, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-2000:]
    assert json.loads(found.stdout.splitlines()[-1]) == []  # onnxruntime prints, too


def test_absurd_sizes_are_refused_before_memory_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)})
        file.write(bytes(1000))
    with pytest.raises(DataError, match="it is too short for"):
        datasets.load(path)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive, archive.open("X.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (2**20, 8)})
        for _ in range(8):
            member.write(bytes(2**23))
    with pytest.raises(DataError, match="announces 67108"):
        datasets.load(tmp_path / "a.npz")


def test_long_numbers_in_a_graph_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(b"\xff" * 2_000_000)
    with pytest.raises(DataError, match=r"a\.onnx cannot be read as an ONNX file .*more than ten bytes"):
        streams.CNN(path)


def test_packets_of_events_expand_within_bounds(tmp_path: Path) -> None:
    lz4 = pytest.importorskip("lz4.frame")
    from tectum.streams.event_files import _unpacker

    bomb = lz4.compress(lz4.compress(bytes(2**30)))
    assert len(_unpacker(1, "a")(lz4.decompress(bomb))) <= 1100 * len(lz4.decompress(bomb))
    assert _unpacker(1, "a")(lz4.compress(b"events")) == b"events"
    assert tectum.files.MOST_EXPANSION == 1100


if __name__ == "__main__":  # FOLDER [CASES]: print what went wrong, as JSON
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps(fuzz(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else CASES)))
