"""Change model files at random and use what still loads: `python tests/file_fuzz.py --cases 10000`.

Headers, lengths, types, shapes and values of the files of all estimators are changed, one to three at a time, and the
checksum is made anew in nine cases of ten. Each file must load or raise ValueError; a model that loads must transform
and learn one sample, or raise ValueError. Cases run in child processes with bounded memory. Exit code 0 means that no
process died of a signal and no other exception was raised. A case that takes longer than `SLOW` is ended and counted:
a model may be asked for more work than anybody waits for, in a file as by its parameters.
"""

import argparse
import collections
import copy
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import tectum
from tectum import parts, persistence

MEMORY = 6 * 2**30  # bytes of addresses
SLOW = 10.0  # seconds of a case
LONGEST = 2**24  # features of a sample
ODD = [0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, 10**30, 0.0, -0.5, 1e-30, 1e-3, 0.5, 1e9, 1e300]
ODD += [float("nan"), float("inf"), None, True, "", "x", "inf", [], [1, 2], {}, {"part": "LIF"}, {"part": "__init__"}]
FAULTS = (ValueError, FileNotFoundError)


def taps() -> np.ndarray:
    """Events of a small camera."""
    columns = [np.arange(60) * 500, np.arange(60) % 7, np.arange(60) % 6, np.arange(60) % 2]
    return np.rec.fromarrays(columns, names="t,x,y,p").view(np.ndarray)


def models() -> dict:
    """A small model of each kind that keeps other arrays."""
    X = np.random.RandomState(0).uniform(size=(40, 16))
    y, sheets = np.arange(40) % 3, [parts.Sheet((4, 4)), parts.Sheet(8)]
    soft = parts.SoftmaxInhibition()
    remembering = [parts.Map("a", (parts.Features(delay=1), parts.Winners("a")), shape=(3, 3))]
    return {
        "som": tectum.SpikingSOM((3, 3), n_presentations=40, random_state=0).fit(X[:, :2]),
        "dictionary": tectum.SpikingDictionary(6, n_presentations=60, random_state=0).fit(X),
        "latency": tectum.SpikingDictionary.fois2023(6, n_presentations=60, random_state=0).fit(X),
        "events": tectum.SpikingDictionary.for_events(6, n_presentations=60, random_state=0).fit_events(taps()),
        "softmax": tectum.SpikingDictionary(6, competition=soft, n_presentations=60, random_state=0).fit(X - 0.5),
        "standard": tectum.DiehlCook(6, random_state=0).fit(X, y),
        "readout": tectum.SpikingReadout(random_state=0).fit(X, y),
        "hierarchy": tectum.MapHierarchy(random_state=0).fit(X),
        "remembering": tectum.MapHierarchy(remembering, random_state=0).fit(X),
        "network": tectum.Network(presentation=50.0, random_state=0).fit(X),
        "waves": tectum.WaveNetwork(sheets, random_state=0).grow(50.0).fit(X),
        "fields": tectum.WaveNetwork(sheets, image_rule=parts.FieldHebb(), response="excess", random_state=0)
        .grow(50.0)
        .fit(X),
    }


def change_array(arrays: dict, rng: np.random.Generator) -> None:
    """Another value, type, shape, length or name of an array, or one less."""
    name = str(rng.choice(sorted(arrays)))
    array, kind = arrays[name], rng.integers(8)
    values = [v for v in ODD if isinstance(v, int | float) and not isinstance(v, bool)]
    if kind < 4 and array.size:  # one value, or all
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = np.array(float(rng.choice(np.array(values, float)))).astype(array.dtype)
        array = array.copy()
        array.reshape(-1)[slice(None) if kind == 0 else int(rng.integers(array.size))] = value
        arrays[name] = array
    elif kind == 4:
        arrays[name] = array.astype(str(rng.choice(["f4", "f8", "i4", "i8", "u1", "u8", "?"])))
    elif kind == 5:
        flat = array.reshape(-1)
        n = int(rng.integers(0, 2 * flat.size + 2))
        arrays[name] = np.resize(flat, n) if flat.size else np.zeros(n, array.dtype)
    elif kind == 6:
        arrays[name] = [array.T, array[None], array.reshape(-1), array.reshape(-1)[:0]][rng.integers(4)]
    else:
        moved = arrays.pop(name)
        if rng.integers(2):
            arrays[str(rng.choice(sorted(arrays)))] = moved


def change_header(header: dict, rng: np.random.Generator) -> None:
    """Another value somewhere in the header, or an entry less or more."""
    place: list = []

    def walk(value: object, holder: object = None, key: object = None) -> None:
        if holder is not None:
            place.append((holder, key))
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, item in items:
            walk(item, value, name)

    walk(header)
    holder, key = place[rng.integers(len(place))]
    kind = rng.integers(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, name = place[rng.integers(len(place))]
        holder[key] = copy.deepcopy(other.get(name) if isinstance(other, dict) else None)
    elif kind == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif kind == 3 and isinstance(holder[key], int | float):
        holder[key] = holder[key] * [2, 10, 1000, -1][rng.integers(4)]
    else:
        holder[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])


def write_case(source: Path, target: Path, rng: np.random.Generator) -> None:
    """A changed copy of a model file."""
    if rng.integers(10) == 0:  # bytes, so that the checksum or the format is wrong
        content = bytearray(source.read_bytes())
        for place in rng.integers(0, len(content), rng.integers(1, 5)):
            content[place] = rng.integers(256)
        target.write_bytes(content[: rng.integers(len(content))] if rng.integers(3) == 0 else content)
        return
    arrays, header = persistence.load_arrays(source)
    for _ in range(rng.integers(1, 4)):
        if rng.integers(2):
            change_array(arrays, rng)
        else:
            change_header(header, rng)
    persistence.save_arrays(target, arrays, header)


def use(path: Path) -> str:
    """What comes of a file."""
    try:
        model = tectum.load(path)
    except FAULTS:
        return "refused"
    if model.n_features_in_ > LONGEST:  # nothing is wrong, but there is no such sample
        return "used"
    try:
        X = np.random.RandomState(1).uniform(size=(1, model.n_features_in_))
        if isinstance(getattr(model, "encoder", None), parts.EventPatches):
            model.transform_events(taps())
            model.partial_fit_events(taps())
            return "used"
        model.transform(X)
        model.partial_fit(X, model.classes_[:1] if isinstance(model, tectum.SpikingReadout) else None)
    except FAULTS:
        return "refused in use"
    return "used"


def run_cases(folder: Path, seed: int, first: int, last: int) -> None:
    """Cases of one child; a line of JSON before and after each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    sources = sorted(folder.glob("*.tectum"))
    for number in range(first, last):
        rng = np.random.default_rng([seed, number])
        source, target = sources[rng.integers(len(sources))], folder / f"case-{first}"
        write_case(source, target, rng)
        print(json.dumps({"case": number, "kind": source.stem}), flush=True)
        signal.setitimer(signal.ITIMER_REAL, SLOW)  # the signal ends the process, also inside a kernel
        try:
            found = use(target)
        except Exception as error:
            import traceback

            found = f"{type(error).__name__}: {error} at {traceback.extract_tb(error.__traceback__)[-1]}"
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps({"case": number, "found": found}), flush=True)


def save_models(folder: Path) -> None:
    for name, model in models().items():
        model.save(folder / f"{name}.tectum")


def main() -> int:
    """Run all cases in children, a new one after each that died."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="of models, which are learned if it has none")
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    if given.child:
        run_cases(folder, given.seed, given.first, given.cases)
        return 0
    if not any(folder.glob("*.tectum")):
        save_models(folder)
    counts: collections.Counter = collections.Counter()
    wrong, first = [], given.first
    while first < given.cases:
        command = [sys.executable, __file__, "--child", "--folder", str(folder), "--seed", str(given.seed)]
        command += ["--first", str(first), "--cases", str(given.cases)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ, check=False)
        last = {"case": first - 1}
        for line in filter(None, done.stdout.splitlines()):
            last = json.loads(line)
            if "found" in last:
                plain = last["found"] in ("refused", "refused in use", "used")
                counts[last["found"] if plain else "another exception"] += 1
                wrong += [] if plain else [last]
        if "found" not in last:
            slow = done.returncode == -signal.SIGALRM
            counts["slow" if slow else "signal"] += 1
            wrong += [] if slow else [last | {"code": done.returncode}]
            print("slow" if slow else "signal", last)
        first = last["case"] + 1
    for case in wrong:
        print(case)
    print(dict(counts))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
