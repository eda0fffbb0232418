"""The page of `tectum watch`: a hierarchy seen in the browser while it learns a stream (extra ``live``)."""

from tectum.live.server import serve
from tectum.live.watching import Watching

__all__ = ["Watching", "serve"]
