"""Sources of samples with time stamps: arrays, video, cameras, features of a convolutional network, event cameras.

A stream yields chunks of samples at bounded memory, again from the start each time it is iterated. `learn` feeds it to
a model.
"""

from tectum.files import DataError
from tectum.streams.array_files import ArrayStream, arrays
from tectum.streams.clip import write_clip
from tectum.streams.cnn import CNN, FeatureStream, features
from tectum.streams.colours import OpponentColours
from tectum.streams.event_files import read_events
from tectum.streams.event_frames import EventFrameStream, event_frames
from tectum.streams.event_stream import EventChunk, EventStream, Extent, events
from tectum.streams.gradients import OrientedGradients
from tectum.streams.learning import learn
from tectum.streams.live import CameraStream, camera
from tectum.streams.motion import MotionStream, OpticalFlow, motion
from tectum.streams.pictures import ImageStream, VideoStream, images, video
from tectum.streams.segments import Segments, read_segments
from tectum.streams.spiking_motion import SpikingMotion
from tectum.streams.stream import Chunk, Stream, StreamError
from tectum.streams.timed import Timed

__all__ = [
    "CNN",
    "ArrayStream",
    "CameraStream",
    "Chunk",
    "DataError",
    "EventChunk",
    "EventFrameStream",
    "EventStream",
    "Extent",
    "FeatureStream",
    "ImageStream",
    "MotionStream",
    "OpponentColours",
    "OpticalFlow",
    "OrientedGradients",
    "Segments",
    "SpikingMotion",
    "Stream",
    "StreamError",
    "Timed",
    "VideoStream",
    "arrays",
    "camera",
    "event_frames",
    "events",
    "features",
    "images",
    "learn",
    "motion",
    "read_events",
    "read_segments",
    "video",
    "write_clip",
]
