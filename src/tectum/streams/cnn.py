"""Features of frames: the activations of one layer of a convolutional network.

The network is any ONNX file with one input of shape (batch, 3, height, width). It needs onnxruntime (the extra
``video``).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.files import reading
from tectum.streams import onnx_graph
from tectum.streams.colours import Adaptation, OpponentColours
from tectum.streams.gradients import Extractor, OrientedGradients
from tectum.streams.motion import Course, Detector, followed
from tectum.streams.stream import Chunk, Pair, PathLike, Stream, StreamError, as_paths, check_size, check_whole

LISTED = 12  # names of layers that an error lists


class CNN(Extractor):
    """One layer of a convolutional network.

    Parameters
    ----------
    path : path
        ONNX file.
    layer : str or None, default=None
        Name of the layer's output in the graph, see `layers`; None takes the first output. What the layer does not need
        is cut off.
    size : (height, width) or None, default=None
        Size of the frames in pixels; None takes that of the file, 227 for a side that it leaves open.
    channel_order : {"BGR", "RGB"}, default="BGR"
        Order of the channels that the network wants. Caffe's networks want BGR, PyTorch's RGB.
    mean : (float, float, float), default=(104.0, 117.0, 123.0)
        What is subtracted from each channel, in that order, of pixels from 0 to 255. The default is Caffe's.
    scale : float or (float, float, float), default=1.0
        What each channel is multiplied with then. PyTorch's networks want ``channel_order="RGB"``,
        ``mean=(123.675, 116.28, 103.53)``, ``scale=(1 / 58.395, 1 / 57.12, 1 / 57.375)``.
    pool : bool, default=False
        Whether 2 x 2 neighbours of the layer are replaced by their largest; at an odd side the last ones by fewer.
    rows_first : bool, default=False
        Whether activations of a convolutional layer are ordered by row, column, channel, so that a stretch of features
        is a band of the picture, instead of by channel, row, column.
    batch : int, default=8
        Frames computed at a time; memory grows with it.
    n_threads : int, default=1
        Threads of the network.

    Attributes
    ----------
    layers : list of str
        Names of all layers.
    shape : tuple of int
        Shape of the activations of a frame, (channels, height, width) for a convolutional layer, or (height, width,
        channels) with `rows_first`.
    n_features : int
        Their number.

    Raises
    ------
    ImportError
        If onnxruntime is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no network of this kind, it has no such layer, or a parameter is out of range.
    """

    def __init__(
        self,
        path: PathLike,
        *,
        layer: str | None = None,
        size: Pair | None = None,
        channel_order: str = "BGR",
        mean: Sequence[float] = (104.0, 117.0, 123.0),
        scale: float | Sequence[float] = 1.0,
        pool: bool = False,
        rows_first: bool = False,
        batch: int = 8,
        n_threads: int = 1,
    ) -> None:
        (self.path,) = as_paths(path, "CNN.path")
        if channel_order not in ("BGR", "RGB"):
            raise ValueError(f'CNN.channel_order must be "BGR" or "RGB", got {channel_order!r}; Caffe\'s want "BGR"')
        self.channel_order, self.pool, self.rows_first = channel_order, pool, rows_first
        self.batch = check_whole(batch, "CNN.batch", "8 is usual")
        self.mean, self.scale = _per_channel(mean, "CNN.mean"), _per_channel(scale, "CNN.scale")
        check_whole(n_threads, "CNN.n_threads", "1 is usual")
        self._session, self.layers = _load(self.path, layer, n_threads)
        self.layer = self._session.get_outputs()[0].name
        self.size = self._size() if size is None else check_size(size, "CNN.size")
        try:
            self.shape = self._run(np.zeros((1, *self.size, 3), np.float32)).shape[1:]
        except Exception as error:  # onnxruntime has many kinds, none of them public
            raise ValueError(
                f"CNN.layer {self.layer!r} cannot be computed for frames of size {self.size}; another size may do "
                f"({str(error).strip()})"
            ) from error
        self.n_features = math.prod(self.shape)

    def __repr__(self) -> str:
        return f"CNN({self.path.name!r}, layer={self.layer!r}, size={self.size}, shape={self.shape})"

    def _run(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        """Activations of a few frames."""
        channels = slice(None, None, -1) if self.channel_order == "BGR" else slice(None)
        inputs = (frames[..., channels].astype(np.float32) - self.mean) * self.scale
        name = self._session.get_inputs()[0].name
        (activations,) = self._session.run([self.layer], {name: np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))})
        activations = max_pool(activations) if self.pool else activations
        return activations.transpose(0, 2, 3, 1) if self.rows_first and activations.ndim == 4 else activations

    def _size(self) -> Pair:
        """Size of the input as the file has it."""
        sides = self._session.get_inputs()[0].shape[2:]
        height, width = (side if isinstance(side, int) and side > 0 else 227 for side in sides)
        return height, width


def features(
    frames: Stream,
    cnn: CNN | OrientedGradients,
    *,
    motion: Detector | None = None,
    colours: OpponentColours | None = None,
) -> "FeatureStream":
    """Stream of the activations of a network for a stream of frames, of the motion and the colours in them if you like.

    Parameters
    ----------
    frames : Stream
        Colour frames of the size of the network, for instance ``video(path, size=cnn.size)``.
    cnn : CNN or OrientedGradients
        The network, or what stands for one.
    motion : OpticalFlow, SpikingMotion or None, default=None
        What sees motion in the same frames; its features follow those of the network in each sample.
    colours : OpponentColours or None, default=None
        What sees colours in them; its features come last.

    Returns
    -------
    FeatureStream
        Times, sources and thumbnails are those of the frames.

    Raises
    ------
    ValueError
        If the frames are of another size, or grey.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tectum import streams
    >>> clip = streams.write_clip(Path(tempfile.mkdtemp()) / "road.mp4", seconds=0.4, size=(36, 64))
    >>> gradients = streams.OrientedGradients(size=(48, 80))
    >>> next(iter(features(streams.video(clip, size=gradients.size), gradients))).X.shape
    (10, 840)
    """
    if frames.frame_shape != (*cnn.size, 3):
        raise ValueError(
            f"features.frames must be a stream of colour frames of shape {(*cnn.size, 3)}, got {frames.frame_shape}; "
            "make it with video(path, size=cnn.size)"
        )
    return FeatureStream(frames, cnn, motion, colours)


class FeatureStream(Stream):
    """Activations of a network for a stream of frames; made by `features`.

    Attributes
    ----------
    cnn : CNN or OrientedGradients
        The network, or what stands for one.
    names : list of str
        Those of the frames.
    motion : OpticalFlow, SpikingMotion or None
        What sees motion, if anything does.
    colours : OpponentColours or None
        What sees colours.
    n_features, n_announced : int or None
        Length of a sample, and how many to expect.
    """

    is_learned: Callable[[int], bool] | None = None  # of the next chunk, by its length: then X is (n, 0)

    def __init__(
        self,
        frames: Stream,
        cnn: CNN | OrientedGradients,
        motion: Detector | None = None,
        colours: OpponentColours | None = None,
    ) -> None:
        self._frames, self.cnn, self.motion, self.colours = frames, cnn, motion, colours
        self.names, self.n_announced = frames.names, frames.n_announced
        self.n_features = sum(part.n_features for part in (cnn, motion, colours) if part is not None)

    def __iter__(self) -> Iterator[Chunk]:
        courses: list[Any] = [] if self.motion is None else [Course(self.motion)]
        courses += [] if self.colours is None else [Adaptation(self.colours)]
        for chunk in self._frames:
            # these have a past, so that they are followed through frames that were learned before, too
            more = [followed(chunk, self._frames.frame_shape, course) for course in courses]
            if self.is_learned is not None and self.is_learned(len(chunk.X)):
                yield chunk._replace(X=np.zeros((len(chunk.X), 0), np.float32))
                continue
            X = self.cnn.transform(chunk.X.reshape(len(chunk.X), *self.cnn.size, 3))
            if not np.isfinite(X).all():
                raise StreamError(f"{self.cnn.layer!r} of {self.cnn!r} is not finite; take another layer")
            yield chunk._replace(X=np.concatenate([X, *more], axis=1) if more else X)


def max_pool(activations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Largest of 2 x 2 neighbours in (n, channels, height, width); at an odd side the last ones have fewer."""
    if activations.ndim != 4:
        raise ValueError(f"CNN.pool must be False for a layer without rows and columns, got shape {activations.shape}")
    rows = np.maximum.reduceat(activations, np.arange(0, activations.shape[2], 2), axis=2)
    return np.maximum.reduceat(rows, np.arange(0, activations.shape[3], 2), axis=3)


def _per_channel(value: Any, name: str) -> NDArray[np.float32]:
    """A number for all channels, or one for each."""
    numbers = np.asarray(value, np.float32)
    if numbers.shape not in ((), (3,)) or not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be a number or three, one per channel, got {value!r}; 0 and 1 change nothing")
    return numbers


def _load(path: Path, layer: str | None, n_threads: int) -> tuple[Any, list[str]]:
    """Session that computes a layer, and the names of all layers."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            'CNN needs onnxruntime, which is not installed; install it with: pip install "tectum[video]"'
        ) from error
    content = path.read_bytes()
    with reading(path, "an ONNX file", "export the network again", StreamError):
        names = onnx_graph.layers(content)
    if layer is not None and layer not in names:
        raise ValueError(
            f"CNN.layer must be a layer of {path}, got {layer!r}; its last ones are {', '.join(names[-LISTED:])} "
            f"(all {len(names)} are in CNN(path).layers)"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    options.log_severity_level = 3  # errors; warnings name what was cut off
    # weights beside the file are looked up there, although the graph comes from memory
    folder = path.resolve().parent
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    with reading(path, "a network by onnxruntime", "export it again", StreamError):
        session = onnxruntime.InferenceSession(
            onnx_graph.with_output(content, layer) if layer is not None else content,
            options,
            providers=["CPUExecutionProvider"],
        )
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[1] != 3:
        raise ValueError(
            f"CNN.path must name a network with one input (batch, 3, height, width), got "
            f"{[(item.name, item.shape) for item in inputs]}; export it so"
        )
    return session, names
