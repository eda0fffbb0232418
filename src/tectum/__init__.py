"""Spiking neural networks that organise themselves, as scikit-learn estimators.

Public names are imported when they are first used, so ``import tectum`` loads neither the compiler nor the plots.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tectum.models.common.families import FAMILIES

if TYPE_CHECKING:
    from tectum import analysis, datasets, encode, image, parts, plots, report, streams
    from tectum.core.events import SpikeTrain
    from tectum.models.common.checkpoints import checkpoints
    from tectum.models.common.families import recommended
    from tectum.models.common.map_diagnosis import BrokenMapWarning
    from tectum.models.common.recording import Recording
    from tectum.models.diehl_cook import DiehlCook
    from tectum.models.hierarchy.novelty import MapFullWarning, NoveltyEvent
    from tectum.models.map_hierarchy import MapHierarchy
    from tectum.models.network import Network
    from tectum.models.sensor_layout import SensorLayout, UncertainLayoutWarning
    from tectum.models.spiking_dictionary import SpikingDictionary
    from tectum.models.spiking_readout import SpikingReadout
    from tectum.models.spiking_som import SpikingSOM
    from tectum.models.wave_network import WaveNetwork
    from tectum.persistence import load, save

__version__ = "0.2.0"

__all__ = [
    "BrokenMapWarning",
    "DiehlCook",
    "MapFullWarning",
    "MapHierarchy",
    "Network",
    "NoveltyEvent",
    "Recording",
    "SensorLayout",
    "SpikeTrain",
    "SpikingDictionary",
    "SpikingReadout",
    "SpikingSOM",
    "UncertainLayoutWarning",
    "WaveNetwork",
    "analysis",
    "checkpoints",
    "datasets",
    "encode",
    "image",
    "layout_from_activity",
    "load",
    "parts",
    "plots",
    "recommended",
    "report",
    "save",
    "streams",
]

# name -> module that defines it; the other public names are subpackages
_HOMES = {family.name: family.module for family in FAMILIES} | {
    "BrokenMapWarning": "tectum.models.common.map_diagnosis",
    "MapFullWarning": "tectum.models.hierarchy.novelty",
    "NoveltyEvent": "tectum.models.hierarchy.novelty",
    "Recording": "tectum.models.common.recording",
    "SensorLayout": "tectum.models.sensor_layout",
    "SpikeTrain": "tectum.core.events",
    "UncertainLayoutWarning": "tectum.models.sensor_layout",
    "checkpoints": "tectum.models.common.checkpoints",
    "layout_from_activity": "tectum.analysis",
    "load": "tectum.persistence",
    "recommended": "tectum.models.common.families",
    "save": "tectum.persistence",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        said = f"module {__name__!r} has no attribute {name!r}, only {', '.join(__all__)}"
        raise AttributeError(said, name=name, obj=sys.modules[__name__])  # so that Python suggests what was meant
    public = getattr(import_module(_HOMES[name]), name) if name in _HOMES else import_module(f"{__name__}.{name}")
    globals()[name] = public
    return public


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
