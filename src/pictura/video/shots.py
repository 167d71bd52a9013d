"""Survey a video: how many frames it has, where it cuts, and a few frames of each shot."""

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
SAMPLE_STRIDE = 6  # frames between them at first: a short shot has fewer, and the survey stays cheap
# A cut: thumbnails differ by this share of the range on average, and by this many times the recent changes. Hard cuts
# of films are mostly over 0.1; people who move, at 24 frames a second, rarely come to 0.05.
THUMBNAIL_SIDE = 32
CUT_THRESHOLD = 0.08
CUT_RATIO = 3.0
RECENT_FRAMES = 8  # whose changes are compared

T = TypeVar("T")


class EvenSamples(Generic[T]):
    """A few evenly spaced items of a stream of unknown length: of too many, every second one is dropped."""

    def __init__(self, most: int = SAMPLES_PER_SHOT, stride: int = SAMPLE_STRIDE) -> None:
        self.most, self.stride, self.count = most, stride, 0
        self.items: list[T] = []

    def add(self, item: T) -> None:
        """Take the next item of the stream."""
        if self.count % self.stride == 0:
            if len(self.items) == self.most:
                self.items, self.stride = self.items[::2], 2 * self.stride
            if self.count % self.stride == 0:
                self.items.append(item)
        self.count += 1


class CutDetector:
    """Detects hard cuts; dissolves and cuts between dark shots are not detected."""

    def __init__(self) -> None:
        self.previous: NDArray[np.float32] | None = None
        self.recent_changes: deque[float] = deque(maxlen=RECENT_FRAMES)

    def is_cut(self, frame: "VideoFrame") -> bool:
        """Whether a new shot begins with this frame; call it for every frame in order."""
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
    """Consecutive frames painted with the same statistics.

    first: number of its first frame.
    frozen_statistics: the statistics of a few of its frames.
    """

    first: int
    frozen_statistics: T


@dataclass(frozen=True)
class Survey(Generic[T]):
    """The number of frames, and the shots in order."""

    frames: int
    shots: list[Shot[T]]

    def per_frame(self) -> Iterator[T]:
        """The statistics for each frame; without end, for videos that turn out longer when read again."""
        number = 0
        for shot, end in zip(self.shots, [shot.first for shot in self.shots[1:]] + [None], strict=True):
            while end is None or number < end:
                yield shot.frozen_statistics
                number += 1


def survey_frames(
    frames: Iterator["VideoFrame"],
    scope: StatisticsScope,
    compute: Callable[[list["VideoFrame"]], T],
    callback: Callable[[int], None] = lambda _: None,
) -> Survey[T]:
    """Read all frames once, and `compute` statistics of a few frames of each shot, or of the whole clip."""
    cuts, samples, shots, first, count = CutDetector(), EvenSamples["VideoFrame"](), [], 0, 0
    for frame in frames:
        if scope == "shots" and cuts.is_cut(frame) and count:
            shots.append(Shot(first, compute(samples.items)))
            samples, first = EvenSamples(), count
        samples.add(frame)
        count += 1
        callback(count)
    shots.append(Shot(first, compute(samples.items)))
    return Survey(count, shots)
