"""Layers that see an image patch by patch: any transformer with shared weights, and pooling of its maps."""

import math
import numbers
from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import assert_all_finite, gen_batches
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from tectum.image.patches import (
    Pair,
    as_images,
    blend,
    check_image_shape,
    check_pair,
    extract_patches,
    floating,
    generator_from,
    grid_of,
    windows_of,
)
from tectum.models.common.atomic import all_or_nothing
from tectum.models.common.progress import progress_bar
from tectum.models.common.samples import numbers_of

How = Literal["max", "sum", "mean"]

BAND_VALUES = 2**22  # pixels of the patches held at a time by one thread


def pool(maps: ArrayLike, size: int | Pair, *, stride: int | Pair | None = None, how: How = "max") -> NDArray[Any]:
    """Summarise maps over cells of a fixed size.

    Parameters
    ----------
    maps : array-like of shape (n_images, rows, cols, channels)
    size : int or (int, int)
        Rows and columns of a cell. The last cells are smaller where they do not fit.
    stride : int, (int, int) or None, default=None
        Distance from one cell to the next; None is `size`, so that cells do not overlap.
    how : {"max", "sum", "mean"}, default="max"

    Returns
    -------
    ndarray of shape (n_images, ceil((rows - size) / stride) + 1, ceil((cols - size) / stride) + 1, channels)
        With a stride larger than the size at most ceil(rows / stride) and ceil(cols / stride): no cell is empty.
        Sums of integers are int64 or uint64, means of integers float64.

    Raises
    ------
    ValueError
        If ``maps`` has another shape, or ``size``, ``stride`` or ``how`` is none of these.

    Examples
    --------
    >>> pool(np.arange(16.0).reshape(1, 4, 4, 1), 2).ravel()
    array([ 5.,  7., 13., 15.])
    """
    stack = _as_maps(maps, "pool.maps")
    sides = check_pair(size, "pool.size")
    steps = sides if stride is None else check_pair(stride, "pool.stride")
    rows, cols = (_cells_of(n, *cell) for n, *cell in zip(stack.shape[1:3], sides, steps, strict=True))
    return _summarise(stack, rows, cols, how, "pool")


def pool_grid(maps: ArrayLike, cells: int | Pair = (4, 4), *, how: How = "max") -> NDArray[Any]:
    """Summarise maps over a fixed number of cells, whatever the size of the maps; (2, 2) takes quadrants.

    Parameters
    ----------
    maps : array-like of shape (n_images, rows, cols, channels)
    cells : int or (int, int), default=(4, 4)
        Cells downwards and to the right; their sides differ by one at most.
    how : {"max", "sum", "mean"}, default="max"

    Returns
    -------
    ndarray of shape (n_images, cells downwards, cells to the right, channels)
        Sums of integers are int64 or uint64, means of integers float64.

    Raises
    ------
    ValueError
        If ``maps`` has another shape or fewer rows or columns than cells, or ``how`` is none of these.

    Examples
    --------
    >>> pool_grid(np.arange(16.0).reshape(1, 4, 4, 1), 2, how="mean").ravel()
    array([ 2.5,  4.5, 10.5, 12.5])
    """
    stack = _as_maps(maps, "pool_grid.maps")
    down, right = check_pair(cells, "pool_grid.cells")
    _check_cells(stack.shape[1:3], (down, right), "pool_grid.cells")
    return _summarise(stack, _shares_of(stack.shape[1], down), _shares_of(stack.shape[2], right), how, "pool_grid")


def _has_partial_fit(convolution: "Convolution") -> bool:
    """Whether the estimator of a convolution can learn in parts; AttributeError with the way out otherwise."""
    if not hasattr(convolution.estimator, "partial_fit"):
        raise AttributeError(
            f"Convolution.estimator must have partial_fit to learn in parts, got {convolution.estimator!r}; use fit"
        )
    return True


class Convolution(TransformerMixin, BaseEstimator):
    """Apply one transformer to all patches of images, with shared weights, and pool what it finds.

    The transformer learns from patches drawn at random over all images. Each image then becomes maps, one per
    component, of the components' responses to the patch at each place. The output has the form of images with
    channels, so that layers can be stacked.

    Parameters
    ----------
    estimator : estimator with ``fit`` and ``transform``
        Learns from a table (n_patches, n_pixels), for example `SpikingDictionary`; cloned before it is fitted.
    size : int or (int, int)
        Height and width of a patch in pixels.
    stride : int or (int, int), default=1
        Pixels from one patch to the next.
    pool : int, (int, int) or None, default=None
        Size of the cells in which maps are summarised, see `pool`.
    pool_stride : int, (int, int) or None, default=None
        Distance from one of these cells to the next; None is their size.
    pool_grid : int, (int, int) or None, default=None
        Number of cells in which maps are summarised, see `pool_grid`; only one of the two can be given.
    how : {"max", "sum", "mean"}, default="max"
        How the responses in a cell are summarised.
    flatten : bool, default=False
        Make one row per image, for an estimator that follows and wants a table.
    preprocess : callable, transformer or None, default=None
        Applied to patches (n_patches, n_pixels) before the estimator sees them; it must treat each patch by itself. A
        transformer is cloned and fitted to the patches of `fit` or of the first `partial_fit`. `reconstruct` needs its
        ``inverse_transform``; scikit-learn's ``FunctionTransformer(split_on_off, inverse_func=join_on_off)`` has one.
    image_shape : (height, width), (height, width, channels) or None, default=None
        Shape of an image, if images come as rows of a table (n_images, n_pixels).
    max_patches : int or None, default=100_000
        Patches drawn for `fit`, and for each `partial_fit`; None takes all.
    batch_size : int, default=256
        Images that one thread works on before it reports progress. The estimator is given the patches of one image at
        a time, or of a band of a large one, so neither results nor memory depend on it.
    random_state : int, RandomState, Generator or None, default=None
        For drawing patches, as `extract_patches` does; ``estimator`` has its own.
    verbose : bool, default=False
        Show a progress bar in `transform` and `reconstruct`.
    n_jobs : int or None, default=None
        Threads for `transform` and `reconstruct`; results do not depend on it.

    Attributes
    ----------
    estimator_ : estimator
        The fitted transformer.
    preprocess_ : callable, transformer or None
        What is applied to patches, fitted.
    n_components_ : int
        Number of maps.
    n_channels_ : int
        Channels of the images.
    n_features_in_, feature_names_in_
        As in scikit-learn, only after learning from tables.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from tectum.image import Convolution
    >>> digits = load_digits().images
    >>> layer = Convolution(PCA(8), 3, pool=2, max_patches=2_000, random_state=0).fit(digits)
    >>> layer.transform(digits[:10]).shape
    (10, 3, 3, 8)
    """

    _parameter_constraints = {  # noqa: RUF012  scikit-learn reads it from the class
        "estimator": [HasMethods(["fit", "transform"])],
        "size": [numbers.Integral, tuple, list],
        "stride": [numbers.Integral, tuple, list],
        "pool": [numbers.Integral, tuple, list, None],
        "pool_stride": [numbers.Integral, tuple, list, None],
        "pool_grid": [numbers.Integral, tuple, list, None],
        "how": [StrOptions({"max", "sum", "mean"})],
        "flatten": ["boolean"],
        "preprocess": [HasMethods(["fit", "transform"]), callable, None],
        "image_shape": [tuple, list, None],
        "max_patches": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state", np.random.Generator],
        "verbose": ["verbose"],
        "n_jobs": [numbers.Integral, None],
    }

    def __init__(
        self,
        estimator,
        size,
        *,
        stride=1,
        pool=None,
        pool_stride=None,
        pool_grid=None,
        how="max",
        flatten=False,
        preprocess=None,
        image_shape=None,
        max_patches=100_000,
        batch_size=256,
        random_state=None,
        verbose=False,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.size = size
        self.stride = stride
        self.pool = pool
        self.pool_stride = pool_stride
        self.pool_grid = pool_grid
        self.how = how
        self.flatten = flatten
        self.preprocess = preprocess
        self.image_shape = image_shape
        self.max_patches = max_patches
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, images: ArrayLike, y: Any = None) -> Self:
        """Learn from patches drawn at random.

        Parameters
        ----------
        images : array-like of shape (n_images, height, width[, channels]), or (n_images, n_pixels) with `image_shape`
        y : ignored

        Returns
        -------
        Convolution
            The estimator itself.

        Raises
        ------
        ValueError
            If ``images`` is not a finite array of images into which the patches fit, or a parameter is out of range.

        Examples
        --------
        >>> import tectum
        >>> images = tectum.datasets.load("digits").data[:50].reshape(-1, 8, 8) / 16
        >>> layer = Convolution(tectum.SpikingDictionary(4, n_presentations=200), 4, random_state=0).fit(images)
        >>> layer.estimator_.components_.shape
        (4, 16)
        """
        with all_or_nothing(self):
            images = self._validate(images, reset=True)
            rng = generator_from(self.random_state)
            patches = self._draw(images, rng)
            preprocess = self._fit_preprocess(patches)
            patches = _apply(preprocess, patches)
            return self._publish(clone(self.estimator).fit(patches), preprocess, rng, patches, images)

    @available_if(_has_partial_fit)
    def partial_fit(self, images: ArrayLike, y: Any = None) -> Self:
        """Go on learning, from patches drawn at random from these images; needs ``estimator.partial_fit``.

        Parameters
        ----------
        images : array-like
            As in `fit`.
        y : ignored

        Returns
        -------
        Convolution
            The estimator itself.

        Raises
        ------
        ValueError
            As `fit`.
        """
        goes_on = self.__sklearn_is_fitted__()
        with all_or_nothing(self):
            images = self._validate(images, reset=not goes_on)
            rng = self._random if goes_on else generator_from(self.random_state)
            patches = self._draw(images, rng)
            preprocess = self.preprocess_ if goes_on else self._fit_preprocess(patches)
            patches = _apply(preprocess, patches)
            estimator = self.estimator_ if goes_on else clone(self.estimator)
            return self._publish(estimator.partial_fit(patches), preprocess, rng, patches, images)

    def transform(self, images: ArrayLike) -> NDArray[np.float32]:
        """Maps of the components over each image.

        Parameters
        ----------
        images : array-like
            As in `fit`; height and width may differ from those learned from.

        Returns
        -------
        ndarray of shape (n_images, rows, cols, n_components), or (n_images, n_values) with `flatten`
            The rows and columns are those of `patch_grid`, or what pooling leaves of them. An image has the same
            values whatever else is in ``images``.

        Raises
        ------
        ValueError
            As `fit`.

        Examples
        --------
        >>> import tectum
        >>> images = tectum.datasets.load("digits").data[:50].reshape(-1, 8, 8) / 16
        >>> layer = Convolution(tectum.SpikingDictionary(4, n_presentations=200), 4, random_state=0).fit(images)
        >>> layer.transform(images).shape
        (50, 5, 5, 4)
        """
        check_is_fitted(self)
        images = self._validate(images, reset=False)
        sample = self._pooled(np.empty((1, *self._grid(images), 1), np.float32))  # only for its shape
        maps = np.empty((len(images), *sample.shape[1:3], self.n_components_), np.float32)
        self._for_each(images, self._maps, maps, "transform")
        return maps.reshape(len(maps), -1) if self.flatten else maps

    def reconstruct(self, images: ArrayLike) -> NDArray[np.float32]:
        """Images as the components show them: each patch is encoded and decoded, overlaps are averaged.

        Pooling has no part in it. Pixels that no patch covers are 0.

        Parameters
        ----------
        images : array-like
            As in `transform`.

        Returns
        -------
        ndarray of the shape of ``images``

        Raises
        ------
        TypeError
            If `estimator` or `preprocess` has no ``inverse_transform``.
        ValueError
            As `fit`.

        Examples
        --------
        >>> import tectum
        >>> images = tectum.datasets.load("digits").data[:50].reshape(-1, 8, 8) / 16
        >>> layer = Convolution(tectum.SpikingDictionary(4, n_presentations=200), 4, random_state=0).fit(images)
        >>> layer.reconstruct(images).shape
        (50, 8, 8)
        """
        check_is_fitted(self)
        for name, part in (("estimator", self.estimator_), ("preprocess", self.preprocess_)):
            if part is not None and not hasattr(part, "inverse_transform"):
                raise TypeError(
                    f"Convolution.{name} must have inverse_transform to reconstruct images, got {part!r}; "
                    "for a function use sklearn.preprocessing.FunctionTransformer with its inverse_func"
                )
        shape = np.shape(images)
        stack = self._validate(images, reset=False)
        shown = np.empty(stack.shape, np.float32)
        self._for_each(stack, self._shown, shown, "reconstruct")
        return shown.reshape(shape)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_components_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = self.image_shape is not None
        return tags

    def _validate(self, images: Any, *, reset: bool) -> NDArray[Any]:
        """Check parameters and images; images as (n_images, height, width, channels)."""
        self._validate_params()
        if self.pool is not None and self.pool_grid is not None:
            raise ValueError(
                f"Convolution.pool must be None if pool_grid is given, got pool={self.pool!r} and "
                f"pool_grid={self.pool_grid!r}; leave one of them out"
            )
        if reset:
            for name in ("n_features_in_", "feature_names_in_"):  # of a table learned from before
                self.__dict__.pop(name, None)
        if self.image_shape is not None and np.ndim(images) == 2:
            images = self._from_table(images, reset)
        elif np.ndim(images) == 2:
            raise ValueError(
                f"Convolution.images must be images of shape (n_images, height, width[, channels]), got shape "
                f"{np.shape(images)}; pass image[None] for a single image, or set image_shape for a table"
            )
        stack = as_images(images, "Convolution.images")
        assert_all_finite(stack, input_name="Convolution.images")
        if not reset and stack.shape[3] != self.n_channels_:
            raise ValueError(
                f"Convolution.images must have {self.n_channels_} channel(s) as those learned from, got "
                f"{stack.shape[3]}; fit again to change that"
            )
        if self.pool_grid is not None:
            cells = check_pair(self.pool_grid, "Convolution.pool_grid")
            _check_cells(self._grid(stack), cells, "Convolution.pool_grid")
        if self.pool is not None:
            check_pair(self.pool, "Convolution.pool")
        if self.pool_stride is not None:
            check_pair(self.pool_stride, "Convolution.pool_stride")
        self._grid(stack)
        return stack

    def _from_table(self, table: Any, reset: bool) -> NDArray[Any]:
        shape = check_image_shape(self.image_shape, "Convolution.image_shape")
        pixels = numbers_of(self, table, reset=reset)
        if pixels.shape[1] != math.prod(shape):
            raise ValueError(
                f"Convolution.image_shape must have as many values as the table has columns, got {self.image_shape!r} "
                f"for {pixels.shape[1]} columns; pass the shape of one sample before it was flattened"
            )
        return pixels.reshape(-1, *shape)

    def _sides(self) -> tuple[Pair, Pair]:
        return check_pair(self.size, "Convolution.size"), check_pair(self.stride, "Convolution.stride")

    def _grid(self, images: NDArray[Any]) -> Pair:
        return grid_of(images.shape[1:], *self._sides(), "Convolution.size")

    def _draw(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[np.floating]:
        size, stride = self._sides()
        patches = extract_patches(images, size, stride=stride, max_patches=self.max_patches, random_state=rng)
        return patches.astype(floating(patches.dtype), copy=False)

    def _fit_preprocess(self, patches: NDArray[np.floating]) -> Any:
        is_transformer = hasattr(self.preprocess, "fit") and hasattr(self.preprocess, "transform")
        return clone(self.preprocess).fit(patches) if is_transformer else self.preprocess

    def _publish(self, estimator: Any, preprocess: Any, rng: Any, patches: NDArray[Any], images: NDArray[Any]) -> Self:
        """Keep what was learned, and how many components it has, found by trying one patch."""
        codes = np.asarray(estimator.transform(patches[:1]))
        if codes.ndim != 2 or codes.dtype.kind not in "buif":
            raise ValueError(
                f"Convolution.estimator must turn (n_patches, n_pixels) into numbers (n_patches, n_components), got "
                f"dtype {codes.dtype} and shape {codes.shape} for one patch; have it return a dense table"
            )
        self.estimator_, self.preprocess_, self._random = estimator, preprocess, rng
        self.n_channels_, self.n_components_ = images.shape[3], codes.shape[1]
        return self

    def _for_each(
        self, images: NDArray[Any], work: Callable[[NDArray[Any]], NDArray[Any]], results: NDArray[Any], title: str
    ) -> None:
        """``results[m] = work(images[m])`` for all images, batches of them side by side in threads."""
        with progress_bar(len(images), title, bool(self.verbose), unit="images") as advance:

            def take(batch: slice) -> None:
                for image, place in zip(images[batch], results[batch], strict=True):
                    place[...] = work(image)
                advance(batch.stop - batch.start)

            batches = gen_batches(len(images), self.batch_size)
            Parallel(n_jobs=self.n_jobs, prefer="threads", require="sharedmem")(delayed(take)(part) for part in batches)

    def _bands(self, image: NDArray[Any]) -> Any:
        """Yield the patches (rows, cols, height, width, channels) of an image in bands of rows, with their slice."""
        windows = windows_of(image[np.newaxis], *self._sides())[0]
        n_rows = max(1, BAND_VALUES // math.prod(windows.shape[1:]))
        for band in gen_batches(len(windows), n_rows):
            yield band, windows[band]

    def _codes(self, windows: NDArray[Any]) -> NDArray[Any]:
        """Responses (n_patches, n_components) to patches in their grid."""
        patches = windows.astype(floating(windows.dtype), order="C").reshape(math.prod(windows.shape[:2]), -1)
        return np.asarray(self.estimator_.transform(_apply(self.preprocess_, patches)))

    def _maps(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Pooled maps of one image."""
        maps = np.empty((1, *self._grid(image[np.newaxis]), self.n_components_), np.float32)
        for band, windows in self._bands(image):
            maps[0, band] = self._codes(windows).reshape(*windows.shape[:2], -1)
        return self._pooled(maps)[0]

    def _pooled(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.pool is not None:
            return pool(maps, self.pool, stride=self.pool_stride, how=self.how)
        return maps if self.pool_grid is None else pool_grid(maps, self.pool_grid, how=self.how)

    def _shown(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """One image from its decoded patches."""
        stride = self._sides()[1]
        shown = np.zeros((1, *image.shape), np.float32)
        counts = np.zeros((*image.shape[:2], 1), np.float32)
        for band, windows in self._bands(image):
            patches = np.asarray(self.estimator_.inverse_transform(self._codes(windows)))
            if self.preprocess_ is not None:
                patches = np.asarray(self.preprocess_.inverse_transform(patches))
            first = band.start * stride[0]
            blend(shown[:, first:], counts[first:], patches.reshape(1, *windows.shape), stride)
        return shown[0]


def _apply(preprocess: Any, patches: NDArray[Any]) -> NDArray[Any]:
    """Patches through a transformer, a function or nothing."""
    if preprocess is None:
        return patches
    return np.asarray(preprocess.transform(patches) if hasattr(preprocess, "transform") else preprocess(patches))


def _as_maps(maps: ArrayLike, name: str) -> NDArray[Any]:
    stack = np.asarray(maps)
    if stack.ndim != 4 or 0 in stack.shape or stack.dtype.kind not in "buif":
        raise ValueError(
            f"{name} must be a non-empty numerical array (n_images, rows, cols, channels), got dtype {stack.dtype} and "
            f"shape {stack.shape}; add a missing axis, as in maps[..., None]"
        )
    return stack


def _check_cells(grid: Pair | tuple[int, ...], cells: Pair, name: str) -> None:
    if cells[0] > grid[0] or cells[1] > grid[1]:
        raise ValueError(f"{name} must be at most the {grid[0]} x {grid[1]} places of a map, got {cells}; use fewer")


def _cells_of(n: int, side: int, step: int) -> list[slice]:
    """Slices of length ``side``, ``step`` apart, until one reaches the end of ``n`` places; it may be shorter."""
    count = min(1 + -(-max(0, n - side) // step), -(-n // step))  # rounded up; each begins inside
    return [slice(k * step, min(k * step + side, n)) for k in range(count)]


def _shares_of(n: int, count: int) -> list[slice]:
    """``count`` consecutive slices over ``n`` places, as equal as whole numbers allow."""
    return [slice(k * n // count, (k + 1) * n // count) for k in range(count)]


def _summarise(maps: NDArray[Any], rows: list[slice], cols: list[slice], how: How, owner: str) -> NDArray[Any]:
    """Summary over each cell, first down and then to the right."""
    if how not in ("max", "sum", "mean"):
        raise ValueError(f'{owner}.how must be "max", "sum" or "mean", got {how!r}; choose one of them')
    reduce = np.max if how == "max" else np.sum
    strips = np.stack([reduce(maps[:, row], axis=1) for row in rows], axis=1)
    cells = np.stack([reduce(strips[:, :, col], axis=2) for col in cols], axis=2)
    if how != "mean":
        return cells
    heights, widths = ([part.stop - part.start for part in parts] for parts in (rows, cols))
    areas = np.outer(heights, widths)[..., np.newaxis]
    return cells / areas.astype(cells.dtype if cells.dtype.kind == "f" else np.float64)
