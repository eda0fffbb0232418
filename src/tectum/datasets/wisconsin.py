"""The original Wisconsin breast cancer data (699 fine-needle aspirates, nine features graded 1 to 10)."""

import csv
import hashlib
import io

import numpy as np

from tectum.datasets.cache import download, find, wrong_content
from tectum.datasets.dataset import Dataset

RELATIVE_PATH = "uci/breast-cancer-wisconsin.data"
URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin/breast-cancer-wisconsin.data"
# of the table below as little-endian int64 in C order, so that copies with other line ends, quotes or a header pass
TABLE_SHA256 = "593e3b4bf3ea2f00c70e8cf9571815a77ad33875f1a6107a757fc466ffc344ea"

FEATURE_NAMES = [
    "clump thickness",
    "uniformity of cell size",
    "uniformity of cell shape",
    "marginal adhesion",
    "single epithelial cell size",
    "bare nuclei",
    "bland chromatin",
    "normal nucleoli",
    "mitoses",
]
MISSING = -1
MALIGNANT = 4


def load_wisconsin(name: str, description: str) -> Dataset:
    """The 683 complete rows: 16 of the 699 lack a value and are left out.

    Features are grades 1 to 10; label 0 is benign (444 rows), 1 malignant (239). ConnectionError if the file is not on
    this machine and cannot be downloaded, ValueError if it does not hold the published values.
    """
    path = find(RELATIVE_PATH) or download(URL, RELATIVE_PATH, lambda payload: read_table(payload) is not None)
    table = read_table(path.read_bytes())
    if table is None:
        raise wrong_content(path, "the original Wisconsin breast cancer table (699 rows of 11 integers)")
    complete = table[(table != MISSING).all(axis=1)]
    return Dataset(
        data=complete[:, 1:10].astype(np.float64),
        target=(complete[:, 10] == MALIGNANT).astype(np.int64),
        feature_names=list(FEATURE_NAMES),
        target_names=["benign", "malignant"],
        name=name,
        description=description,
        named=True,
    )


def read_table(payload: bytes) -> np.ndarray | None:
    """The published values (699, 11) in a file, None if it holds others.

    Columns are sample number, nine features, class (2 benign, 4 malignant); -1 where a value is missing. The text is
    separated by commas; a header line is passed over, ``?`` or an empty cell is a missing value.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(payload.decode("utf-8-sig")), skipinitialspace=True) if row]
        if rows and not rows[0][0].strip().isdigit():
            rows = rows[1:]
        table = np.array([[_parse_cell(cell.strip()) for cell in row] for row in rows], dtype="<i8")
    except (ValueError, OverflowError, csv.Error):
        return None
    if table.shape != (699, 11):
        return None
    return table if hashlib.sha256(table.tobytes()).hexdigest() == TABLE_SHA256 else None


def _parse_cell(cell: str) -> int:
    """An integer, also when written as ``5.0``; `MISSING` for a missing value."""
    if cell in {"?", "", "NA", "NaN", "nan"}:
        return MISSING
    value = float(cell)
    if not value.is_integer():
        raise ValueError(f"{cell!r} is not an integer")
    return int(value)
