"""What a `Network` does with graphs of NIR: it becomes one, and comes from one."""

from collections.abc import Mapping
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from tectum.core.events import SpikeTrain
from tectum.models.common.base import SpikingEstimator
from tectum.models.exchange.build import network_from_graph
from tectum.models.exchange.export import NirExport
from tectum.models.exchange.network import export_network


class ExchangedNetwork(SpikingEstimator):
    """The part of `Network` that other simulators and chips can read."""

    def to_nir(self, X: ArrayLike | None = None, *, spikes: Mapping[str, SpikeTrain] | None = None) -> NirExport:
        """The network with frozen weights for other simulators and chips; needs the extra ``nir``.

        Populations are nodes of neurons, projections matrices with delays, and all inputs lines of one input, in their
        order; constant currents are lines of their own after those of spikes. The output are the spikes of `readout`.

        Parameters
        ----------
        X, spikes
            Samples, as in `transform`, on which the graph is compared with it, given the same input.

        Returns
        -------
        NirExport
            The graph, its grade and its reasons: exact for `LIF` and `CurrentLIF` neurons.

        Raises
        ------
        ValueError
            If NIR has no word for a neuron, an inhibition or a clock; the message names the population.
        ImportError
            If the package nir is not installed.
        """
        check_is_fitted(self)
        return export_network(self, X, spikes)

    @classmethod
    def from_nir(
        cls, graph: Any, *, dt_ms: float | None = None, presentation: float = 350.0, random_state: Any = None
    ) -> Self:
        """A network from a graph of NIR; needs the extra ``nir``.

        Spikes enter through an input of kind `Trains`, named ``"input"``, and `transform` counts those of the node
        before the output. Neurons become `CurrentLIF`, a population for each node, or more if they differ in other
        than thresholds; decays are those of Euler steps of `dt_ms`. Spikes take a step from node to node, where the
        graph has no delay: those of later nodes come later by as many steps, in the same order.

        Parameters
        ----------
        graph : nir.NIRGraph or path
            Of the nodes Input, Output, Linear, Affine, Scale, Delay, LIF, CubaLIF and IF.
        dt_ms : float or None, default=None
            Step in ms; None is that in the metadata of the graph, or 1.
        presentation : float, default=350.0
            Time for which a sample is shown, in ms.
        random_state : int, RandomState, Generator or None, default=None
            As of the class.

        Returns
        -------
        Network
            Ready to `transform`. `fit` would begin with other weights; `partial_fit` goes on with these.

        Raises
        ------
        ValueError
            If a file is damaged, or the graph has other nodes, all of which the message names, or cannot be expressed.
        ImportError
            If the package nir is not installed.
        """
        return network_from_graph(cls, graph, dt_ms, presentation=presentation, random_state=random_state)
