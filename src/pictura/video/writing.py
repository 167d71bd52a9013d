"""A video that is written: painted frames in a codec, and sound and subtitles as they were."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from torch import Tensor

from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.video import colour
from pictura.video.libav import import_av, translate_write_errors
from pictura.video.reading import Clip, OpenClip

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import OutputContainer
    from av.stream import Stream

# By suffix, FFmpeg's names; the metadata that a container writes by itself.
OUTPUT_CONTAINERS = {".mp4": "mp4", ".webm": "webm", ".mkv": "matroska"}
OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time")


@dataclass(frozen=True)
class Codec:
    """A way to keep frames.

    encoder: FFmpeg's name.
    quality: the usual constant quality, lower is better, and the worst; None where nothing is lost.
    even: whether sides must be even.
    containers: those that players expect it in.
    """

    encoder: str
    quality: tuple[int, int] | None
    options: Mapping[str, str] = field(default_factory=dict)
    even: bool = False
    containers: tuple[str, ...] = tuple(OUTPUT_CONTAINERS.values())


# VP9 is the default: free of licences, sharp, and played by browsers from .mp4 and .webm. x264 is free software under
# the GPL, which binds whoever passes it on inside a product; so it is taken only when asked for.
CODECS = {
    "vp9": Codec(
        "libvpx-vp9", (24, 63), {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "tile-columns": "2"}
    ),
    "av1": Codec("libsvtav1", (26, 63), {"preset": "8"}),
    # Without frames out of order: with them an .mp4 of uneven times says that it ends before its last frame.
    "h264": Codec("libx264", (18, 51), {"preset": "medium", "bf": "0"}, True, ("mp4", "matroska")),
    "ffv1": Codec("ffv1", None, {"level": "3"}, containers=("matroska",)),
}
DEFAULT_CODEC = "vp9"


@dataclass(frozen=True)
class VideoFormat:
    """How a video is to be kept.

    container: FFmpeg's name of it.
    codec: one of `CODECS`.
    quality: the codec's own number, None for its usual one.
    """

    container: str
    codec: Codec
    quality: int | None = None

    def options(self) -> dict[str, str]:
        """For the encoder."""
        if self.codec.quality is None:
            return dict(self.codec.options)
        return dict(self.codec.options) | {"crf": str(self.codec.quality[0] if self.quality is None else self.quality)}

    def size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that it can hold: where sides must be even, a last row or column is left off."""
        if not self.codec.even:
            return height, width
        if min(height, width) < 2:
            raise PicturaError(f"{width}×{height} pixels are too few for this codec: take --codec vp9.")
        return height // 2 * 2, width // 2 * 2

    def format(self, like: "VideoFrame") -> str:
        """The planes that are written: a lossless codec keeps what was there, others take what is played everywhere.

        Depth is kept up to 10 bits where this FFmpeg's encoder has it.
        """
        name, deep = like.format.name.replace("yuvj", "yuv"), colour.bit_depth(like) > 8
        has = {known.name for known in import_av().Codec(self.codec.encoder, "w").video_formats or ()}
        if self.codec.quality is None:
            if name in has and name.startswith("yuv4") and colour.PLANAR_FORMATS.fullmatch(name):
                return name
            return "yuv444p10le" if deep else "yuv444p"
        return "yuv420p10le" if deep and "yuv420p10le" in has else "yuv420p"


def choose_video_format(path: Path, codec: str | None = None, quality: int | None = None) -> VideoFormat:
    """What a file's name and these choices mean.

    Raises:
        PicturaError: there is no such container, codec or quality, or they do not go together.
    """
    av = import_av()
    if (container := OUTPUT_CONTAINERS.get(path.suffix.lower())) is None:
        raise PicturaError(f"'{path}' is no name for a video: end it in {', '.join(OUTPUT_CONTAINERS)}.")
    name = codec or DEFAULT_CODEC
    if (chosen := CODECS.get(name)) is None:
        raise PicturaError(f"There is no codec '{name}'; there are {', '.join(CODECS)}.{did_you_mean(name, CODECS)}")
    if container not in chosen.containers:
        suffixes = [suffix for suffix, one in OUTPUT_CONTAINERS.items() if one in chosen.containers]
        raise PicturaError(f"A {path.suffix} file does not hold {name}: write {' or '.join(suffixes)}.")
    if chosen.encoder not in av.codecs_available:
        raise PicturaError(f"This PyAV is built without {name} ({chosen.encoder}): take another --codec.")
    if quality is not None and chosen.quality is None:
        raise PicturaError(f"{name} loses nothing, so it has no quality to choose: leave --quality out.")
    if quality is not None and chosen.quality and not 0 <= quality <= chosen.quality[1]:
        raise PicturaError(f"A quality of {quality} is none of {name}'s: give 0, the best, to {chosen.quality[1]}.")
    return VideoFormat(container, chosen, quality)


class VideoWriter:
    """The file that is being written; made by `open_video_writer`.

    left: subtitles that the container cannot hold, in words.
    """

    def __init__(
        self, path: Path, container: "OutputContainer", clip: Clip, how: VideoFormat, size: tuple[int, int]
    ) -> None:
        self.path, self.container, self.clip = path, container, clip
        self.kind = how.format(clip.first)
        self.stream = cast("VideoStream", container.add_stream(how.codec.encoder, clip.rate, how.options()))
        context = self.stream.codec_context
        (context.height, context.width), context.pix_fmt = size, self.kind
        context.time_base = clip.time_base
        context.color_range, context.colorspace = clip.coding.range, clip.coding.matrix
        context.color_primaries, context.color_trc = clip.first.color_primaries, clip.first.color_trc
        self.copies: dict[int, Stream] = {}
        self.left: list[str] = []
        self.durations: dict[int, int] = {}
        self.last: int | None = None

    def copy_streams(self, playing: OpenClip, sound: bool) -> list["Stream"]:
        """Chapters, and streams that will be copied.

        Raises:
            PicturaError: the sound is in a code that the container cannot hold.
        """
        taken = []
        self.container.set_chapters(playing.container.chapters())
        for stream in playing.beside("audio", "subtitle") if sound else playing.beside("subtitle"):
            name = stream.codec.canonical_name if stream.codec_context else "an unknown code"
            try:
                copy = self.container.add_stream_from_template(stream)
            except ValueError as error:
                if stream.type == "audio":
                    raise PicturaError(
                        f"'{self.path}' cannot hold this video's sound, {name}: write a .mkv, or leave it off with "
                        "--no-sound."
                    ) from error
                self.left.append(f"subtitles ({name})")
                continue
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
            self.copies[stream.index] = copy
            taken.append(stream)
        return taken

    def begin(self) -> None:
        """The head of the file; what codec and container refuse they refuse now."""
        with translate_write_errors(self.path):
            self.container.start_encoding()

    def copy(self, packet: "Packet[Any]") -> None:
        """One packet of a stream that was taken along."""
        packet.stream = self.copies[packet.stream.index]
        with translate_write_errors(self.path):
            self.container.mux(packet)

    def add(self, picture: Tensor, like: "VideoFrame") -> None:
        """A painted frame, 1×3×H×W in [0, 1], at the time of the frame that it was."""
        frame = colour.to_frame(picture, self.kind, self.clip.coding)
        frame.color_primaries, frame.color_trc = like.color_primaries, like.color_trc
        frame.pts, frame.time_base = self._next_time(like), self.clip.time_base
        self.durations[frame.pts] = like.duration
        self._encode(frame)

    def finish(self) -> None:
        """What the encoder still holds, and the end of the file."""
        self._encode(None)
        with translate_write_errors(self.path):
            self.container.close()

    def _encode(self, frame: "VideoFrame | None") -> None:
        with translate_write_errors(self.path):
            for packet in self.stream.encode(frame):
                # Encoders do not pass it on, and the last frame would last no time.
                packet.duration = self.durations.pop(packet.pts or 0, 0)
                self.container.mux(packet)

    def _next_time(self, like: "VideoFrame") -> int:
        """When a frame is to be seen; encoders refuse times that stand still, and some files hold none at all."""
        time = like.pts if like.pts is not None else like.dts
        if time is None:
            step = max(1, round(1 / (self.clip.rate * self.clip.time_base)))
            time = 0 if self.last is None else self.last + step
        self.last = time if self.last is None else max(time, self.last + 1)
        return self.last


@contextmanager
def open_video_writer(
    file: BinaryIO, path: Path, clip: Clip, how: VideoFormat, size: tuple[int, int], tags: Mapping[str, str]
) -> Iterator[VideoWriter]:
    """A file that becomes a video; it is complete when this is left."""
    av = import_av()
    with translate_write_errors(path):
        # 0: packets wait for one another as long as it takes; an encoder may hold back many seconds of slow frames.
        container = av.open(file, "w", format=how.container, container_options={"max_interleave_delta": "0"})
    container.metadata.update(tags)
    try:
        made = VideoWriter(path, container, clip, how, size)
        yield made
        made.finish()
    finally:
        with suppress(av.error.FFmpegError, OSError):  # closed already, or something else went wrong before
            container.close()
