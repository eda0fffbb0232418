"""Patches to learn from and to be tested on, always of different images.

MNIST comes from `tectum.datasets`. The photographs are looked for in the folder that `TECTUM_DATA` names:

    natural-images/bsds500/*.jpg                            27 of the training images of BSDS500 (Arbelaez et al. 2011)
    natural-images/olshausen_field_whitened_10x512x512.npy  IMAGES.mat of Olshausen & Field (1996), image first
"""

import math
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tectum import datasets, image

Floats = NDArray[np.float32]

N_TRAIN = 60_000  # patches
N_IMAGES = 15_000, 1_000  # MNIST images for training and test
SIDE = 30  # pixels of a resized digit, six patches of five
WHITENED_TRAIN = 8  # of ten images
PHOTOGRAPHS_TRAIN = 21  # of 27 images
BORDER = 8  # pixels of a whitened image that are not used
CLIP = 3.0  # standard deviations at which a contrast-normalised pixel is clipped
OVERDRAWN = 1.75  # patches drawn for each that is needed, as some are left out
TEST_SEED = 2018  # test patches are the same for all seeds


class Patches(NamedTuple):
    """One data set."""

    train: Floats  # (n_train, n_pixels)
    test: Floats  # (n_test, n_pixels)
    size: int  # pixels along one side
    scale: float  # value at which an input fires in every step

    @property
    def is_signed(self) -> bool:
        """Whether patches hold negative values, as those of whitened images."""
        return bool(self.train.min() < 0.0)


class Source(NamedTuple):
    """Where patches come from, and how many are tested."""

    images: str  # "digits", "resized digits", "photographs" or "whitened"
    size: int  # pixels along one side
    n_test: int
    blank: bool = False  # keep patches without any ink


SOURCES = {
    "MNIST 5x5": Source("resized digits", 5, 10_000),
    "MNIST 5x5 with blank": Source("resized digits", 5, 10_000, blank=True),
    "MNIST 10x10": Source("digits", 10, 5_000),
    "photographs 16x16": Source("photographs", 16, 3_000),
    "whitened 12x12": Source("whitened", 12, 3_000),
    "whitened 16x16": Source("whitened", 16, 3_000),
}


def load(name: str, seed: int, *, n_train: int = N_TRAIN, validation: bool = False) -> Patches:
    """Patches of a data set; `seed` draws those for training.

    With `validation`, the last fifth of the training images takes the place of the test images.
    """
    source = SOURCES[name]
    train, test = _images(source.images)
    if validation:
        n = math.ceil(0.8 * len(train))
        train, test = train[:n], train[n:]
    scale = CLIP if source.images == "whitened" else 1.0
    draws = ((train, n_train, seed), (test, source.n_test, TEST_SEED))
    return Patches(*(_draw(source, images, n, rng) for images, n, rng in draws), source.size, scale)


def _draw(source: Source, stacks: list[Floats], n: int, seed: int) -> Floats:
    """`n` patches at random, equally many of each stack of images, less those that the data set leaves out."""
    rng = np.random.default_rng(seed)
    stride = source.size if source.images == "resized digits" else 1
    wanted = math.ceil(OVERDRAWN * n / len(stacks))
    patches = np.concatenate(
        [
            image.extract_patches(stack, source.size, stride=stride, max_patches=wanted, random_state=rng)
            for stack in stacks
        ]
    )
    if source.images == "whitened":
        patches = image.normalise_contrast(patches[image.high_contrast(patches)])
        patches = np.clip(patches, -CLIP, CLIP)
    elif not source.blank:
        patches = patches[patches.any(axis=1)]
    return rng.permutation(patches)[:n]


@cache
def _images(kind: str) -> tuple[list[Floats], list[Floats]]:
    """Training and test images, each a list of stacks (n_images, height, width)."""
    if kind in ("digits", "resized digits"):
        stacks = [
            datasets.load("mnist", subset=subset).data[:n].reshape(-1, 28, 28)
            for subset, n in zip(("train", "test"), N_IMAGES, strict=True)
        ]
        if kind == "resized digits":
            stacks = [np.stack([_resized(digit) for digit in stack]) for stack in stacks]
        train, test = (np.array_split(stack.astype(np.float32) / np.float32(255.0), 5) for stack in stacks)
        return train, test
    folder = Path(os.environ.get("TECTUM_DATA", ".")).expanduser() / "natural-images"
    if kind == "photographs":
        files = sorted((folder / "bsds500").glob("*.jpg"))
        if len(files) <= PHOTOGRAPHS_TRAIN:
            raise SystemExit(f"{folder}/bsds500 holds {len(files)} photographs, 27 are needed; see the README")
        photographs = [_grey(file)[np.newaxis] for file in files]
        return photographs[:PHOTOGRAPHS_TRAIN], photographs[PHOTOGRAPHS_TRAIN:]
    file = folder / "olshausen_field_whitened_10x512x512.npy"
    if not file.exists():
        raise SystemExit(f"{file} is missing; see the README")
    whitened = np.load(file)
    whitened = whitened / whitened.std(axis=(1, 2), keepdims=True)
    stacks = list(whitened[:, np.newaxis, BORDER:-BORDER, BORDER:-BORDER])
    return stacks[:WHITENED_TRAIN], stacks[WHITENED_TRAIN:]


def _resized(digit: NDArray) -> NDArray[np.uint8]:
    shown = Image.fromarray(digit.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(shown)


def _grey(file: Path) -> Floats:
    return np.asarray(Image.open(file).convert("L"), np.float32) / np.float32(255.0)
