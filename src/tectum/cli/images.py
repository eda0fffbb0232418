"""What the commands share about images: reading them, cutting them into patches, remembering how, writing them."""

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tectum.files import MOST_EXPANSION, PICTURES, DataError, files_in, read_arrays, reading, warn_of_deeper

if TYPE_CHECKING:
    from tectum.datasets import Dataset

ARRAYS = (".npy", ".npz")
GREY = np.array([0.299, 0.587, 0.114])  # luminance of red, green and blue (ITU-R BT.601)
NOTE = "patches"  # entry in the header of a model file
DEFAULT_PATCH, DEFAULT_DRAWN = 8, 20_000
MOST_EXAMINED = 4000  # patches of a report
PHOTOGRAPHS = ("china", "flower")  # that come with scikit-learn
HELD_OUT = slice(320, 480)  # columns of the photographs, of 640, that are not learned from
Image = NDArray[np.float64]  # (height, width)


class Cut(NamedTuple):
    """How images become patches; a patch of None stands for rows that are samples already."""

    patch: int | None = DEFAULT_PATCH  # pixels, side
    whiten: bool = False
    drop: float = 0.0  # share of the patches of lowest contrast that is left out in training
    stride: int = 1  # pixels between patches that are drawn
    patches: int = DEFAULT_DRAWN  # drawn at most

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Shape of a patch."""
        return None if self.patch is None else (self.patch, self.patch)


@dataclass(frozen=True)
class Patches:
    """Images and patches of them, or samples that are no images."""

    name: str  # of the data
    cut: Cut  # how patches were made of images
    data: NDArray[np.float64]  # (n, n_features) patches to learn from
    # (height, width) whole images, filtered as the patches were; empty for samples that are no images
    images: list[Image] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # their names
    # (n_test, n_features) other patches; None: drawn from `images` when they are needed
    test: NDArray[np.float64] | None = None
    table: Any = None  # what the samples are if they come from a table with columns
    target: None = None  # patches have no labels

    @classmethod
    def of(cls, name: str, pictures: dict[str, Image], cut: Cut, seed: int) -> Self:
        """Patches drawn from images by name."""
        images = prepared(pictures.values(), cut)
        return cls(name, cut, draw_patches(images, cut, cut.patches, seed), images, list(pictures))

    def examined(self, seed: int) -> NDArray[np.float64]:
        """Patches for a report, drawn apart from those to learn from."""
        if self.test is not None:
            return self.test
        if not self.images:
            return self.data
        return draw_patches(self.images, self.cut, MOST_EXAMINED, seed)


def load_patches(source: str, cut: Cut, seed: int, table: "Dataset | None" = None) -> Patches:
    """Patches of a data set, a folder, an image or an array; rows of a table are samples as they are."""
    check_cut(cut)
    pictures, cut = load_pictures(source, cut, table)
    name = Path(source).expanduser().resolve().stem
    if isinstance(pictures, dict):
        return Patches.of(name, pictures, cut, seed)
    return Patches(name, cut, pictures, table=table)


def load_pictures(
    source: str, cut: Cut, table: "Dataset | None" = None
) -> tuple[dict[str, Image] | NDArray[np.float64], Cut]:
    """Images by name, or a table of samples, and how patches are made of them."""
    content = load_images(source) if table is None else table.data
    if isinstance(content, dict):
        if cut.patch is None:
            raise ValueError(
                f"{source} holds images, but the model was fitted to a table or to events; pass data of that kind, or "
                "--patch with the side of the patches, if its rows are patches"
            )
        return content, cut
    if cut.whiten or cut.drop > 0:
        raise ValueError(f"--whiten and --drop are for images, but {source} holds a table; leave them out")
    square = cut.patch is not None and cut.patch**2 == content.shape[1]
    return content, cut if square else cut._replace(patch=None)


def check_cut(cut: Cut) -> None:
    """Raise ValueError for sizes that make no patches."""
    for name in ("patch", "stride", "patches"):
        value = getattr(cut, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name} must be 1 or more, got {value}; leave it out for the default")
    if not 0 <= cut.drop < 1:
        raise ValueError(f"--drop must be a share from 0 to below 1, got {cut.drop}; 0.4 drops two in five")


def load_images(source: str) -> dict[str, Image] | NDArray[np.float64]:
    """Images by name, or a table of samples."""
    from tectum import datasets

    path = Path(source).expanduser()
    if source not in datasets.names():
        if path.is_dir():
            return _read_folder(path)
        if path.suffix.lower() in PICTURES:
            if not path.is_file():
                raise FileNotFoundError(f"no image at {path}; check the path (relative paths start at {Path.cwd()})")
            return {path.stem: read_image(path)}
        if path.suffix.lower() in ARRAYS and path.is_file() and (stack := _read_stack(path)) is not None:
            return _named(path.stem, stack)
    data = datasets.load(source)
    if data.image_shape is None:
        return data.data
    return _named(data.name, data.data.reshape(-1, *data.image_shape))


def read_image(path: Path) -> Image:
    """A picture in grey, upright; integers become 0 to 1, numbers of a float TIFF are taken as they are."""
    from PIL import Image as pil, ImageOps

    with reading(path, "an image", "convert it to PNG, or leave it out"), pil.open(path) as file:
        if math.prod(file.size) > max(2**24, MOST_EXPANSION * path.stat().st_size):
            raise DataError(f"{path} announces {file.size} pixels, which so short a file cannot hold; write it again")
        n_pages = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)  # photographs with previews are one
        if n_pages > 1:
            raise DataError(f"{path} must hold one picture, got {n_pages}; split it into files")
        picture = ImageOps.exif_transpose(file)
        if picture.mode in ("1", "LA", "La"):
            picture = picture.convert("L")
        elif picture.mode not in ("F", "I", "L", "RGB") and not picture.mode.startswith("I;16"):
            picture = picture.convert("RGB")
        pixels = np.asarray(picture)
        # Pillow has 32 bits for the 16 of a PNG
        bits_16 = pixels.dtype == np.int32 and file.format in ("PNG", "PPM")
        if pixels.dtype == np.int32 and not bits_16:
            raise DataError(
                f"{path} must have 8 or 16 bits a pixel, or floating ones, got 32-bit integers up to {pixels.max()}, "
                "of which none is known to be white; save it with floating values from 0 to 1"
            )
        full = 1.0 if pixels.dtype.kind == "f" else 65535 if bits_16 else np.iinfo(pixels.dtype).max
        if full == 65535 and 0 < pixels.max() < 2**12:
            warnings.warn(
                f"{path} has 16 bits a pixel, of which the largest value, {pixels.max()}, takes 12 at most: it is read "
                "as dark; stretch its values if it is not",
                stacklevel=2,
            )
        values = pixels.astype(np.float64) / full
        if not np.isfinite(values).all():
            raise DataError(f"{path} must hold finite numbers, it has NaN or infinite ones; mend it, or leave it out")
        return values if values.ndim == 2 else values @ GREY


def photograph_patches() -> Patches:
    """Patches of two photographs that come with scikit-learn: whitened, a strip of each held out, flat ones dropped."""
    from sklearn.datasets import load_sample_image

    from tectum.image import whiten

    pictures = whiten(np.stack([load_sample_image(f"{name}.jpg") / 255.0 @ GREY for name in PHOTOGRAPHS]))
    cut = Cut(patch=12, whiten=True, drop=0.5)
    learned = [part for image in pictures for part in (image[:, : HELD_OUT.start], image[:, HELD_OUT.stop :])]
    held_out = [image[:, HELD_OUT] for image in pictures]
    data, test = draw_patches(learned, cut, cut.patches, 0), draw_patches(held_out, cut, MOST_EXAMINED, 1)
    return Patches("photographs", cut, data, held_out, list(PHOTOGRAPHS), test)


def prepared(images: Iterable[Image], cut: Cut) -> list[Image]:
    """Images after the filter."""
    from tectum.image import whiten

    return [whiten(image[None])[0] if cut.whiten else image for image in images]


def draw_patches(images: Sequence[Image], cut: Cut, n: int, seed: int) -> NDArray[np.float64]:
    """At most n patches at random, flattened, from images of any shapes; those of low contrast dropped."""
    from tectum.image import extract_patches, high_contrast, patch_grid

    assert cut.patch is not None
    by_shape: dict[tuple[int, ...], list[Image]] = {}
    for image in images:
        by_shape.setdefault(image.shape, []).append(image)
    sizes = [len(same) * math.prod(patch_grid(shape, cut.patch, cut.stride)) for shape, same in by_shape.items()]
    drawn = []
    for k, (same, size) in enumerate(zip(by_shape.values(), sizes, strict=True)):
        part = max(1, round(min(n, sum(sizes)) * size / sum(sizes)))
        drawn.append(
            extract_patches(
                np.stack(same), cut.patch, stride=cut.stride, max_patches=part, random_state=seed + 1000 * k
            )
        )
    patches = np.concatenate(drawn).astype(np.float64)
    return patches[high_contrast(patches, drop=cut.drop)] if cut.drop > 0 else patches


def read_note(path: Path, n_features: int) -> Cut:
    """How the patches of a model were made: as noted in its file, else square ones of as many pixels as features."""
    from tectum.persistence import load_arrays

    note = load_arrays(path)[1].get(NOTE)
    if note is not None:
        return Cut(**{key: value for key, value in note.items() if key in Cut._fields})
    side = math.isqrt(n_features)
    return Cut(patch=side if side**2 == n_features else None)


def png_of(panels: Sequence[Image], limits: tuple[float, float], gap: int = 4) -> bytes:
    """Images of one height side by side, as a grey PNG."""
    import io

    from matplotlib.image import imsave

    height = panels[0].shape[0]
    between = np.full((height, gap), limits[1])
    row = [part for panel in panels for part in (panel, between)][:-1]
    buffer = io.BytesIO()
    imsave(buffer, np.concatenate(row, axis=1), cmap="gray", vmin=limits[0], vmax=limits[1], format="png")
    return buffer.getvalue()


def every_patch(
    images: Sequence[Image], cut: Cut, stride: int | None
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.intp]]]:
    """All patches of images, and for each the number of its image and where its first row and column are."""
    from tectum.image import extract_patches, patch_grid

    assert cut.patch is not None
    step = stride or cut.patch
    parts, places = [], []
    for number, image in enumerate(prepared(images, cut)):
        parts.append(extract_patches(image[None], cut.patch, stride=step))
        rows, columns = np.indices(patch_grid(image.shape, cut.patch, step)).reshape(2, -1) * step
        places.append(np.stack([np.full(len(rows), number), rows, columns]))
    image_of, row, column = np.concatenate(places, axis=1)
    return np.concatenate(parts), {"image": image_of, "row": row, "column": column}


def with_budget(dictionary: Any, active: int | None, steps: int | None) -> Any:
    """The dictionary with at most so many active components for a patch, or so many steps of a presentation."""
    for name, value in (("active", active), ("steps", steps)):
        if value is not None and value < 1:
            raise ValueError(f"--{name} must be 1 or more, got {value}; leave it out to use what was trained")
    competition = dictionary.chosen_parts().competition
    if active is not None and not hasattr(competition, "most"):
        raise ValueError(
            "--active needs a dictionary whose neurons explain the input away, got "
            f"{type(competition).__name__}; use --steps"
        )
    changes = {"competition__most": active, "encoder__n_steps": steps, "output": "counts"}
    dictionary.set_params(**{path: value for path, value in changes.items() if value is not None})
    return dictionary


def write_reconstructions(
    output: Path,
    dictionary: Any,
    source: str,
    cut: Cut,
    check: Callable[[Path], None],
    *,
    stride: int | None,
    most: int,
) -> list[dict[str, Any]]:
    """Write each image beside its reconstruction; returns file, errors and active components of each.

    `check` raises if a file must not be written.
    """
    from tectum import analysis
    from tectum.image import extract_patches, reconstruct_images
    from tectum.persistence import write_atomically

    pictures, cut = load_pictures(source, cut)
    if cut.patch is None:
        raise ValueError(f"{source} must hold images, but its rows are not square; pass images or square patches")
    if not isinstance(pictures, dict):
        pictures = _named(Path(source).stem, pictures.reshape(-1, cut.patch, cut.patch))
    if stride is not None and stride < 1:
        raise ValueError(f"--stride must be 1 or more, got {stride}; leave it out for a third of the patch")
    pictures = dict(list(pictures.items())[: max(1, most)])
    files = _destinations(output, list(pictures), check)
    images, rows = prepared(pictures.values(), cut), []
    signed = bool(dictionary.on_off_)
    for file, image in zip(files, images, strict=True):
        step = stride or max(1, cut.patch // 3)
        short = [
            max(size - side, -(side - size) % step) for side, size in zip(image.shape, [cut.patch] * 2, strict=True)
        ]
        padded = np.pad(image, [(0, n) for n in short], mode="symmetric")
        counts = dictionary.transform(extract_patches(padded[None], cut.patch, stride=step))
        decoded = reconstruct_images(dictionary.inverse_transform(counts), padded.shape, cut.patch, stride=step)[0]
        decoded = decoded[: image.shape[0], : image.shape[1]]
        bound = float(np.percentile(np.abs(image), 99.8)) or 1.0
        write_atomically(file, png_of([image, decoded], (-bound, bound) if signed else (0.0, bound)))
        rows.append(
            {
                "file": str(file.resolve()),
                "error": float(np.sqrt(np.square(image - decoded).mean())),
                "trivial": float(np.sqrt(np.square(image).mean())),
                "active": analysis.active_units(np.abs(counts)),
            }
        )
    return rows


def _destinations(output: Path, names: list[str], check: Callable[[Path], None]) -> list[Path]:
    """A file for each image; makes the folder where one is asked for."""
    if output.suffix.lower() == ".png":
        if len(names) > 1:
            raise ValueError(
                f"-o must name a folder for {len(names)} images, got {output}; leave out .png, or --most 1"
            )
        check(output)
        return [output]
    if output.suffix and not output.is_dir():
        raise ValueError(f"-o must end in .png for one image, or name a folder, got {output}; change the suffix")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"cannot write {output}: the folder {output.parent} does not exist; create it first")
    output.mkdir(exist_ok=True)
    files = [output / f"{name}.png" for name in names]
    for file in files:
        check(file)
    return files


def _read_folder(path: Path) -> dict[str, Image]:
    files = files_in(path, PICTURES)
    warn_of_deeper([path], PICTURES, "name its folder, or move it up")
    if not files:
        raise ValueError(f"{path} must hold images ({', '.join(PICTURES)}), got none; check the folder")
    stems = [file.stem for file in files]  # a.jpg and a.png keep their suffixes
    return {file.name if stems.count(file.stem) > 1 else file.stem: read_image(file) for file in files}


def _read_stack(path: Path) -> NDArray[np.float64] | None:
    """Images (n, height, width) in a NumPy file; None if it holds a table."""
    arrays = read_arrays(path)
    known = {"images", "data", "X"} if len(arrays) > 1 else set(arrays)
    content = next((arrays[key] for key in ("images", "data", "X", *arrays) if key in arrays and key in known), None)
    if content is None or content.ndim == 2:
        return None
    if content.ndim != 3 or content.dtype.kind not in "biuf" or content.size == 0:
        raise ValueError(
            f"{path} must hold images (n, height, width) or patches (n, n_features) of numbers, got shape "
            f"{content.shape} of {content.dtype}; average the channels of colour images"
        )
    return content.astype(np.float64)


def _named(name: str, stack: NDArray[Any]) -> dict[str, Image]:
    width = len(str(len(stack) - 1))
    return {f"{name}-{k:0{width}d}": image for k, image in enumerate(stack)}
