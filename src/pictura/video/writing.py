"""Write a video: painted frames in a codec, sound and subtitles copied."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from torch import Tensor

from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.video import beside, colour
from pictura.video.libav import import_av, readable_tags, translate_write_errors
from pictura.video.reading import Clip, OpenClip

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import OutputContainer
    from av.stream import Stream

# FFmpeg's names by suffix.
OUTPUT_CONTAINERS = {".mp4": "mp4", ".webm": "webm", ".mkv": "matroska"}


@dataclass(frozen=True)
class Codec:
    """A codec and its settings.

    encoder: FFmpeg's name.
    quality: the default constant quality (lower is better) and the worst; None if lossless.
    even: whether sides must be even.
    containers: those in which players expect it.
    """

    encoder: str
    quality: tuple[int, int] | None
    options: Mapping[str, str] = field(default_factory=dict)
    even: bool = False
    containers: tuple[str, ...] = tuple(OUTPUT_CONTAINERS.values())


# VP9 is the default: royalty-free, sharp, and played by browsers from .mp4 and .webm. x264 is under the GPL, which
# binds anyone who ships it in a product; so it is used only on request.
CODECS = {
    "vp9": Codec(
        "libvpx-vp9", (24, 63), {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "tile-columns": "2"}
    ),
    "av1": Codec("libsvtav1", (26, 63), {"preset": "8"}),
    # Without B-frames: with them an .mp4 of uneven times ends before its last frame.
    "h264": Codec("libx264", (18, 51), {"preset": "medium", "bf": "0"}, True, ("mp4", "matroska")),
    "ffv1": Codec("ffv1", None, {"level": "3"}, containers=("matroska",)),
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


class VideoWriter:
    """An open output video; made by `open_video_writer`.

    dropped: what the input has and the output cannot contain, in words.
    """

    def __init__(
        self, path: Path, container: "OutputContainer", clip: Clip, video_format: VideoFormat, size: tuple[int, int]
    ) -> None:
        self.path, self.container, self.clip = path, container, clip
        self.pixel_format = video_format.pixel_format(clip.first)
        stream = container.add_stream(video_format.codec.encoder, clip.rate, video_format.options())
        self.stream = cast("VideoStream", stream)
        context = self.stream.codec_context
        (context.height, context.width), context.pix_fmt = size, self.pixel_format
        context.time_base = clip.time_base
        context.color_range, context.colorspace = clip.coding.range, clip.coding.matrix
        context.color_primaries, context.color_trc = clip.first.color_primaries, clip.first.color_trc
        self.copies: dict[int, Stream] = {}
        self.dropped: list[str] = []
        self.durations: dict[int, int] = {}
        self.last_time: int | None = None

    def copy_streams(self, source: OpenClip, sound: bool) -> list["Stream"]:
        """Copy what stands beside the frames, and prepare the streams to copy, which are returned.

        Raises:
            PicturaError: the container cannot contain the audio codec.
        """
        copied = []
        self._copy_words(source)
        for stream in source.container.streams:
            if stream is source.stream or (stream.type == "audio" and not sound):
                continue
            if stream.type not in ("audio", "subtitle"):
                self.dropped += self._keep_other(stream)
                continue
            name = stream.codec.canonical_name if stream.codec_context else "unknown codec"
            try:
                copy = self.container.add_stream_from_template(stream)
            except ValueError as error:
                if stream.type == "audio":
                    raise PicturaError(
                        f"'{self.path}' cannot contain the audio codec {name}: write a .mkv or use --no-sound."
                    ) from error
                self.dropped.append(f"subtitles ({name})")
                continue
            copy.metadata.update(readable_tags(stream.metadata))
            copy.disposition = stream.disposition
            self.copies[stream.index] = copy
            copied.append(stream)
        return copied

    def _copy_words(self, source: OpenClip) -> None:
        """Chapters, the picture's title and timecode; and the names of what frames lose."""
        chapters = source.container.chapters()
        for chapter in chapters:
            chapter["metadata"] = readable_tags(chapter["metadata"])
        self.container.set_chapters(chapters)
        self.dropped += beside.keep_video_tags(source, self.stream)
        self.dropped += beside.name_frame_losses(self.clip.first, source.stream)

    def _keep_other(self, stream: "Stream") -> list[str]:
        if stream.type == "attachment":
            return beside.keep_attachment(stream, self.container, self.container.format.name)
        return beside.name_stream(stream)

    def begin(self) -> None:
        """Write the header; what codec and container do not support fails here."""
        with translate_write_errors(self.path):
            self.container.start_encoding()

    def copy(self, packet: "Packet[Any]") -> None:
        """Write one packet of a copied stream."""
        packet.stream = self.copies[packet.stream.index]
        with translate_write_errors(self.path):
            self.container.mux(packet)

    def add(self, image: Tensor, like: "VideoFrame") -> None:
        """Write a painted frame, 1×3×H×W in [0, 1], at the time of the original frame."""
        frame = colour.to_frame(image, self.pixel_format, self.clip.coding)
        frame.color_primaries, frame.color_trc = like.color_primaries, like.color_trc
        frame.pts, frame.time_base = self._next_time(like), self.clip.time_base
        self.durations[frame.pts] = like.duration
        self._encode(frame)

    def finish(self) -> None:
        """Flush the encoder and write the end of the file."""
        self._encode(None)
        with translate_write_errors(self.path):
            self.container.close()

    def _encode(self, frame: "VideoFrame | None") -> None:
        with translate_write_errors(self.path):
            for packet in self.stream.encode(frame):
                # Encoders drop it, and the last frame would have no duration.
                packet.duration = self.durations.pop(packet.pts or 0, 0)
                self.container.mux(packet)

    def _next_time(self, like: "VideoFrame") -> int:
        """The time of a frame, later than the last: encoders refuse equal times, and some files have none."""
        time = like.pts if like.pts is not None else like.dts
        if time is None:
            step = max(1, round(1 / (self.clip.rate * self.clip.time_base)))
            time = 0 if self.last_time is None else self.last_time + step
        self.last_time = time if self.last_time is None else max(time, self.last_time + 1)
        return self.last_time


@contextmanager
def open_video_writer(
    file: BinaryIO, path: Path, clip: Clip, video_format: VideoFormat, size: tuple[int, int], tags: Mapping[str, str]
) -> Iterator[VideoWriter]:
    """Open a file as an output video, which is complete when the context ends."""
    av = import_av()
    with translate_write_errors(path):
        # 0: packets wait for one another without limit; an encoder may hold back many seconds of slow frames.
        container = av.open(file, "w", format=video_format.container, container_options={"max_interleave_delta": "0"})
    container.metadata.update(tags)
    try:
        writer = VideoWriter(path, container, clip, video_format, size)
        yield writer
        writer.finish()
    finally:
        with suppress(av.error.FFmpegError, OSError):  # closed already, or another error came first
            container.close()
