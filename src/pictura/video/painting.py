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
from pictura.picture.resize import fit, resize
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import atomic, check_free
from pictura.video.reading import Beside, Clip, Playing
from pictura.video.shots import Statistics, Survey, survey
from pictura.video.steady import Known, Steady
from pictura.video.writing import OWN_TAGS, Sink, Wanted, sink, wanted

if TYPE_CHECKING:
    from av import VideoFrame
    from av.stream import Stream


@dataclass(frozen=True)
class Progress:
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
class Painted:
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


Tell = Callable[[Progress], None]


def paint_video(
    source: str | Path,
    target: str | Path,
    paint: Paint,
    *,
    size: int | None = None,
    statistics: Statistics = "shots",
    codec: str | None = None,
    quality: int | None = None,
    sound: bool = True,
    overwrite: bool = False,
    tags: Mapping[str, str] | None = None,
    tell: Tell = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Painted:
    """Paint every frame of a video; times, sound, subtitles, colour coding and metadata stay.

    Args:
        source: the video.
        target: what it becomes: .mp4, .webm or .mkv. It appears when it is complete.
        paint: 1×3×H×W in [0, 1] to the same, `pictura.open_painter`'s for example.
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
    clip, how = check(Path(source), target, codec, quality, overwrite)
    shown = clip.size if size is None else fit(*clip.size, size)
    if max(shown) > MAX_SIDE:
        raise PicturaError(f"Frames of {shown[1]}×{shown[0]} pixels cannot be made: give {MAX_SIDE} or less.")
    work = _Work(clip, how, shown, paint, statistics, tell, stop)
    began = time.monotonic()
    atomic(target, lambda file: work.write(file, target, sound, tags or {}), overwrite=overwrite)
    seconds, shots = time.monotonic() - began, len(work.survey.shots)
    return Painted(target, work.done, shots, work.size, seconds, not work.stopped, tuple(work.left))


def check(
    source: Path, target: Path, codec: str | None = None, quality: int | None = None, overwrite: bool = False
) -> tuple[Clip, Wanted]:
    """What a video is, and how its painting is to be kept, before anything slow.

    Raises:
        PicturaError: the video cannot be read, or the target not be written like that.
    """
    how = wanted(target, codec, quality)
    if target.resolve() == source.resolve():
        raise PicturaError(f"'{target}' is the video itself, which is not overwritten: choose another output.")
    check_free(target, overwrite)
    return Clip(source), how


class _Work:
    """One video on its way."""

    def __init__(
        self,
        clip: Clip,
        how: Wanted,
        size: tuple[int, int],
        paint: Paint,
        statistics: Statistics,
        tell: Tell,
        stop: Callable[[], bool],
    ) -> None:
        self.clip, self.how, self.shown, self.paint = clip, how, size, Steady(paint)
        self.size = how.size(*size)
        self.statistics, self.tell, self.stop = statistics, tell, stop
        self.survey: Survey[Known] = Survey(0, [])
        self.done, self.stopped = 0, False
        self.left: list[str] = []

    def write(self, file: BinaryIO, path: Path, sound: bool, tags: Mapping[str, str]) -> None:
        """All of it into an open file."""
        with self.clip.playing() as playing:
            own = {name: text for name, text in playing.container.metadata.items() if name.lower() not in OWN_TAGS}
            with sink(file, path, self.clip, self.how, self.size, {**tags, **own}) as out:
                beside = out.take_along(playing, sound)
                self.left = out.left
                out.begin()  # what is refused is refused before anything slow
                self.survey = self.looked_through()
                self.painted(playing, beside, out)

    def looked_through(self) -> Survey[Known]:
        """Count the frames, find every place that cannot be decoded, and gather statistics."""
        began = time.monotonic()

        def tell(frame: int) -> None:
            if self.stop():
                raise KeyboardInterrupt
            self.tell(Progress(False, frame, self.clip.expected, time.monotonic() - began))

        with self.clip.playing() as playing:
            return survey(playing.frames(), self.statistics, self.known, tell)

    def known(self, samples: "list[VideoFrame]") -> Known:
        """The statistics of a few frames."""
        if self.statistics == "frames":
            return []
        return self.paint.known(lambda: (self.picture(frame) for frame in samples))

    def picture(self, frame: "VideoFrame") -> Tensor:
        """A frame as it is to be painted."""
        return resize(self.clip.upright(frame), self.shown)

    def painted(self, playing: Playing, beside: "Sequence[Stream]", out: Sink) -> None:
        """Every frame into the file."""
        began, known = time.monotonic(), self.survey.of_each_frame()
        for one in playing.everything(*beside):
            if isinstance(one, Beside):
                out.copy(one.packet)
                continue
            if self.stop():
                if not self.done:
                    raise KeyboardInterrupt
                self.stopped = True
                return
            made = self.paint(self.picture(one), next(known))
            out.add(made[..., : self.size[0], : self.size[1]].clamp(0, 1), one)
            self.done += 1
            self.tell(Progress(True, self.done, self.survey.frames, time.monotonic() - began))
