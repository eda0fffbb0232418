"""Data sets by name or from a file.

``load("iris")`` loads a named data set, ``load("measurements.csv", target="kind")`` a file. Named data sets are
generated, come with scikit-learn, or are looked up in the folder that the environment variable ``TECTUM_DATA`` names,
then in the cache (``TECTUM_CACHE``, else ``tectum`` in the user's cache folder), and else downloaded and verified.
"""

from tectum.datasets.catalogue import Summary, describe, load, names
from tectum.datasets.columns import Preparation
from tectum.datasets.dataset import Dataset
from tectum.datasets.simulated_events import SimulatedEvents, moving, saccades
from tectum.files import DataError

__all__ = [
    "DataError",
    "Dataset",
    "Preparation",
    "SimulatedEvents",
    "Summary",
    "describe",
    "load",
    "moving",
    "names",
    "saccades",
]
