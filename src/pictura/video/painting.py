"""Paint a video: look through it, freeze the statistics of each shot, then paint frame after frame.

At any time a few frames are in memory, however long the video is.
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
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.video.reading import Clip, CopiedPacket, OpenClip
from pictura.video.shots import StatisticsScope, Survey, survey_frames
from pictura.video.steady import FrozenStatistics, SteadyStylizer
from pictura.video.writing import OWN_TAGS, VideoFormat, VideoWriter, choose_video_format, open_video_writer

if TYPE_CHECKING:
    from av import VideoFrame
    from av.stream import Stream


@dataclass(frozen=True)
class VideoProgress:
    """How far it is.

    painting: whether frames are painted already, or the video is still looked through.
    frame: how many frames are done; of: how many there are, None as long as nobody knows.
    seconds: since this phase began.
    """

    painting: bool
    frame: int
    of: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frame / max(self.seconds, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds of this phase that are left, if the rest goes as what is done."""
        return None if self.of is None else max(0, self.of - self.frame) / max(self.rate, 1e-9)


@dataclass(frozen=True)
class VideoResult:
    """What was made.

    frames: how many; seconds: how long they took; size: (height, width); shots: how many.
    complete: False when it was stopped: then the file holds the beginning.
    left: what could not be taken along, in words.
    """

    path: Path
    frames: int
    shots: int
    size: tuple[int, int]
    seconds: float
    complete: bool
    left: tuple[str, ...]


VideoCallback = Callable[[VideoProgress], None]


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
    """Paint every frame of a video; times, sound, subtitles, colour coding and metadata stay.

    Args:
        source: the video.
        target: what it becomes: .mp4, .webm or .mkv. It appears when it is complete.
        paint: 1×3×H×W in [0, 1] to the same, from `pictura.tasks.stylize.open_stylizer` for example.
        size: longest side of the result in pixels; by default the video's own.
        statistics: what networks normalise by. shots: statistics of a few frames of each shot, so that nothing
            flickers; clip: of a few frames of all of it; frames: each frame's own.
        codec: vp9, av1, h264 or ffv1, which loses nothing; by default vp9.
        quality: the codec's constant quality; lower is better and larger.
        sound: whether it is taken along, as it is.
        overwrite: whether a file of that name may be replaced.
        tags: metadata to be added, where the video has none of that name.
        tell: told after each frame.
        stop: asked before each frame; when it says True the file is finished with what is there.

    Raises:
        PicturaError: something given cannot be used, the video is damaged, or the disk is full.
        KeyboardInterrupt: it was to stop before a frame was painted; nothing is left behind.
    """
    target = Path(target)
    clip, how = check_video_target(Path(source), target, codec, quality, overwrite)
    shown = clip.size if size is None else fit_size(*clip.size, size)
    if max(shown) > MAX_SIDE:
        raise PicturaError(f"Frames of {shown[1]}×{shown[0]} pixels cannot be made: give {MAX_SIDE} or less.")
    work = _VideoJob(clip, how, shown, paint, statistics, callback, stop)
    began = time.monotonic()
    write_atomic(target, lambda file: work.write(file, target, sound, tags or {}), overwrite=overwrite)
    seconds, shots = time.monotonic() - began, len(work.survey.shots)
    return VideoResult(target, work.done, shots, work.size, seconds, not work.stopped, tuple(work.left))


def check_video_target(
    source: Path, target: Path, codec: str | None = None, quality: int | None = None, overwrite: bool = False
) -> tuple[Clip, VideoFormat]:
    """What a video is, and how its painting is to be kept, before anything slow.

    Raises:
        PicturaError: the video cannot be read, or the target not be written like that.
    """
    how = choose_video_format(target, codec, quality)
    if target.resolve() == source.resolve():
        raise PicturaError(f"'{target}' is the video itself, which is not overwritten: choose another output.")
    check_free(target, overwrite)
    return Clip(source), how


class _VideoJob:
    """One video on its way."""

    def __init__(
        self,
        clip: Clip,
        how: VideoFormat,
        size: tuple[int, int],
        paint: Paint,
        statistics: StatisticsScope,
        tell: VideoCallback,
        stop: Callable[[], bool],
    ) -> None:
        self.clip, self.how, self.frame_size, self.paint = clip, how, size, SteadyStylizer(paint)
        self.size = how.size(*size)
        self.statistics, self.callback, self.stop = statistics, tell, stop
        self.survey: Survey[FrozenStatistics] = Survey(0, [])
        self.done, self.stopped = 0, False
        self.left: list[str] = []

    def write(self, file: BinaryIO, path: Path, sound: bool, tags: Mapping[str, str]) -> None:
        """All of it into an open file."""
        with self.clip.open_container() as playing:
            own = {name: text for name, text in playing.container.metadata.items() if name.lower() not in OWN_TAGS}
            with open_video_writer(file, path, self.clip, self.how, self.size, {**tags, **own}) as out:
                beside = out.copy_streams(playing, sound)
                self.left = out.left
                out.begin()  # what is refused is refused before anything slow
                self.survey = self.run_survey()
                self.paint_frames(playing, beside, out)

    def run_survey(self) -> Survey[FrozenStatistics]:
        """Count the frames, find every place that cannot be decoded, and gather statistics."""
        began = time.monotonic()

        def tell(frame: int) -> None:
            if self.stop():
                raise KeyboardInterrupt
            self.callback(VideoProgress(False, frame, self.clip.expected_frames, time.monotonic() - began))

        with self.clip.open_container() as playing:
            return survey_frames(playing.frames(), self.statistics, self.frozen_statistics, tell)

    def frozen_statistics(self, samples: "list[VideoFrame]") -> FrozenStatistics:
        """The statistics of a few frames."""
        if self.statistics == "frames":
            return []
        return self.paint.frozen_statistics(lambda: (self.prepare_frame(frame) for frame in samples))

    def prepare_frame(self, frame: "VideoFrame") -> Tensor:
        """A frame as it is to be painted."""
        return resize(self.clip.upright_image(frame), self.frame_size)

    def paint_frames(self, playing: OpenClip, beside: "Sequence[Stream]", out: VideoWriter) -> None:
        """Every frame into the file."""
        began, known = time.monotonic(), self.survey.per_frame()
        for one in playing.everything(*beside):
            if isinstance(one, CopiedPacket):
                out.copy(one.packet)
                continue
            if self.stop():
                if not self.done:
                    raise KeyboardInterrupt
                self.stopped = True
                return
            made = self.paint(self.prepare_frame(one), next(known))
            out.add(made[..., : self.size[0], : self.size[1]].clamp(0, 1), one)
            self.done += 1
            self.callback(VideoProgress(True, self.done, self.survey.frames, time.monotonic() - began))
