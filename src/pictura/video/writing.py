"""Write a video: encoded frames, sound and subtitles put together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pictura.runtime.errors import PicturaError
from pictura.video import beside
from pictura.video.encoding import VideoFormat, set_up_encoder
from pictura.video.libav import import_av, readable_tags, translate_write_errors
from pictura.video.parts import EncodedFrame
from pictura.video.reading import Clip, OpenClip

if TYPE_CHECKING:
    from av import Packet, VideoStream
    from av.container import OutputContainer
    from av.stream import Stream


class VideoWriter:
    """An open output video; made by `open_video_writer`.

    dropped: what the input has and the output cannot contain, in words.
    """

    def __init__(
        self, path: Path, container: "OutputContainer", clip: Clip, video_format: VideoFormat, size: tuple[int, int]
    ) -> None:
        self.path, self.container, self.clip = path, container, clip
        # This encoder is opened for the header's sake, and given no frame.
        stream = container.add_stream(video_format.codec.encoder, clip.rate, video_format.options())
        self.stream = cast("VideoStream", stream)
        set_up_encoder(self.stream.codec_context, clip, video_format, size)
        self.copies: dict[int, Stream] = {}
        self.dropped: list[str] = []

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

    def add(self, frame: EncodedFrame) -> None:
        """Write an encoded frame."""
        packet = import_av().Packet(frame.data)
        packet.stream, packet.time_base = self.stream, self.clip.time_base
        packet.pts, packet.dts, packet.duration, packet.is_keyframe = frame.pts, frame.dts, frame.duration, frame.key
        with translate_write_errors(self.path):
            self.container.mux(packet)

    def finish(self) -> None:
        """Write the end of the file."""
        with translate_write_errors(self.path):
            self.container.close()


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


def open_video_header(
    file: BinaryIO, path: Path, source: OpenClip, video_format: VideoFormat, size: tuple[int, int], sound: bool
) -> list[int]:
    """Write the header of an output video, and no more: what codec and container do not support fails here.

    Returns:
        The numbers of the streams that will be copied.

    Raises:
        PicturaError: they do not.
    """
    with open_video_writer(file, path, source.clip, video_format, size, {}) as out:
        copied = out.copy_streams(source, sound)
        out.begin()
    return [stream.index for stream in copied]
