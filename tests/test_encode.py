"""Encoding shard by shard: the bits of one large transform, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from typer.testing import CliRunner

import tectum
from tectum import encode
from tectum.cli.app import app
from tectum.encode import encode_shards, in_processes, shards
from tectum.encode.work import Outcome, Task
from tectum.parts import Sheet

N_FEATURES = 5
SIZES = (7, 12, 9, 30)


def samples(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(n, N_FEATURES))


def run(*arguments: str | Path, code: int = 0):
    """Result of the command, after checking its exit code and that no traceback was printed."""
    result = CliRunner().invoke(app, ["encode", *map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def som(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved map."""
    path = tmp_path_factory.mktemp("model") / "som.tectum"
    tectum.SpikingSOM((4, 4), n_presentations=40, random_state=0).fit(samples(40)).save(path)
    return path


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with a shard of each format."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    a, b, c, d = (samples(n, seed) for seed, n in enumerate(SIZES, 1))
    np.save(folder / "a.npy", a.astype(np.float32))
    np.savez(folder / "b.npz", data=b, other=c)
    pd.DataFrame(c).add_prefix("x").to_csv(folder / "c.csv", index=False)
    pd.DataFrame(d).add_prefix("x").to_parquet(folder / "d.parquet")
    (folder / "notes.txt").write_text("not a shard")
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with twelve shards of 1 to 12 rows."""
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(1, 13):
        np.save(folder / f"{n:02d}.npy", samples(n, seed=n))
    return folder


@pytest.fixture(scope="module")
def large(som: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A folder with eight shards, of which all but the first three take long enough to be killed in, and responses."""
    folder = tmp_path_factory.mktemp("large")
    for n in range(1, 9):
        np.save(folder / f"{n:02d}.npy", samples(100 if n <= 3 else 1500, seed=n))
    return folder, expected(som, folder)


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / encode.MANIFEST).read_text())


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != encode.MANIFEST}


def untouched(folder: Path) -> dict[str, tuple[int, int]]:
    """What changes when an output is written again."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("*.np?")}


def expected(model: Path, folder: Path) -> dict[str, np.ndarray]:
    loaded = tectum.load(model)
    return {path.name: loaded.transform(np.load(path)).astype(np.float32) for path in sorted(folder.glob("*.npy"))}


def check_all(model: Path, inputs: Path, folder: Path, right: dict[str, np.ndarray] | None = None) -> None:
    """Each shard once, in the manifest and in the folder, with the bits of `transform`, and nothing else."""
    content = manifest_of(folder)
    assert [Path(entry["input"]) for entry in content["shards"]] == sorted(inputs.iterdir())
    assert {entry["state"] for entry in content["shards"]} == {"done"}
    right = right or expected(model, inputs)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*right, encode.MANIFEST])
    for name, response in right.items():
        np.testing.assert_array_equal(np.load(folder / name), response)


class Stopped:
    """An executor that is interrupted after some shards; the manifest is read after each."""

    def __init__(self, folder: Path, after: int) -> None:
        self.folder, self.after, self.done = folder, after, 0

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        for item in in_processes()(tasks):
            if self.done == self.after:
                raise KeyboardInterrupt
            self.done += 1
            yield item
            manifest_of(self.folder)


class TestEquality:
    def test_every_format(self, som: Path, inputs: Path, tmp_path: Path) -> None:
        found = encode_shards(som, [inputs], tmp_path / "out")
        assert (found.n_shards, found.n_encoded, found.n_rows) == (4, 4, sum(SIZES))
        right = [samples(n, seed) for seed, n in enumerate(SIZES, 1)]
        right[0] = right[0].astype(np.float32)
        for name, X in zip("abcd", right, strict=True):
            response = np.load(tmp_path / "out" / f"{name}.npy")
            assert response.dtype == np.float32
            np.testing.assert_array_equal(response, tectum.load(som).transform(X).astype(np.float32))

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_rows_of_one_large_file_in_small_blocks(
        self, som: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
    ) -> None:
        X = np.asarray(samples(53).astype(np.float32), order=order)
        np.save(tmp_path / "large.npy", X)
        monkeypatch.setattr(shards, "BLOCK_BYTES", 3 * 8 * N_FEATURES)
        encode_shards(som, [tmp_path / "large.npy"], tmp_path / "out", shard_rows=20)
        files = sorted((tmp_path / "out").glob("large-rows-*.npy"))
        assert [len(np.load(file)) for file in files] == [20, 20, 13]
        whole = tectum.load(som).transform(X).astype(np.float32)
        np.testing.assert_array_equal(np.concatenate([np.load(file) for file in files]), whole)

    @pytest.mark.parametrize("sparse_output", [False, True])
    def test_dictionary(self, tmp_path: Path, sparse_output: bool) -> None:
        X = samples(60)
        model = tectum.SpikingDictionary(8, n_presentations=200, sparse_output=sparse_output, random_state=0).fit(X)
        model.save(tmp_path / "model")
        np.save(tmp_path / "x.npy", X)
        whole = model.set_params(sparse_output=False).transform(X)
        for as_sparse in (False, True):
            folder = tmp_path / f"out-{as_sparse}"
            encode_shards(tmp_path / "model", [tmp_path / "x.npy"], folder, shard_rows=25, sparse=as_sparse)
            parts = [sparse.load_npz(f).toarray() if as_sparse else np.load(f) for f in sorted(folder.glob("*.np?"))]
            assert {part.dtype for part in parts} == {np.dtype(np.float32)}
            np.testing.assert_array_equal(np.concatenate(parts), whole)

    def test_wave_network(self, tmp_path: Path) -> None:
        network = tectum.WaveNetwork([Sheet((8, 8), 8.0), Sheet(16, 8.0)], response="pooling", random_state=0)
        X = np.random.default_rng(0).uniform(size=(40, 64))
        network.fit(X).save(tmp_path / "model")
        np.save(tmp_path / "x.npy", X)
        encode_shards(tmp_path / "model", [tmp_path / "x.npy"], tmp_path / "out", shard_rows=15)
        parts = [np.load(file) for file in sorted((tmp_path / "out").glob("*.npy"))]
        whole = network.transform(X).astype(np.float32)
        # The sums of a matrix product depend on its size in the last bit of float64, so rounded ones may differ in one.
        np.testing.assert_array_max_ulp(np.concatenate(parts), whole, maxulp=1)

    def test_processes_write_the_same_files(self, som: Path, many: Path, tmp_path: Path) -> None:
        encode_shards(som, [many], tmp_path / "one")
        encode_shards(som, [many], tmp_path / "two", executor=in_processes(2))
        with joblib.parallel_config("threading", n_jobs=3):
            encode_shards(som, [many], tmp_path / "three")
        assert outputs(tmp_path / "one") == outputs(tmp_path / "two") == outputs(tmp_path / "three")
        check_all(som, many, tmp_path / "two")


class TestResume:
    def test_what_is_done_is_not_done_again(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        with pytest.raises(KeyboardInterrupt):
            encode_shards(som, [many], out, executor=Stopped(out, after=5))
        assert [entry["state"] for entry in manifest_of(out)["shards"]] == ["done"] * 5 + ["waiting"] * 7
        before = untouched(out)
        found = encode_shards(som, [many], out, resume=True)
        assert (found.n_shards, found.n_encoded, found.n_rows) == (12, 7, 78)
        after = untouched(out)
        assert all(after[f"{n:02d}.npy"] == before[f"{n:02d}.npy"] for n in range(1, 6))
        check_all(som, many, out)
        assert encode_shards(som, [many], out, resume=True).n_encoded == 0
        assert untouched(out) == after

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
    def test_killed_or_interrupted(self, som: Path, large, tmp_path: Path, number: signal.Signals) -> None:
        """All processes at once, as at the loss of a machine or by Ctrl-C; the manifest can be read all the time."""
        many, right = large
        out = tmp_path / "out"
        command = [sys.executable, "-m", "tectum.cli", "encode", som, many, "-o", out, "--jobs", "2"]
        process = subprocess.Popen(
            command,
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
        )
        n_done, deadline = 0, time.monotonic() + 240.0
        while n_done < 3 and process.poll() is None and time.monotonic() < deadline:
            if (out / encode.MANIFEST).exists():
                n_done = sum(entry["state"] == "done" for entry in manifest_of(out)["shards"])
            time.sleep(0.01)
        os.killpg(process.pid, number)
        _, answer = process.communicate(timeout=60)
        assert process.returncode == (130 if number == signal.SIGINT else -number), answer
        assert ("--resume" in answer) == (number == signal.SIGINT)
        done = {entry["output"] for entry in manifest_of(out)["shards"] if entry["state"] == "done"}
        assert 3 <= len(done) < 8
        before = untouched(out)
        assert encode_shards(som, [many], out, resume=True).n_encoded == 8 - len(done)
        assert all(untouched(out)[name] == before[name] for name in done)
        check_all(som, many, out, right)

    def test_damaged_and_lost_outputs_are_done_again(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        encode_shards(som, [many], out)
        content = bytearray((out / "03.npy").read_bytes())
        content[-1] ^= 1
        (out / "03.npy").write_bytes(content)
        (out / "04.npy").write_bytes(content[:100])
        (out / "05.npy").unlink()
        assert encode_shards(som, [many], out, resume=True).n_encoded == 3
        check_all(som, many, out)

    def test_remains_of_killed_processes_are_deleted(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        encode_shards(som, [many], out)
        for name in (".03.npy.0123.part", f".{encode.MANIFEST}.0123.part", ".mine.part"):
            (out / name).write_bytes(b"half")
        encode_shards(som, [many], out, resume=True)
        assert [path.name for path in out.glob(".*")] == [".mine.part"]

    def test_shards_may_be_added_and_touched(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        encode_shards(som, [many / "02.npy", many / "02.npy"], out)
        os.utime(many / "02.npy", (0, 0))
        assert encode_shards(som, [many], out, resume=True).n_encoded == 11
        assert len(outputs(out)) == 12

    def test_changes_are_errors(self, som: Path, many: Path, tmp_path: Path) -> None:
        out, again = tmp_path / "out", {"resume": True}
        encode_shards(som, [many], out, shard_rows=5)
        before = outputs(out)

        def error(model: Path, inputs: Path, message: str, **options) -> None:
            with pytest.raises(ValueError, match=message) as answer:
                encode_shards(model, [inputs], out, **options)
            assert "--overwrite" in str(answer.value)
            assert outputs(out) == before

        other = tmp_path / "other"
        tectum.load(som).partial_fit(samples(3)).save(other)
        error(som, many, "has a manifest already .*--resume", shard_rows=5)
        error(other, many, "is about another model", shard_rows=5, **again)
        error(som, many, "dense outputs", shard_rows=5, sparse=True, **again)
        error(som, many, r"06\.npy rows 0 to 4, which is not among the shards", **again)
        error(som, many / "02.npy", r"01\.npy, which is not among the shards", shard_rows=5, **again)
        np.save(many / "02.npy", samples(2, seed=99))
        error(som, many, r"02\.npy has changed since", shard_rows=5, **again)
        assert encode_shards(other, [many], out, overwrite=True).n_encoded == 12
        check_all(other, many, out)

    def test_old_outputs_go_when_new_ones_are_written(self, som: Path, many: Path, tmp_path: Path) -> None:
        out, unfit = tmp_path / "out", tmp_path / "unfit.npy"
        encode_shards(som, [many], out)
        before = outputs(out)
        np.save(unfit, np.zeros((4, N_FEATURES + 1)))
        for _ in range(2):
            with pytest.raises(ValueError, match="1 of 1 shards could not be encoded"):
                encode_shards(som, [unfit], out, overwrite=True)
            assert outputs(out) == before
        np.save(unfit, samples(4))
        assert encode_shards(som, [unfit], out, resume=True).n_encoded == 1
        assert list(outputs(out)) == ["unfit.npy"]
        assert "replaced" not in manifest_of(out)

    def test_shards_of_an_old_manifest_may_be_added_again(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        encode_shards(som, [many], out)
        with pytest.raises(KeyboardInterrupt):
            encode_shards(som, [many / "01.npy"], out, overwrite=True, executor=Stopped(out, after=0))
        assert len(outputs(out)) == 12
        assert encode_shards(som, [many], out, resume=True).n_encoded == 12
        check_all(som, many, out)

    def test_a_damaged_manifest_is_an_error(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        encode_shards(som, [many], out)
        content = manifest_of(out)
        outside = {**content, "shards": [{**content["shards"][0], "output": "../x.npy"}]}
        for text in ("{", "[]", json.dumps({**content, "format_version": 99}), json.dumps(outside)):
            (out / encode.MANIFEST).write_text(text)
            with pytest.raises(ValueError, match=r"not a manifest that this tectum can read.*--overwrite"):
                encode_shards(som, [many], out, resume=True)
        encode_shards(som, [many], out, overwrite=True)
        check_all(som, many, out)


class TestInputs:
    def test_one_bad_shard_does_not_stop_the_others(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        np.save(many / "06.npy", np.zeros((4, N_FEATURES + 1)))
        (many / "07.npy").write_bytes(b"\x93NUMPY no array")
        np.save(many / "08.npy", np.empty((0, N_FEATURES)))
        np.save(many / "09.npy", np.full((2, N_FEATURES), np.inf))
        with pytest.raises(ValueError, match="4 of 12 shards could not be encoded") as answer:
            encode_shards(som, [many], out, shard_rows=100)
        for stated in ("06.npy: X has 6 features, but SpikingSOM is expecting 5", "07.npy: ", "08.npy: ", "infinity"):
            assert stated in str(answer.value)
        assert sorted(outputs(out)) == [f"{n:02d}.npy" for n in (1, 2, 3, 4, 5, 10, 11, 12)]
        for n in (6, 7, 8, 9):
            np.save(many / f"{n:02d}.npy", samples(n, seed=n))
        assert encode_shards(som, [many], out, shard_rows=100, resume=True).n_encoded == 4
        check_all(som, many, out)

    def test_a_shard_that_grows_meanwhile(self, som: Path, many: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"

        def meddling(tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
            np.save(many / "06.npy", samples(7))
            yield from in_processes()(tasks)

        with pytest.raises(ValueError, match=r"06\.npy changed while it was read"):
            encode_shards(som, [many], out, executor=meddling)
        encode_shards(som, [many], out, resume=True)
        check_all(som, many, out)

    def test_a_model_that_changes_meanwhile(self, som: Path, many: Path, tmp_path: Path) -> None:
        model = tmp_path / "model"
        model.write_bytes(som.read_bytes())

        def meddling(tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
            model.write_bytes(b"other")
            yield from in_processes()(tasks)

        with pytest.raises(ValueError, match="model changed while shards were encoded"):
            encode_shards(model, [many / "06.npy"], tmp_path / "out", executor=meddling)

    def test_equal_names_get_outputs_of_their_own(self, som: Path, tmp_path: Path) -> None:
        for place in ("x/day", "y/day", "z/day"):
            (tmp_path / place).mkdir(parents=True)
            np.save(tmp_path / place / "part.npy", samples(2))
        (tmp_path / "x" / "day" / "manifest.csv").write_text("1,2,3,4,5\n1,2,3,4,6\n")
        folders = [tmp_path / place / "day" for place in "xyz"]
        encode_shards(som, folders, tmp_path / "out")
        assert sorted(outputs(tmp_path / "out")) == ["day-part.npy", "manifest.npy", "part-2.npy", "part.npy"]

    def test_errors(self, som: Path, many: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "x.txt").write_text("1")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "02.npy").write_bytes(b"mine")
        for inputs, options, message in (
            ([], {}, "must name at least one shard"),
            ([tmp_path / "empty"], {}, "empty must hold shards .* got none"),
            ([tmp_path / "x.txt"], {}, "must end in .npy, .npz, .csv, .parquet, got suffix '.txt'"),
            ([many], {"shard_rows": 0}, "must be 1 or more, got 0"),
            ([many], {"resume": True, "overwrite": True}, "exclude each other"),
        ):
            with pytest.raises(ValueError, match=message):
                encode_shards(som, inputs, tmp_path / "out", **options)
        with pytest.raises(FileNotFoundError, match="no shard at"):
            encode_shards(som, [tmp_path / "none.npy"], tmp_path / "out")
        with pytest.raises(FileNotFoundError, match="no model file"):
            encode_shards(tmp_path / "none", [many], tmp_path / "out")
        with pytest.raises(FileNotFoundError, match="create it first"):
            encode_shards(som, [many], tmp_path / "no" / "out")
        with pytest.raises(ValueError, match="must not hold inputs"):
            encode_shards(som, [many], many)
        with pytest.raises(ValueError, match=r"02\.npy exists and is not in the manifest"):
            encode_shards(som, [many], tmp_path / "full")
        (tmp_path / "text.csv").write_text("1,2,3,4,a\n1,2,3,4,b\n")
        with pytest.raises(ValueError, match=r"\(--drop\).*; encode has no such options, .* `tectum transform`"):
            encode_shards(som, [tmp_path / "text.csv"], tmp_path / "text")
        assert (tmp_path / "full" / "02.npy").read_bytes() == b"mine"
        assert not (tmp_path / "out").exists()


class TestDask:
    """On a cluster of worker processes."""

    def test_a_worker_is_killed(self, som: Path, large, tmp_path: Path) -> None:
        """The only one: what it had in hand waits for the next."""
        distributed = pytest.importorskip("distributed")
        many, right = large
        out, killed = tmp_path / "out", []
        with (
            distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
            distributed.Client(cluster) as client,
        ):
            victim = next(iter(client.run(os.getpid).values()))

            def kill() -> None:
                while len(list(out.glob("[0-9]*.npy"))) < 3:
                    time.sleep(0.005)
                killed.append(len(list(out.glob("[0-9]*.npy"))))
                os.kill(victim, signal.SIGKILL)

            thread = threading.Thread(target=kill, daemon=True)
            thread.start()
            found = encode_shards(som, [many], out, executor=encode.on_dask(cluster.scheduler_address))
            thread.join(timeout=10.0)
            assert victim not in client.run(os.getpid).values()
        assert killed
        assert killed[0] < 8
        assert (found.n_shards, found.n_encoded) == (8, 8)
        check_all(som, many, out, right)
        assert encode_shards(som, [many], out, resume=True).n_encoded == 0

    def test_local_cluster_of_the_command(
        self, som: Path, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Workers are threads here, since processes take seconds to start."""
        distributed = pytest.importorskip("distributed")
        cluster, asked = distributed.LocalCluster, []

        def of_threads(**given):
            asked.append(given)
            return cluster(**given, processes=False)

        monkeypatch.setattr(distributed, "LocalCluster", of_threads)
        np.save(many / "06.npy", np.zeros((4, N_FEATURES + 1)))
        result = run(som, many, "-o", tmp_path / "out", "--scheduler", "local:2", "--quiet", code=1)
        assert "1 of 12 shards could not be encoded" in result.stderr
        assert len(outputs(tmp_path / "out")) == 11
        assert asked == [{"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}]

    def test_errors(self) -> None:
        pytest.importorskip("distributed")
        for scheduler in ("local:0", "local:many", "local:-1"):
            with pytest.raises(ValueError, match="scheduler must be local, local:N"):
                encode.on_dask(scheduler)


class TestCommand:
    def test_result(self, som: Path, many: Path, tmp_path: Path) -> None:
        answer = json.loads(run(som, many, "-o", tmp_path / "out", "--json").stdout)
        assert answer["manifest"] == str(tmp_path / "out" / encode.MANIFEST)
        assert (answer["n_shards"], answer["n_encoded"], answer["n_rows"]) == (12, 12, 78)
        assert answer["bytes_written"] == sum(map(len, outputs(tmp_path / "out").values()))
        assert not run(som, many, "-o", tmp_path / "out", "--resume", "--quiet").output
        assert "12 shards, 12 of them" in run(som, many, "-o", tmp_path / "out", "--overwrite").stdout
        check_all(som, many, tmp_path / "out")

    def test_wrong_usage(self, som: Path, many: Path, tmp_path: Path) -> None:
        run(som, many, "-o", tmp_path / "out", "--jobs", "2", "--scheduler", "local", code=2)
        run(som, "-o", tmp_path / "out", code=2)
        assert "error: no shard at" in run(som, tmp_path / "none", "-o", tmp_path / "out", code=1).stderr
