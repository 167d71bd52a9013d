"""Read a video: its properties, its frames as upright images, and the packets of other streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import open_file
from pictura.video import colour
from pictura.video.libav import error_text, import_av
from pictura.video.timeline import Timeline

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer
    from av.stream import Stream

# 8192×8192, what the largest cameras film: a damaged header asks for gigabytes a frame.
MAX_FRAME_PIXELS = 2**26
DEFAULT_RATE = Fraction(25)  # frames per second where the file has none
# Containers with their streams inside. FFmpeg's playlists would make it open other files and addresses.
INPUT_CONTAINERS = (
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,gif,nut,mxf,ivf,obu,dv,rm,wtv,"
    "h264,hevc,m4v,h263,yuv4mpegpipe"
)


class Orientation(NamedTuple):
    """How to turn a frame upright: swap rows and columns first, then mirror left to right, and flip top to bottom."""

    swapped: bool
    mirrored: bool
    flipped: bool


class CopiedPacket(NamedTuple):
    """A packet of a stream other than the painted one."""

    packet: "Packet[Any]"


class OpenClip(NamedTuple):
    """An open clip; it can be read through once."""

    clip: "Clip"
    container: "InputContainer"
    stream: "VideoStream"

    def frames(self) -> "Iterator[VideoFrame]":
        """All frames, as decoded."""
        for item in self.frames_and_packets():
            if not isinstance(item, CopiedPacket):
                yield item

    def frames_and_packets(self, *streams: "Stream", decode: bool = True) -> "Iterator[VideoFrame | CopiedPacket]":
        """Frames, unless they are not to be decoded, and the packets of these streams, in the file's order.

        Raises:
            PicturaError: a part of the file cannot be decoded.
        """
        last, timeline = None, Timeline(self.container)
        try:
            for packet in self.container.demux(self.stream, *streams):
                timeline.place(packet)
                if packet.stream is self.stream:
                    if not decode or (not packet.size and packet.dts is not None):
                        continue  # Theora and VP8 write no bytes where the last frame goes on
                    for frame in self.stream.decode(packet):
                        last = frame.time
                        yield frame
                elif packet.dts is not None:  # else it only marks the end of the stream
                    yield CopiedPacket(packet)
        except import_av().error.FFmpegError as error:
            place = "at its start" if last is None else f"after {last:.1f} s"
            raise PicturaError(
                f"'{self.clip.path}' cannot be decoded {place} ({error_text(error)}): the file is damaged; trim it "
                "before that point."
            ) from error


class Clip:
    """The properties of a video file.

    Attributes:
        path: its file.
        first: its first frame, as decoded.
        coding: the colour coding of its frames.
        size: (height, width) of its frames, upright and with square pixels.
        rate: frames per second, on average.
        time_base: seconds per unit of frame times.
        expected_frames: number of frames by its header, None where it has none.

    Raises:
        PicturaError: the file does not exist, has no video stream, or no frame can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_file(path), self.open_container() as source:
            first = next(source.frames(), None)
            if first is None:
                raise PicturaError(f"'{path}' has no decodable frame: it is damaged or truncated.")
            self.first, self.coding = first, colour.frame_coding(first)
            stream = source.stream
            # Not every container can store that pixels are not square, and the painter would not know.
            sides = first.height, max(1, round(first.width * (stream.sample_aspect_ratio or 1)))
            self.size = sides[::-1] if read_orientation(first).swapped else sides
            self.rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
            self.time_base: Fraction = first.time_base or 1 / self.rate
            self.expected_frames: int | None = stream.frames
            if not self.expected_frames:
                length = source.container.duration
                self.expected_frames = None if length is None else max(1, round(length * self.rate / 10**6))

    @contextmanager
    def open_container(self) -> Iterator[OpenClip]:
        """Open the video at its start, each time again: not every container can seek exactly."""
        av = import_av()
        options = {"format_whitelist": INPUT_CONTAINERS, "protocol_whitelist": "file"}
        try:
            container = av.open(f"file:{self.path}", options=options, metadata_errors="surrogateescape")
        except av.error.FFmpegError as error:
            raise PicturaError(
                f"'{self.path}' is not a video or is damaged ({error_text(error)}): check that it plays."
            ) from error
        with container:
            streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
            if not streams:
                raise PicturaError(f"'{self.path}' has no video stream: give a video.")
            if streams[0].codec_context is None:
                raise PicturaError(f"'{self.path}' uses a codec this FFmpeg does not support: convert it first.")
            streams[0].thread_type = "AUTO"
            streams[0].codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
            yield OpenClip(self, container, streams[0])

    def upright_image(self, frame: "VideoFrame") -> Tensor:
        """A frame as 1×3×H×W in [0, 1], turned upright."""
        image, (swapped, mirrored, flipped) = colour.to_rgb(frame, self.coding), read_orientation(frame)
        if swapped:
            image = image.transpose(2, 3)
        return torch.flip(image, [2] * flipped + [3] * mirrored).contiguous()


def read_orientation(frame: "VideoFrame") -> Orientation:
    """The orientation of a frame by its display matrix; cameras write one when they are held upright.

    The matrix (libavutil/display.h) takes a position (p, q) to (a p + c q, b p + d q).
    """
    data: Any = frame.side_data.get(import_av().sidedata.sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return Orientation(False, False, False)
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    swapped = abs(b) + abs(c) > abs(a) + abs(d)
    return Orientation(swapped, (c if swapped else a) < 0, (b if swapped else d) < 0)
