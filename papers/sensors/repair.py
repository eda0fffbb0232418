"""Sensors that die or change places under a network that has grown: what is left, and what comes back.

784 sensors in an unknown order see digits; a network of 300 units has been wired to them by their activity. Then three
discs of sensors die, or two discs change places, as plugs do. `repair` gets nothing but what the sensors see from
then on. Beside it: nothing done; growth alone, without cutting synapses (knowing where sensors are now); cutting alone,
without plasticity; and as much more growth where nothing has happened. Fields are measured in the true layout; a
read-out of the units learns anew.
"""

import copy
from typing import Any, NamedTuple

import numpy as np
from networks import of_raghavan
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from tectum import SensorLayout, WaveNetwork, analysis, parts

N_IMAGES, N_TEST, N_UNITS, N_MAPS, REPAIR_MS = 3000, 5000, 300, 5, 15_000.0
DEAD = ((9.0, 9.0, 3.5), (10.0, 19.0, 3.5), (19.0, 13.0, 3.5))  # row, column, radius in pixels
SWAPPED = ((14.0, 9.0), (14.0, 19.0), 4.0)
MEASURES = ("compact", "topography", "coverage", "folded", "on lost", "accuracy", "layout")
FLOORS = {"compact": 0.95, "topography": 0.9, "coverage": 0.98}
SEEN = 0.01  # of the digits, in which a sensor must be active for its move to be found
Floats = NDArray[np.float64]


class Event(NamedTuple):
    """What sensors see after an event, and where they are."""

    train: Floats
    test: Floats
    true: Floats  # (784, 2)
    lost: NDArray[np.bool_]  # sensors that died or moved


def measured(seed: int) -> dict[str, dict[str, float]]:
    """Each event and each answer to it."""
    digits = of_raghavan().digits(N_IMAGES)
    digits = digits._replace(test=digits.test[:N_TEST], y_test=digits.y_test[:N_TEST])
    order = np.random.default_rng(seed).permutation(784)
    pixels = np.indices((28, 28)).reshape(2, -1).T.astype(np.float64)
    start = Event(digits.train[:, order], digits.test[:, order], pixels[order], np.zeros(784, bool))
    layout = SensorLayout().fit(start.train)
    rule = {"image_rule": parts.FieldHebb(n_maps=N_MAPS), "response": "excess"}
    network = WaveNetwork.from_activity(start.train, (N_UNITS,), layout=layout, random_state=seed, **rule)
    found = {"before": _row(network, start, digits, layout.positions_)}
    found["nothing happened, grown"] = _row(copy.deepcopy(network).grow(REPAIR_MS), start, digits, layout.positions_)
    print(seed, found, flush=True)
    seen = (start.train > 0.0).mean(axis=0) > SEEN
    for name, event in (("dead", _killed(start)), ("swapped", _swapped(start))):
        recent = SensorLayout().fit(event.train)
        repaired, cut = (copy.deepcopy(network) for _ in range(2))
        repaired.repair(event.train, duration=REPAIR_MS, layout=recent)
        cut.repair(event.train, duration=0, layout=recent)
        grown = _told(network, event, repaired).grow(REPAIR_MS)
        for answer, network_now, places in (
            ("nothing done", _dead_only(network, event), layout.positions_),
            ("growth alone", grown, layout.positions_),
            ("cut alone, no plasticity", cut, recent.positions_),
            ("repair", repaired, recent.positions_),
        ):
            row = _row(network_now, event, digits, places)
            found[f"{name}: {answer}"] = row
            print(seed, name, answer, {key: round(value, 3) for key, value in row.items()}, flush=True)
        found_lost = repaired.moved_ | (event.lost & (np.ptp(event.train, axis=0) == 0.0))
        found[f"{name}: repair"]["right"] = float((found_lost & event.lost).sum() / max(1, found_lost.sum()))
        found[f"{name}: repair"]["found"] = float((found_lost & event.lost & seen).sum() / (event.lost & seen).sum())
    return found


def _killed(start: Event) -> Event:
    lost = np.any([np.hypot(*(start.true - (r, c)).T) < radius for r, c, radius in DEAD], axis=0)
    return Event(np.where(lost, 0.0, start.train), np.where(lost, 0.0, start.test), start.true, lost)


def _swapped(start: Event) -> Event:
    one, other, radius = (np.array(x) for x in SWAPPED)
    true = start.true.copy()
    for here, there in ((one, other), (other, one)):
        true[np.hypot(*(start.true - here).T) < radius] += there - here
    partner = cKDTree(start.true).query(true)[1]  # the sensor that was where this one is now
    return Event(start.train[:, partner], start.test[:, partner], true, partner != np.arange(784))


def _told(network: WaveNetwork, event: Event, repaired: WaveNetwork) -> WaveNetwork:
    """A copy that knows which sensors are dead and where the others are now, with all its synapses."""
    return _dead_only(network, event).set_params(layers=repaired.layers)


def _dead_only(network: WaveNetwork, event: Event) -> WaveNetwork:
    """A copy with dead nodes that have no input any more."""
    network = copy.deepcopy(network)
    dead = network.alive_[0] & (np.ptp(event.train, axis=0) == 0.0)
    return network.damage(0, dead) if dead.any() else network


def _row(network: Any, event: Event, digits: Any, places: Floats) -> dict[str, float]:
    alive = network.alive_[0] & (np.ptp(event.train, axis=0) > 0.0)
    W, X, Y = network.weights_[0][:, alive], event.true[alive], network.sheet_positions_[1]
    centres, tiles = analysis.field_centres(W, X), analysis.tiling(W, X)
    known = np.isfinite(places).all(axis=1) & alive
    on_lost = network.receptive_fields_(1)[:, event.lost].sum(axis=1)
    seen = digits._replace(train=event.train, test=event.test)
    raghavan, learned = of_raghavan(), copy.deepcopy(network).fit(event.train)
    return {
        "compact": tiles.compact,
        "topography": analysis.sheet_topography(centres, Y),
        "coverage": tiles.coverage,
        "folded": analysis.fold_share(centres, Y),
        "on lost": float((on_lost > 0.05).mean()),
        "accuracy": raghavan.evaluate(learned, seen, raghavan.Ridge(3e-4, per_image=True, scale="deviation")),
        "layout": float(np.corrcoef(pdist(places[known]), pdist(event.true[known]))[0, 1]),
    }


def section(seeds: range) -> tuple[list[list[str]], list[tuple[str, float, float]]]:
    """Table and floors."""
    runs = [measured(seed) for seed in seeds]
    names = (*MEASURES, "found", "right")
    rows = [["sensors", *names]]
    for label in runs[0]:
        values = [[run[label].get(name, np.nan) for run in runs] for name in names]
        rows.append([label, *("" if np.isnan(v[0]) else f"{np.mean(v):.3g}" for v in values)])
    answers = [label for label in runs[0] if label.endswith(": repair")]
    checks = [
        (f"{label}, {name}", min(run[label][name] for run in runs), least)
        for label in answers
        for name, least in FLOORS.items()
    ]
    return rows, checks
