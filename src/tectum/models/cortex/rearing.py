"""How a piece of cortex is reared, in the light, in the dark, with one eye closed, and what becomes of its maps."""

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import analysis
from tectum.models.cortex import views as stimuli
from tectum.models.cortex.sheet import CorticalSheet

Floats = NDArray[np.float32]

MAGNIFICATION = 3.24  # neurons to a place of the retina
WAVES, SIGHTS = 10_000, 6_000  # views
WAVE_RATE, SIGHT_RATE = (0.07, 0.021), (0.01, 0.003)  # of learning, first and last
RADIUS = (2.0, 1.5)  # of the spread of plasticity, first and last
STRETCH = 250  # views from one change of rate and radius to the next
EXCITABILITY = 1.15  # while maps are measured, so that each neuron answers a grating
PHASES = 8
SEEDS = 1000  # between those of sheets and of what they are shown


class MapMeasures(NamedTuple):
    """An orientation map in numbers."""

    difference: float  # degrees, median of neighbours
    selectivity: float  # median
    wavelength: float  # neurons, spacing of columns
    n_pinwheels: int
    density: float  # pinwheels on the square of the wavelength
    silent: float  # share of the neurons that answer no grating


def new_sheet(side: int, seed: int, *, eyes: int = 1) -> CorticalSheet:
    """A sheet of side x side neurons that has learned nothing."""
    return CorticalSheet((side, side), retina=round(side / MAGNIFICATION), eyes=eyes, random_state=seed)


def wave_views(sheet: CorticalSheet, n_views: int, seed: int) -> Floats:
    """Waves, each in one eye at random while the other is silent: waves are rare, and seldom come to both at once."""
    seen = stimuli.wave_views(n_views, sheet.retina, SEEDS * (1 + seed))
    views = np.zeros((n_views, sheet.eyes, *seen.shape[1:]), np.float32)
    views[np.arange(n_views), np.random.default_rng(SEEDS * (1 + seed)).integers(sheet.eyes, size=n_views)] = seen
    return views


def sight_views(sheet: CorticalSheet, n_views: int, seed: int) -> Floats:
    """Photographs that come with scikit-learn, the same view for both eyes."""
    from sklearn.datasets import load_sample_images

    filtered = stimuli.filtered_photographs(load_sample_images().images)
    seen = stimuli.photograph_views(filtered, n_views, sheet.retina, SEEDS * (1 + seed) + 500)
    return np.stack([seen] * sheet.eyes, axis=1)


def shuffled(views: Floats, seed: int) -> Floats:
    """Views whose places are shuffled, each in its own way: as bright, without edges."""
    draw = np.random.default_rng(seed)
    return draw.permuted(views.reshape(*views.shape[:2], -1), axis=2).reshape(views.shape)


def squinting(sheet: CorticalSheet, n_views: int, seed: int) -> Floats:
    """Photographs of which each eye sees others."""
    eyes = [sight_views(sheet, n_views, seed + SEEDS * eye)[:, eye] for eye in range(sheet.eyes)]
    return np.stack(eyes, axis=1)


def with_closed_eye(views: Floats) -> Floats:
    """Views of which the left eye sees nothing."""
    closed = views.copy()
    closed[:, 0] = 0.0
    return closed


def learn(
    sheet: CorticalSheet, views: Floats, rate: tuple[float, float], radius: tuple[float, float] = RADIUS
) -> CorticalSheet:
    """Show views once; rate and radius go from their first to their last values, in equal proportions."""
    for first in range(0, len(views), STRETCH):
        done = first / len(views)
        eta, spread = (a * (b / a) ** done for a, b in (rate, radius))
        sheet.learn(views[first : first + STRETCH], eta=eta, radius=spread)
    return sheet


def see(sheet: CorticalSheet, views: Floats) -> CorticalSheet:
    """Let a sheet that waves have wired learn from what it sees."""
    return learn(sheet, views, SIGHT_RATE, (RADIUS[1], RADIUS[1]))


def responses(sheet: CorticalSheet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean response (n_gratings, n_neurons) over the phases of each grating, to both eyes alike; and orientations."""
    shown, orientation = stimuli.gratings(sheet.retina, n_phases=PHASES)
    answers = sheet.respond(np.stack([shown] * sheet.eyes, axis=1), excitability=EXCITABILITY)
    return answers.reshape(-1, PHASES, answers.shape[1]).mean(axis=1, dtype=np.float64), orientation[::PHASES]


def map_of(sheet: CorticalSheet) -> NDArray[np.complex128]:
    """The orientation map of a sheet, from its spikes in answer to gratings."""
    answers, orientation = responses(sheet)
    return analysis.orientation_map(answers, orientation, sheet.shape)


def measure(z: NDArray[np.complex128]) -> MapMeasures:
    """An orientation map in numbers."""
    return MapMeasures(
        float(np.median(analysis.neighbour_differences(z))) if z.any() else 90.0,
        float(np.median(np.abs(z))),
        analysis.hypercolumn(z).wavelength,
        len(analysis.pinwheels(z).signs),
        analysis.pinwheel_density(z),
        float((z == 0.0).mean()),
    )


def dominance_by_eyes(
    side: int, seed: int, n_waves: int = WAVES, n_sights: int = SIGHTS
) -> dict[str, NDArray[np.float64]]:
    """Ocular dominance of sheets with two eyes, by what the eyes had: their own waves, the same, and views later."""
    sheet = new_sheet(side, seed, eyes=2)
    own = wave_views(sheet, n_waves, seed)
    same = np.stack([own.sum(axis=1)] * 2, axis=1)
    grown = learn(copy.deepcopy(sheet), own, WAVE_RATE)
    sights = sight_views(sheet, n_sights, seed)
    return {
        "waves of its own in each eye": dominance_of(grown),
        "then both eyes open": dominance_of(see(copy.deepcopy(grown), sights)),
        "then a squint": dominance_of(see(copy.deepcopy(grown), squinting(sheet, n_sights, seed))),
        "then the left eye closed": dominance_of(see(copy.deepcopy(grown), with_closed_eye(sights))),
        "the same waves in both eyes": dominance_of(learn(sheet, same, WAVE_RATE)),
    }


def dominance_of(sheet: CorticalSheet) -> NDArray[np.float64]:
    """Ocular dominance (rows, columns) of a sheet with two eyes, from its weights."""
    by_eye = sheet.fields().sum(axis=(2, 3, 4), dtype=np.float64)
    return analysis.ocular_dominance(by_eye[:, 0], by_eye[:, 1]).reshape(sheet.shape)
