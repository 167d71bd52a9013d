"""Paint a video: find its shots, freeze their statistics, then paint frame by frame.

At any time only a few frames are in memory, however long the video is.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from torch import Tensor

from pictura.networks.tiling.frozen import Paint
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import fit_size, resize
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.video.beside import OWN_TAGS
from pictura.video.libav import readable_tags
from pictura.video.reading import Clip, CopiedPacket, OpenClip
from pictura.video.shots import StatisticsScope, Survey, survey_frames
from pictura.video.steady import FrozenStatistics, SteadyStylizer
from pictura.video.writing import VideoFormat, VideoWriter, choose_video_format, open_video_writer

if TYPE_CHECKING:
    from av import VideoFrame
    from av.stream import Stream


@dataclass(frozen=True)
class VideoProgress:
    """Progress of one of the two phases.

    painting: True while frames are painted, False while the video is analysed.
    frame: number of frames done; total: number of all frames, None while unknown.
    seconds: since this phase began.
    """

    painting: bool
    frame: int
    total: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Frames per second in this phase."""
        return self.frame / max(self.seconds, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds left in this phase at its rate so far, None while the total is unknown."""
        return None if self.total is None else max(0, self.total - self.frame) / max(self.rate, 1e-9)


@dataclass(frozen=True)
class VideoResult:
    """The painted video.

    frames: number of frames; seconds: how long they took; size: (height, width); shots: number of shots.
    complete: False if it was stopped: then the file contains the beginning.
    dropped: what the video has and the output cannot contain, in words.
    """

    path: Path
    frames: int
    shots: int
    size: tuple[int, int]
    seconds: float
    complete: bool
    dropped: tuple[str, ...]


VideoCallback = Callable[[VideoProgress], None]


@check_arguments
def paint_video(
    source: str | Path,
    target: str | Path,
    paint: Paint,
    *,
    size: int | None = None,
    statistics: StatisticsScope = "shots",
    codec: str | None = None,
    quality: int | None = None,
    sound: bool = True,
    overwrite: bool = False,
    tags: Mapping[str, str] | None = None,
    callback: VideoCallback = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> VideoResult:
    """Paint every frame of a video; times, sound, subtitles, colour coding and metadata are kept.

    Args:
        source: the video.
        target: the output, .mp4, .webm or .mkv. It appears when it is complete.
        paint: 1×3×H×W in [0, 1] to the same, from `pictura.tasks.stylize.open_stylizer` for example.
        size: longest side of the result in pixels; by default the video's own.
        statistics: what networks normalize by. shots: statistics of a few frames of each shot, against flicker; clip:
            of a few frames of the whole clip; frames: each frame's own.
        codec: vp9, av1, h264 or ffv1 (lossless); by default vp9.
        quality: the codec's constant quality; lower is better and larger.
        sound: whether it is copied.
        overwrite: whether a file of that name may be replaced.
        tags: metadata to add where the video has none of that name.
        callback: called after each frame.
        stop: called before each frame; when it returns True, the file is finished with the frames painted so far.

    Raises:
        PicturaError: an argument cannot be used, the video is damaged, or the disk is full.
        KeyboardInterrupt: it was stopped before a frame was painted; no file is left.
    """
    target = Path(target)
    clip, video_format = check_video_target(Path(source), target, codec, quality, overwrite)
    frame_size = clip.size if size is None else fit_size(*clip.size, size)
    if max(frame_size) > MAX_SIDE:
        raise PicturaError(f"size must be at most {MAX_SIDE} pixels, got {frame_size[1]}×{frame_size[0]}.")
    job = _VideoJob(clip, video_format, frame_size, paint, statistics, callback, stop)
    began = time.monotonic()
    write_atomic(target, lambda file: job.write(file, target, sound, tags or {}), overwrite=overwrite)
    seconds, shots = time.monotonic() - began, len(job.survey.shots)
    return VideoResult(target, job.frames_done, shots, job.size, seconds, not job.stopped, tuple(job.dropped))


def check_video_target(
    source: Path, target: Path, codec: str | None = None, quality: int | None = None, overwrite: bool = False
) -> tuple[Clip, VideoFormat]:
    """Open a video and choose the format of the output, before anything slow.

    Raises:
        PicturaError: the video cannot be read, or the output cannot be written.
    """
    video_format = choose_video_format(target, codec, quality)
    if target.resolve() == source.resolve():
        raise PicturaError(f"'{target}' is the input video: choose another output.")
    check_free(target, overwrite)
    return Clip(source), video_format


class _VideoJob:
    def __init__(
        self,
        clip: Clip,
        video_format: VideoFormat,
        size: tuple[int, int],
        paint: Paint,
        statistics: StatisticsScope,
        callback: VideoCallback,
        stop: Callable[[], bool],
    ) -> None:
        self.clip = clip
        self.video_format = video_format
        self.frame_size = size
        self.size = video_format.size(*size)
        self.paint = SteadyStylizer(paint)
        self.statistics = statistics
        self.callback = callback
        self.stop = stop
        self.survey: Survey[FrozenStatistics] = Survey(0, [])
        self.frames_done = 0
        self.stopped = False
        self.dropped: list[str] = []

    def write(self, file: BinaryIO, path: Path, sound: bool, tags: Mapping[str, str]) -> None:
        """Write the whole video into an open file."""
        with self.clip.open_container() as source:
            told = readable_tags(source.container.metadata)
            own = {name: text for name, text in told.items() if name.lower() not in (*OWN_TAGS, "timecode")}
            with open_video_writer(file, path, self.clip, self.video_format, self.size, {**tags, **own}) as out:
                copied = out.copy_streams(source, sound)
                self.dropped = out.dropped
                out.begin()  # errors come before anything slow
                self.survey = self.run_survey()
                self.paint_frames(source, copied, out)

    def run_survey(self) -> Survey[FrozenStatistics]:
        """Count the frames, find every place that cannot be decoded, and gather statistics."""
        began = time.monotonic()

        def report(frame: int) -> None:
            if self.stop():
                raise KeyboardInterrupt
            self.callback(VideoProgress(False, frame, self.clip.expected_frames, time.monotonic() - began))

        with self.clip.open_container() as source:
            return survey_frames(source.frames(), self.statistics, self.frozen_statistics, report)

    def frozen_statistics(self, samples: "list[VideoFrame]") -> FrozenStatistics:
        """The statistics of a few frames."""
        if self.statistics == "frames":
            return []
        return self.paint.frozen_statistics(lambda: (self.prepare_frame(frame) for frame in samples))

    def prepare_frame(self, frame: "VideoFrame") -> Tensor:
        """A frame as an upright image of the size to paint."""
        return resize(self.clip.upright_image(frame), self.frame_size)

    def paint_frames(self, source: OpenClip, copied: "Sequence[Stream]", out: VideoWriter) -> None:
        """Paint and write every frame, and copy the packets of other streams."""
        began, statistics = time.monotonic(), self.survey.per_frame()
        for item in source.frames_and_packets(*copied):
            if isinstance(item, CopiedPacket):
                out.copy(item.packet)
                continue
            if self.stop():
                if not self.frames_done:
                    raise KeyboardInterrupt
                self.stopped = True
                return
            painted = self.paint(self.prepare_frame(item), next(statistics))
            out.add(painted[..., : self.size[0], : self.size[1]].clamp(0, 1), item)
            self.frames_done += 1
            self.callback(VideoProgress(True, self.frames_done, self.survey.frames, time.monotonic() - began))
