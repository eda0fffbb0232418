"""`WaveNetwork`, layers wired by travelling waves: Raghavan, Lin & Thomson (2020)."""

import numbers
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from tectum import parts
from tectum.core.events import SpikeTrain
from tectum.core.memory import check_room
from tectum.core.random import seed_from
from tectum.engine.sheets import images as image_network, network, weights as sheet_weights, wires as sheet_wires
from tectum.engine.sheets.fields import Fields, FieldState
from tectum.engine.sheets.loop import SheetState, SpikeEvents
from tectum.models.common import schema
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.base import COMMON, WHOLE, SpikingEstimator, part_constraints
from tectum.models.common.checkpoints import pause
from tectum.models.common.progress import progress_bar
from tectum.models.common.recording import Recording
from tectum.models.waves import (
    file,
    growth,
    images as wave_images,
    parameters as wave_parameters,
)
from tectum.models.waves.architectures import WaveArchitectures
from tectum.models.waves.costs import WaveCosts
from tectum.models.waves.repair import WaveRepair
from tectum.parts.waves import step_of

STRETCH = 2000  # steps until progress is shown and an interrupt is served
BATCH = 4096  # images whose activity is held at a time
ON = 0.5  # of the largest input, above which a node is active in an image


class WaveNetwork(WaveArchitectures, WaveCosts, WaveRepair, SpikingEstimator):
    """Sheets of spiking neurons that wire themselves by waves of spontaneous activity, then by data.

    `grow` needs no data: noise ignites a bump of activity on the first sheet, which wanders, dies and reappears
    elsewhere. Nodes that fire together drive the same units of the next sheet, and neurons that fire together wire
    together, so that each unit comes to pool a compact patch of the sheet below. All sheets grow at the same time.

    In `fit` the last projection learns from images instead of waves, starting from its grown weights, or from random
    weights if it has not grown. With `FieldHebb` as image rule the grown wiring is kept, and several
    units per grown field compete for its patches.

    By default units learn when they fire in the wave of their own sheet, and neighbourhoods shrink as receptive fields
    become compact. So neighbours pool neighbouring patches, and a stack of sheets keeps its topography. `scheduled`
    achieves the same with waves that shrink over six phases; `authors` is the rule of the authors' code, whose units
    tile the sheet below without order. Parts left at None are those of the default.

    Parameters
    ----------
    layers : sequence of Sheet or None, default=None
        Two sheets or more, from below. None is a sheet of as many nodes as there are features, or 1,600 if it grows
        before it sees data, and one of 300 units. Nodes that fill a square are put on a grid.
    first_neuron, neuron : DynamicThresholdLIF, Izhikevich or None
        Neurons of the first and of the other sheets, with steps of the same length. Usually only the first has noise.
    first_kernel, kernel : RingKernel or None
        Lateral profiles of the first and of the other sheets.
    competition : KWinners or None
        Which units of a sheet win.
    drive : WinnerDrive or None
        How winners excite their sheet.
    rule : WaveHebb or None
        Plasticity during growth.
    normaliser : MeanNorm, RangeNorm or None
        What is kept constant of the weights of a unit.
    initial : WaveWeights or None
        Weights and competition thresholds before growth.
    neighbourhood : FixedNeighbourhood, FieldNeighbourhood or None
        How far units take their neighbours along, and how many win.
    phases : sequence of WavePhase or None
        Schedule of growth; by default large waves, then smaller ones. The last goes on for as long as `grow` is
        asked to.
    order : {"together", "in turn"}, default="together"
        Whether all projections grow at the same time, or one after another from below: each goes through the whole
        schedule while those below it are frozen, which takes as many times longer. Nothing flows down, so the first
        projection comes out the same.
    image_rule : WaveHebb, FieldHebb or None
        Plasticity in `fit`, with rates per image. With `WaveHebb`, the default, one unit of the last sheet wins each
        image and changes its grown weights. With `FieldHebb` units that share a field of the last sheet compete in it.
    n_presentations : int or None, default=None
        Images shown in `fit`, drawn at random with replacement; None is 2 per sample.
    warm_start : bool, default=False
        If True, `fit` continues an interrupted `fit` on the same data.
    response : {"pooling", "excess"} or SpikeCounts, default="pooling"
        What `transform` gives: the mean over each receptive field of the image in units of its standard deviation; or
        by how much the input of a unit exceeds the mean of its competitors, all units of its sheet (then the input is
        the mean over its field of the binary image) or with `FieldHebb` those in its field; or spike counts. The first
        is meant for grown networks, the others for those that have learned from images.
    n_jobs : int or None, default=None
        Threads of `transform` where it is slow; -1 is all cores. The result does not depend on it.
    random_state : int, RandomState, Generator or None, default=None
        Places of nodes, initial weights, noise and order of images.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    weights_ : list of ndarray of shape (n_post, n_pre), float32
        Weights of each projection, from below.
    thresholds_ : list of ndarray of shape (n_post,), float32
        Competition thresholds of the units.
    sheet_positions_ : list of ndarray of shape (n_nodes, 2)
        Places of the nodes of each sheet, in its own unit of length.
    alive_ : list of ndarray of shape (n_nodes,), bool
        Nodes of each sheet that can fire: those that have been born and are not dead.
    n_steps_grown_ : int
        Steps of growth so far, each as long as the `step_ms` of the neurons.
    movements_ : ndarray of shape (n_snapshots, n_projections)
        By how much the receptive fields of each projection have changed in each 1,000 ms of growth: root mean square
        over the live units of the change of centre and radius together, over the radius of the sheet below.
    moved_ : ndarray of shape (n_nodes,), bool
        Sensors that have moved, as the last `repair` found.
    n_presentations_seen_ : int
        Images learned so far.
    components_ : ndarray of shape (n_units * n_maps, n_features), float32
        With `FieldHebb`, what each unit prefers, field by field: deviations from the mean of a patch in units of its
        standard deviation, 0 outside the field. Only after `fit` or `partial_fit`.
    input_scale_ : float
        Largest absolute value of the data given to `fit` or the first `partial_fit`, but 1 if all lie in [-1, 1].
    n_features_in_, feature_names_in_
        As in scikit-learn; features are the nodes of the first sheet.

    References
    ----------
    Raghavan, Lin & Thomson (2020). Self-organization of multi-layer spiking neural networks. arXiv:2006.06902.

    Raghavan & Thomson (2019). Neural networks grown and self-organized by noise. NeurIPS 32. arXiv:1906.01039.

    Examples
    --------
    >>> from tectum import WaveNetwork
    >>> from tectum.parts import Sheet
    >>> network = WaveNetwork([Sheet((20, 20)), Sheet(50)], random_state=0).grow(duration=100.0)
    >>> network.receptive_fields_(layer=1).shape
    (50, 400)
    """

    _recommended = wave_parameters.TOPOGRAPHIC | {
        "layers": wave_parameters.DEFAULT_LAYERS,
        "image_rule": parts.WaveHebb(eta=1e-3, eta_c=5e-2),
    }
    _numbers = file.NUMBERS
    _schema = schema.wave_network
    _unit = "images"

    n_steps_grown_: int
    sheet_positions_: list[NDArray[np.float64]]
    movements_: NDArray[np.float64]
    alive_: list[NDArray[np.bool_]]
    _alive: list[NDArray[np.bool_]]
    _fields_before: tuple[NDArray[np.float64], ...]
    _state: network.StackState
    _fields: Fields
    _maps: FieldState
    components_: NDArray[np.float32]

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        **COMMON,
        **part_constraints(
            wave_parameters.TOPOGRAPHIC, "first_neuron", "neuron", "rule", "normaliser", "neighbourhood"
        ),
        "layers": ["array-like", None],
        "phases": [list, tuple, None],
        "order": [StrOptions({"together", "in turn"})],
        "image_rule": [parts.WaveHebb, parts.FieldHebb, None],
        "n_presentations": [WHOLE, None],
        "response": [StrOptions({"pooling", "excess"}), parts.SpikeCounts],
    }

    def __init__(
        self,
        layers: Any = None,
        *,
        first_neuron: Any = None,
        neuron: Any = None,
        first_kernel: Any = None,
        kernel: Any = None,
        competition: Any = None,
        drive: Any = None,
        rule: Any = None,
        normaliser: Any = None,
        initial: Any = None,
        neighbourhood: Any = None,
        phases: Any = None,
        order: str = "together",
        image_rule: Any = None,
        n_presentations: int | None = None,
        response: str = "pooling",
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.first_neuron = first_neuron
        self.neuron = neuron
        self.first_kernel = first_kernel
        self.kernel = kernel
        self.competition = competition
        self.drive = drive
        self.rule = rule
        self.normaliser = normaliser
        self.initial = initial
        self.neighbourhood = neighbourhood
        self.phases = phases
        self.order = order
        self.image_rule = image_rule
        self.n_presentations = n_presentations
        self.response = response
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def grow(
        self, duration: float | None = None, *, until: str | None = None, tolerance: float = growth.TOLERANCE
    ) -> Self:
        """Let waves wire the sheets, without data; a second call continues where the first ended.

        Growing in one call or in many gives the same network to the last bit.

        Parameters
        ----------
        duration : float or None, default=None
            Time in ms. None is the rest of the schedule or, until the wiring has settled, three times the schedule.
        until : {"settled"} or None, default=None
            End earlier, in the last phase of the schedule, once no sheet has had movements above the tolerance at the
            last three measurements; see `movements_`. A warning says if that has not come about in the time given.
        tolerance : float, default=0.05
            Movement per 1,000 ms, over the radius of the sheet below.

        Returns
        -------
        WaveNetwork
            The estimator itself.

        Raises
        ------
        ValueError
            If the duration, the tolerance or a parameter is out of range.

        Warns
        -----
        UserWarning
            If neurons of the first sheet have no noise, which is what makes them fire.
        """
        self._validate_params()
        growth.check_until(until, tolerance)
        chosen = self.chosen_parts()
        wave_parameters.check_radii(chosen, self._sheets())
        if hasattr(self, "_state"):
            self._check_fit()
        else:
            with all_or_nothing(self):
                self._lay_out(chosen)
                self._learned_with = self._given()
        growth.warn_of_silence(chosen["first_neuron"])
        schedule = self.schedule
        n_steps = growth.steps_in(duration, schedule, self.n_steps_grown_, patient=until is not None)
        births = np.concatenate([growth.birth_steps(g, schedule.step_ms) for g in self._geometries()])
        try:
            with progress_bar(n_steps, "grow", self.verbose, unit="steps") as advance:
                end, stack, begins = self.n_steps_grown_ + n_steps, None, -1
                while self.n_steps_grown_ < end:
                    place = schedule.place(self.n_steps_grown_)
                    if until and place.ends == np.inf and growth.has_settled(self.movements_, tolerance):
                        advance(end - self.n_steps_grown_)
                        break
                    if stack is None or place.begins != begins:
                        stack, begins = self._build(chosen, place.phase), place.begins
                    elif self.n_steps_grown_ in births:
                        stack = network.with_living(stack, self._geometries())
                    left = growth.steps_to_measure(schedule, self.n_steps_grown_)
                    stop = min(end, place.ends, births[births > self.n_steps_grown_].min(initial=end))
                    steps = int(min(STRETCH, left, stop - self.n_steps_grown_))
                    self._advance(stack, steps, place, measure=steps == left)
                    advance(steps)
                    pause(self)
                if until and not growth.has_settled(self.movements_, tolerance):
                    growth.warn_of_movement(self.movements_, tolerance)
        finally:  # an interrupted network can be used, saved and continued
            self._grown = self._state.weights
            self._publish()
        return self

    def _go_on(self) -> str:
        return super()._go_on() if self._has_started() else ".grow()"

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn from images drawn at random, from the wiring that `grow` has left; see `image_rule`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, a value per node of the first sheet; a node is active above half of `input_scale_`.
        y : ignored

        Returns
        -------
        WaveNetwork
            The estimator itself.

        Raises
        ------
        ValueError
            If X is not a finite numerical table with a column per node, or a parameter is out of range.
        """
        if hasattr(self, "_grown"):
            self._check_fit()
        return super().fit(X, y)

    def transform(self, X: ArrayLike, layer: int | None = None) -> NDArray[Any]:
        """Response of the units of a sheet to images: see `response`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        layer : int or None, default=None
            Sheet whose response is given, from 1; None is the last.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
            Of the precision of X, float32 or float64; with `FieldHebb` a column per unit, field by field.
        """
        X = self._samples(X)
        layer = self._check_layer("transform", "layer", len(self.weights_) if layer is None else layer, 1)
        wave_images.check_response(self.response, ready=hasattr(self, "_maps") or not self._in_fields())
        responses = []
        with progress_bar(len(X), "transform", self.verbose, unit="images") as advance:
            for start in range(0, len(X), BATCH):
                responses.append(self._respond(X[start : start + BATCH], layer).astype(X.dtype, copy=False))
                advance(len(responses[-1]))
        return np.concatenate(responses)

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Images from responses of the last sheet, back through the grown weights of all projections.

        Pooling is undone as far as the fields allow: the result is the image with the least variance that has these
        means over them, as feedback through the same weights would find it. Each image is in units of its standard
        deviation around its mean, which pooling does not keep. After other responses it is the mean of what the units
        prefer, weighted by their responses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_units)
            What `transform` gave.

        Returns
        -------
        ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If X is not a finite numerical table with a column per unit.
        """
        check_is_fitted(self)
        wave_images.check_response(self.response, ready=hasattr(self, "_maps") or not self._in_fields())
        given = wave_images.checked_responses(X, self._n_features_out)
        patterns = self.components_ if self._in_fields() else self.receptive_fields_(len(self.weights_))
        return (wave_images.unpooled if self.response == "pooling" else wave_images.superposed)(given, patterns)

    def receptive_fields_(self, layer: int = 1, source: int = 0) -> NDArray[np.float64]:
        """Receptive fields of the units of a sheet, as shares of the nodes of a sheet below.

        Parameters
        ----------
        layer : int, default=1
            Sheet of the units; the first is 0.
        source : int, default=0
            Sheet of the nodes, below it. Across several projections their fields are composed.

        Returns
        -------
        ndarray of shape (n_units, n_nodes)
            Rows add up to 1.

        Raises
        ------
        ValueError
            If there is no such sheet.
        """
        check_is_fitted(self)
        layer = self._check_layer("receptive_fields_", "layer", layer, 1)
        if not isinstance(source, numbers.Integral) or not 0 <= source < layer:
            raise ValueError(
                f"WaveNetwork.receptive_fields_.source must be a sheet below layer {layer}, got {source!r}; "
                "the first is 0"
            )
        return wave_images.composed(self.weights_[source:layer])

    def record(self, duration: float = 1000.0) -> Recording:
        """Spikes of spontaneous activity, weights frozen, from where growth has ended.

        Parameters
        ----------
        duration : float, default=1000.0
            Time in ms.

        Returns
        -------
        Recording
            One presentation; populations are ``layer_0``, ``layer_1``, ...

        Raises
        ------
        ValueError
            If the duration is not above 0.
        """
        check_is_fitted(self)
        chosen, schedule = self.chosen_parts(), self.schedule
        n_steps, begin = growth.steps_in(duration, schedule, self.n_steps_grown_), self.n_steps_grown_
        stack = self._build(chosen, self.phase_reached())
        kept: list[list[tuple[NDArray[Any], NDArray[Any]]]] = [[] for _ in stack.sheets]

        def keep(layer: int, start: int, spikes: SpikeEvents) -> None:
            steps = np.repeat(np.arange(len(spikes.first) - 1), np.diff(spikes.first)) + (start - begin)
            kept[layer].append((steps, spikes.neuron[: spikes.first[-1]].astype(np.int64)))

        network.run(stack, self._state_on(stack), begin, n_steps, learning=False, keep=keep)
        trains = {}
        for layer, found in enumerate(kept):
            step, neuron = (np.concatenate(column) for column in zip(*found, strict=True))
            size = len(self.sheet_positions_[layer])
            trains[f"layer_{layer}"] = SpikeTrain(step * schedule.step_ms, neuron, np.zeros(len(step), np.int64), size)
        return Recording(trains, presentation_ms=n_steps * schedule.step_ms, n_presentations=1)

    @property
    def step_ms(self) -> float:
        """Width of a spike in ms, as the neurons say."""
        return step_of(self.chosen_parts().neuron)

    @property
    def schedule(self) -> wave_parameters.Schedule:
        """Phases of growth in steps."""
        return wave_parameters.schedule_for(self.chosen_parts(), self.order, len(self._sheets()) - 1)

    @property
    def schedule_ms(self) -> float:
        """Length of the schedule in ms, of all projections if they grow in turn."""
        return self.schedule.duration

    def phase_reached(self) -> int:
        """Number of the phase of the schedule that growth has come to."""
        check_is_fitted(self)
        return self.schedule.place(max(0, self.n_steps_grown_ - 1)).phase

    @property
    def _n_features_out(self) -> int:
        return self._maps.c.size if self._in_fields() else len(self.weights_[-1])

    def _validate(self, X: Any, *, reset: bool = False, least: int = 1) -> NDArray[np.float64]:
        nodes = len(self.sheet_positions_[0]) if hasattr(self, "_grown") else None
        X = super()._validate(X, reset=reset, least=least)
        if nodes not in (None, X.shape[1]):
            raise ValueError(
                f"WaveNetwork: X must have a column per node of the first sheet ({nodes}), got {X.shape[1]} columns; "
                "sample the images at sheet_positions_[0], or grow a network with as many nodes"
            )
        return X

    def _recommendations(self) -> Mapping[str, Any]:
        return self._recommended | wave_parameters.recommended(self.layers, self._given())

    def chosen_parts(self) -> Any:
        chosen = super().chosen_parts()
        wave_parameters.check_phases("WaveNetwork.phases", chosen.phases)
        wave_parameters.check_steps(chosen)
        return chosen

    def _sheets(self) -> list[parts.Sheet]:
        """The sheets, the first with as many nodes as there are features if it leaves them open."""
        return wave_parameters.sheets_for(self.layers, getattr(self, "n_features_in_", None))

    def _geometries(self) -> list[sheet_wires.Geometry]:
        sides = [wave_parameters.FIRST_SIDE, wave_parameters.SIDE]
        laid = [sheet_wires.lay_out(s, sides[min(k, 1)], self._seed, k) for k, s in enumerate(self._sheets())]
        left = getattr(self, "_alive", None) or [geometry.alive for geometry in laid]
        now = self.n_steps_grown_
        born = (growth.birth_steps(g, self.step_ms) <= now for g in laid)
        return [g._replace(alive=g.alive & a & b) for g, a, b in zip(laid, left, born, strict=True)]

    def _lay_out(self, chosen: dict[str, Any]) -> None:
        """A network before growth."""
        sheets, below = self._sheets(), 8
        for layer, sheet in enumerate(sheets):
            room = 24 * below + 200  # bytes per node
            n_nodes = below = sheet.n_nodes or 0
            check_room(f"WaveNetwork.layers[{layer}].shape", sheet.shape, n_nodes, room.__mul__, "nodes")
        self._seed = seed_from(self.random_state)
        self.n_features_in_ = sheets[0].n_nodes or 0
        self.n_steps_grown_ = self._seen = 0
        geometries = self._geometries()
        sizes = [len(geometry.positions) for geometry in geometries]
        weights = tuple(
            sheet_weights.initial_weights(chosen["initial"], geometries[k - 1], geometries[k], self._seed, k)
            for k in range(1, len(sizes))
        )
        self._state = network.StackState(self._rest(chosen, sizes), weights)
        self._alive = [np.ones(n, dtype=bool) for n in sizes]
        self._fields_before = growth.fields(self._state, geometries)
        self.movements_ = np.zeros((0, len(weights)))
        self.input_scale_ = 1.0

    def _rest(self, chosen: dict[str, Any], sizes: list[int]) -> tuple[SheetState, ...]:
        """Sheets in which nothing has fired yet."""
        return tuple(network.at_rest(chosen["neuron" if k else "first_neuron"], k, n) for k, n in enumerate(sizes))

    def _build(self, chosen: dict[str, Any], phase: int) -> network.Stack:
        """The network in the form that runs."""
        geometries = sheet_wires.ground(self._geometries(), chosen["phases"][phase].margin)
        in_phase = wave_parameters.parts_of_phase(chosen, chosen["phases"][phase], len(geometries))
        return network.build_stack(geometries, in_phase, chosen["initial"].mean, self._seed)

    def _advance(self, stack: network.Stack, n_steps: int, place: wave_parameters.Place, *, measure: bool) -> None:
        """Grow by some steps, from rest if a phase begins, and measure the fields after them if it is time."""
        begins = self.n_steps_grown_ == place.begins
        state, c = self._state_on(stack, rest=begins), self.schedule.phases[place.phase].c
        if begins and c is not None:
            state = state._replace(weights=tuple(w._replace(c=np.full_like(w.c, c)) for w in state.weights))
        fields, movements = self._fields_before, self.movements_
        network.run(stack, state, self.n_steps_grown_, n_steps, turn=place.turn)
        step = self.n_steps_grown_ + n_steps
        if measure:
            state, geometries = state._replace(weights=self._faded(state.weights)), self._geometries()
            fields = growth.fields(state, geometries)
            movements = np.vstack([movements, growth.movement(self._fields_before, fields, geometries)])
        self._commit(
            _state=state, _grown=state.weights, n_steps_grown_=step, _fields_before=fields, movements_=movements
        )

    def _state_on(self, stack: network.Stack, *, rest: bool = False) -> network.StackState:
        """A copy of the state, at rest if asked for or if the margin has changed since."""
        state, sizes = network.copy_of(self._state), [len(circuit.reset) for circuit in stack.sheets]
        same = not rest and len(state.sheets[0].v) == sizes[0]
        return state if same else state._replace(sheets=self._rest(self.chosen_parts(), sizes))

    def _has_started(self) -> bool:
        return getattr(self, "_seen", 0) > 0

    def _plan(self, n_samples: int | None) -> int:
        return self.n_presentations or 2 * (n_samples or 0)

    def _start(self, X: NDArray[Any]) -> None:
        """The wiring before images: the grown one, or random weights; and the scale of the input."""
        chosen = self.chosen_parts()
        if hasattr(self, "_grown"):
            self._state = self._state._replace(weights=self._grown)
        else:
            self._lay_out(chosen)
        last = self._state.weights[-1]
        self._state = self._state._replace(weights=(*self._state.weights[:-1], last._replace(c=np.zeros_like(last.c))))
        self._seen = 0
        if isinstance(chosen["image_rule"], parts.FieldHebb):
            fields = wave_images.composed([sheet_weights.dense_weights(weights) for weights in self._state.weights])
            self._fields = image_network.fields_of(fields, chosen["image_rule"].edge)
            self._maps = image_network.unlearned(self._fields, chosen["image_rule"].n_maps)
        elif hasattr(self, "_maps"):
            del self._fields, self._maps, self.components_
        largest = float(np.abs(X).max())
        self.input_scale_ = largest if largest > 1.0 else 1.0

    def _learn(self, X: NDArray[Any]) -> None:
        """Show images one after another to the units of the last projection."""
        chosen, seen = self.chosen_parts(), self._seen
        if isinstance(chosen["image_rule"], parts.FieldHebb):
            rule, values = chosen["image_rule"], self._shown(X)
            maps = image_network.learn_in_fields(rule, self._fields, self._maps, values, self._seed, seen)
            self._commit(_maps=maps, _seen=seen + len(X))
            return
        below = [sheet_weights.dense_weights(weights) for weights in self._state.weights[:-1]]
        active = wave_images.most_active(self._active(X), below)
        last = wave_images.learn_projection(chosen, self._geometries()[-1], self._state.weights[-1], active, seen)
        state = self._state._replace(weights=(*self._state.weights[:-1], last))
        self._commit(_state=state, _seen=seen + len(X))

    def _active(self, X: NDArray[Any]) -> NDArray[np.bool_]:
        """Which nodes of the first sheet an image activates."""
        return self.input_scale_ * ON < X

    def _shown(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Images as shares of the largest input."""
        return np.ascontiguousarray(X / self.input_scale_, dtype=np.float32)

    def _in_fields(self) -> bool:
        """Whether responses are those of units that have learned inside fields."""
        return self.response == "excess" and isinstance(self.image_rule, parts.FieldHebb)

    def _respond(self, X: NDArray[Any], layer: int) -> NDArray[Any]:
        """Response of a sheet to some images."""
        projections = self.weights_[:layer]
        if isinstance(self.response, parts.SpikeCounts):
            below, neuron = self._state.weights[:layer], self.chosen_parts()["neuron"]
            shown = self._shown(X)
            return image_network.sheet_counts(self.response, neuron, below, shown, self._seed, self.n_jobs)[-1]
        if self._in_fields() and layer == len(self.weights_):
            values = self._shown(X)
            return image_network.respond_in_fields(self.image_rule, self._fields, self._maps, values, self.n_jobs)
        if self.response == "pooling":
            return wave_images.pooled(X, projections)
        return wave_images.exceeding(self._active(X), projections)

    def _check_layer(self, method: str, name: str, layer: Any, least: int) -> int:
        if not isinstance(layer, numbers.Integral) or not least <= int(layer) <= len(self.weights_):
            raise ValueError(
                f"WaveNetwork.{method}.{name} must be a whole number from {least} to {len(self.weights_)}, got "
                f"{layer!r}; 1 is the second sheet"
            )
        return int(layer)

    def _publish(self) -> Self:
        self.weights_ = [sheet_weights.dense_weights(weights) for weights in self._state.weights]
        self.thresholds_ = [weights.c for weights in self._state.weights]
        geometries = self._geometries()
        self.sheet_positions_ = [geometry.positions for geometry in geometries]
        self.alive_ = [geometry.alive for geometry in geometries]
        if hasattr(self, "_maps"):
            self.components_ = image_network.preferred_patches(self._fields, self._maps, self.weights_[0].shape[1])
        return self

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, header = super()._get_state()
        return arrays | file.arrays_of(self), header

    def _set_state(self, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        super()._set_state(arrays, header)
        file.restore(self, arrays)
