"""`Network`, populations and projections that a user puts together."""

import numbers
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval

from tectum import parts
from tectum.core.events import SpikeTrain
from tectum.core.random import keys_of_rows, seed_from
from tectum.engine.graph import network as engine
from tectum.engine.graph.costs import targets_of
from tectum.engine.graph.records import EVENTS, PLASTIC, POPULATION, GraphState, Stimulus
from tectum.models.common import schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.base import COMMON, WHOLE, Costs
from tectum.models.common.diagnosis import Diagnosis, responders, saturation
from tectum.models.common.nested import unknown_name
from tectum.models.common.recording import Recording
from tectum.models.common.scaling import unit_range, unit_values
from tectum.models.kit import graph as kit, stimuli
from tectum.models.network_events import EventNetwork
from tectum.models.network_exchange import ExchangedNetwork

CHUNK = 32  # presentations whose spikes are held at a time
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # spreads numbers of presentations over the keys of random numbers

# What a network is without further words: that of Diehl & Cook (2015) as `DiehlCook` has it.
STANDARD: dict[str, Any] = {
    "populations": (
        parts.Population(
            "units",
            100,
            parts.AdaptiveLIF(),
            rule=parts.PostPreSTDP(),
            norm=parts.MeanNorm(mean=0.1),
            inhibition=parts.LateralInhibition(),
        ),
    ),
    "projections": (parts.Projection("input", "units", parts.Learned(mean=0.1, gain=None), delay=0.0),),
    "inputs": (parts.Rates("input"),),
}


class Network(ExchangedNetwork, EventNetwork):
    """A network that you assemble from populations, the projections between them, and their inputs.

    Any neuron, rule, norm and lateral profile that fulfils its contract can be used, including your own. Populations
    exchange spikes with conduction delays; projections are fixed or learned; samples enter as rates, latencies,
    currents or given spikes. All populations and projections share one compiled loop.

    Parameters
    ----------
    populations : sequence of Population or None, default=None
        Populations by name. There is room for neurons of two types, and for one type of rule, norm, threshold and
        inhibition. None is the network of Diehl & Cook (2015).
    projections : sequence of Projection or None, default=None
        What connects populations and inputs. None belongs to the default populations.
    inputs : sequence of Rates, Latencies, Currents or Trains or None, default=None
        How samples enter. None belongs to the default populations.
    presentation : float, default=350.0
        Time for which a sample is shown, in ms.
    dt : float, default=1.0
        Time step in ms.
    from_rest : bool, default=True
        Whether each sample meets a network at rest while it learns; if not, activity, traces and input spikes in flight
        go on from one to the next. Frozen passes begin at rest with each sample either way, recordings with the first.
    n_passes : int, default=1
        Passes of `fit` over the samples.
    readout : str or None, default=None
        Population whose spikes `transform` counts; None is the last.
    input_range : (float, float) or None, default=None
        Values that count as 0 and as 1; those beyond are clipped. None: from the smallest value of the data given to
        `fit` or the first `partial_fit`, or 0 if none is negative, to the largest.
    n_jobs : int or None, default=None
        Threads of frozen passes; learning is sequential. Results do not depend on it.
    random_state : int, RandomState, Generator or None, default=None
        Initial weights, random wiring, input spikes and noise.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    spike_counts_ : dict of str to ndarray of shape (n,), int64
        Spikes of each neuron while learning, by population.
    n_presentations_seen_ : int
        Samples presented so far.
    input_range_ : tuple of float
        As chosen from the data.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    DiehlCook : the default network, faster and with labels.
    MapHierarchy : maps of maps on the same engine.

    Notes
    -----
    Adaptation that outlasts a presentation (`recovery`) is learned, like weights, and frozen with them; adaptation that
    moves in each step (`adapt`) is activity.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import Network
    >>> from tectum.parts import LIF, All, Population, Projection, Rates, Sparse
    >>> X = load_digits().data[:50]
    >>> E, I = Population("E", 40, LIF(tau_m=10.0)), Population("I", 10, LIF(tau_m=5.0))
    >>> wires = [
    ...     Projection("input", "E", Sparse(0.5, density=0.3)),
    ...     Projection("E", "I", All(0.1)),
    ...     Projection("I", "E", All(0.2), inhibitory=True),
    ... ]
    >>> net = Network([E, I], wires, [Rates("input")], presentation=50.0, readout="E", random_state=0).fit(X)
    >>> net.transform(X).shape
    (50, 40)
    """

    _recommended = STANDARD
    _records = {"_state": GraphState}  # noqa: RUF012  constant
    _numbers = ("_seen", "_planned", "input_range_")
    _schema = schema.network

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        "populations": [list, tuple, None],
        "projections": [list, tuple, None],
        "inputs": [list, tuple, None],
        "presentation": [Interval(numbers.Real, 0, None, closed="neither")],
        "dt": [Interval(numbers.Real, 0, None, closed="neither")],
        "from_rest": ["boolean"],
        "n_passes": [WHOLE],
        "readout": [str, None],
        "input_range": [tuple, list, None],
        "n_jobs": COMMON["n_jobs"],
        "random_state": ["random_state", np.random.Generator],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        populations: Any = None,
        projections: Any = None,
        inputs: Any = None,
        *,
        presentation: float = 350.0,
        dt: float = 1.0,
        from_rest: bool = True,
        n_passes: int = 1,
        readout: Any = None,
        input_range: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.populations = populations
        self.projections = projections
        self.inputs = inputs
        self.presentation = presentation
        self.dt = dt
        self.from_rest = from_rest
        self.n_passes = n_passes
        self.readout = readout
        self.input_range = input_range
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike | None, y: Any = None, *, spikes: Mapping[str, SpikeTrain] | None = None) -> Self:
        """Learn from each sample `n_passes` times, in the order given.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or None
            Samples; None if all inputs are `Trains`.
        y : ignored
        spikes : dict of str to SpikeTrain, optional
            Spikes of the inputs that are `Trains`, for instance from the `record` of another model.

        Returns
        -------
        Network
            The estimator itself.

        Raises
        ------
        TypeError
            If a part does not fulfil its contract; the message names all that is missing.
        ValueError
            If the description is no network, a constant is out of range, or X is not a finite numerical table.

        Examples
        --------
        >>> net.fit(X).weights("input", "units").shape
        (5, 20)
        """
        X = self._begin_with(X, spikes, going_on=False, fitting=True)
        with self._learning("fit", self._planned) as advance:
            for _ in range(self.n_passes):
                self._present(X, spikes, advance)
        return self

    def partial_fit(
        self, X: ArrayLike | None, y: Any = None, *, spikes: Mapping[str, SpikeTrain] | None = None
    ) -> Self:
        """Continue learning: present each sample once, in the order given.

        Parameters
        ----------
        X, y, spikes
            As in `fit`.

        Returns
        -------
        Network
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            As `fit`.

        Examples
        --------
        >>> net.partial_fit(X).n_presentations_seen_
        20
        """
        X = self._begin_with(X, spikes, going_on=self._has_started(), fitting=False)
        with self._learning("partial_fit", len(X)) as advance:
            self._present(X, spikes, advance)
        return self

    def transform(self, X: ArrayLike | None, *, spikes: Mapping[str, SpikeTrain] | None = None) -> NDArray[np.float32]:
        """Spikes of each neuron of `readout` to each sample, everything learned frozen, each sample from rest.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or None
        spikes : dict of str to SpikeTrain, optional
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n), float32
            Spike counts. They depend on the sample and `random_state` alone.

        Examples
        --------
        >>> net.transform(X).shape
        (10, 5)
        """
        return self.responses(X, spikes=spikes)[self._readout()]

    def responses(
        self, X: ArrayLike | None, *, spikes: Mapping[str, SpikeTrain] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """As `transform`, for all populations.

        Parameters
        ----------
        X, spikes
            As in `transform`.

        Returns
        -------
        dict of str to ndarray of shape (n_samples, n), float32
            Spike counts by population.

        Examples
        --------
        >>> list(net.responses(X))
        ['units']
        """
        X = self._samples(stimuli.table_of(X, spikes))
        self._check_inputs(X, spikes)
        circuit = self._graph.graph.circuit
        counts = np.empty((len(X), int(circuit.first[-1])), np.float32)

        def respond(part: NDArray[np.int64]) -> NDArray[np.int32]:
            seen = self._stimulus(X[part], keys_of_rows(X[part]), stimuli.some_of(spikes, part, self.presentation))
            seeds = self._seed ^ keys_of_rows(X[part])
            return engine.respond(circuit, self._state, seen, seeds).counts

        for part, found in self._respond_in_parts(np.arange(len(X)), respond, CHUNK):
            counts[part] = found
        return self._by_population(counts)

    def record(
        self,
        X: ArrayLike | None,
        *,
        spikes: Mapping[str, SpikeTrain] | None = None,
        potentials: bool = False,
    ) -> Recording:
        """All spikes while samples follow each other, everything learned frozen, starting from rest.

        Parameters
        ----------
        X, spikes
            As in `transform`.
        potentials : bool, default=False
            Keep membrane potentials, once per ms.

        Returns
        -------
        Recording
            Spikes by population and input; with `potentials` also ``time_ms`` and the potentials (n_times, n) of each
            population in its `traces`.

        Examples
        --------
        >>> sorted(net.record(X[:1]).spikes)
        ['input', 'units']
        """
        X = self._samples(stimuli.table_of(X, spikes))
        self._check_inputs(X, spikes)
        circuit = self._graph.graph.circuit
        seen = self._stimulus(X, keys_of_rows(X), spikes)
        out, fired = engine.record(
            circuit,
            self._state,
            seen,
            self._seed ^ keys_of_rows(X),
            from_rest=bool(self.from_rest),
            raised=self._state.raised if self.from_rest else engine.NO_THRESHOLDS,
            potentials=potentials,
        )
        trains = dict(zip(self._spans(), fired, strict=True)) | dict(self._input_trains(seen))
        traces = {}
        if potentials:
            times = np.arange(len(out.potentials), dtype=np.float64)
            kept = {p: out.potentials[:, a:b].astype(np.float64) for p, (a, b) in self._spans().items()}
            traces = {"time_ms": times} | kept
        return Recording(trains, circuit.frame * circuit.dt, len(X), traces)

    def _costs(self, X: Any) -> Costs:
        """Synapses by the wiring of each population and input."""
        recording, circuit = self.record(X), self._graph.graph.circuit
        sizes = stimuli.sizes_of(self.chosen_parts().inputs, self.n_features_in_)
        targets = {
            name: targets_of(circuit, POPULATION, k, last - first)
            for k, (name, (first, last)) in enumerate(self._spans().items())
        }
        targets |= {name: targets_of(circuit, EVENTS, k, n) for k, (name, n) in enumerate(sizes.items())}
        return recording.spikes, targets, float(circuit.first[-1] * circuit.frame), tuple(sizes)

    def weights(self, source: str, target: str) -> NDArray[np.float32]:
        """Weights of a learned projection.

        Parameters
        ----------
        source, target : str
            Names of the population or input, and of the population.

        Returns
        -------
        ndarray of shape (n_target, n_source), float32

        Raises
        ------
        ValueError
            If there is no such projection, or its weights are fixed.

        Examples
        --------
        >>> net.weights("input", "units").shape
        (5, 20)
        """
        return self._weights_of(self._state, source, target)

    def adaptation(self, population: str) -> NDArray[np.float32]:
        """Adaptation of each neuron: by how much its threshold is raised, or its recovery variable.

        Parameters
        ----------
        population : str

        Returns
        -------
        ndarray of shape (n,), float32

        Examples
        --------
        >>> net.adaptation("units").shape
        (5,)
        """
        spans = self._spans()
        if population not in spans:
            raise ValueError(unknown_name("Network.adaptation: there is no population", population, spans))
        first, last = spans[population]
        return self._state.raised[first:last]

    def diagnose(self, X: ArrayLike | None, *, spikes: Mapping[str, SpikeTrain] | None = None) -> Diagnosis:
        """Look for populations that stay silent, run away or let one neuron win, and for saturated weights.

        Parameters
        ----------
        X, spikes
            As in `transform`.

        Returns
        -------
        Diagnosis
            Print it for a table; its `warnings` name a remedy each. Values are dicts by population.
        """
        seconds = 1e-3 * float(self.presentation)
        values: dict[str, dict[str, Any]] = {}
        rows, warnings = [], []
        for p, counts in zip(self._chosen_populations(), self.responses(X, spikes=spikes).values(), strict=True):
            found, lines, said = responders(counts, f"population {p.name!r}")
            found["rate"] = float(counts.mean() / seconds)
            lines.append(("spikes/s of a neuron", f"{found['rate']:.2f}"))
            if p.rule is not None:  # only neurons that learn compete
                warnings += [line.format(hog="raise its inhibition, or give it a norm or a threshold") for line in said]
            if found["silent_samples"] > 0.5:
                warnings.append(
                    f"population {p.name!r} is silent for {found['silent_samples']:.0%} of the samples: raise the gain "
                    "or weight of a projection onto it, or the rate of its input"
                )
            elif found["rate"] > 0.5 / (1e-3 * float(self.dt)):
                warnings.append(
                    f"neurons of population {p.name!r} fire in every second step: lower the weights onto it, or give "
                    "its neurons a refractory period"
                )
            for (source, target), row in self._graph.rows.items():
                if target == p.name and self._graph.graph.circuit.projections.kind[row] == PLASTIC:
                    full = saturation(self.weights(source, target), getattr(p.rule, "w_max", None))
                    found["saturated_weights"] = max(full, found.get("saturated_weights", 0.0))
                    lines.append((f"saturated weights from {source}", f"{full:.1%}"))
                    if full > 0.2:
                        warnings.append(
                            f"{full:.0%} of the weights from {source!r} to {target!r} are at their upper bound: lower "
                            "the learning rate, or give the population a norm"
                        )
            rows += [(f"{p.name}: {name}", value) for name, value in lines]
            for name, value in found.items():
                values.setdefault(name, {})[p.name] = value
        return Diagnosis(values, rows, warnings)

    # -- how it runs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        first, last = self._spans()[self._readout()]
        return last - first

    def _readout(self) -> str:
        names = [p.name for p in self._chosen_populations()]
        if self.readout is not None and self.readout not in names:
            raise ValueError(unknown_name("Network.readout: there is no population", self.readout, names))
        return names[-1] if self.readout is None else self.readout

    def _chosen_populations(self) -> Any:
        return STANDARD["populations"] if self.populations is None else self.populations

    def _plan(self, n_samples: int | None) -> int:
        return self.n_passes * (n_samples or 0)

    def _start(self, X: NDArray[Any]) -> None:
        """The network before learning, and the scale of the input."""
        self._seed = seed_from(self.random_state)
        self._state = self._build(X.shape[1])
        inputs = self.chosen_parts().inputs
        only_trains = all(isinstance(item, parts.Trains) for item in inputs)
        self.input_range_ = (0.0, 1.0) if only_trains else unit_range(X, self.input_range, "Network")
        self._seen, self._in_flight = 0, stimuli.NOTHING
        self.spike_counts_ = {p: np.zeros(b - a, np.int64) for p, (a, b) in self._spans().items()}

    def _build(self, n_features: int) -> GraphState:
        """The network in the form that runs; returns its state before learning."""
        chosen = self.chosen_parts()
        kit.check_description(chosen.populations, chosen.projections, chosen.inputs)
        self._readout()
        if self.presentation < self.dt:
            raise ValueError(
                f"Network.presentation must be dt = {self.dt} ms or more, got {self.presentation!r}; show "
                "samples for longer"
            )
        sizes = stimuli.sizes_of(chosen.inputs, n_features)
        self._graph = kit.build(
            chosen.populations,
            chosen.projections,
            sizes,
            self._seed,
            dt=float(self.dt),
            presentation=float(self.presentation),
        )
        return self._graph.graph.first

    def _begin_with(
        self, X: Any, spikes: Mapping[str, SpikeTrain] | None, *, going_on: bool, fitting: bool
    ) -> NDArray[Any]:
        with all_or_nothing(self):
            X = self._begin(stimuli.table_of(X, spikes), going_on=going_on, fitting=fitting)
            self._check_inputs(X, spikes)
        return X

    def _check_inputs(self, X: NDArray[Any], spikes: Mapping[str, SpikeTrain] | None) -> None:
        chosen, circuit = self.chosen_parts(), self._graph.graph.circuit
        stimuli.check(circuit, chosen.populations, chosen.inputs, X.shape, spikes or {})

    def _stimulus(
        self,
        X: NDArray[Any],
        keys: NDArray[np.uint64],
        spikes: Mapping[str, SpikeTrain] | None,
        in_flight: NDArray[np.int64] = stimuli.NOTHING,
    ) -> Stimulus:
        chosen = self.chosen_parts()
        return stimuli.stimulus(
            self._graph.graph.circuit,
            chosen.populations,
            chosen.inputs,
            unit_values(X, self.input_range_),
            keys,
            self._seed,
            spikes or {},
            in_flight,
        )

    def _present(self, X: NDArray[Any], spikes: Mapping[str, SpikeTrain] | None, advance: Any) -> None:
        """Samples one after another, in chunks."""
        for begin in range(0, len(X), CHUNK):
            part = np.arange(begin, min(begin + CHUNK, len(X)))
            self._learn(X[part], stimuli.some_of(spikes, part, self.presentation))
            advance(len(part))

    def _learn(self, X: NDArray[Any], spikes: Mapping[str, SpikeTrain] | None = None) -> None:
        keys = np.arange(self._seen, self._seen + len(X)).astype(np.uint64)
        state, circuit = engine.copy_of(self._state), self._graph.graph.circuit
        seen = self._stimulus(X, keys, spikes, self._in_flight)
        out = engine.run(
            circuit,
            state,
            seen,
            self._seed ^ (keys * GOLDEN) if self.from_rest else self._seed,
            learning=True,
            from_rest=bool(self.from_rest),
        )
        total = self._by_population(out.counts.sum(axis=0, dtype=np.int64)[None])
        counts = {p: self.spike_counts_[p] + total[p][0] for p in total}
        in_flight = stimuli.NOTHING if self.from_rest else stimuli.still_in_flight(circuit, seen)
        self._commit(_state=state, _seen=self._seen + len(X), spike_counts_=counts, _in_flight=in_flight)

    def _spans(self) -> dict[str, tuple[int, int]]:
        """First neuron, and one past the last, of each population."""
        first = self._graph.graph.circuit.first
        return {p.name: (int(first[k]), int(first[k + 1])) for k, p in enumerate(self._chosen_populations())}

    def _by_population(self, table: NDArray[Any]) -> dict[str, NDArray[Any]]:
        return {p: table[:, first:last] for p, (first, last) in self._spans().items()}

    def _input_trains(self, seen: Stimulus) -> Iterator[tuple[str, SpikeTrain]]:
        """Spikes of the inputs, by name."""
        circuit = self._graph.graph.circuit
        sizes = stimuli.sizes_of(self.chosen_parts().inputs, self.n_features_in_)
        for k, (name, n) in enumerate(sizes.items()):
            begins = seen.start[1:, k]
            per_step = np.diff(begins, axis=1).ravel()
            step = np.repeat(np.arange(len(per_step)), per_step)
            neuron = seen.events[begins[0, 0] : begins[-1, -1]].astype(np.int64)
            yield name, SpikeTrain(step * circuit.dt, neuron, step // circuit.frame, n)

    def _weights_of(self, state: GraphState, source: str, target: str) -> NDArray[np.float32]:
        rows, table = self._graph.rows, self._graph.graph.circuit.projections
        learned = [f"{a} to {b}" for (a, b), row in rows.items() if table.kind[row] == PLASTIC]
        if f"{source} to {target}" not in learned:
            raise ValueError(
                unknown_name("Network.weights: there is no learned projection", f"{source} to {target}", learned)
            )
        row = rows[source, target]
        first, last = self._spans()[target]
        n_post, n_pre, at = last - first, int(table.n_pre[row]), int(table.weights[row])
        return state.weights[at : at + n_post * n_pre].reshape(n_post, n_pre)

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        counts = {f"spike_counts.{name}": counts for name, counts in self.spike_counts_.items()}
        return arrays | counts | {"in_flight": self._in_flight}, header

    def _rebuild(self, arrays: dict[str, np.ndarray]) -> GraphState:
        """The graph, if a file holds as many neurons and weights; returns its state before learning."""
        chosen = self.chosen_parts()
        n = stimuli.sizes_of(chosen.inputs, self.n_features_in_) | {p.name: p.n for p in chosen.populations}
        learned = [p for p in chosen.projections if isinstance(p.wiring, parts.Learned)]
        sizes = sum(p.n for p in chosen.populations), sum(n[p.source] * n[p.target] for p in learned)
        found = arrays["state.v"].size, arrays["state.weights"].size
        if sizes != found:
            raise ValueError(f"populations must have the neurons and weights of the arrays, {found}, got {sizes}")
        self._seed = np.uint64(arrays["seed"].item())
        return self._build(self.n_features_in_)

    def _most_in_flight(self, arrays: dict[str, np.ndarray]) -> NDArray[np.int64]:
        """Largest numbers (n_spikes, 3) of the rows in a file: input, step and neuron of the input."""
        sizes = np.array([*stimuli.sizes_of(self.chosen_parts().inputs, self.n_features_in_).values(), 0])
        number = arrays.get("in_flight", stimuli.NOTHING).ravel()[::3].astype(np.int64).clip(0, len(sizes) - 1)
        most = np.empty((len(number), 3), np.int64)
        most[:, 0], most[:, 1] = len(sizes) - 2, self._graph.graph.circuit.frame - 1
        most[:, 2] = sizes[number] - 1
        return most

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        super()._set_state(arrays, header)
        self.spike_counts_ = {name: arrays[f"spike_counts.{name}"] for name in self._spans()}
        self._in_flight = arrays.get("in_flight", stimuli.NOTHING)  # files of version 0.1 hold none
