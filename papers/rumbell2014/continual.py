"""Maps whose constants never change: distributions that switch, and classes that come one after another."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from comparison import N_PRESENTATIONS as N_STATIONARY, compile_map
from numpy.typing import NDArray
from scores import N_UNITS, SHAPE, Floats, Split, Winners, nearest, score, score_codebook, score_spikes, split, square
from sklearn.cluster import KMeans

from tectum import MapHierarchy, SpikingSOM, analysis, parts

CLASSES: dict[str, list[tuple[int, ...]]] = {
    "digits": [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)],
    "iris": [(0,), (1,), (2,)],
    "mnist": [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)],
}
N_PRESENTATIONS = {"digits": 3000, "iris": 3000, "mnist": 2000}  # of each group of classes
RANGE = {"digits": (0.0, 1.0), "mnist": (0.0, 1.0), "iris": None}  # that of pixels is known; None: the first class's
SWITCH = 3000
MOVING = parts.MovingGrid()
# Maps that meet another distribution: their constructor and what it is given.
SWITCHED: dict[str, tuple[Any, dict[str, Any]]] = {
    "continuous": (SpikingSOM.continuous, {}),
    "continuous, moving": (SpikingSOM.continuous, {"growth": MOVING}),
    "decaying radius": (SpikingSOM, {}),
}


def settled(name: str, growth: Any, seed: int) -> dict[str, float]:
    """Quality of the codebook of `SpikingSOM.continuous` after 10,000 presentations of one distribution."""
    data, settings = split(name, seed), {"n_presentations": 10_000, "n_snapshots": 0, "growth": growth}
    som = SpikingSOM.continuous(SHAPE, random_state=seed, **settings).fit(data.X)
    codebook, X = som.codebook_, data.X_test if name == "square" else data.X
    return {
        "QE": analysis.quantization_error(X, codebook),
        "TE": analysis.topographic_error(analysis.best_matching_units(X, codebook), SHAPE),
        "TE spikes": som.topographic_error(X, winners="spikes"),
        "rho": analysis.neighbourhood_correlation(codebook, SHAPE),
    }


def switched(kind: str, seed: int) -> dict[str, float]:
    """Share of nodes in the right half, and errors there, before and after a switch to the right 45 % of the square."""
    X, _ = square(seed)
    if kind in SWITCHED:
        make, others = SWITCHED[kind]
        som: Any = make(SHAPE, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0, **others).fit(X)
    else:
        som = ConstantKohonen(0.1 + 0.8 * analysis.grid_places(SHAPE) / (np.array(SHAPE) - 1.0))
        som.partial_fit(X[np.random.default_rng(seed).integers(len(X), size=N_STATIONARY)])
    draw = np.random.default_rng(seed)
    new = draw.random((2 * SWITCH, 2)) * [0.45, 1.0] + [0.55, 0.0]

    def share() -> float:
        return float((som.codebook_[:, 0] > 0.5).mean())

    before = share()
    som.partial_fit(new[:SWITCH])
    after, probes = share(), new[SWITCH:]
    errors = {
        "TE": analysis.topographic_error(analysis.best_matching_units(probes, som.codebook_), SHAPE),
        "QE": analysis.quantization_error(probes, som.codebook_),
    }
    if kind in SWITCHED:
        errors["TE spikes"] = som.topographic_error(probes, winners="spikes")
    som.partial_fit(draw.random((SWITCH, 2)))
    return {"before": before, "after": after, **errors, "back": share()}


class ConstantKohonen:
    """Kohonen's rule with a constant rate and radius."""

    rate, radius = 0.05, 1.2

    def __init__(self, codebook: Floats) -> None:
        self.codebook_ = codebook

    def partial_fit(self, X: Floats) -> None:
        """Go on with samples (n, n_features), in their order."""
        gains = analysis.constant_rule(rate=self.rate, radius=self.radius)(_squared_distances())
        for x in X:
            towards = x - self.codebook_
            self.codebook_ += gains(0.0, np.einsum("jd,jd->j", towards, towards))[:, np.newaxis] * towards


def classes_of(train: Winners, y: NDArray[Any], test: Winners, shape: Any = SHAPE) -> NDArray[Any]:
    """Majority classes of the winners of held-out samples; -1 where no neuron won."""
    return np.where(test >= 0, analysis.label_units(train, y, shape)[test], -1)


class Learner:
    """A method that learns a stream. `learn` goes on with samples, `scored` says how well it knows a split."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed

    def learn(self, X: Floats) -> None:
        """Go on with samples (n, n_features), in their order."""
        raise NotImplementedError

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """Scores, and the classes that the neurons say of the samples held out."""
        raise NotImplementedError


class SpikingLearner(Learner):
    """`SpikingSOM.continuous`."""

    som: Any = None
    shape = SHAPE
    changes: Mapping[str, Any] = MappingProxyType({})  # to the constructor

    def learn(self, X: Floats) -> None:
        """Go on."""
        if self.som is None:
            self.som = SpikingSOM.continuous(
                self.shape, random_state=self.seed, n_snapshots=0, input_range=RANGE[self.name], **self.changes
            )
        self.som.partial_fit(X)

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """By first spikes."""
        train, test = self.som.predict(data.X), self.som.predict(data.X_test)
        return score_spikes(self.som, data), classes_of(train, data.y, test, self.som.grid_)


class MovingLearner(SpikingLearner):
    """The same, whose neurons move to where much is won."""

    changes = MappingProxyType({"growth": MOVING})


class GrowingLearner(SpikingLearner):
    """The same, growing from 6 x 6 neurons to as many as the others have."""

    shape = (6, 6)
    changes = MappingProxyType({"growth": parts.GrowingGrid(*SHAPE, interval=600)})


class KohonenLearner(Learner):
    """`ConstantKohonen`, from samples of the first group."""

    som: Any = None

    def learn(self, X: Floats) -> None:
        """Go on."""
        if self.som is None:
            self.som = ConstantKohonen(X[np.random.default_rng(self.seed).integers(len(X), size=N_UNITS)].copy())
        self.som.partial_fit(X)

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """By nearest rows of the codebook."""
        train, test = nearest(data.X, self.som.codebook_), nearest(data.X_test, self.som.codebook_)
        return score_codebook(self.som.codebook_, data), classes_of(train, data.y, test)


def _squared_distances() -> Floats:
    place = analysis.grid_places(SHAPE)
    return ((place[:, np.newaxis] - place) ** 2).sum(axis=2)


class HierarchyLearner(Learner):
    """`MapHierarchy` with one map that sees all features."""

    hierarchy: Any = None

    def learn(self, X: Floats) -> None:
        """Go on."""
        if self.hierarchy is None:
            source = parts.Features(code=parts.Ranked(k=min(25, X.shape[1])))
            self.hierarchy = MapHierarchy([parts.Map("map", (source,), SHAPE)], random_state=self.seed)
        self.hierarchy.partial_fit(X)

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """By the neurons with most spikes."""
        responses = self.hierarchy.scores(data.X_test)["map"]
        pairs = analysis.two_highest(responses)
        train = self.hierarchy.predict(data.X)
        return score(data, train, pairs), classes_of(train, data.y, pairs[:, 0])


class GasLearner(Learner):
    """Growing neural gas (Fritzke 1995): up to 100 units, linked where they are the two nearest to a sample.

    It has no grid, so that it has neither a topographic error nor a rank correlation.
    """

    rate, neighbour_rate, most_age, interval, split_decay, decay = 0.05, 0.006, 50, 50, 0.5, 0.995
    units: Any = None

    def learn(self, X: Floats) -> None:
        """Go on."""
        if self.units is None:
            self.units, self.error = X[:2].copy(), np.zeros(2)
            self.age = np.full((2, 2), np.inf)  # of links; inf where there is none
            self.seen = 0
        for x in X:
            self._adapt(x)
            self.seen += 1
            if self.seen % self.interval == 0 and len(self.units) < N_UNITS:
                self._grow()
            self.error *= self.decay

    def _adapt(self, x: NDArray[Any]) -> None:
        towards = x - self.units
        cost = np.einsum("jd,jd->j", towards, towards)
        first, second = np.argsort(cost)[:2]
        self.error[first] += cost[first]
        self.age[first] += 1.0
        self.age[:, first] += 1.0
        self.age[first, second] = self.age[second, first] = 0.0
        self.age[self.age > self.most_age] = np.inf
        linked = np.isfinite(self.age[first])
        self.units[first] += self.rate * towards[first]
        self.units[linked] += self.neighbour_rate * towards[linked]
        alone = ~np.isfinite(self.age).any(axis=1)
        if alone.any():
            kept = ~alone
            self.units, self.error, self.age = self.units[kept], self.error[kept], self.age[np.ix_(kept, kept)]

    def _grow(self) -> None:
        """A unit between the one with the largest error and its worst neighbour."""
        worst = self.error.argmax()
        linked = np.isfinite(self.age[worst])
        other = np.where(linked, self.error, -1.0).argmax()
        self.units = np.vstack([self.units, (self.units[worst] + self.units[other]) / 2])
        self.error[[worst, other]] *= self.split_decay
        self.error = np.append(self.error, self.error[worst])
        age = np.full((len(self.units),) * 2, np.inf)
        age[:-1, :-1] = self.age
        age[worst, other] = age[other, worst] = np.inf
        for end in (worst, other):
            age[end, -1] = age[-1, end] = 0.0
        self.age = age

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """By the nearest units that are nearest to a sample to learn from."""
        return score_units(self.units, data)


class JointLearner(Learner):
    """k-means of all samples so far at once: what as many units know that learn no class before another.

    What it seems to forget are samples of the first classes that are nearer to units of later ones.
    """

    seen: Any = None

    def learn(self, X: Floats) -> None:
        """Keep the samples."""
        self.seen = X if self.seen is None else np.vstack([self.seen, X])

    def scored(self, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
        """By the nearest units."""
        samples = np.unique(self.seen, axis=0)
        means = KMeans(min(N_UNITS, len(samples)), n_init=1, random_state=self.seed).fit(samples)
        return score_units(means.cluster_centers_, data)


def score_units(units: Floats, data: Split) -> tuple[dict[str, float], NDArray[Any]]:
    """Accuracy of units without a grid, those that are nearest to a sample to learn from, and what they say."""
    units = units[np.unique(nearest(data.X, units))]
    train, test = nearest(data.X, units), nearest(data.X_test, units)
    votes = np.zeros((len(units), data.y.max() + 1))
    np.add.at(votes, (train, data.y), 1)
    said = votes.argmax(axis=1)[test]
    return {"accuracy": float((said == data.y_test).mean()), "winners": float(len(units))}, said


LEARNERS: dict[str, type[Learner]] = {
    "continuous": SpikingLearner,
    "continuous, growing": GrowingLearner,
    "continuous, moving": MovingLearner,
    "Kohonen, constant": KohonenLearner,
    "growing neural gas": GasLearner,
    "MapHierarchy": HierarchyLearner,
    "k-means, jointly": JointLearner,
}


def classes_in_turn(name: str, kind: str, seed: int) -> dict[str, float]:
    """Accuracy when groups of classes come one after another, without labels and with nothing known of later ones.

    Neurons are labelled after each group by the samples of all classes so far. Forgetting is the fall of the accuracy
    on the classes of the first group from then to the end, with those labels.
    """
    compile_map()
    data, draw, seen = split(name, seed), np.random.default_rng(seed), set[int]()
    if name == "iris":  # scaled by what the first class spans
        first = data.X[data.y == 0]
        low, span = first.min(axis=0), np.ptp(first, axis=0)
        data = data._replace(X=(data.X - low) / span, X_test=(data.X_test - low) / span)
    learner, course = LEARNERS[kind](name, seed), []
    for group in CLASSES[name]:
        rows = np.flatnonzero(np.isin(data.y, group))
        learner.learn(data.X[draw.choice(rows, N_PRESENTATIONS[name])])
        seen |= set(group)
        known, known_test = np.isin(data.y, list(seen)), np.isin(data.y_test, list(seen))
        so_far = Split(data.X[known], data.y[known], data.X_test[known_test], data.y_test[known_test])
        scores, said = learner.scored(so_far)
        old = np.isin(so_far.y_test, CLASSES[name][0])
        course.append(scores | {"first": float((said == so_far.y_test)[old].mean())})
    last = course[-1]
    result = {"accuracy": last["accuracy"], "first classes": last["first"]}
    result["forgetting"] = course[0]["first"] - last["first"]
    if "TE" in last:
        result |= {"largest TE": max(scores["TE"] for scores in course), "rho": last["rho"]}
    return result | {"winners": last["winners"]}
