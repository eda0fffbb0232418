"""Laws, compiled kernels and their disk cache, random numbers, and the import of the package."""

import copy
import functools
import json
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError
from scipy import stats

import tectum
import tectum.core.kernel as kernel_module
from tectum.core.bundle import bundle
from tectum.core.kernel import Kernel, kernel
from tectum.core.law import law
from tectum.core.random import integers, key_of_row, keys_of_rows, normal, philox, seed_from, uniform, uniform_array

SOURCE = Path(tectum.__file__).parent
needs_compiler = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set")


def run(code: str, *, source: Path = SOURCE.parent, **environment: str) -> Any:
    """Run code in a new process and return what it printed as JSON."""
    settings = os.environ | {"PYTHONPATH": str(source), "NUMBA_DISABLE_JIT": "0"} | environment
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=settings, cwd=source, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Leak(NamedTuple):
    tau_m: Any = np.float32(10.0)  # ms


class Drift(NamedTuple):
    speed: Any = np.float32(0.5)  # 1/ms
    theta: int = 1


class Still(NamedTuple):
    pass


class Unknown(NamedTuple):
    tau_m: float = 1.0


@bundle
class Held(NamedTuple):
    """Arrays with parameters."""

    law: Any
    v: Any


@law
def update(p, v, I, dt):
    """Membrane after one step, and whether it rose."""


@update.of(Leak)
def _(p, v, I, dt):
    return v + dt * (I - v) / p.tau_m, v < I


@update.of(Drift)
def _(p, v, I, dt):
    return v + dt * p.speed * scaled(I), p.theta > 0


@update.of(Still)
def _(p, v, I, dt):
    return v, False


@kernel
def less(a, b):
    return a - b


@kernel
def less_numbers(a):
    return less(less(less(a, 1), 2), 3), less(0, a)


@kernel
def scaled(x):
    return x * np.float32(0.5)


@kernel
def membranes(p, I, dt, v):
    """A sheet of membranes, one step; returns how many rose."""
    count = 0
    for j in range(v.shape[0]):
        v[j], rose = update(p, v[j], I[j], dt)
        count += rose
    return count


@law
def height(p):
    """A number."""


@kernel
def fill(p, v):
    """The number of p; OUT v."""
    v[:] = height(p)


@kernel
def fill_held(held):
    """The same; OUT held.v."""
    held.v[:] = height(held.law[0])


def namesake(field: str, factor: float) -> Any:
    """Parameters of a class of its own, and an equation that its fields do not show."""
    cls: Any = NamedTuple("Namesake", [(field, float)])  # type: ignore[misc]
    height.of(cls)(lambda p: np.float32(p[0] * factor))
    return cls(1.0)


def one_step(p: Any, step: Any = membranes) -> tuple[int, np.ndarray]:
    v = np.linspace(-1, 1, 7, dtype=np.float32)
    return step(p, v[::-1] * np.float32(3), np.float32(0.1), v), v


class TestLaw:
    def test_python_looks_the_type_up(self):
        assert update(Leak(10.0), 0.5, 0.0, 1.0) == (0.45, False)
        assert update(Drift(1.0), 0.5, 2.0, 0.1) == (0.6, True)
        assert update(p=Still(), v=0.5, I=0.0, dt=1.0) == (0.5, False)
        assert update.__name__ == "update"
        assert update.__doc__.startswith("Membrane after")

    def test_classes_of_one_name_have_their_own_equations(self):
        for field, factor in (("x", 2.0), ("x", 3.0), ("y", 4.0)):
            p, v = namesake(field, factor), np.zeros(3, np.float32)
            fill(p, v)
            np.testing.assert_array_equal(v, factor)
            held = Held((p,), np.zeros(3, np.float32))
            fill_held(held)
            np.testing.assert_array_equal(held.v, factor)

    @pytest.mark.parametrize("p", [Leak(), Drift(), Still()], ids=lambda p: type(p).__name__)
    def test_compiled_equals_python_bit_for_bit(self, p):
        count, v = one_step(p)
        expected_count, expected = one_step(p, step=getattr(membranes, "__wrapped__", membranes))
        assert count == expected_count
        assert v.dtype == expected.dtype == np.float32
        assert v.tobytes() == expected.tobytes()

    def test_unknown_type_in_python(self):
        with pytest.raises(TypeError, match=r"update: the first .* \(Drift, Leak, Still\), got Unknown; .*@update\.of"):
            update(Unknown(), 0.5, 0.0, 1.0)

    @needs_compiler
    def test_a_number_in_a_call_compiles_nothing_more(self):
        assert less_numbers(np.int64(9)) == (3, -9)
        assert [str(types) for types in less.inner.overloads] == ["(int64, int64)"]

    @needs_compiler
    def test_unknown_type_in_kernel(self):
        with pytest.raises(TypingError, match=r"\(Drift, Leak, Still\), got Unknown; add one with @update\.of\(Unkn"):
            one_step(Unknown())
        with pytest.raises(TypingError, match="got UniTuple"):
            one_step((1.0, 2.0))

    def test_equation_added_after_a_failure(self):
        class Late(NamedTuple):
            tau_m: Any = np.float32(2.0)

        with pytest.raises((TypeError, TypingError), match="got Late"):
            one_step(Late())
        name = update.of(Late)(lambda p, v, I, dt: (p.tau_m, True)).__name__
        count, v = one_step(Late())
        del update._equations[Late]
        assert name == "<lambda>"
        assert count == 7
        assert set(v) == {2.0}

    def test_refuses_what_is_not_an_equation(self):
        with pytest.raises(TypeError, match="NamedTuple class, got <class 'float'>"):
            update.of(float)(lambda p, v, I, dt: v)
        with pytest.raises(TypeError, match=r"must take \(p, v, I, dt\), got \(p, v\)"):
            update.of(Unknown)(lambda p, v: v)
        with pytest.raises(ValueError, match=r"update.of\(Leak\): .* has an equation already"):
            update.of(Leak)(lambda p, v, I, dt: v)

    def test_equations_of_the_package_are_closed(self, monkeypatch):
        monkeypatch.setattr(Unknown, "__module__", "tectum.parts.neurons")
        monkeypatch.setattr(update, "__module__", "tectum.parts.neurons")
        with pytest.raises(ValueError, match="belongs to this package"):
            update.of(Unknown)(lambda p, v, I, dt: v)


PROBE_LAW = """
    from typing import NamedTuple
    from tectum.core.law import law

    class Leak(NamedTuple):
        tau_m: float = 10.0

    @law
    def update(p, v, I, dt):
        "Membrane after one step."

    @update.of(Leak)
    def _(p, v, I, dt):
        return v + dt * (I - v) / p.tau_m
"""
PROBE_KERNEL = """
    from tectum.core.kernel import kernel
    from tectum.probe_law import update

    @kernel
    def inner(p, v):
        return update(p, v, 2.0, 0.5)

    @kernel
    def membrane(p, v):
        return inner(p, v)

    @kernel
    def membrane_of_pair(pair, v):
        return inner(pair[0], v)
"""
PROBE_RUN = """
    import json
    from tectum.probe_law import Leak
    from tectum.probe_kernel import membrane
    v = membrane(Leak(), 1.0)
    stats = membrane.cached.stats
    print(json.dumps([v, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]))
"""
FOREIGN_RUN = """
    import json
    from typing import NamedTuple
    from tectum.probe_law import Leak, update
    from tectum.probe_kernel import membrane, membrane_of_pair

    class Mine(NamedTuple):
        gain: float = 3.0

    @update.of(Mine)
    def _(p, v, I, dt):
        return p.gain * v

    print(json.dumps([membrane(Mine(), v=1.0), membrane_of_pair((Mine(), 0.0), 2.0), membrane_of_pair((Leak(),), 1.0)]))
"""


@pytest.fixture
def package(tmp_path) -> Path:
    """Folder with a copy of the package that has a law in one file and its kernels in another."""
    shutil.copytree(SOURCE / "core", tmp_path / "tectum" / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tectum" / "__init__.py").touch()
    (tmp_path / "tectum" / "probe_law.py").write_text(textwrap.dedent(PROBE_LAW))
    (tmp_path / "tectum" / "probe_kernel.py").write_text(textwrap.dedent(PROBE_KERNEL))
    return tmp_path


def stored(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.kernel"))


class TestDiskCache:
    def test_follows_the_source(self, package):
        probe = functools.partial(run, PROBE_RUN, source=package, TECTUM_CACHE=str(package / "cache"))
        equation = package / "tectum" / "probe_law.py"
        original = equation.read_text()
        assert probe() == [1.05, 0, 1]
        assert probe() == [1.05, 1, 0]
        equation.write_text(original.replace("I - v", "I + v"))
        assert probe() == [1.15, 0, 1]
        equation.write_text(original)
        assert probe() == [1.05, 1, 0]

    def test_never_holds_equations_from_outside(self, package):
        cache = package / "cache"
        assert run(FOREIGN_RUN, source=package, TECTUM_CACHE=str(cache)) == [3.0, 6.0, 1.05]
        (name,) = stored(package)  # of the call with Leak
        assert name.startswith("tectum.probe_kernel.membrane_of_pair-")

    def test_does_without_a_writable_folder(self, package):
        (package / "cache").write_text("in the way")
        assert run(PROBE_RUN, source=package, TECTUM_CACHE=str(package / "cache"))[0] == 1.05
        assert stored(package) == []

    def test_does_without_a_folder_for_its_source(self, package):
        find_hash = "import json, tectum.core.kernel as k; print(json.dumps(k.LOADED_HASH))"
        folder = package / "cache" / "kernels" / run(find_hash, source=package)
        folder.parent.mkdir(parents=True)
        folder.write_text("in the way")
        assert run(PROBE_RUN, source=package, TECTUM_CACHE=str(package / "cache"))[0] == 1.05
        assert stored(package) == []

    @needs_compiler
    @pytest.mark.parametrize("damage", [lambda whole: whole[:-100], lambda whole: b"", lambda whole: b"!" * 500])
    def test_a_damaged_file_is_as_good_as_none(self, tmp_path, damage):
        assert halved(tmp_path) == [1.5, 0, 1]
        (path,) = tmp_path.glob("*.kernel")
        path.write_bytes(damage(path.read_bytes()))
        assert halved(tmp_path) == [1.5, 0, 1]
        assert path.stat().st_size > 500
        assert halved(tmp_path) == [1.5, 1, 0]

    @needs_compiler
    def test_reads_what_it_may_not_write(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TECTUM_CACHE", str(tmp_path))
        folder = kernel_module.kernel_folder.__wrapped__()
        assert halved(folder) == [1.5, 0, 1]
        names = stored(tmp_path)

        def refuse(*args, **kwargs):
            raise PermissionError("read-only")

        for place, name in ((os, "utime"), (os, "replace"), (Path, "write_bytes")):
            monkeypatch.setattr(place, name, refuse)
        assert kernel_module.kernel_folder.__wrapped__() == folder
        assert halved(folder) == [1.5, 1, 0]
        assert halved(folder, 3) == [1, 0, 1]
        monkeypatch.undo()
        assert stored(tmp_path) == names

    def test_compiles_each_time_with_a_numba_that_cannot_store(self, package):
        code = (
            f"import numba.core.compiler\ndel numba.core.compiler.CompileResult._reduce\n{textwrap.dedent(PROBE_RUN)}"
        )
        assert run(code, source=package, TECTUM_CACHE=str(package / "cache"))[0] == 1.05
        assert stored(package) == []

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            ("", []),
            ("del codegen.JITCodeLibrary", ["ImportError: names are missing"]),
            (
                "codegen.JITCodeLibrary = type('Other', (codegen.JITCodeLibrary,), {'_finalize_final_module': None})",
                ["TypeError: 'NoneType' object is not callable"],
            ),
            ("numba.extending.NativeValue = None", ["TypeError: 'NoneType' object is not callable"]),
        ],
    )
    def test_a_newer_numba_is_tried_out(self, package, damage, said):
        """One of another inside compiles its way, and one line says so."""
        code = f"""
            import json, warnings
            import numba.extending, numba.core.codegen as codegen
            numba.__version__ = "99.0"
            {damage}
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                from tectum.probe_law import Leak
            from tectum.probe_kernel import membrane
            print(json.dumps([membrane(Leak(), 1.0), [str(warning.message) for warning in caught]]))
        """
        answer, lines = run(code, source=package, TECTUM_CACHE=str(package / "cache"))
        assert answer == 1.05
        assert len(lines) == len(said)
        for line, reason in zip(lines, said, strict=True):
            assert f"Numba 99.0 is another inside than tectum knows ({reason}): kernels take longer" in line
        assert len(stored(package)) == 1

    def test_keeps_the_newest_folders(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TECTUM_CACHE", str(tmp_path))
        for age in range(1, 6):
            folder = tmp_path / "kernels" / f"hash{age}"
            folder.mkdir(parents=True)
            os.utime(folder, (1e9 - age, 1e9 - age))
        current = kernel_module.kernel_folder.__wrapped__()
        assert {path.name for path in (tmp_path / "kernels").iterdir()} == {current.name, "hash1", "hash2"}

    @needs_compiler
    def test_off_when_the_source_changed_after_it_was_loaded(self, monkeypatch):
        monkeypatch.setattr(kernel_module, "LOADED_HASH", "hash of the code in memory")
        fresh = Kernel(uniform.__wrapped__)
        assert fresh.cached is fresh.uncached

    @needs_compiler
    def test_off_when_the_source_cannot_be_read(self, monkeypatch):
        monkeypatch.setattr(kernel_module, "LOADED_HASH", None)
        monkeypatch.setattr(kernel_module, "source_hash", lambda: None)
        monkeypatch.setattr(kernel_module, "kernel_folder", kernel_module.kernel_folder.__wrapped__)
        fresh = Kernel(uniform.__wrapped__)
        assert fresh.cached is fresh.uncached

    @needs_compiler
    def test_off_for_kernels_from_outside(self):
        assert membranes.cached is membranes.uncached

    @needs_compiler
    def test_two_processes_storing_at_once(self, tmp_path):
        first, second, later = (kernel_module._with_cache(halve, tmp_path) for _ in range(3))
        assert (first(3.0), second(3)) == (1.5, 1)
        assert (later(5.0), later(5)) == (2.5, 2)
        assert sum(later.stats.cache_hits.values()) == 2


def halve(x):
    return x / 2 if isinstance(x, float) else x // 2


def halved(folder: Path, x: float = 3.0) -> list[float]:
    """Half of a number by a kernel as a new process has it, and how often its code was found and was not."""
    fresh = kernel_module._with_cache(halve, folder)
    return [fresh(x), sum(fresh.stats.cache_hits.values()), sum(fresh.stats.cache_misses.values())]


class TestKernel:
    def test_pickles_and_copies_as_itself(self):
        assert pickle.loads(pickle.dumps(uniform)) is uniform
        assert copy.deepcopy(uniform) is uniform

    def test_first_call_from_many_threads(self):
        fresh = kernel(getattr(membranes, "__wrapped__", membranes))
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: one_step(Leak(), step=fresh)[1].tobytes(), range(8)))
        assert set(results) == {one_step(Leak())[1].tobytes()}

    def test_division_by_zero_follows_ieee(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            _, v = one_step(Leak(np.float32(0.0)))
        assert np.isinf(v[:3]).all()

    def test_plain_function_without_the_compiler(self):
        code = "import json, tectum.core.random as r; print(json.dumps(type(r.uniform).__name__))"
        assert run(code, NUMBA_DISABLE_JIT="1") == "function"


BITS = """
    import json
    from typing import Any, NamedTuple
    import numpy as np
    from tectum.core.kernel import kernel
    from tectum.core.law import law
    from tectum.core.random import integers, normal, philox, uniform, uniform_array

    class Leak(NamedTuple):
        tau_m: Any = np.float32(10.0)

    @law
    def update(p, v, I, dt):
        "Membrane after one step, and whether it fired."

    @update.of(Leak)
    def _(p, v, I, dt):
        v = v + dt * (I - v) / p.tau_m
        return v, v > np.float32(0.1)

    @kernel
    def loop(p, seed, dt, v):
        fired = 0
        for step in range(20):
            for j in range(v.shape[0]):
                v[j], spike = update(p, v[j], normal(seed, 1, step, j) + uniform(seed, 1, step, j), dt)
                fired += spike
        return fired

    big = 2**64 - 1
    seed = np.uint64(12345678901234567890)
    v = np.zeros(30, dtype=np.float32)
    fired = loop(Leak(), seed, np.float32(0.5), v)
    print(json.dumps([
        int(fired), v.tobytes().hex(),
        [int(word) for word in philox(1, 2, 3, 4, 5, 6)],
        uniform_array(big, big, 2**32 - 1, 300).tobytes().hex(),
        np.array([normal(seed, k, 2, 3) for k in range(500)], dtype=np.float32).tobytes().hex(),
        [int(integers(seed, k, 3 * 2**30)) for k in range(300)],
        [float(uniform(seed, np.uint64(big), np.int32(7), j)) for j in range(100)],
    ]))
"""


def test_compiled_equals_jit_off_bit_for_bit():
    compiled = run(BITS)
    assert compiled[0] > 0
    assert compiled == run(BITS, NUMBA_DISABLE_JIT="1")


# Known answers of philox4x32 with 10 rounds: kat_vectors of the Random123 library, version 1.14.0.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def pvalue_of_counts(values: Any, bins: int) -> float:
    return stats.chisquare(np.bincount(np.asarray(values, dtype=int), minlength=bins)).pvalue


class TestRandom:
    @pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
    def test_known_answers(self, counter, key, words):
        block = philox(*(int(word, 16) for word in f"{counter} {key}".split()))
        assert " ".join(f"{int(word):08x}" for word in block) == words

    @pytest.mark.parametrize("axis", range(4), ids=["seed", "presentation", "step", "neuron"])
    def test_uniform_along_each_part_of_the_key(self, axis):
        place = [11, 22, 33, 44]
        draws = np.array([uniform(*place[:axis], k, *place[axis + 1 :]) for k in range(4096)])
        assert draws.min() >= 0
        assert draws.max() < 1
        assert stats.kstest(draws, "uniform").pvalue > 0.01
        assert pvalue_of_counts(draws * 64, 64) > 0.01
        for lag in (1, 2, 64):
            assert abs(np.corrcoef(draws[:-lag], draws[lag:])[0, 1]) < 4 / np.sqrt(len(draws))

    def test_uniform_array_is_uniform_of_each_neuron(self):
        draws = uniform_array(1, 2, 3, 50)
        assert draws.dtype == np.float32
        assert list(draws) == [uniform(1, 2, 3, j) for j in range(50)]

    def test_high_and_low_words_of_the_key_count(self):
        keys = [1, 2**32, 2**63]
        draws = {
            float(uniform(*place)) for key in keys for place in [(np.uint64(key), 0, 0, 0), (0, np.uint64(key), 0, 0)]
        }
        assert len(draws) == 6

    def test_normal(self):
        draws = np.array([normal(5, 0, 0, j) for j in range(8192)])
        assert stats.kstest(draws, "norm").pvalue > 0.01
        same_counter = uniform_array(5, 0, 0, len(draws))
        assert abs(np.corrcoef(draws, same_counter)[0, 1]) < 4 / np.sqrt(len(draws))
        assert abs(np.corrcoef(draws**2, same_counter)[0, 1]) < 4 / np.sqrt(len(draws))

    def test_integers(self):
        draws = [integers(7, k, 10) for k in range(4000)]
        assert set(draws) == set(range(10))
        assert pvalue_of_counts(draws, 10) > 0.01
        assert {int(integers(7, k, 1)) for k in range(10)} == {0}
        assert 0 <= integers(7, 1, 2**32) < 2**32

    def test_integers_do_not_favour_any_result(self):
        # of the 2**32 words a third more fall on multiples of 3 unless some words are rejected
        draws = np.array([integers(7, k, 3 * 2**30) for k in range(6000)])
        assert draws.max() < 3 * 2**30
        assert pvalue_of_counts(draws % 3, 3) > 0.01

    def test_key_of_row(self):
        row = np.array([0.0, 1.5, -2.25])
        assert key_of_row(row) == key_of_row([-0.0, 1.5, -2.25]) == key_of_row(row.astype(np.float32))
        assert key_of_row(row) == key_of_row(np.repeat(row, 2)[::2]) == np.uint64(15765775019568647912)
        assert len({int(key_of_row(np.float64([k, 1]))) for k in range(1000)}) == 1000
        assert isinstance(key_of_row(row), np.uint64)
        X = np.arange(12.0).reshape(4, 3)
        assert keys_of_rows(np.asfortranarray(X)).tolist() == [int(key_of_row(row)) for row in X]
        assert keys_of_rows(X[:0]).shape == (0,)

    def test_seed_from(self):
        assert seed_from(3) == seed_from(np.int64(3)) == seed_from(np.random.RandomState(3)) != seed_from(4)
        assert isinstance(seed_from(3), np.uint64)
        shared = np.random.RandomState(3)
        assert seed_from(shared) != seed_from(shared)
        assert seed_from(np.random.default_rng(3)) == seed_from(np.random.default_rng(3))
        state = np.random.get_state()  # noqa: NPY002 - None means the global generator
        first = seed_from(None)
        np.random.set_state(state)  # noqa: NPY002
        assert seed_from(None) == first
        for wrong in (-1, "seed", 1.5):
            with pytest.raises(ValueError, match=r"random_state must be None, an integer .* got"):
                seed_from(wrong)


def test_imports_are_fast_and_light():
    code = """
        import json, sys, time
        heavy = {"numba", "sklearn", "matplotlib", "scipy"}
        start = time.perf_counter()
        import tectum
        seconds = time.perf_counter() - start
        package = sorted((heavy | {"numpy"}) & set(sys.modules))
        import tectum.cli.app
        print(json.dumps([seconds, package, sorted(heavy & set(sys.modules))]))
    """
    seconds, package, command = run(code)
    assert seconds < 1
    assert package == command == []


def test_public_names():
    assert set(tectum.__all__) <= set(dir(tectum))
    assert tectum.__version__ == "0.2.0"
    assert tectum.analysis.__name__ == "tectum.analysis"
    assert tectum.load.__module__ == "tectum.persistence"
    with pytest.raises(AttributeError, match="'forest', only BrokenMapWarning, DiehlCook, MapFullWarning"):
        _ = tectum.forest
