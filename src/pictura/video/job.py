"""The work on one video: what is held is gathered, frames are painted into parts, parts become a file."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from torch import Tensor

from pictura.networks.tiling.frozen import Paint
from pictura.picture.resize import resize
from pictura.video.beside import OWN_TAGS
from pictura.video.encoding import FrameTimes, PartEncoder, VideoFormat
from pictura.video.following import Follower
from pictura.video.libav import readable_tags
from pictura.video.parts import EncodedFrame, Parts
from pictura.video.reading import Clip, CopiedPacket
from pictura.video.shots import ShotSurvey, StatisticsScope, Survey
from pictura.video.steady import Shares, open_steady
from pictura.video.writing import open_video_header, open_video_writer

if TYPE_CHECKING:
    from av import VideoFrame


@dataclass(frozen=True)
class VideoProgress:
    """Progress of one of the two phases.

    painting: True while frames are painted, False while the video is analysed.
    frame: number of frames done; total: number of all frames, None while unknown.
    seconds: since this phase began; before: frames that were painted in an earlier run.
    """

    painting: bool
    frame: int
    total: int | None
    seconds: float
    before: int = 0

    @property
    def rate(self) -> float:
        """Frames per second in this phase."""
        return (self.frame - self.before) / max(self.seconds, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds left in this phase at its rate so far, None while the total is unknown."""
        return None if self.total is None else max(0, self.total - self.frame) / max(self.rate, 1e-9)


VideoCallback = Callable[[VideoProgress], None]


class VideoJob:
    """Its steps in order: check, paint_parts, assemble."""

    def __init__(
        self,
        clip: Clip,
        video_format: VideoFormat,
        size: tuple[int, int],
        paint: Paint,
        statistics: StatisticsScope,
        follower: Follower,
        callback: VideoCallback,
        stop: Callable[[], bool],
    ) -> None:
        self.clip = clip
        self.video_format = video_format
        self.frame_size = size
        self.size = video_format.size(*size)
        self.painter = open_steady(paint, statistics)
        self.statistics = statistics
        self.follower = follower
        self.callback = callback
        self.stop = stop
        self.survey: Survey[Any] = Survey(0, [])
        self.frames_done = self.before = 0
        self.end = 0  # when the last painted frame is over, in the clip's time base
        self.copied: list[int] = []
        self.stopped = False
        self.dropped: list[str] = []

    def check(self, path: Path, sound: bool) -> None:
        """Refuse what the container cannot contain, by a header that is thrown away."""
        with self.clip.open_container() as source:
            self.copied = open_video_header(BytesIO(), path, source, self.video_format, self.size, sound)

    def paint_parts(self, parts: Parts, path: Path) -> list[EncodedFrame]:
        """Paint all frames that are in no part yet; after a stop, those of the part that is not whole are returned."""
        self.survey = self.run_survey()
        part, times, began = self.video_format.codec.part, FrameTimes(self.clip), time.monotonic()
        self.before = self.frames_done = min(part * len(parts.paths()), self.survey.frames)
        encoder = PartEncoder(path, self.clip, self.video_format, self.size)
        held = self.survey.per_frame()
        with self.clip.open_container() as source:
            beside = [source.container.streams[index] for index in self.copied]  # their times count, too
            frames = (f for f in source.frames_and_packets(*beside) if not isinstance(f, CopiedPacket))
            for number, frame in enumerate(frames):
                at, now = times.next(frame), next(held)
                self.end = at + (frame.duration or times.step)
                if number == self.before - 1 and self.follower.share:
                    self.follower.filmed, self.follower.painted = (
                        self.prepare_frame(frame),
                        parts.read_last(self.frame_size),
                    )
                if number < self.before:
                    continue
                if self.stop():
                    if not self.frames_done:
                        raise KeyboardInterrupt
                    self.stopped, self.end = True, at
                    return encoder.finish()
                painted = self.paint_frame(number, self.prepare_frame(frame), now)
                encoder.add(painted[..., : self.size[0], : self.size[1]].clamp(0, 1), frame, at)
                self.frames_done += 1
                seconds = time.monotonic() - began
                self.callback(VideoProgress(True, self.frames_done, self.survey.frames, seconds, self.before))
                if encoder.count == part:
                    parts.add(encoder.finish(), self.follower.painted)
                    encoder = PartEncoder(path, self.clip, self.video_format, self.size)
        return encoder.finish() if encoder.count else []

    def paint_frame(self, number: int, image: Tensor, held: Shares[Any]) -> Tensor:
        """A frame, painted with what is held."""
        if self.survey.is_cut(number):
            self.follower.begin_anew()
        return self.follower.follow(
            image, self.painter.paint(number, image, () if self.statistics == "frames" else held)
        )

    def assemble(
        self, file: BinaryIO, path: Path, sound: bool, tags: Mapping[str, str], parts: Parts, tail: list[EncodedFrame]
    ) -> None:
        """Write the parts, the tail and what is copied into an open file, in the order of their times."""
        with self.clip.open_container() as source:
            told = readable_tags(source.container.metadata)
            own = {name: text for name, text in told.items() if name.lower() not in (*OWN_TAGS, "timecode")}
            with open_video_writer(file, path, self.clip, self.video_format, self.size, {**tags, **own}) as out:
                copied = out.copy_streams(source, sound)
                self.dropped = out.dropped
                out.begin()
                painted = chain(parts.read(), tail)
                following = next(painted, None)
                for item in source.frames_and_packets(*copied, decode=False) if copied else ():
                    packet = cast("CopiedPacket", item).packet
                    time = (packet.dts or 0) * packet.time_base / self.clip.time_base
                    if self.stopped and time >= self.end:
                        continue
                    while following is not None and following.pts <= time:
                        out.add(following)
                        following = next(painted, None)
                    out.copy(packet)
                while following is not None:
                    out.add(following)
                    following = next(painted, None)

    def run_survey(self) -> Survey[Any]:
        """Count the frames, find every place that cannot be decoded, and gather what is held."""
        began = time.monotonic()
        shots = ShotSurvey(
            self.statistics,
            lambda number, frame: self.painter.look(number, lambda: self.prepare_frame(frame)),
            lambda samples: self.painter.gather(samples) if samples else None,
            self.painter.most,
        )
        with self.clip.open_container() as source:
            for frame in source.frames():
                shots.add(frame)
                if self.stop():
                    raise KeyboardInterrupt
                seconds = time.monotonic() - began
                self.callback(VideoProgress(False, shots.count, self.clip.expected_frames, seconds))
        return shots.finish()

    def prepare_frame(self, frame: "VideoFrame") -> Tensor:
        """A frame as an upright image of the size to paint."""
        return resize(self.clip.upright_image(frame), self.frame_size)
