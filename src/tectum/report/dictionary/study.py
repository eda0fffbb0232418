"""A fitted dictionary examined on samples: everything that the tables and the figures of a report show."""

import copy
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from tectum import analysis
from tectum.analysis.dictionary_baselines import BASELINES
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.dictionary_diagnosis import ONE_THRESHOLD
from tectum.parts.representation import ExplainingAway
from tectum.report.maps.study import MOST_SAMPLES, dense_table
from tectum.report.numbers import UNTRAINED, Measure, Measured

DICTIONARY, MEAN, ZERO = "dictionary", "mean sample", "nothing"
SOURCES = {
    DICTIONARY: "this dictionary, weights frozen",
    UNTRAINED: "the same neurons before they learned, as many active",
    "k-means": "scikit-learn: k-means, nearest centre",
    "sparse coding": "scikit-learn: dictionary learning, OMP",
    "LCA": "dictionary learned with LCA (Rozell et al. 2008), OMP",
    "PCA": "scikit-learn: PCA, largest coefficients",
    "ICA": "scikit-learn: FastICA, largest coefficients",
    MEAN: "the mean for every sample",
    ZERO: "0 for every value",
}
LENGTHS = (1, 2, 4, 8)  # units that may represent a sample
CARDS = (1, 4)  # of these among the headline numbers
MOST_TRAINING = 5000  # training samples from which the baselines learn
MOST_SETTLING = 1000  # of these, on which the threshold of the untrained dictionary settles
MOST_REPEATED = 30_000  # presentations of the training that is repeated for the error over time
N_CURVE, MOST_CURVE_SAMPLES = 14, 1000  # points of that curve, and samples at each


class Budget(NamedTuple):
    """A way to code with less: fewer active units, or fewer steps."""

    name: str
    model: Any  # the dictionary, or a copy with other parameters
    decode: str
    length: int | None  # active units at most, where they are limited

    def reconstruct(self, X: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Spikes of ON and OFF neurons together (n, n_components) and reconstructions (n, n_features)."""
        counts = self.model.transform(X)
        if self.decode == "winner":
            strongest = np.abs(counts).argmax(axis=1)[:, None]
            counts = np.where(np.arange(counts.shape[1]) == strongest, counts, 0.0)
        return np.abs(counts), self.model.inverse_transform(counts)


class Score(NamedTuple):
    """Error of one method at one length of its code."""

    method: str
    n_components: int | None  # None where there are none
    code: str  # what represents a sample
    length: int | None  # active units allowed; None: as many as the method takes
    active_units: float  # mean over the samples
    rms: float  # in units of the input
    source: str


@dataclass(frozen=True, repr=False)
class DictionaryStudy(Measured):
    """A dictionary examined on samples: all that the figures and the tables of a report need."""

    own, control = DICTIONARY, UNTRAINED

    X: NDArray[np.float64]  # (n, n_features) the samples examined
    n_given: int  # number of samples given; more than n if a random part was examined
    n_train: int  # number of samples from which the baselines learned; 0 without baselines
    held_out: bool  # whether these came apart from X, as training samples
    counts: NDArray[np.float32]  # (n, n_components) spikes of each component
    reconstruction: NDArray[np.float64]  # (n, n_features) what they tell, in units of the input
    budgets: list[Budget]  # the dictionary with ever more active units or steps, the last one as it was trained
    scores: list[Score]  # every method at every code length, trivial predictors last
    left_out: dict[str, str]  # methods that failed, and why
    # presentations, and the error after them in a repeated training; None without training samples
    curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    measures: list[Measure]  # headline numbers
    diagnosis: Diagnosis  # state of health


def examine_dictionary(
    dictionary: Any, X: ArrayLike, *, train: ArrayLike | None, baselines: bool, random_state: int | None
) -> DictionaryStudy:
    """Measure a fitted dictionary; see `tectum.report.examine`."""
    for samples in (X, train):
        if samples is not None:
            validate_data(dictionary, samples, reset=False, skip_check_array=True)  # the names of its columns
    dictionary = without_names(dictionary)
    table, rng = dense_table(X), check_random_state(random_state)
    learned = None if train is None else dense_table(train)
    if learned is None and baselines and len(table) > 1:
        order = rng.permutation(len(table))
        reference, samples = table[np.sort(order[: len(table) // 2])], table[np.sort(order[len(table) // 2 :])]
    else:
        reference, samples = table if learned is None else learned, table
    samples, reference = _drawn(samples, MOST_SAMPLES, rng), _drawn(reference, MOST_TRAINING, rng)
    budgets = list_budgets(dictionary)
    own, codes = [], []
    for budget in budgets:
        codes.append(budget.reconstruct(samples))
        own.append(_own_score(DICTIONARY, budget, samples, *codes[-1]))
    counts, reconstruction = codes[-1]
    if baselines:
        before = list_budgets(_untrained(dictionary, reference))
        own += [_own_score(UNTRAINED, budget, samples, *budget.reconstruct(samples)) for budget in before]
    known = analysis.trivial_errors(samples, reference=reference)
    trivial = [
        Score(name, None, "–", 0, 0.0, known[key], SOURCES[name])
        for name, key in ((MEAN, "mean_patch"), (ZERO, "all_zero"))
    ]
    others, left_out = _baselines(samples, reference, own, dictionary, random_state) if baselines else ([], {})
    scores = [*own, *others, *trivial]
    return DictionaryStudy(
        X=samples,
        n_given=len(table),
        n_train=len(reference) if baselines else 0,
        held_out=learned is not None,
        counts=counts,
        reconstruction=reconstruction,
        budgets=budgets,
        scores=scores,
        left_out=left_out,
        curve=None if learned is None else training_curve(dictionary, learned, samples, random_state),
        measures=_measures(scores, counts),
        diagnosis=dictionary.diagnose(samples),
    )


def without_names(dictionary: Any) -> Any:
    """The same dictionary for arrays, whose columns have no names, and which answers with spikes."""
    unnamed = copy.copy(dictionary)
    vars(unnamed).pop("feature_names_in_", None)
    unnamed.output = "counts"
    return unnamed


def _untrained(dictionary: Any, reference: NDArray) -> Any:
    """The dictionary before learning: its first weights, after one presentation, and a threshold of its own."""
    before = _anew(dictionary, 1).fit(reference)
    if isinstance(before.chosen_parts()["competition"], ONE_THRESHOLD):
        before.adapt_threshold(reference[:MOST_SETTLING])
    return before


def _anew(dictionary: Any, n_presentations: int) -> Any:
    """A dictionary that has not learned, with the same parameters and units."""
    same = {"input_scale": dictionary.input_scale_, "on_off": dictionary.on_off_}
    fresh = clone(dictionary).set_params(n_presentations=n_presentations, warm_start=False, verbose=False, **same)
    return fresh if dictionary.quantum_ is None else fresh.set_params(competition__quantum=dictionary.quantum_)


def list_budgets(dictionary: Any) -> list[Budget]:
    """The dictionary with ever more active units, or under a softmax steps; the last one as it is."""
    chosen = dictionary.chosen_parts()
    competition, encoder = chosen.competition, chosen.encoder

    def changed(**parameters: Any) -> Any:
        return copy.deepcopy(dictionary).set_params(verbose=False, **parameters)

    if isinstance(competition, ExplainingAway):
        most = min(competition.most or math.inf, len(dictionary.components_))
        budgets = [
            Budget(f"at most {k} active", changed(competition=competition._replace(most=k)), "counts", k)
            for k in LENGTHS
            if k < most
        ]
        return [*budgets, Budget("as trained", changed(), "counts", None)]
    budgets = [Budget("winner", changed(), "winner", 1)]
    for n_steps in (1, max(2, encoder.n_steps // 10), max(3, encoder.n_steps // 3)):
        if n_steps < encoder.n_steps:
            name = f"{n_steps} step{'s' * (n_steps > 1)}"
            budgets.append(Budget(name, changed(encoder=encoder._replace(n_steps=n_steps)), "counts", None))
    return [*budgets, Budget("as trained", changed(), "counts", None)]


def training_curve(
    dictionary: Any, train: NDArray, X: NDArray, random_state: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Presentations and errors on X of a dictionary with the same parameters that learns again from `train`."""
    rng = check_random_state(random_state)
    X = X[np.unique(np.linspace(0, len(X) - 1, MOST_CURVE_SAMPLES).astype(int))]
    last = max(1, min(MOST_REPEATED, dictionary.n_presentations_seen_))
    repeated = _anew(dictionary, last)
    stops = np.unique(np.concatenate([[min(100, last)], np.linspace(0, last, N_CURVE)[1:]]).astype(int))
    errors = []
    for n in np.diff(stops, prepend=0):
        repeated.partial_fit(train[rng.randint(len(train), size=n)])
        errors.append(repeated.reconstruction_error(X))
    return stops.astype(np.float64), np.array(errors)


def _drawn(X: NDArray, most: int, rng: np.random.RandomState) -> NDArray:
    return X if len(X) <= most else X[np.sort(rng.permutation(len(X))[:most])]


def _own_score(method: str, budget: Budget, X: NDArray, counts: NDArray, reconstruction: NDArray) -> Score:
    active, spikes = analysis.active_units(counts), float(counts.sum(axis=1).mean())
    error = analysis.reconstruction_error(X, reconstruction)
    code = f"{budget.name}: {spikes:.1f} spikes"
    return Score(method, counts.shape[1], code, budget.length, active, error, SOURCES[method])


def _baselines(
    X: NDArray, reference: NDArray, own: list[Score], dictionary: Any, random_state: int | None
) -> tuple[list[Score], dict[str, str]]:
    """Scores of the baselines at the code lengths of the dictionary, and why some have none."""
    n_components = min(len(dictionary.components_), len(reference))
    lengths = {score.length for score in own if score.length} | {_as_trained(own)}
    active, found, left_out = sorted(lengths), [], {}
    # Threads of the linear algebra wait for each other longer than matrices of this size take.
    with threadpool_limits(1, user_api="blas"):
        for method in BASELINES:
            try:
                found += analysis.score_baselines(
                    reference, X, n_components, n_active=active, methods=[method], random_state=random_state
                )
            except (ValueError, ArithmeticError) as error:
                left_out[method] = str(error)
    scores = []
    for score in found:
        k = round(score.active_units)
        dense = score.method in ("PCA", "ICA") and k not in lengths
        code = "all coefficients" if dense else f"{k} coefficient{'s' * (k > 1)}"
        code = "index of a centre" if score.method == "k-means" else code
        source = SOURCES[score.method]
        scores.append(
            Score(score.method, score.n_components, code, None if dense else k, score.active_units, score.rms, source)
        )
    return scores, left_out


def _as_trained(own: list[Score]) -> int:
    """The whole number of coefficients next to the mean code length of the dictionary as trained."""
    return max(1, round([score for score in own if score.method == DICTIONARY][-1].active_units))


def _measures(scores: list[Score], counts: NDArray) -> list[Measure]:
    """Headline numbers: errors at equal code length, sparsity."""
    own = [score for score in scores if score.method == DICTIONARY]
    others = [score for score in scores if score.method != DICTIONARY]

    def error(key: str, title: str, meaning: str, mine: Score, k: int) -> Measure:
        def is_like(score: Score) -> bool:
            return score.length in ((mine.length,) if score.method == UNTRAINED else (0, k))

        beside = {score.method: score.rms for score in others if score.method != ZERO and is_like(score)}
        return Measure(key, title, meaning, "lower", {DICTIONARY: mine.rms} | beside)

    k, active = _as_trained(own), own[-1].active_units
    plural = "s" * (k > 1)
    measures = [
        error(
            "error",
            "Error",
            f"Root mean square over a sample, mean over samples. As trained, {active:.1f} components are active on "
            f"average, more for complex samples; the others use {k} coefficient{plural} for each sample.",
            own[-1],
            k,
        )
    ]
    for score in own[:-1]:
        if score.length in CARDS:
            title = f"Error at {score.length} active"
            meaning = (
                f"With at most {score.length} per sample: the dictionary uses {score.active_units:.2f} on average, the "
                f"others always {score.length}."
            )
            measures.append(error(f"error_{score.length}", title, meaning, score, score.length))
    measures.append(
        Measure(
            "active_units",
            "Active components",
            f"Mean per sample, of {counts.shape[1]}; together they fire {counts.sum(axis=1).mean():.1f} spikes. "
            "Few are cheap to store and to transmit.",
            "lower",
            {DICTIONARY: active},
        )
    )
    perplexity = analysis.usage_perplexity(counts)
    measures.append(
        Measure(
            "usage",
            "Evenness of use",
            "Share of the components that an even use of as many would have (perplexity of the spikes); 1 if all "
            "fire equally often.",
            "higher",
            {DICTIONARY: perplexity / counts.shape[1]},
        )
    )
    return measures
