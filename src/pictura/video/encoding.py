"""Encode painted frames: the codecs, and an encoder of one part of a video."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from torch import Tensor

from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.video import colour
from pictura.video.libav import import_av, translate_write_errors
from pictura.video.parts import EncodedFrame
from pictura.video.reading import Clip

if TYPE_CHECKING:
    from av import VideoCodecContext, VideoFrame

# FFmpeg's names by suffix.
OUTPUT_CONTAINERS = {".mp4": "mp4", ".webm": "webm", ".mkv": "matroska"}


@dataclass(frozen=True)
class Codec:
    """A codec and its settings.

    encoder: FFmpeg's name.
    quality: the default constant quality (lower is better) and the worst; None if lossless.
    even: whether sides must be even.
    containers: those in which players expect it.
    part: number of frames that are encoded together, see `parts`: what a stopped video may have to paint again.
    """

    encoder: str
    quality: tuple[int, int] | None
    options: Mapping[str, str] = field(default_factory=dict)
    even: bool = False
    containers: tuple[str, ...] = tuple(OUTPUT_CONTAINERS.values())
    part: int = 60


# VP9 is the default: royalty-free, sharp, and played by browsers from .mp4 and .webm. x264 is under the GPL, which
# binds anyone who ships it in a product; so it is used only on request.
CODECS = {
    "vp9": Codec(
        "libvpx-vp9", (24, 63), {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "tile-columns": "2"}
    ),
    "av1": Codec("libsvtav1", (26, 63), {"preset": "8"}),
    # Without B-frames: with them an .mp4 of uneven times ends before its last frame.
    "h264": Codec("libx264", (18, 51), {"preset": "medium", "bf": "0"}, True, ("mp4", "matroska")),
    "ffv1": Codec("ffv1", None, {"level": "3"}, containers=("matroska",), part=12),
}
DEFAULT_CODEC = "vp9"


@dataclass(frozen=True)
class VideoFormat:
    """The format of an output video.

    container: FFmpeg's name of it.
    codec: one of `CODECS`.
    quality: the codec's constant quality, None for its default.
    """

    container: str
    codec: Codec
    quality: int | None = None

    def options(self) -> dict[str, str]:
        """The options of FFmpeg's encoder."""
        if self.codec.quality is None:
            return dict(self.codec.options)
        return dict(self.codec.options) | {"crf": str(self.codec.quality[0] if self.quality is None else self.quality)}

    def size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size it can contain: where sides must be even, the last row or column is dropped."""
        if not self.codec.even:
            return height, width
        if min(height, width) < 2:
            raise PicturaError(f"This codec needs at least 2×2 pixels, got {width}×{height}: use --codec vp9.")
        return height // 2 * 2, width // 2 * 2

    def pixel_format(self, like: "VideoFrame") -> str:
        """The pixel format to write: a lossless codec keeps the input's, others use the one played everywhere.

        Depth is kept up to 10 bits where this FFmpeg's encoder supports it.
        """
        name, deep = like.format.name.replace("yuvj", "yuv"), colour.bit_depth(like) > 8
        supported = {f.name for f in import_av().Codec(self.codec.encoder, "w").video_formats or ()}
        if self.codec.quality is None:
            if name in supported and name.startswith("yuv4") and colour.PLANAR_FORMATS.fullmatch(name):
                return name
            return "yuv444p10le" if deep else "yuv444p"
        return "yuv420p10le" if deep and "yuv420p10le" in supported else "yuv420p"


def choose_video_format(path: Path, codec: str | None = None, quality: int | None = None) -> VideoFormat:
    """The format by the suffix of a file name, codec and quality.

    Raises:
        PicturaError: the container, codec or quality is not supported, or they do not fit together.
    """
    av = import_av()
    if (container := OUTPUT_CONTAINERS.get(path.suffix.lower())) is None:
        raise PicturaError(f"Unsupported output '{path}': use {', '.join(OUTPUT_CONTAINERS)}.")
    name = codec or DEFAULT_CODEC
    if (chosen := CODECS.get(name)) is None:
        raise PicturaError(f"Unknown codec '{name}': choose from {', '.join(CODECS)}.{did_you_mean(name, CODECS)}")
    if container not in chosen.containers:
        suffixes = [suffix for suffix, value in OUTPUT_CONTAINERS.items() if value in chosen.containers]
        raise PicturaError(f"A {path.suffix} file cannot contain {name}: use {' or '.join(suffixes)}.")
    if chosen.encoder not in av.codecs_available:
        raise PicturaError(f"This PyAV is built without {name} ({chosen.encoder}): use another --codec.")
    if quality is not None and chosen.quality is None:
        raise PicturaError(f"{name} is lossless: omit --quality.")
    if quality is not None and chosen.quality and not 0 <= quality <= chosen.quality[1]:
        raise PicturaError(f"quality for {name} must be between 0 (best) and {chosen.quality[1]}, got {quality}.")
    return VideoFormat(container, chosen, quality)


def set_up_encoder(context: "VideoCodecContext", clip: Clip, video_format: VideoFormat, size: tuple[int, int]) -> None:
    """Size, colours and times of an encoder that is not open yet."""
    (context.height, context.width), context.pix_fmt = size, video_format.pixel_format(clip.first)
    context.time_base = clip.time_base
    context.color_range, context.colorspace = clip.coding.range, clip.coding.matrix
    context.color_primaries, context.color_trc = clip.first.color_primaries, clip.first.color_trc


class FrameTimes:
    """The times of frames, each later than the last: encoders refuse equal times, and some files have none."""

    def __init__(self, clip: Clip) -> None:
        self.step = max(1, round(1 / (clip.rate * clip.time_base)))
        self.last: int | None = None

    def next(self, like: "VideoFrame") -> int:
        """That of a frame; call it for every frame in order."""
        time = like.pts if like.pts is not None else like.dts
        if time is None:
            time = 0 if self.last is None else self.last + self.step
        self.last = time if self.last is None else max(time, self.last + 1)
        return self.last


class PartEncoder:
    """An encoder of one part.

    path: of the output, for what is said about it.
    count: frames so far.
    """

    def __init__(self, path: Path, clip: Clip, video_format: VideoFormat, size: tuple[int, int]) -> None:
        av = import_av()
        self.path, self.clip, self.count = path, clip, 0
        self.pixel_format = video_format.pixel_format(clip.first)
        self.context = cast("VideoCodecContext", av.CodecContext.create(video_format.codec.encoder, "w"))
        set_up_encoder(self.context, clip, video_format, size)
        self.context.framerate, self.context.options = clip.rate, video_format.options()
        self.context.flags |= int(av.codec.context.Flags.global_header)  # as the containers want it
        self.frames: list[EncodedFrame] = []
        self.durations: dict[int, int] = {}

    def add(self, image: Tensor, like: "VideoFrame", time: int) -> None:
        """Encode a painted frame, 1×3×H×W in [0, 1], to be seen at the time given and as long as the original."""
        frame = colour.to_frame(image, self.pixel_format, self.clip.coding)
        frame.color_primaries, frame.color_trc = like.color_primaries, like.color_trc
        frame.pts, frame.time_base = time, self.clip.time_base
        self.durations[time] = like.duration
        self._encode(frame)
        self.count += 1

    def finish(self) -> list[EncodedFrame]:
        """All frames, encoded."""
        self._encode(None)
        return self.frames

    def _encode(self, frame: "VideoFrame | None") -> None:
        with translate_write_errors(self.path):
            for packet in self.context.encode(frame):
                pts = packet.pts or 0
                # None of the codecs reorders what is seen. Encoders drop durations: the last frame would have none.
                self.frames.append(
                    EncodedFrame(pts, pts, self.durations.pop(pts, 0), packet.is_keyframe, bytes(packet))
                )
