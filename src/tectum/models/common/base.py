"""What the estimators share: parameters made of parts, validation, learning in chunks, frozen passes, files."""

import numbers
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Bunch, _safe_indexing
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from tectum import analysis, persistence
from tectum.core.random import integers, uniform_array
from tectum.core.threads import in_threads
from tectum.models.common import parameters, schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.checkpoints import pause
from tectum.models.common.nested import constants, following, replaced, unknown_name, up_to_date
from tectum.models.common.progress import progress_bar
from tectum.models.common.samples import numbers_of

COUNTED = 256  # samples whose spikes are held at a time to be counted
ORDER_STREAM = 0xFFFFFFFFFFFFFFFD  # presentation number under which the order of samples is drawn
FLOATS = (np.float64, np.float32)
WHOLE = Interval(numbers.Integral, 1, 2**40, closed="both")  # so that kernels can count with them
POSITIVE = Interval(numbers.Real, 0, None, closed="neither")
COMMON = {  # constraints of the parameters that all estimators have
    "warm_start": ["boolean"],
    "random_state": ["random_state", np.random.Generator],
    "verbose": ["verbose"],
    "n_jobs": [WHOLE, Interval(numbers.Integral, None, -1, closed="right"), None],
}
OLD_NUMBERS = {"n_frames_seen": "seen", "n_images_seen": "seen"}  # in files of version 0.1


# Spikes by population, synapses that a spike passes, neuron updates of a presentation, and populations that are input
Costs: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any], float, tuple[str, ...]]


def part_constraints(recommended: Mapping[str, Any], *open_to_all: str) -> dict[str, Any]:
    """Constraints of the parameters that are parts: of the kind that is recommended, or open to parts of one's own.

    Those are checked by `parameters.check_part`.
    """
    return {name: "no_validation" if name in open_to_all else [type(part), None] for name, part in recommended.items()}


class SpikingEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the estimators.

    A family says what it is made of (`_recommended`), what it keeps (`_state` and the attributes named in `_records`,
    `_arrays` and `_numbers`), and how it learns: `_start` makes a state from the first data, `_learn` presents samples
    and commits what it has learned, `_publish` derives the attributes that users see.
    """

    _recommended: ClassVar[Mapping[str, Any]]  # parts, and sequences of them, by parameter, where it is None
    _records: ClassVar[Mapping[str, Any]] = {}  # attributes that are named tuples of arrays, and their types
    _arrays: ClassVar[tuple[str, ...]] = ()  # attributes that are arrays
    _numbers: ClassVar[tuple[str, ...]] = ()  # attributes that are numbers, None or tuples of numbers
    _dtypes: ClassVar[Any] = FLOATS  # of samples, others are converted to the first
    _unit: ClassVar[str] = "presentations"  # what a progress bar counts
    _error: ClassVar[str]  # method that gives the error of samples, if there is one
    _output: ClassVar[str]  # attribute that has a row for each column of what `transform` returns
    _precisions: ClassVar[tuple[str, ...]] = ("float64",)  # of samples, in which responses are given
    _missing: ClassVar[bool] = False  # whether values of samples may be missing, NaN
    _least: ClassVar[int] = 1  # samples for `fit`

    _state: Any
    _seed: np.uint64
    _seen: int  # presentations so far
    _planned: int = 0  # presentations that `fit` spans
    _learned_with: Mapping[str, Any] = {}  # parameters that the state is known to fit

    # -- parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name and, if deep, every constant of every part.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list the constants, ``rule__tau_plus``, of parts that are None those of the recommended part.

        Returns
        -------
        dict of str to object
        """
        given = super().get_params(deep=False)
        if not deep:
            return given
        recommended = self._recommendations()
        described = {name: up_to_date(value, recommended.get(name)) for name, value in given.items()}
        return given | {
            f"{name}__{path}": constant
            for name, part in described.items()
            for path, constant in constants(part, self._default_of)
        }

    def set_params(self, **params: Any) -> Self:
        """Change parameters, or single constants of parts.

        All other constants stay as they are: of a part that is None, those recommended for the data and the other
        parameters, also for those that are changed later.

        Parameters
        ----------
        **params : object
            By name; ``rule__tau_plus=15.0`` changes one constant of the rule, of the recommended one if it is None.

        Returns
        -------
        estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter or constant; the message names one that is close.
        """
        known, owner = super().get_params(deep=False), type(self).__name__
        for key in sorted(params, key=lambda key: key.count("__")):  # parts before their fields
            name, *path = key.split("__")
            if name not in known:
                raise ValueError(unknown_name(f"{owner} has no parameter", name, known))
            part = getattr(self, name)
            if path and part is None:
                part = following(self._recommendations().get(name))
            setattr(self, name, replaced(f"{owner}.{name}", part, path, params[key], self._default_of))
        return self

    def chosen_parts(self) -> Any:
        """The parts in use: those given, and recommended ones where a parameter is None.

        Returns
        -------
        Bunch
            Parts by parameter, also as attributes: ``som.chosen_parts().rule.tau_plus``.

        Raises
        ------
        ValueError
            If a constant is out of range, or parts do not fit each other.
        """
        recommended = self._recommendations()
        single = {name: part for name, part in recommended.items() if hasattr(part, "_asdict")}
        sequences = {name: getattr(self, name) for name in recommended if name not in single}
        others = {name: recommended[name] if given is None else given for name, given in sequences.items()}
        return Bunch(**parameters.resolve(self, single), **others)

    def _given(self) -> dict[str, Any]:
        """Parameters by name, as given."""
        return super().get_params(deep=False)

    def _recommendations(self) -> Mapping[str, Any]:
        """The parts used where a parameter is None, given the others."""
        return self._recommended

    def _default_of(self, part: Any, field: str) -> Any:
        """What a field of a part stands for that is None, if that is a part."""
        return None

    # -- learning

    @property
    def n_presentations_seen_(self) -> int:
        """Presentations learned so far."""
        return self._seen

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from samples drawn at random.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, see the class.
        y : ignored

        Returns
        -------
        estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table that the class can learn from, or a parameter is out of range.
        """
        X = self._begin(X, going_on=self.warm_start and self._has_started(), fitting=True, least=self._least)
        return self._present_at_random(X)

    def _present_at_random(self, X: NDArray[Any], *draw: Callable[[int], Any]) -> Self:
        with self._learning("fit", self._planned, self._seen) as advance:
            for rows in self._drawn(len(X), *draw):
                self._learn(X[rows])
                advance(len(rows))
        return self

    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Continue learning: present each sample once, in the order given.

        A stream in one call or in many gives the same model to the last bit; but without `fit` before, the first call
        sets what is derived from data, such as the range of the input.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, at least one.
        y : ignored

        Returns
        -------
        estimator
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`.
        """
        return self._present_in_order(self._begin(X, going_on=self._has_started(), fitting=False))

    def _present_in_order(self, X: NDArray[Any]) -> Self:
        with self._learning("partial_fit", len(X)) as advance:
            for chunk in self._in_order(X):
                self._learn(chunk)
                advance(len(chunk))
        return self

    @available_if(lambda estimator: hasattr(estimator, "_error"))
    def score(self, X: ArrayLike, y: Any = None) -> float:
        """The negative error of samples, of reconstruction or quantization, by which parameters can be searched.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        float
            Greater is better.
        """
        return -float(getattr(self, self._error)(X))

    @available_if(lambda self: hasattr(self, "predict"))
    def fit_predict(self, X: ArrayLike, y: Any = None) -> NDArray[Any]:
        """Learn from samples, then `predict` each of them.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples, see the class.
        y : array-like of shape (n_samples,), optional
            As of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.fit(X, y).predict(X)

    def plot(self, X: Any = None, y: Any = None, *, image_shape: tuple[int, int] | None = None, ax: Any = None) -> Any:
        """Draw what the model has learned.

        A `SpikingSOM` draws how far its neurons lie apart (of two features the net itself, of images with
        ``image_shape`` what each neuron prefers), with X how many samples each neuron wins, with y too their classes. A
        `SpikingDictionary` and `DiehlCook` draw components as images, a `WaveNetwork` receptive fields on the first
        sheet, a `MapHierarchy` how often each neuron of the last map was used, with X who wins which frame, a
        `Network` the spikes of its readout to the first samples of X, a `SpikingReadout` those of its neurons.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), optional
            Samples to respond to, where the model has a picture with them.
        y : array-like of shape (n_samples,), optional
            Their classes.
        image_shape : (height, width), optional
            Of samples that are images.
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes

        Raises
        ------
        ValueError
            If an argument means nothing for the model, or one is missing; the message says which.
        """
        from tectum.models.common.pictures import draw

        check_is_fitted(self)
        return draw(self, X, y, image_shape, ax)

    def _has_started(self) -> bool:
        return hasattr(self, "_state")

    def _begin(self, X: Any, *, going_on: bool, fitting: bool, least: int = 1) -> NDArray[Any]:
        """Samples to learn from, and a new state unless learning goes on."""
        with all_or_nothing(self):
            X = self._validate(X, reset=not going_on, least=least)
            if not going_on:
                self._set_out(X, fitting)
        if going_on and fitting and 0 < self._planned <= self._seen:
            warnings.warn(
                f"{type(self).__name__}.fit had ended after {self._seen:,} presentations, and learns nothing more; "
                "call partial_fit to go on, or set warm_start=False to begin anew",
                stacklevel=3,
            )
        return X

    def _set_out(self, X: NDArray[Any], fitting: bool) -> None:
        self._start(X)
        self._planned = self._plan(len(X) if fitting else None)
        self._learned_with = self._given()

    def _plan(self, n_samples: int | None) -> int:
        """Presentations that `fit` spans; None: samples come as a stream."""
        return 0

    @contextmanager
    def _learning(self, title: str, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
        """A progress bar to advance; what was learned is published, also if the block is interrupted."""
        try:
            with progress_bar(total, title, self.verbose, self._unit) as advance:
                advance(done)

                def step(n: int) -> None:
                    advance(n)
                    pause(self)

                yield step
        finally:  # an interrupted model can be used, saved and continued
            self._publish()

    def _go_on(self) -> str:
        """How an interrupted model goes on learning."""
        return ".set_params(warm_start=True).fit(X), or .partial_fit(X) with what it has not seen"

    def _drawn(self, n_samples: int, draw: Callable[[int], Any] | None = None) -> Iterator[Any]:
        """Samples of the presentations of `fit` that are left, at random with replacement unless `draw` gives them."""
        if draw is None:
            draw = lambda m: integers(self._seed, np.uint64(m), n_samples)  # noqa: E731
        while self._seen < self._planned:
            last = min(self._seen + self._chunk(), self._planned)
            yield [draw(m) for m in range(self._seen, last)]

    def _laps(self, n_samples: int, shuffle: bool) -> Iterator[NDArray[np.intp]]:
        """Samples of the presentations of `fit` that are left, all of them in each lap."""
        while self._seen < self._planned:
            lap, first = divmod(self._seen, n_samples)
            order = np.arange(n_samples)
            if shuffle:
                order = np.argsort(uniform_array(int(self._seed), ORDER_STREAM, lap, n_samples), kind="stable")
            yield order[first : first + self._chunk()]

    def _in_order(self, X: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Samples of `partial_fit`, in chunks."""
        done = 0
        while done < len(X):
            chunk = X[done : done + self._chunk()]
            yield chunk
            done += len(chunk)

    def _chunk(self) -> int:
        """Presentations until progress is shown and an interrupt is served."""
        return 512

    def _commit(self, **learned: Any) -> None:
        """Set attributes together: an interrupt is served between calls from Python, and here there is one."""
        self.__dict__.update(learned)

    def _start(self, X: NDArray[Any]) -> None:
        """A state before learning."""
        raise NotImplementedError

    def _learn(self, X: NDArray[Any]) -> None:
        """Present samples one after another."""
        raise NotImplementedError

    def _publish(self) -> Self:
        """Set the attributes that follow from the state."""
        return self

    # -- frozen passes

    def _respond_in_parts(
        self, X: NDArray[Any], respond: Callable[[NDArray[Any]], Any], most: int | None = None
    ) -> Iterator[tuple[slice, Any]]:
        """Responses to parts of the samples, in order; `n_jobs` threads work on parts of at most so many."""
        with progress_bar(len(X), "respond", self.verbose, unit="samples") as advance:
            for part, response in in_threads(lambda part: respond(X[part]), len(X), self.n_jobs, most):
                yield part, response
                advance(part.stop - part.start)

    def _validate_params(self) -> None:
        super()._validate_params()
        for name, value in super().get_params(deep=False).items():
            allowed = self._parameter_constraints[name]
            if isinstance(value, bool) and any(isinstance(one, Interval) for one in allowed):  # to Python an integer
                raise ValueError(f"{type(self).__name__}.{name} must be a number, got {value!r}; write {int(value)}")

    def _validate(self, X: Any, *, reset: bool = False, least: int = 1) -> NDArray[Any]:
        """Samples as an array; unless `reset`, of a model that has learned."""
        if reset:
            self._validate_params()
        else:
            self._check_fit()
        options: dict[str, Any] = {"dtype": list(self._dtypes), "ensure_min_samples": least}
        finite = "allow-nan" if self._missing else True
        try:
            X = numbers_of(self, X, reset=reset, accept_sparse="csr", ensure_all_finite=finite, **options)
        except ValueError as error:
            if "contains NaN" not in str(error):
                raise
            raise ValueError(
                f"{type(self).__name__}: X must hold a value in each cell, but X contains NaN; fill missing values, "
                "for instance with sklearn.impute.SimpleImputer (--missing median), or drop these samples"
            ) from None
        return X if isinstance(X, np.ndarray) else X.toarray()

    def _samples(self, X: Any) -> NDArray[Any]:
        """Samples for a model that has learned."""
        check_is_fitted(self)
        return self._validate(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self._missing
        tags.transformer_tags.preserves_dtype = list(self._precisions)
        return tags

    @property
    def _n_features_out(self) -> int:
        return len(getattr(self, self._output))

    # -- costs

    @available_if(lambda estimator: hasattr(estimator, "_costs"))
    def operations(self, X: ArrayLike) -> analysis.Operations:
        """What the response to a sample costs: input spikes, synaptic events and neuron updates, weights frozen.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Operations
            Means per sample, as hardware would run the network: an event per synapse that a spike passes, an update per
            neuron and time step. `tectum.analysis.dense_operations` is what a dense product costs.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from tectum import SpikingDictionary
        >>> X = load_digits().data / 16
        >>> dictionary = SpikingDictionary(8, n_presentations=500, random_state=0).fit(X)
        >>> dictionary.operations(X[:10]).neuron_updates  # 8 neurons, 50 steps
        400.0
        """
        check_is_fitted(self)
        n_samples, found = _num_samples(X), []
        for start in range(0, n_samples, COUNTED):
            rows = np.arange(start, min(n_samples, start + COUNTED))
            spikes, targets, updates, inputs = self._costs(_safe_indexing(X, rows))
            found.append(analysis.count_operations(spikes, len(rows), targets, updates, inputs=inputs))
        sizes = np.diff(np.append(np.arange(0, n_samples, COUNTED), n_samples))
        return analysis.Operations(*np.average(found, axis=0, weights=sizes).tolist())

    # -- files

    def save(self, path: Any) -> None:
        """Write the model to a file that `tectum.load` reads; learning continues from it to the last bit.

        Parameters
        ----------
        path : str or path
        """
        persistence.save(self, path)

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        check_is_fitted(self)
        arrays = {
            f"{name.strip('_')}.{field}": array
            for name in self._records
            for field, array in getattr(self, name)._asdict().items()
        }
        arrays |= {name: getattr(self, name) for name in self._arrays} | {"seed": np.asarray(self._seed)}
        kept = {name.strip("_"): getattr(self, name) for name in self._numbers}
        return arrays, parameters.describe(self) | kept

    _schema: ClassVar[Callable[..., schema.Schema]]  # of arrays and header: what a file must hold

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        """The way back from `_get_state`."""
        for name, record in self._records.items():
            setattr(self, name, record(*(arrays[f"{name.strip('_')}.{field}"] for field in record._fields)))
        for name in self._arrays:
            setattr(self, name, arrays[name])
        for name in self._numbers:
            if (key := name.strip("_")) in header:  # files of version 0.1 hold no plan of some families
                setattr(self, name, tuple(header[key]) if isinstance(header[key], list) else header[key])
        self._seed = np.uint64(arrays["seed"])

    @classmethod
    def _from_state(cls, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> Self:
        header = {OLD_NUMBERS.get(name, name): value for name, value in header.items()}
        estimator = parameters.restore(cls, header)
        estimator._validate_params()
        schema.check(arrays, header, estimator._schema(arrays, header))
        estimator._set_state(arrays, header)
        estimator._check_contracts()
        estimator._learned_with = estimator._given()
        return estimator._publish()

    def _check_fit(self) -> None:
        """Raise ValueError if parameters were changed since the model learned and a file with them could not be read.

        Parts of one's own are not in files, and are not checked.
        """
        self._validate_params()
        given, known = self._given(), self._learned_with
        if all(value is known.get(name, self) for name, value in given.items() if name not in COMMON):
            return
        try:
            arrays, header = self._get_state()
        except ValueError:
            return
        try:
            self._from_state(arrays, header)
        except Exception as error:  # as `load` does
            changes = parameters.describe_changes(known, given) or "they must stay as they were"
            raise ValueError(
                f"{type(self).__name__} was fitted with other parameters: {changes} ({error}); set them back, or call "
                "fit again"
            ) from error
        self._learned_with = given

    def _check_contracts(self) -> None:
        """Raise if parts of a file are of kinds that cannot stand where they do; graphs say so when they are built."""


def variant(text: str, given: Mapping[str, Any]) -> Any:
    """An alternative constructor of an estimator: the class with other parameters than the default."""

    def constructor(cls: Any, *first: Any, **others: Any) -> Any:
        return cls(**{**given, **signature(cls).bind_partial(*first).arguments, **others})

    constructor.__doc__ = (
        f"{text}\n\nArguments are those of the class, and take precedence over those of the variant.\n"
    )
    return classmethod(constructor)


def precision_of(X: Any) -> type[np.floating]:
    """Precision in which responses to samples are given: single for an array or a table of single precision alone."""
    dtypes = {X.dtype} if hasattr(X, "dtype") else set(getattr(X, "dtypes", ()))
    return np.float32 if dtypes == {np.dtype(np.float32)} else np.float64
