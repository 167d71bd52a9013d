"""Stylize videos frame by frame in one process.

    from pictura.tasks.stylize import open_stylizer
    from pictura.video import paint_video

    paint_video("clip.mp4", "painted.mp4", open_stylizer("adain", ["starry-night"]))

Reading order: painting, job, shots (which frames are sampled) and changes (where a shot ends), steady, following,
`networks.tiling.frozen`, colour, reading, encoding, parts, writing. PyAV, an extra, is imported when a video is opened.
"""

from typing import TYPE_CHECKING

from pictura.runtime.lazy import lazy_attributes

if TYPE_CHECKING:
    from pictura.video.painting import VideoProgress, VideoResult, paint_video

__all__ = ["VideoProgress", "VideoResult", "paint_video"]

_HOMES = {"pictura.video.painting": __all__}
__getattr__ = lazy_attributes(__name__, _HOMES)
