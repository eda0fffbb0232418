"""MNIST handwritten digits: the four original files where they are at hand, else OpenML's copy."""

import gzip
import hashlib
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tectum.datasets.cache import cache_folder, find, unreachable, wrong_content
from tectum.datasets.dataset import Dataset

N_TRAIN = 60000
IMAGE_SHAPE = (28, 28)
OPENML_URL = "https://www.openml.org (data set mnist_784)"


class IdxFile(NamedTuple):
    """One of the original files, gzip-compressed idx."""

    relative_path: str
    sha256: str  # of the compressed file
    header_bytes: int


# subset -> images, labels
FILES = {
    "train": (
        IdxFile(
            "mnist/train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 16
        ),
        IdxFile(
            "mnist/train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 8
        ),
    ),
    "test": (
        IdxFile(
            "mnist/t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 16
        ),
        IdxFile(
            "mnist/t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 8
        ),
    ),
}
SUBSETS = {"train": ["train"], "test": ["test"], "all": ["train", "test"]}
OPENML_ROWS = {"train": slice(N_TRAIN), "test": slice(N_TRAIN, None), "all": slice(None)}


def load_mnist(name: str, description: str, *, subset: str = "train") -> Dataset:
    """Images of 28 x 28 pixels, raw intensities from 0 to 255 in float32: 60000 to train, 10000 to test, or all in this
    order.

    ConnectionError if the files are not on this machine and OpenML cannot be reached; ValueError if `subset` is
    unknown, or a file is not the original.
    """
    if subset not in SUBSETS:
        raise ValueError(f"load('mnist'): subset must be one of {', '.join(SUBSETS)}, got {subset!r}")
    files = [file for part in SUBSETS[subset] for file in FILES[part]]
    paths = [path for file in files if (path := find(file.relative_path))]
    if len(paths) == len(files):
        arrays = [_read_idx(path, file) for path, file in zip(paths, files, strict=True)]
        images, labels = np.concatenate(arrays[0::2]), np.concatenate(arrays[1::2])
    else:
        images, labels = _fetch_from_openml(subset, [file.relative_path for file in files])
    height, width = IMAGE_SHAPE
    return Dataset(
        data=images.reshape(-1, height * width).astype(np.float32),
        target=labels.astype(np.int64),
        feature_names=[f"pixel_{row}_{col}" for row in range(height) for col in range(width)],
        target_names=[str(digit) for digit in range(10)],
        name=name,
        description=description,
        image_shape=IMAGE_SHAPE,
    )


def _read_idx(path: Path, file: IdxFile) -> np.ndarray:
    """The bytes after the header of an idx file, once its checksum is verified."""
    compressed = path.read_bytes()
    if hashlib.sha256(compressed).hexdigest() != file.sha256:
        raise wrong_content(path, f"the original file with sha256 {file.sha256}")
    return np.frombuffer(gzip.decompress(compressed), dtype=np.uint8, offset=file.header_bytes)


def _fetch_from_openml(subset: str, relative_paths: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 784) and labels (n,) from OpenML's copy, which scikit-learn caches and verifies by its md5."""
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml(
            "mnist_784",
            version=1,
            return_X_y=True,
            as_frame=False,
            data_home=str(cache_folder() / "openml"),
            parser="pandas" if find_spec("pandas") else "liac-arff",
        )
    except (OSError, HTTPException) as error:
        raise unreachable(OPENML_URL, relative_paths, error) from error
    rows = OPENML_ROWS[subset]
    return images[rows], labels[rows]
