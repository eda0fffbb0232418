"""`SensorLayout`, the places of sensors of which only the activity is known."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from tectum import parts, persistence
from tectum.analysis import sensor_graphs, sensor_layout, sensor_pictures
from tectum.models.common import parameters, schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.samples import numbers_of
from tectum.models.waves.parameters import FIRST_SIDE

FLOATS = (np.float64, np.float32)
SMALLEST, LARGEST = 1e-100, 1e100  # of the largest values, that their squares are numbers
FEWEST = 30  # samples, below which layouts of a quality of .85 agreed to .07 to .24 with the true places
QUALITIES = ("quality", "precision", "residual", "crowding", "tearing")
ENOUGH = 0.85  # of quality, below which the data cannot tell
# Sensors of which fewer samples tell anything, and fewer than this share of what others have, are nodes that never fire
CARRYING, CARRYING_SHARE = 30.0, 1.0 / 3.0
APART = 0.95  # of the usual distance of neighbours, to which the nodes of a sheet are moved apart


class UncertainLayoutWarning(UserWarning):
    """The layout of sensors does not agree with their activity.

    Attributes
    ----------
    args : tuple of str
        How little it agrees, and what may help, in one text.
    """


class SensorLayout(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """The positions of sensors, learned from their activity alone.

    For pixels in an unknown order, electrodes, taxels, hand-soldered or damaged arrays. Partial correlations between
    sensors, of the activity as it is and of samples evened in brightness and contrast, give graphs of neighbours, from
    which wrong edges are cut. Of the planar layouts that keep the
    distances within a graph with the least stress, the one whose nearest neighbours are most similar is chosen.
    `tectum.analysis.layout_from_activity` has the details; nothing is random.

    A layout is known up to rotation, reflection and scale.

    Parameters
    ----------
    shape : (rows, cols) or None, default=None
        Of the pictures that `transform` gives; None is as large as the layout.
    ridges : sequence of float, default=(0.03, 0.1, 0.3, 1.0, 10.0)
        Regularisations of the partial correlations that are tried, the larger the noisier the sensors.
    split : bool, default=True
        Whether groups of sensors that nothing joins, such as those of two cameras, are laid out by themselves.

    Attributes
    ----------
    positions_ : ndarray of shape (n_sensors, 2)
        Row and column in units of the neighbour distance; NaN for sensors that are dead, or nearly independent of
        all others.
    groups_ : ndarray of shape (n_sensors,)
        Group of each sensor, the largest is 0; -1 without a place.
    carrying_ : ndarray of shape (n_sensors,)
        How many samples carry the variance of each sensor: the participation ratio ``sum(d^2)^2 / sum(d^4)`` of its
        deviations d from the mean. The place of a sensor that is active in a handful of samples is a guess.
    quality_ : float
        `precision_` times (1 - `residual_`) times (1 - `crowding_`) times (1 - `tearing_`), from 0 to 1; `fit` warns
        below 0.85.
    precision_ : float
        How similar the four nearest sensors in the layout are, over the four most similar ones.
    residual_ : float
        Share of the variance of distances within the graph of neighbours that the layout leaves unexplained.
    crowding_ : float
        Share of the sensors that have another one nearer than half the distance of neighbours, as where a layout folds;
        in layouts by plain correlations, one that is not like them.
    tearing_ : float
        Share of the sensors that have one of the four most similar ones more than four such distances away, as along a
        cut through the layout. 0 in layouts from files of versions that did not measure it.
    edges_ : ndarray of shape (n_edges, 2)
        Pairs of sensors that are taken for neighbours.
    cells_ : ndarray of shape (n_sensors,)
        Cell of the picture in which each sensor is drawn, row by row; -1 without a place.
    picture_shape_ : (rows, cols)
        Of the pictures.
    n_features_in_, feature_names_in_
        As in scikit-learn; features are the sensors.

    References
    ----------
    Le Roux, Bengio, Lamblin, Joliveau & Kégl (2007). Learning the 2-D topology of images. NIPS 20.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.spatial.distance import pdist
    >>> from sklearn.datasets import load_sample_image
    >>> from tectum import SensorLayout
    >>> photograph = load_sample_image("flower.jpg").mean(axis=2)
    >>> corners = np.random.default_rng(0).integers(0, 400, (500, 2))
    >>> glimpses = np.array([photograph[r : r + 12, c : c + 12].ravel() for r, c in corners])
    >>> order = np.random.default_rng(1).permutation(144)
    >>> layout = SensorLayout(shape=(12, 12)).fit(glimpses[:, order])
    >>> layout.transform(glimpses[:2, order]).shape
    (2, 12, 12)
    >>> true = np.column_stack(np.divmod(order, 12))
    >>> float(np.corrcoef(pdist(layout.positions_), pdist(true))[0, 1]) > 0.98
    True
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        "shape": ["array-like", None],
        "ridges": ["array-like"],
        "split": ["boolean"],
    }

    positions_: NDArray[np.float64]
    groups_: NDArray[np.int64]
    carrying_: NDArray[np.float64]
    edges_: NDArray[np.int64]
    cells_: NDArray[np.int64]
    quality_: float

    def __init__(self, *, shape: Any = None, ridges: Any = sensor_layout.RIDGES, split: bool = True) -> None:
        self.shape = shape
        self.ridges = ridges
        self.split = split

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the places of sensors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sensors)
            Activity, at most 4,096 sensors. Some hundred samples of natural images are enough, thousands are better.
            Sensors that are constant are dead.
        y : ignored

        Returns
        -------
        SensorLayout
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table with 3 samples or more, or a parameter is out of range.

        Warns
        -----
        UncertainLayoutWarning
            If the activity does not reveal the layout (see `quality_`), there are fewer than 30 samples, or hardly a
            sensor has a place.
        """
        self._validate_params()
        with all_or_nothing(self):
            X = self._activity(X, reset=True)
            found = sensor_layout.layout_from_activity(X, ridges=self.ridges, split=self.split)
            self.positions_ = found.positions
            self.groups_ = found.groups.astype(np.int64)
            self.carrying_ = _carrying(np.asarray(X, np.float64))
            self.edges_ = found.edges.astype(np.int64)
            for name in QUALITIES:
                setattr(self, f"{name}_", getattr(found, name))
            self._publish()
            self._n_samples, self._learned_with = len(X), self.get_params(deep=False)
        if uncertain := self.uncertainty():
            warnings.warn(uncertain, UncertainLayoutWarning, stacklevel=2)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Activity as pictures: each sensor in its cell.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sensors)

        Returns
        -------
        ndarray of shape (n_samples, rows, cols)
            Holes between sensors show the mean of those around them, all other empty cells are 0.
        """
        self._check_fit()
        X = numbers_of(self, X, reset=False, dtype=list(FLOATS))
        return sensor_pictures.pictures_of(X, self.cells_, self.picture_shape_)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Precision of the layout on other activity: how similar the nearest sensors are, over the most similar ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sensors)
        y : ignored

        Returns
        -------
        float
            From 0 to 1; greater is better.
        """
        self._check_fit()
        X = self._activity(X)
        return sensor_layout.precision_on(X, self.positions_, self.ridges)

    def align(self, positions: ArrayLike) -> Self:
        """Turn and reflect the layout towards known places of some sensors; distances stay as they are.

        Parameters
        ----------
        positions : array-like of shape (n_sensors, 2)
            Row and column in any unit; NaN where they are not known.

        Returns
        -------
        SensorLayout
            The estimator itself.

        Raises
        ------
        ValueError
            If fewer than three sensors have both a place and a known one.
        """
        self._check_fit()
        known = np.asarray(positions, dtype=np.float64)
        if known.shape != self.positions_.shape:
            raise ValueError(
                f"SensorLayout.align.positions must be {self.positions_.shape}, got shape {known.shape}; NaN where "
                "places are not known"
            )
        both = np.isfinite(known).all(axis=1) & (self.groups_ >= 0)
        if both.sum() < 3:
            raise ValueError(f"SensorLayout.align.positions must tell three sensors with a place, got {both.sum()}")
        middle = self.positions_[both].mean(axis=0)
        turn, _ = orthogonal_procrustes(self.positions_[both] - middle, known[both] - known[both].mean(axis=0))
        self.positions_ = (self.positions_ - middle) @ turn
        return self._publish()

    def sheet(self, side: float = FIRST_SIDE) -> parts.Sheet:
        """The sensors as the nodes of a sheet, on which waves can wire layers.

        Parameters
        ----------
        side : float, default=20
            Length of the longer side.

        Returns
        -------
        Sheet
            Nodes that are nearer than usual are moved apart, so that no place has more waves than others. Sensors
            without a place, and those of which hardly a sample says anything (`carrying_`), are nodes in the middle
            that never fire.

        Raises
        ------
        ValueError
            If fewer than two sensors have a place.
        """
        check_is_fitted(self)
        alive = self.groups_ >= 0
        if alive.any():
            alive &= self.carrying_ >= min(CARRYING, CARRYING_SHARE * float(np.median(self.carrying_[alive])))
        if alive.sum() < 2:
            raise ValueError(
                f"SensorLayout.sheet: two sensors or more must have a place, got {alive.sum()} of {len(alive)}; fit it "
                "to activity that varies"
            )
        k = np.cumsum(~alive)[:, None]  # no two in one place
        middle = np.nanmean(self.positions_, axis=0) + 0.01 * np.sqrt(k) * np.hstack([np.cos(k), np.sin(k)])
        places = np.where(alive[:, None], self.positions_, middle)
        places[alive] = _apart(places[alive])
        places = (places - places.min(axis=0)) * (side / max(float(np.ptp(places, axis=0).max()), 1e-9))
        return parts.Sheet(positions=places, alive=None if alive.all() else alive)

    def plot(self, values: ArrayLike | None = None, ax: Any = None) -> Any:
        """Draw the sensors where they lie, and the edges between those that are taken for neighbours.

        Parameters
        ----------
        values : array-like of shape (n_sensors,) or None, default=None
            Activity that colours the sensors.
        ax : Axes or None, default=None

        Returns
        -------
        Axes
        """
        from importlib import import_module  # plots are above models

        check_is_fitted(self)
        return import_module("tectum.plots").plot_sensor_layout(self.positions_, self.edges_, values=values, ax=ax)

    def _publish(self) -> Self:
        """Cells of the picture, from the positions."""
        shape: Any = None if self.shape is None else tuple(int(n) for n in self.shape)
        try:
            cells, self.picture_shape_ = sensor_pictures.cells_of(self.positions_, shape)
        except ValueError as error:
            raise ValueError(f"SensorLayout.{error}") from None
        self.cells_ = cells.astype(np.int64)
        return self

    def uncertainty(self) -> str:
        """What is wrong with the layout, and what may help; an empty text if its quality is as it should be."""
        n_placed, n = int((self.groups_ >= 0).sum()), len(self.groups_)
        if n_placed <= sensor_layout.FEW < n:
            return (
                f"SensorLayout: only {n_placed} of {n} sensors have a place, as {int((self.carrying_ == 0).sum())} are "
                "constant, and hardly a sample says anything of the others; use samples in which more of them are "
                "active, or longer time bins"
            )
        if n_placed <= sensor_layout.FEW:
            return ""
        if (n_samples := getattr(self, "_n_samples", FEWEST)) < FEWEST:
            return (
                f"SensorLayout: {n_samples} samples are too few to tell where {n} sensors are, whatever the quality "
                f"({self.quality_:.2f}); use {FEWEST} or more, some hundreds if you can"
            )
        if self.quality_ >= ENOUGH:
            return ""
        why = "neighbours in the layout are not the most similar sensors"
        if self.tearing_ > 1.0 - self.precision_:
            why = f"{self.tearing_:.0%} of the sensors are far from some that are most similar to them, as along a tear"
        return (
            f"SensorLayout: the activity does not reveal where the sensors are (quality {self.quality_:.2f}, expected "
            f"at least {ENOUGH}): {why}; use more or more varied samples, shorter time bins, or smooth noisy sensors"
        )

    def save(self, path: Any) -> None:
        """Write the layout to a file that `tectum.load` reads.

        Parameters
        ----------
        path : str or path
        """
        persistence.save(self, path)

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        check_is_fitted(self)
        known = np.isfinite(self.positions_)
        arrays = {"positions": np.where(known, self.positions_, 0.0), "groups": self.groups_, "edges": self.edges_}
        arrays["carrying"] = self.carrying_
        numbers_of = {name: float(getattr(self, f"{name}_")) for name in QUALITIES}
        return arrays, parameters.describe(self) | numbers_of

    @classmethod
    def _from_state(cls, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> Self:
        layout = parameters.restore(cls, header)
        layout._validate_params()
        header = {"tearing": 0.0} | header  # earlier files do not say
        schema.check(arrays, header, schema.sensor_layout(arrays, header))
        layout.groups_, layout.edges_, layout.carrying_ = arrays["groups"], arrays["edges"], arrays["carrying"]
        layout.positions_ = np.where(layout.groups_[:, None] < 0, np.nan, arrays["positions"])
        for name in QUALITIES:
            setattr(layout, f"{name}_", float(header[name]))
        layout._learned_with = layout.get_params(deep=False)
        return layout._publish()

    def _activity(self, X: Any, *, reset: bool = False) -> NDArray[Any]:
        """Activity whose squares float64 can hold."""
        X = numbers_of(self, X, reset=reset, dtype=list(FLOATS), ensure_min_samples=3)
        largest = float(np.abs(X).max())
        if largest and not SMALLEST < largest < LARGEST:
            raise ValueError(
                f"SensorLayout: X must have a largest value from {SMALLEST:g} to {LARGEST:g}, whose squares can be "
                f"added, got {largest:g}; divide X by it"
            )
        return X

    def _check_fit(self) -> None:
        """Raise ValueError if parameters were changed since the layout was found."""
        check_is_fitted(self)
        if changes := parameters.describe_changes(self._learned_with, self.get_params(deep=False)):
            raise ValueError(
                f"SensorLayout was fitted with other parameters: {changes}; set them back, or call fit again"
            )


def _carrying(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Number of samples that carry the variance of each column; 0 for one that is constant."""
    squares = np.square(sensor_graphs.of_one_scale(X - X.mean(axis=0), axis=0))
    fourth = np.square(squares).sum(axis=0)
    return np.square(squares.sum(axis=0)) / np.where(fourth > 0.0, fourth, 1.0)


def _apart(places: NDArray[np.float64], n_steps: int = 60) -> NDArray[np.float64]:
    """Places (n, 2), those nearer to each other than usual pushed apart."""
    places = places.copy()
    wanted = APART * float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))
    for _ in range(n_steps):
        pairs = cKDTree(places).query_pairs(wanted, output_type="ndarray")
        if len(pairs) == 0:
            break
        first, second = pairs.T
        between = places[first] - places[second]
        distance = np.hypot(*between.T)
        angle = first.astype(np.float64)  # of two in one place
        away = np.where(
            distance[:, None] > 1e-9,
            between / np.maximum(distance, 1e-9)[:, None],
            np.column_stack([np.cos(angle), np.sin(angle)]),
        )
        push = 0.25 * (wanted - distance)[:, None] * away
        np.add.at(places, first, push)
        np.add.at(places, second, -push)
    return places
