"""Videos, painted frame by frame in one process.

    from pictura import open_painter
    from pictura.video import paint_video

    paint_video("clip.mp4", "painted.mp4", open_painter("starry-night"))

Reading order: painting, shots (cuts, and which frames are sampled), steady, `networks.tiling.frozen`, colour,
reading, writing. PyAV, an extra, is imported when a video is opened.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pictura.video.painting import Painted, Progress, paint_video

__all__ = ["Painted", "Progress", "paint_video"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pictura.video import painting

    return getattr(painting, name)
