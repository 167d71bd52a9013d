"""A video that is read: what is known of it, its frames as upright pictures, and the packets beside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import open_file as opened_file
from pictura.video import colour
from pictura.video.libav import error_text, import_av

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer
    from av.stream import Stream

DEFAULT_RATE = Fraction(25)  # frames a second where a file does not say
# Containers that hold their streams themselves. FFmpeg's playlists would make it open other files and addresses.
INPUT_CONTAINERS = (
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,gif,nut,mxf,ivf,obu,dv,rm,wtv,"
    "h264,hevc,m4v,h263,yuv4mpegpipe"
)


class Orientation(NamedTuple):
    """How a frame is to be seen: rows and columns swapped first, then mirrored left to right, and top to bottom."""

    swapped: bool
    mirrored: bool
    flipped: bool


class CopiedPacket(NamedTuple):
    """A packet of another stream than the one that is painted."""

    packet: "Packet[Any]"


class OpenClip(NamedTuple):
    """A clip that is open, to be gone through once."""

    clip: "Clip"
    container: "InputContainer"
    stream: "VideoStream"

    def beside(self, *kinds: str) -> "list[Stream]":
        """Its streams of these kinds, audio or subtitle."""
        return [stream for stream in self.container.streams if stream.type in kinds]

    def frames(self) -> "Iterator[VideoFrame]":
        """All frames, as decoded."""
        for one in self.everything():
            if not isinstance(one, CopiedPacket):
                yield one

    def everything(self, *beside: "Stream") -> "Iterator[VideoFrame | CopiedPacket]":
        """Frames, and the packets of these streams, in the file's order.

        Raises:
            PicturaError: there is a place that cannot be decoded.
        """
        last = None
        try:
            for packet in self.container.demux(self.stream, *beside):
                if packet.stream is self.stream:
                    for frame in self.stream.decode(packet):
                        last = frame.time
                        yield frame
                elif packet.dts is not None:  # else it only says that the stream is at its end
                    yield CopiedPacket(packet)
        except import_av().error.FFmpegError as error:
            place = "at its start" if last is None else f"after {last:.1f} s"
            raise PicturaError(
                f"'{self.clip.path}' cannot be decoded {place} ({error_text(error)}): it is damaged; cut it there."
            ) from error


class Clip:
    """What is known of a video.

    Attributes:
        path: its file.
        first: its first frame, as decoded.
        coding: how its numbers become colours.
        size: (height, width) of its frames as they are to be seen: upright, and with square pixels.
        rate: frames a second, on average.
        time_base: seconds a unit of frames' times.
        expected: how many frames its head promises, None where it says nothing.

    Raises:
        PicturaError: there is no such file, no video in it, or none that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened_file(path), self.open_container() as playing:
            first = next(playing.frames(), None)
            if first is None:
                raise PicturaError(f"'{path}' holds no frame that can be decoded: it is damaged or cut short.")
            self.first, self.coding = first, colour.frame_coding(first)
            stream = playing.stream
            # Not every container can say that pixels are not square, nor would the painter know.
            sides = first.height, max(1, round(first.width * (stream.sample_aspect_ratio or 1)))
            self.size = sides[::-1] if read_orientation(first).swapped else sides
            self.rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
            self.time_base: Fraction = first.time_base or 1 / self.rate
            self.expected_frames: int | None = stream.frames
            if not self.expected_frames:
                length = playing.container.duration
                self.expected_frames = None if length is None else max(1, round(length * self.rate / 10**6))

    @contextmanager
    def open_container(self) -> Iterator[OpenClip]:
        """The video from its start; it is opened anew each time, since not every container can go back exactly."""
        av = import_av()
        options = {"format_whitelist": INPUT_CONTAINERS, "protocol_whitelist": "file"}
        try:
            container = av.open(f"file:{self.path}", options=options)
        except av.error.FFmpegError as error:
            raise PicturaError(
                f"'{self.path}' is not a video, or it is damaged ({error_text(error)}): does it play?"
            ) from error
        with container:
            streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
            if not streams:
                raise PicturaError(f"'{self.path}' holds no moving pictures: give a video.")
            if streams[0].codec_context is None:
                raise PicturaError(f"'{self.path}' is in a code that this FFmpeg does not know: convert it first.")
            streams[0].thread_type = "AUTO"
            yield OpenClip(self, container, streams[0])

    def upright_image(self, frame: "VideoFrame") -> Tensor:
        """A frame as 1×3×H×W in [0, 1], turned as it is to be seen."""
        picture, (swapped, mirrored, flipped) = colour.to_rgb(frame, self.coding), read_orientation(frame)
        if swapped:
            picture = picture.transpose(2, 3)
        return torch.flip(picture, [2] * flipped + [3] * mirrored).contiguous()


def read_orientation(frame: "VideoFrame") -> Orientation:
    """What the display matrix of a frame asks for; cameras write one when they are held upright.

    The matrix (libavutil/display.h) takes a position (p, q) to (a p + c q, b p + d q).
    """
    data: Any = frame.side_data.get(import_av().sidedata.sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return Orientation(False, False, False)
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    swapped = abs(b) + abs(c) > abs(a) + abs(d)
    return Orientation(swapped, (c if swapped else a) < 0, (b if swapped else d) < 0)
