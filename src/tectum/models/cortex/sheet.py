"""`CorticalSheet`, neurons on a torus that hear local fields of ON and OFF inputs, race to fire and learn together."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from tectum.core.random import seed_from, uniform_array
from tectum.engine.cortex import network
from tectum.engine.cortex.race import SheetState
from tectum.parts.lateral import PlasticitySpread
from tectum.parts.map_learning import ArrivalSTDP
from tectum.parts.norms import LengthNorm
from tectum.parts.representation import AdaptiveThreshold

Floats = NDArray[np.float32]

SYNAPSES = 0  # stream of random numbers for initial weights
VIEWS_AT_ONCE = 200


class CorticalSheet(BaseEstimator):
    """A sheet of spiking neurons without borders, each with a field on a toroidal retina of ON and OFF inputs.

    A view becomes a volley: the strongest inputs fire, the strongest first. A neuron adds up the weights of the spikes
    that arrive in its field; the first one to reach its threshold inhibits all within the reach of inhibition for the
    rest of the volley, and the neurons around it learn from what has arrived. Thresholds rise with each spike and fall
    in silence.

    Parameters
    ----------
    shape : (int, int), default=(68, 68)
        Rows and columns of neurons.
    retina : int, default=21
        Inputs along each side of the retina, of either sign and eye.
    eyes : {1, 2}, default=1
    field : float, default=3.5
        Radius of the fields in inputs.
    rule : ArrivalSTDP or None
        Plasticity; an input counts by what is left of the memory of its spike.
    spread : PlasticitySpread or None
        Who learns around the neuron that fires.
    norm : LengthNorm or None
        What is kept constant of the weights of a neuron.
    threshold : AdaptiveThreshold or None
        Thresholds, each by the spikes of its own neuron: `target` is the share of volleys in which it is to fire.
    inhibition : float, default=20.0
        Reach of inhibition, in neurons.
    share : float, default=0.22
        Share of the inputs of an eye that may fire in a volley, the strongest.
    volley : float, default=20.0
        Length of a volley in ms.
    random_state : int, RandomState, Generator or None, default=None
        Initial weights.

    Attributes
    ----------
    n_presentations_seen_ : int
        Views learned from so far.
    """

    def __init__(
        self,
        shape: tuple[int, int] = (68, 68),
        *,
        retina: int = 21,
        eyes: int = 1,
        field: float = 3.5,
        rule: Any = None,
        spread: Any = None,
        norm: Any = None,
        threshold: Any = None,
        inhibition: float = 20.0,
        share: float = 0.22,
        volley: float = 20.0,
        random_state: Any = None,
    ) -> None:
        self.shape = shape
        self.retina = retina
        self.eyes = eyes
        self.field = field
        self.rule = rule
        self.spread = spread
        self.norm = norm
        self.threshold = threshold
        self.inhibition = inhibition
        self.share = share
        self.volley = volley
        self.random_state = random_state
        self._lay_out()

    def chosen_parts(self) -> dict[str, Any]:
        """The parts in use, by parameter."""
        return {
            "rule": self.rule or ArrivalSTDP(eta=0.05, w_max=1.0, beta=0.35, tau_pre=200.0),
            "spread": self.spread or PlasticitySpread(radius=2.0),
            "norm": self.norm or LengthNorm(),
            "threshold": self.threshold or AdaptiveThreshold(start=2.2, rate=0.2, target=0.0008, minimum=0.2),
        }

    @property
    def centres(self) -> NDArray[np.float64]:
        """Row and column (n_neurons, 2) on the retina of the middle of each field."""
        rows, columns = self.shape
        place = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1) + 0.5
        return place * self.retina / np.array(self.shape) - 0.5

    def _lay_out(self) -> None:
        chosen = self.chosen_parts()
        n_channels = 2 * self.eyes
        heard = network.field_inputs(self.centres, self.field, self.retina, n_channels)
        self._wiring = network.wire(
            heard,
            n_channels * self.retina**2,
            self.shape[1],
            chosen["rule"],
            chosen["norm"],
            chosen["threshold"],
        )
        draws = uniform_array(int(seed_from(self.random_state)), SYNAPSES, 0, len(self._wiring.pre))
        weights = (1.0 + 0.5 * draws).astype(np.float32)
        length = np.sqrt(np.add.reduceat(weights**2, self._wiring.first[:-1]))
        theta = np.full(len(heard), chosen["threshold"].start, np.float32)
        self._state = SheetState(weights / np.repeat(length, np.diff(self._wiring.first)), theta)
        self.n_presentations_seen_ = 0

    def learn(self, views: ArrayLike, *, eta: float | None = None, radius: float | None = None) -> Self:
        """Learn from views, each once and in their order.

        Parameters
        ----------
        views : array-like of shape (n_views, eyes, retina, retina)
            Contrast: what is above 0 drives ON inputs, what is below 0 OFF inputs.
        eta, radius : float or None
            Rate of the rule, by which that of thresholds falls too, and radius of the spread, in place of those of the
            parts.

        Returns
        -------
        CorticalSheet
            The sheet itself.
        """
        chosen = self.chosen_parts()
        spread = chosen["spread"] if radius is None else chosen["spread"]._replace(radius=radius)
        wiring = network.with_lateral(self._wiring, spread, self.inhibition)
        if eta is not None:
            pace = np.float32(chosen["threshold"].rate * eta / chosen["rule"].eta)
            rule = wiring.rule._replace(eta=np.float32(eta))
            wiring = wiring._replace(rule=rule, threshold=wiring.threshold._replace(rate=pace))
        strength = self._channels(views)
        for first in range(0, len(strength), VIEWS_AT_ONCE):
            volleys = network.volleys_of(strength[first : first + VIEWS_AT_ONCE], self.share, self.volley)
            network.run(wiring, self._state, volleys, learning=True)
        self.n_presentations_seen_ += len(strength)
        return self

    def respond(self, views: ArrayLike, *, excitability: float = 1.0) -> Floats:
        """How early each neuron fires, nothing learned and nobody inhibited by others.

        Parameters
        ----------
        views : array-like of shape (n_views, eyes, retina, retina)
        excitability : float, default=1.0
            Thresholds are divided by it.

        Returns
        -------
        ndarray of shape (n_views, n_neurons), float32
            Milliseconds from the first spike of a neuron to the end of the volley, 0 if it stays silent.
        """
        shape = (len(self._state.theta) // self.shape[1], self.shape[1])
        alone = self._wiring._replace(inhibits=network.offsets(0.0, shape)[0])
        state = self._state._replace(theta=(self._state.theta / np.float32(excitability)).astype(np.float32))
        strength = self._channels(views)
        times = network.run(
            alone, state, network.volleys_of(strength, self.share, self.volley), learning=False, timed=True
        )
        return np.where(times < 0.0, np.float32(0.0), np.float32(self.volley) - times)

    def fields(self) -> Floats:
        """Weights (n_neurons, eyes, 2, retina, retina) of the ON and of the OFF inputs, 0 outside the field."""
        dense = np.zeros((len(self._state.theta), len(self._wiring.start) - 1), np.float32)
        owner = np.repeat(np.arange(len(dense)), np.diff(self._wiring.first))
        dense[owner, self._wiring.pre] = self._state.weights
        return dense.reshape(len(dense), self.eyes, 2, self.retina, self.retina)

    def _channels(self, views: ArrayLike) -> Floats:
        """Strengths (n_views, n_inputs) of ON and OFF inputs, eye by eye."""
        given = np.asarray(views, np.float32)
        expected = (self.eyes, self.retina, self.retina)
        if given.ndim != 4 or given.shape[1:] != expected or not np.isfinite(given).all():
            raise ValueError(
                f"CorticalSheet views must be finite, of shape (n_views, {', '.join(map(str, expected))}), got "
                f"{given.shape}; pass the contrast at each place, by eye"
            )
        split = np.stack([np.maximum(given, 0.0), np.maximum(-given, 0.0)], axis=2).reshape(len(given), self.eyes, -1)
        k = max(1, round(self.share * split.shape[2]))  # inputs of an eye compete with each other
        weakest = -np.partition(-split, k - 1, axis=2)[..., k - 1 : k]
        return np.where(split >= weakest, split, np.float32(0.0)).reshape(len(given), -1)
