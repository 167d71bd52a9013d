"""A first look through a video: how many frames it has, where it cuts, and a few frames of each shot."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import VideoFrame

Statistics = Literal["shots", "clip", "frames"]
SAMPLES = 8  # frames of a shot whose statistics are gathered
STRIDE = 6  # frames between them at first: a short shot has fewer, and the looking through stays cheap
# A cut: thumbnails differ by so much of the range on average, and by so many times what they did just before. Hard cuts
# of films are mostly over 0.1; people who move, at 24 frames a second, rarely come to 0.05.
THUMBNAIL = 32
CUT = 0.08
TIMES = 3.0
MEMORY = 8  # frames just before

T = TypeVar("T")


class Spread(Generic[T]):
    """Of a row of unknown length a few, evenly spread: whenever there are too many, every second one goes."""

    def __init__(self, most: int = SAMPLES, stride: int = STRIDE) -> None:
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


class Cuts:
    """Tells of each frame whether a new shot begins with it; dissolves and what is dark go unnoticed."""

    def __init__(self) -> None:
        self.before: NDArray[np.float32] | None = None
        self.moved: deque[float] = deque(maxlen=MEMORY)

    def begins(self, frame: "VideoFrame") -> bool:
        """Whether it does; to be asked of every frame in order."""
        now, before = thumbnail(frame), self.before
        self.before = now
        if before is None:
            return True
        change = float(np.abs(now - before).mean())
        usual = sum(self.moved) / len(self.moved) if self.moved else 0.0
        if change < max(CUT, TIMES * usual):
            self.moved.append(change)
            return False
        self.moved.clear()
        return True


def thumbnail(frame: "VideoFrame") -> NDArray[np.float32]:
    """A frame as a few RGB pixels in [0, 1]; their exact colours do not matter."""
    small = frame.reformat(width=THUMBNAIL, height=THUMBNAIL, format="rgb24", interpolation="AREA")
    return np.asarray(small.to_ndarray(), np.float32) / np.float32(255)


@dataclass(frozen=True)
class Shot(Generic[T]):
    """Frames that are painted alike.

    first: number of its first frame.
    known: what was made of its samples.
    """

    first: int
    known: T


@dataclass(frozen=True)
class Survey(Generic[T]):
    """How many frames there are, and the shots in order."""

    frames: int
    shots: list[Shot[T]]

    def of_each_frame(self) -> Iterator[T]:
        """What is known of each frame's shot; without end, for videos that turn out longer when seen again."""
        number = 0
        for shot, end in zip(self.shots, [shot.first for shot in self.shots[1:]] + [None], strict=True):
            while end is None or number < end:
                yield shot.known
                number += 1


def survey(
    frames: Iterator["VideoFrame"],
    what: Statistics,
    make: Callable[[list["VideoFrame"]], T],
    tell: Callable[[int], None] = lambda _: None,
) -> Survey[T]:
    """Go through all frames once, and `make` something of a few of each shot, or of the whole clip."""
    cuts, samples, shots, first, count = Cuts(), Spread["VideoFrame"](), [], 0, 0
    for frame in frames:
        if what == "shots" and cuts.begins(frame) and count:
            shots.append(Shot(first, make(samples.kept)))
            samples, first = Spread(), count
        samples.add(frame)
        count += 1
        tell(count)
    shots.append(Shot(first, make(samples.kept)))
    return Survey(count, shots)
