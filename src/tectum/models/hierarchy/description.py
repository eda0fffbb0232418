"""What stands for what is left open in the description of a hierarchy."""

from typing import Any

from tectum.models.hierarchy.graph import default_maps
from tectum.parts import Features, Map

# The default maps before the number of features is known: shares of all features in place of numbers of them.
DEFAULT = [
    m._replace(sources=tuple(s._replace(start=s.start / 2, stop=s.stop and s.stop / 2) for s in m.sources))
    if isinstance(m.sources[0], Features)
    else m
    for m in default_maps(2)
]


def counted(maps: Any, n_features: int) -> Any:
    """The maps with numbers of features where their sources hold shares of them, 0.5 for a half."""

    def whole(edge: Any) -> Any:
        return int(edge * n_features) if isinstance(edge, float) and 0.0 <= edge <= 1.0 else edge

    def with_numbers(source: Any) -> Any:
        is_view = isinstance(source, Features)
        return source._replace(start=whole(source.start), stop=whole(source.stop)) if is_view else source

    if not isinstance(maps, list | tuple) or not all(isinstance(m, Map) for m in maps):
        return maps
    return [m._replace(sources=tuple(map(with_numbers, m.sources))) for m in maps]
