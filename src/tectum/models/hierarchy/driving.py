"""The maps that watch a drive."""

from tectum.parts import Features, Map, Spikes, Winners


def driving_maps(shape: tuple[int, ...]) -> list[Map]:
    """A map of the whole picture, one of its upper and one of its lower half, and one that hears all three, for
    features of shape (rows, columns, channels), rows first. Without the two halves if they have a single row.
    """
    rows = shape[0]
    middle = max(1, rows // 2) * shape[1] * shape[2]
    maps = [Map("scene", (Features(),), shape=(20, 20))]
    if rows > 1:
        maps += [
            Map("far", (Features(0, middle),), shape=(10, 10)),
            Map("near", (Features(middle),), shape=(10, 10)),
        ]
    upper = tuple(Spikes(m.name) for m in maps)
    return [*maps, Map("top", (*upper, Winners("top", share=0.3)), shape=(10, 10))]
