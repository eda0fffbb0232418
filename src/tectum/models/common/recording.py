"""Spikes and traces that were kept: what `record` returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.events import SpikeTrain


@dataclass(frozen=True)
class Recording:
    """Spikes and traces of a model while samples were presented.

    Attributes
    ----------
    spikes : dict of str to SpikeTrain
        By population; a map has ``u`` (input layer), ``h`` (inhibitory neuron) and ``v`` (the map).
    presentation_ms : float
        Time for which each sample was presented.
    n_presentations : int
        Number of samples.
    traces : dict of str to ndarray
        Traces on request: ``time_ms`` of shape (n_times,) and each trace of the same length.
    """

    spikes: dict[str, SpikeTrain]
    presentation_ms: float
    n_presentations: int
    traces: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def duration_ms(self) -> float:
        """Length of the recording in ms."""
        return self.presentation_ms * self.n_presentations

    def plot(self, populations: Sequence[str] | None = None, *, ax: Any = None) -> Any:
        """Draw the spikes of the populations above each other, a tick per spike.

        Parameters
        ----------
        populations : sequence of str, optional
            From top to bottom; all by default.
        ax : sequence of Axes, optional
            One for each; those of a new figure by default.

        Returns
        -------
        ndarray of Axes

        Raises
        ------
        ValueError
            If there is no such population, or ax has not one for each.

        Examples
        --------
        >>> from tectum import SpikingSOM
        >>> som = SpikingSOM((4, 4), n_presentations=100, random_state=0).fit([[0.1, 0.2], [0.8, 0.9]])
        >>> axes = som.record([[0.1, 0.2]]).plot(["u", "v"])
        """
        from matplotlib import pyplot as plt

        names = list(self.spikes) if populations is None else list(populations)
        for name in names:
            if name not in self.spikes:
                raise ValueError(f"Recording.plot.populations must be of {', '.join(self.spikes)}, got {name!r}")
        if ax is None:
            figure = plt.figure(figsize=(6.6, 0.6 + 1.3 * len(names)), layout="compressed")
            ax = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        axes = np.atleast_1d(np.asarray(ax, dtype=object))
        if len(axes) != len(names):
            raise ValueError(f"Recording.plot.ax must hold {len(names)} axes, one for each population, got {len(axes)}")
        self._draw(axes, names)
        return axes

    def _draw(self, axes: Any, names: Sequence[str]) -> None:
        from tectum.plots import plot_raster

        for axis, name in zip(axes, names, strict=True):
            train = self.spikes[name]
            plot_raster(train.time_ms, train.neuron, n_neurons=train.n_neurons, ax=axis)
            axis.set(
                ylabel=name, xlabel="time (ms)" if axis is axes[-1] else "", xlim=(0.0, max(self.duration_ms, 1.0))
            )

    def _repr_html_(self) -> str:
        from tectum.plots.inline import inline_picture, inline_table

        rows = [
            [name, f"{train.n_neurons:,}", f"{len(train):,}", f"{self._rate(train):.3g}"]
            for name, train in self.spikes.items()
        ]
        title = f"{self.n_presentations} presentations of {self.presentation_ms:g} ms"
        table = inline_table(title, rows, ["population", "neurons", "spikes", "spikes/s of a neuron"])
        names = [name for name, train in self.spikes.items() if train.n_neurons]
        if not names:
            return table

        def draw(figure: Any) -> None:
            self._draw(figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0], names)

        return table + inline_picture(draw, (6.6, 0.6 + 1.3 * len(names)), "spikes of each population over time")

    def _rate(self, train: SpikeTrain) -> float:
        return len(train) / max(train.n_neurons * self.duration_ms / 1000.0, 1e-12)

    def to_neo(self) -> Any:
        """The recording as a `neo.Block` with one segment and a spike train per neuron.

        Returns
        -------
        neo.Block
            Each spike train is annotated with its population and neuron.

        Raises
        ------
        ImportError
            If neo is not installed.
        """
        try:
            import neo
        except ImportError:
            raise ImportError(
                'Recording.to_neo needs the package neo; install it with pip install "tectum[neuro]"'
            ) from None
        segment = neo.Segment(name="tectum recording")
        for population, train in self.spikes.items():
            for neuron in range(train.n_neurons):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        train.time_ms[train.neuron == neuron],
                        units="ms",
                        t_stop=self.duration_ms,
                        population=population,
                        neuron=neuron,
                    )
                )
        block = neo.Block(name="tectum")
        block.segments.append(segment)
        return block
