"""The one table of the estimators, from which loading, reports, the command line and `tectum info` read."""

from importlib import import_module
from typing import Any, NamedTuple


class Family(NamedTuple):
    """An estimator and how it is spoken of."""

    name: str  # of the class
    module: str  # that defines it
    command: str  # name on the command line
    data: str  # what it takes there: table, images (cut into patches), frames (of a stream), none
    page: str  # folder of its page in `tectum.report`

    @property
    def estimator(self) -> Any:
        """The class, imported when it is asked for."""
        return getattr(import_module(self.module), self.name)


FAMILIES = (
    Family("SpikingSOM", "tectum.models.spiking_som", "spiking-som", "table", "maps"),
    Family("SpikingDictionary", "tectum.models.spiking_dictionary", "dictionary", "images", "dictionary"),
    Family("MapHierarchy", "tectum.models.map_hierarchy", "hierarchy", "frames", "streams"),
    Family("DiehlCook", "tectum.models.diehl_cook", "diehl-cook", "table", "standard"),
    Family("SpikingReadout", "tectum.models.spiking_readout", "readout", "table", ""),
    Family("Network", "tectum.models.network", "network", "table", ""),
    Family("WaveNetwork", "tectum.models.wave_network", "waves", "none", "waves"),
)
BY_NAME = {family.name: family for family in FAMILIES}
SAVED = BY_NAME | {
    "SensorLayout": Family("SensorLayout", "tectum.models.sensor_layout", "", "table", "")
}  # all in files


def family_of(model: Any) -> Family:
    """The family of an estimator; TypeError if it is none of tectum's."""
    name = type(model).__name__
    if name not in BY_NAME:
        raise TypeError(f"model must be an estimator of tectum, got a {name}; there are: {', '.join(BY_NAME)}")
    return BY_NAME[name]


def recommended(estimator: str) -> Any:
    """The parts that an estimator uses where its parameters are None, to change a constant and keep the others.

    Parameters
    ----------
    estimator : str
        Name of the class: ``"SpikingSOM"``, ``"SpikingDictionary"``, ``"DiehlCook"``, ``"SpikingReadout"``,
        ``"MapHierarchy"``, ``"WaveNetwork"``.

    Returns
    -------
    Bunch
        Parts by parameter, also as attributes.

    Raises
    ------
    ValueError
        If there is no such estimator.

    Examples
    --------
    >>> import tectum
    >>> rule = tectum.recommended("SpikingSOM").rule._replace(tau_plus=20.0)
    >>> som = tectum.SpikingSOM(rule=rule)
    >>> som.rule == tectum.SpikingSOM().set_params(rule__tau_plus=20.0).rule
    True
    """
    if estimator not in BY_NAME:
        raise ValueError(f"recommended.estimator must be one of {', '.join(BY_NAME)}, got {estimator!r}")
    return BY_NAME[estimator].estimator().chosen_parts()
