"""Experiments on event-based STDP (Tavanaei, Masquelier & Maida 2018) beside other codes: each for one seed."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import data
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import MiniBatchDictionaryLearning
from sklearn.exceptions import ConvergenceWarning

from tectum import SpikingDictionary, analysis, parts

Floats = NDArray[np.floating]
Row = dict[str, float]
Rows = dict[str, Row]

PENALTIES = (0.05, 0.15, 0.45)  # of dictionary learning, in units of the root mean square norm of a patch
N_LEARN, N_VALIDATE = 20_000, 4_000  # training patches that dictionary learning learns from, and chooses with
STEPS = 100  # of 256 patches, of dictionary learning
FIT = 0.6  # R^2 of a Gabor function from which a component counts as one
PRESENTATIONS = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000)  # of the section on training

# A neuron fires as soon as that brings the reconstruction nearer; the limit alone keeps codes short.
NO_THRESHOLD = parts.AdaptiveThreshold(start=0.01, rate=0.0, minimum=0.01)

Maker = Callable[..., SpikingDictionary]

# One setting of each rule in the circuit of the paper.
QUANTISERS: dict[str, Maker] = {
    "quantiser": partial(SpikingDictionary.quantiser, n_presentations=120_000),
    "reference": SpikingDictionary.reference,
    "literal": SpikingDictionary.literal,
    "trace STDP": partial(SpikingDictionary.quantiser, rule=parts.TraceSTDP()),
    "time-integrated STDP": partial(SpikingDictionary.quantiser, rule=parts.TimeIntegratedSTDP()),
    "W-TCRL": SpikingDictionary.fois2023,
}


class Pursuit(NamedTuple):
    """Greedy codes of patches with 0, 1, 2, ... coefficients."""

    chosen: NDArray[np.int64]  # (n_patches, most) atoms in the order of their choice
    coefficients: list[Floats]  # by number k of atoms, (n_patches, k)
    errors: Floats  # (most + 1, n_patches) squared norm of what k atoms leave


def models(lengths: Sequence[int]) -> dict[str, Maker]:
    """Dictionaries that explain their input away: with a mean number of active units, and with at most so many."""
    made: dict[str, Maker] = {}
    for k in lengths:
        most = parts.ExplainingAway(most=k)
        made[f"tectum, {k} on average"] = partial(SpikingDictionary, n_active=k)
        made[f"tectum, at most {k}"] = partial(SpikingDictionary, competition=most, threshold=NO_THRESHOLD)
    return made


def learned(make: Maker, patches: data.Patches, n_components: int, seed: int) -> SpikingDictionary:
    """A dictionary fitted to the training patches."""
    return make(n_components, random_state=seed, input_scale=patches.scale).fit(patches.train)


def measure(X: Floats, X_hat: Floats, code: Floats) -> Row:
    """Errors of a reconstruction, and how sparse its code is."""
    used = np.abs(code)
    return {
        "rms": analysis.reconstruction_error(X, X_hat),
        "rms global": analysis.reconstruction_error(X, X_hat, average="global"),
        "r": analysis.reconstruction_correlation(X, X_hat),
        "active": analysis.active_units(used),
        "dead": float(analysis.dead_units(used)),
        "population": analysis.treves_rolls(used, "population"),
        "lifetime": analysis.treves_rolls(used, "lifetime"),
        "correlation": analysis.component_correlation(code),
    }


def measure_model(model: SpikingDictionary, X: Floats) -> Row:
    """The same of a spiking dictionary, with the errors of its winner alone."""
    counts = model.transform(X)
    winner = model.inverse_transform(counts, decode="winner")
    return measure(X, model.inverse_transform(counts), counts) | {
        "spikes": float(np.abs(counts).sum(axis=1).mean()),
        "winner": analysis.reconstruction_error(X, winner),
    }


def measure_filters(components: Floats, size: int) -> Row:
    """How well Gabor functions fit components, and how many of eight orientations these cover."""
    fit = analysis.fit_gabors(components, (size, size))
    good = fit.orientation[fit.r2 > FIT]
    return {
        "Gabor share": analysis.gabor_share(fit.r2, FIT),
        "Gabor R2": float(np.nanmedian(fit.r2)),
        "orientations": float(np.count_nonzero(analysis.orientation_histogram(good))),
    }


def pursuit(X: Floats, atoms: Floats, most: int) -> Pursuit:
    """Orthogonal matching pursuit (Pati, Rezaiifar & Krishnaprasad 1993) of all patches at once."""
    X, atoms = np.asarray(X, np.float64), np.asarray(atoms, np.float64)
    drive, gram = X @ atoms.T, atoms @ atoms.T
    n, index = len(X), np.arange(len(X))[:, None]
    chosen = np.zeros((n, 0), np.int64)
    coefficients, errors = [np.zeros((n, 0))], [np.square(X).sum(axis=1)]
    left = drive.copy()
    for k in range(1, most + 1):
        left[index, chosen] = 0.0
        chosen = np.column_stack([chosen, np.abs(left).argmax(axis=1)])
        among = gram[chosen[:, :, None], chosen[:, None, :]] + 1e-9 * np.eye(k)
        c = np.linalg.solve(among, drive[index, chosen][:, :, None])[:, :, 0]
        c[np.abs(c) < 1e-7] = 0.0
        code = np.zeros_like(drive)
        np.put_along_axis(code, chosen, c, axis=1)
        left = drive - code @ gram
        coefficients.append(c)
        errors.append(np.square(X - code @ atoms).sum(axis=1))
    return Pursuit(chosen, coefficients, np.minimum.accumulate(errors, axis=0))


def code_of(path: Pursuit, lengths: NDArray[np.int64], n_components: int) -> Floats:
    """Code in which each patch has as many coefficients as asked."""
    code = np.zeros((len(path.chosen), n_components))
    for k in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == k)
        code[rows[:, None], path.chosen[rows, :k]] = path.coefficients[k][rows]
    return code


def lengths_for(path: Pursuit, active: float) -> NDArray[np.int64]:
    """Coefficients per patch under the common error tolerance that leaves a mean of `active` of them."""
    low, high = 0.0, float(path.errors.max())
    for _ in range(50):
        tolerance = (low + high) / 2
        lengths = np.minimum((path.errors > tolerance).sum(axis=0), len(path.errors) - 1)
        low, high = (tolerance, high) if lengths.mean() > active else (low, tolerance)
    return lengths


class SparseCoding:
    """Dictionary learning (Mairal et al. 2009) with the penalty that is best for each code length.

    Penalties are compared on training patches that the dictionaries have not learned from.
    """

    def __init__(self, X: Floats, X_test: Floats, n_components: int, most: int, seed: int):
        rng = np.random.default_rng(seed)
        drawn = X[rng.choice(len(X), N_LEARN + N_VALIDATE, replace=False)]
        X_learn, X_validate = drawn[:N_LEARN], drawn[N_LEARN:]
        norm = float(np.sqrt(np.square(X_learn).sum(axis=1).mean()))
        self.X_test = X_test
        self.atoms = [self._learn(X_learn, n_components, penalty * norm, seed) for penalty in PENALTIES]
        validated = [np.sqrt(pursuit(X_validate, atoms, most).errors).mean(axis=1) for atoms in self.atoms]
        self.choice = np.argmin(validated, axis=0)  # penalty by number of coefficients
        self.paths = {int(c): pursuit(X_test, self.atoms[c], most) for c in np.unique(self.choice[1:])}
        codes = [self.code(k) for k in range(1, most + 1)]
        self.active = np.array([np.count_nonzero(code, axis=1).mean() for code, _ in codes])
        self.rms = np.array([analysis.reconstruction_error(X_test, X_hat) for _, X_hat in codes])

    @staticmethod
    def _learn(X: Floats, n_components: int, penalty: float, seed: int) -> Floats:
        model = MiniBatchDictionaryLearning(
            n_components,
            alpha=penalty,
            max_iter=max(1, round(256 * STEPS / len(X))),
            tol=0.0,
            max_no_improvement=None,
            batch_size=256,
            fit_algorithm="cd",
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X).components_

    def code(self, k: int) -> tuple[Floats, Floats]:
        """Code with k coefficients per patch, and the reconstruction."""
        return self._decoded(int(self.choice[k]), np.full(len(self.X_test), k))

    def code_by_tolerance(self, active: float) -> tuple[Floats, Floats]:
        """Code with so many coefficients on average, spent where they are needed."""
        k = min(max(1, round(active)), len(self.choice) - 1)
        choice = int(self.choice[k])
        return self._decoded(choice, lengths_for(self.paths[choice], active))

    def error_at(self, active: float) -> float:
        """Error at a mean number of coefficients, linear in its logarithm between whole numbers per patch.

        Below one per patch it is that of one: shorter codes are compared with a longer one.
        """
        return float(np.interp(np.log(active), np.log(self.active), self.rms))

    def _decoded(self, choice: int, lengths: NDArray[np.int64]) -> tuple[Floats, Floats]:
        code = code_of(self.paths[choice], lengths, len(self.atoms[choice]))
        return code, code @ self.atoms[choice]


def baselines(patches: data.Patches, n: int, lengths: Sequence[int], seed: int) -> tuple[Rows, SparseCoding]:
    """Other codes on the same patches, and predictors without a code."""
    X, X_test = patches.train, patches.test
    rows = {f"no code: {name}": {"rms": rms} for name, rms in analysis.trivial_errors(X_test, reference=X).items()}
    code, X_hat = analysis.kmeans_codes(X, X_test, n, random_state=seed)[1]
    rows["k-means, mini-batches"] = measure(X_test, X_hat, code)
    centres = KMeans(n, n_init=1, random_state=seed).fit(X).cluster_centers_
    nearest = analysis.best_matching_units(X_test, centres, k=1)[:, 0]
    rows["k-means"] = measure(X_test, centres[nearest], np.eye(n)[nearest])
    most = min(n, X.shape[1], 4 * max(lengths))
    sparse = SparseCoding(X, X_test, n, most, seed)
    for k in lengths:
        code, X_hat = sparse.code(k)
        rows[f"sparse coding, {k}"] = measure(X_test, X_hat, code)
    for label, codes in (("PCA", analysis.pca_codes), ("ICA", analysis.ica_codes)):
        for k, (code, X_hat) in codes(X, X_test, n, n_active=lengths, random_state=seed).items():
            rows[f"{label}, {k}"] = measure(X_test, X_hat, code)
    if patches.is_signed:
        rows["k-means"] |= measure_filters(centres, patches.size)
        for k in lengths:
            rows[f"sparse coding, {k}"] |= measure_filters(sparse.atoms[sparse.choice[k]], patches.size)
    return rows, sparse


def compare(name: str, n: int, lengths: Sequence[int], seed: int) -> tuple[Rows, dict[str, Floats]]:
    """All codes of `n` components on one data set, and the components of some."""
    patches = data.load(name, seed)
    rows, sparse = baselines(patches, n, lengths, seed)
    best = min(rows["k-means"]["rms"], rows["k-means, mini-batches"]["rms"])
    limits = {f"tectum, at most {k}": f"sparse coding, {k}" for k in lengths}
    components = {}
    for label, make in (models(lengths) | dict(list(QUANTISERS.items())[:2])).items():
        model = learned(make, patches, n, seed)
        row = measure_model(model, patches.test)
        if label.startswith("quantiser"):
            row["winner / k-means"] = row["winner"] / best
        else:
            matched = analysis.reconstruction_error(patches.test, sparse.code_by_tolerance(row["active"])[1])
            row["rms / sparse coding, tolerance"] = row["rms"] / matched
            if label in limits:
                row["rms / sparse coding, same limit"] = row["rms"] / rows[limits[label]]["rms"]
            else:
                row["rms / sparse coding"] = row["rms"] / sparse.error_at(row["active"])
        if patches.is_signed:
            row |= measure_filters(model.components_, patches.size)
        rows[label] = row
        components[label] = model.components_
        if label == "quantiser":
            model.set_params(encoder=parts.RegularSpikes())
            row = measure_model(model, patches.test)
            rows["quantiser, deterministic input"] = row | {"winner / k-means": row["winner"] / best}
    return rows, components


def compare_rules(name: str, n: int, seed: int) -> tuple[Rows, dict[str, Floats]]:
    """Rules and readings of the paper in its circuit, beside k-means."""
    patches = data.load(name, seed)
    code, X_hat = analysis.kmeans_codes(patches.train, patches.test, n, random_state=seed)[1]
    rows = {"k-means, mini-batches": measure(patches.test, X_hat, code)}
    components = {}
    for label, make in QUANTISERS.items():
        model = learned(make, patches, n, seed)
        rows[label] = measure_model(model, patches.test)
        rows[label]["winner / k-means"] = rows[label]["winner"] / rows["k-means, mini-batches"]["rms"]
        if patches.is_signed:
            rows[label] |= measure_filters(model.components_, patches.size)
        components[label] = model.components_
    return rows, components


def train(name: str, n: int, seed: int) -> tuple[Rows, dict[str, Floats]]:
    """Error after learning from so many presentations, each time from the start with its own course of the rate."""
    patches = data.load(name, seed)
    makers: dict[str, Maker] = {
        "tectum, 2 on average": partial(SpikingDictionary, n_active=2),
        **{label: QUANTISERS[label] for label in ("quantiser", "reference", "literal")},
    }
    rows: Rows = {}
    for label, make in makers.items():
        fits = (learned(partial(make, n_presentations=seen), patches, n, seed) for seen in PRESENTATIONS)
        errors = [model.reconstruction_error(patches.test) for model in fits]
        rows[label] = {f"{seen:,}": error for seen, error in zip(PRESENTATIONS, errors, strict=True)}
        rows[label]["largest rise"] = float(np.max(errors[1:] / np.minimum.accumulate(errors)[:-1]))
    return rows, {}
