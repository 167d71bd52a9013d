"""A first look through a video: how many frames it has, where it cuts, and a few frames of each shot."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import VideoFrame

StatisticsScope = Literal["shots", "clip", "frames"]
SAMPLES_PER_SHOT = 8  # frames of a shot whose statistics are gathered
SAMPLE_STRIDE = 6  # frames between them at first: a short shot has fewer, and the looking through stays cheap
# A cut: thumbnails differ by so much of the range on average, and by so many times what they did just before. Hard cuts
# of films are mostly over 0.1; people who move, at 24 frames a second, rarely come to 0.05.
THUMBNAIL_SIDE = 32
CUT_THRESHOLD = 0.08
CUT_RATIO = 3.0
RECENT_FRAMES = 8  # frames just before

T = TypeVar("T")


class EvenSamples(Generic[T]):
    """Of a row of unknown length a few, evenly spread: whenever there are too many, every second one goes."""

    def __init__(self, most: int = SAMPLES_PER_SHOT, stride: int = SAMPLE_STRIDE) -> None:
        self.most, self.stride, self.count = most, stride, 0
        self.kept: list[T] = []

    def add(self, one: T) -> None:
        """The next of the row."""
        if self.count % self.stride == 0:
            if len(self.kept) == self.most:
                self.kept, self.stride = self.kept[::2], 2 * self.stride
            if self.count % self.stride == 0:
                self.kept.append(one)
        self.count += 1


class CutDetector:
    """Tells of each frame whether a new shot begins with it; dissolves and what is dark go unnoticed."""

    def __init__(self) -> None:
        self.previous: NDArray[np.float32] | None = None
        self.recent_changes: deque[float] = deque(maxlen=RECENT_FRAMES)

    def is_cut(self, frame: "VideoFrame") -> bool:
        """Whether it does; to be asked of every frame in order."""
        now, before = thumbnail(frame), self.previous
        self.previous = now
        if before is None:
            return True
        change = float(np.abs(now - before).mean())
        usual = sum(self.recent_changes) / len(self.recent_changes) if self.recent_changes else 0.0
        if change < max(CUT_THRESHOLD, CUT_RATIO * usual):
            self.recent_changes.append(change)
            return False
        self.recent_changes.clear()
        return True


def thumbnail(frame: "VideoFrame") -> NDArray[np.float32]:
    """A frame as a few RGB pixels in [0, 1]; their exact colours do not matter."""
    small = frame.reformat(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, format="rgb24", interpolation="AREA")
    return np.asarray(small.to_ndarray(), np.float32) / np.float32(255)


@dataclass(frozen=True)
class Shot(Generic[T]):
    """Frames that are painted alike.

    first: number of its first frame.
    known: what was made of its samples.
    """

    first: int
    frozen_statistics: T


@dataclass(frozen=True)
class Survey(Generic[T]):
    """How many frames there are, and the shots in order."""

    frames: int
    shots: list[Shot[T]]

    def per_frame(self) -> Iterator[T]:
        """What is known of each frame's shot; without end, for videos that turn out longer when seen again."""
        number = 0
        for shot, end in zip(self.shots, [shot.first for shot in self.shots[1:]] + [None], strict=True):
            while end is None or number < end:
                yield shot.frozen_statistics
                number += 1


def survey_frames(
    frames: Iterator["VideoFrame"],
    what: StatisticsScope,
    make: Callable[[list["VideoFrame"]], T],
    tell: Callable[[int], None] = lambda _: None,
) -> Survey[T]:
    """Go through all frames once, and `make` something of a few of each shot, or of the whole clip."""
    cuts, samples, shots, first, count = CutDetector(), EvenSamples["VideoFrame"](), [], 0, 0
    for frame in frames:
        if what == "shots" and cuts.is_cut(frame) and count:
            shots.append(Shot(first, make(samples.kept)))
            samples, first = EvenSamples(), count
        samples.add(frame)
        count += 1
        tell(count)
    shots.append(Shot(first, make(samples.kept)))
    return Survey(count, shots)
