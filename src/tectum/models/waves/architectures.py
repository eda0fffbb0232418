"""Networks of sheets by name: configurations, architectures and controls."""

from collections.abc import Sequence
from typing import Any, Self

from numpy.typing import ArrayLike

from tectum import parts
from tectum.models.common.base import variant
from tectum.models.common.parameters import check_part
from tectum.models.sensor_layout import SensorLayout
from tectum.models.waves import growth as wave_growth, parameters as wave_parameters

CELL_DIVISION = parts.CellDivision()


class WaveArchitectures:
    """Named constructors of `WaveNetwork`."""

    grow: Any

    def __init__(self, layers: Any = None, **others: Any) -> None:
        raise NotImplementedError("WaveArchitectures has no parts of its own; use WaveNetwork")

    authors = variant(
        "The rule and the constants of the authors' code: winners learn in proportion to their excess. Competition "
        "thresholds grow thirty times faster than there, so that all units find a patch within 5,000 ms.",
        {"layers": wave_parameters.AUTHORS_LAYERS} | wave_parameters.AUTHORS,
    )
    precursor = variant(
        "The rule and the constants of the code of Raghavan & Thomson (2019): neurons of Izhikevich, one winner. "
        "Every 1,000 ms the units that have won less than 200 times become as sensitive as a fifth of their "
        "largest input allows. Fields become compact, without order; units of the upper sheet fire when they win.",
        {"layers": wave_parameters.PRECURSOR_LAYERS} | wave_parameters.PRECURSOR,
    )
    scheduled = variant(
        "Order by a schedule: waves and neighbourhoods that shrink over six phases, whatever the fields are like.",
        {"layers": wave_parameters.RANDOM_LAYERS} | wave_parameters.SCHEDULED,
    )

    @classmethod
    def perceptron(cls, sizes: Sequence[int] = (1600, 300, 100), **others: Any) -> Self:
        """Square sheets, each wired to the next: the default parts.

        `sizes`, of any number, are the nodes of each sheet, from below; further arguments are parameters of the class,
        which take precedence. ValueError if there are fewer than two sizes, or one is below 2.
        """
        return cls.topographic(wave_growth.sheets_of("WaveNetwork.perceptron", sizes), **others)

    @classmethod
    def autoencoder(cls, sizes: Sequence[int] = (1600, 300, 100, 300, 1600), **others: Any) -> Self:
        """Sheets that become smaller and then larger again, the last as large as the first.

        Arguments are those of `perceptron`. ValueError if the sizes do not fall and then rise to the first.
        """
        sheets = wave_growth.sheets_of("WaveNetwork.autoencoder", sizes)
        wave_growth.check_valley("WaveNetwork.autoencoder", sizes)
        return cls.topographic(sheets, **others)

    @classmethod
    def pooling(cls, n_units: int = 300, *, wave: float = 2.0, **others: Any) -> Self:
        """One layer of units that pool patches as large as the waves (Raghavan & Thomson 2019).

        `wave` is the radius of excitation on the first sheet; inhibition begins at 2.5 times it. It is 1.5 times
        as large in the first phase. Further arguments are parameters of the class, which take precedence.
        """
        profile = wave_parameters.TOPOGRAPHIC["first_kernel"]._replace(r_i=wave, r_o=2.5 * wave)
        phases, sheets = wave_parameters.phases_for(profile), (parts.Sheet(), parts.Sheet(n_units))
        defaults = {"layers": sheets, "first_kernel": profile, "phases": phases}
        return cls.topographic(**(defaults | others))

    @classmethod
    def growing(cls, division: parts.CellDivision = CELL_DIVISION, **others: Any) -> Self:
        """Two sheets that grow from one cell while waves wire them (Raghavan & Thomson 2019).

        Cells of the first sheet divide as a `CellDivision` says; those that have come of age bud units of the second,
        each with a single synapse, from the cell that it has budded from. So the map is in order from the start,
        whatever the size of the waves, and what these do is to spread each unit's field. A unit can win if a tenth of
        its weight is on nodes that fire, so that the first to bud do not take all; ours. Further arguments are
        parameters of the class, which take precedence.
        """
        check_part("WaveNetwork.growing.division", division)
        cells, units = division.sheets(others.get("random_state"))
        return cls.topographic(**(wave_parameters.BUDDING | {"layers": (cells, units)} | others))

    @classmethod
    def budding(cls, sizes: Sequence[int] = (1600, 300, 100), **others: Any) -> Self:
        """Square sheets whose units have budded from the sheet below, as in `growing`.

        Each unit starts with a single synapse, from the node at its own place. Waves of one size spread the fields
        within 15,000 ms, in deep stacks also; 30,000 ms of growth as in the default then make the tiling even. Order is
        given, not found. Arguments and errors are those of `perceptron`.
        """
        sheets = wave_growth.sheets_of("WaveNetwork.budding", sizes)
        return cls.topographic(sheets, **(wave_parameters.BUDDING | others))

    @classmethod
    def from_activity(
        cls,
        X: ArrayLike,
        layers: Sequence[int] = (300,),
        *,
        layout: SensorLayout | None = None,
        duration: float | None = None,
        **others: Any,
    ) -> Self:
        """Layers wired to sensors whose positions are unknown.

        `SensorLayout` finds the positions from the activity; they become the nodes of the first sheet, and waves on it
        wire the others. Sensors without a position are nodes that never fire.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sensors)
            Activity. The network is grown, not fitted: it has seen of the data how sensors lie, nothing else.
        layers : sequence of int, default=(300,)
            Units of the further sheets, from below.
        layout : SensorLayout or None, default=None
            A layout that has been fitted to these sensors, or is to be; None is the default one.
        duration : float or None, default=None
            Of growth, in ms; None is the whole schedule, 0 leaves the network to be grown.
        **others : object
            Parameters of the class, which take precedence.

        Returns
        -------
        WaveNetwork
            Its first sheet has a node for each sensor, in the order of the columns of X.

        Raises
        ------
        ValueError
            If X is no activity from which places can be found, or a size is below 2.

        Warns
        -----
        UncertainLayoutWarning
            If the activity does not reveal the layout.
        """
        layout = SensorLayout() if layout is None else layout
        layout = layout if hasattr(layout, "positions_") else layout.fit(X)
        sheets = wave_growth.sheets_of("WaveNetwork.from_activity", [len(layout.positions_), *layers])
        network = cls.topographic((layout.sheet(), *sheets[1:]), **others)
        return network if duration == 0 else network.grow(duration)

    continuous = variant(
        "Waves of one size throughout, no schedule: wider neighbourhoods and more winners at first; takes 75 s.",
        {"layers": wave_parameters.TOPOGRAPHIC_LAYERS} | wave_parameters.CONTINUOUS,
    )

    @classmethod
    def control(cls, kind: str, layers: Any = wave_parameters.TOPOGRAPHIC_LAYERS, **others: Any) -> Self:
        """A network that must not organise itself, for comparison with the default.

        Of the kind "shuffled", each sheet sees as many spikes as the one below has, of nodes drawn at random in each
        step; with "no waves" the first sheet has no lateral profile, so that its nodes fire by their noise alone; with
        "no plasticity" nothing learns. ValueError if there is no such kind. Further arguments are parameters of the
        class, which take precedence.
        """
        return cls(layers, **(wave_parameters.TOPOGRAPHIC | wave_growth.control_parts(kind) | others))

    @classmethod
    def topographic(cls, layers: Any = wave_parameters.TOPOGRAPHIC_LAYERS, **others: Any) -> Self:
        """The default parts, spelled out: units learn when they fire, in neighbourhoods that follow their fields.

        Arguments are those of the class, and take precedence over the parts of the default.
        """
        return cls(layers, **(wave_parameters.recommended(layers, others) | others))
