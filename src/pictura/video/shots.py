"""Survey a video: how many frames it has, where a shot ends, and a few frames of each shot."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from pictura.video.changes import ShotFinder, contrast, thumbnail

if TYPE_CHECKING:
    from av import VideoFrame

StatisticsScope = Literal["shots", "clip", "frames"]
SAMPLES_PER_SHOT = 8  # frames of a shot that are looked at
SAMPLE_STRIDE = 6  # frames between them at first: a short shot has fewer, and the survey stays cheap
PLAIN = 0.5  # share of the most contrasty sample's contrast below which another does not count: it is faded, or a wall

S = TypeVar("S")
T = TypeVar("T")


class EvenSamples(Generic[T]):
    """A few evenly spaced items of a stream of unknown length: of too many, every second one is dropped."""

    def __init__(self, most: int = SAMPLES_PER_SHOT, stride: int = SAMPLE_STRIDE) -> None:
        self.most, self.stride, self.count = most, stride, 0
        self.items: list[T] = []

    def add(self, make: Callable[[], T]) -> None:
        """Go on to the next item of the stream, which is made where it is taken."""
        if self.count % self.stride == 0:
            if len(self.items) == self.most:
                self.items, self.stride = self.items[::2], 2 * self.stride
            if self.count % self.stride == 0:
                self.items.append(make())
        self.count += 1


@dataclass(frozen=True)
class Sample(Generic[S]):
    """What was seen in a frame.

    number: of the frame, from 0.
    contrast: of its thumbnail, see `changes.contrast`.
    """

    number: int
    contrast: float
    seen: S


def choose_telling(samples: "Sequence[Sample[S]]") -> "list[Sample[S]]":
    """Those in which the shot shows what it is: no faded frames, and no bare wall into which somebody walks later."""
    most = max((sample.contrast for sample in samples), default=0.0)
    return [sample for sample in samples if sample.contrast >= PLAIN * most]


@dataclass(frozen=True)
class Shot(Generic[T]):
    """Consecutive frames that are painted alike.

    begins: number of the first frame in which it is seen.
    first: and of the first in which nothing else is: later, where it dissolves in.
    held: what was gathered from a few of its frames.
    """

    begins: int
    first: int
    held: T


@dataclass(frozen=True)
class Survey(Generic[T]):
    """The number of frames, and the shots in order."""

    frames: int
    shots: list[Shot[T]]

    def is_cut(self, number: int) -> bool:
        """Whether nothing of the frame before is seen in this one."""
        return any(shot.begins == shot.first == number for shot in self.shots)

    def per_frame(self) -> Iterator[list[tuple[T, float]]]:
        """What is held for each frame, with shares: of one shot, or of two where they dissolve.

        Without end, for videos that turn out longer when read again.
        """
        number = 0
        for before, shot, after in zip([None, *self.shots], self.shots, [*self.shots[1:], None], strict=False):
            while after is None or number < after.begins:
                share = (number - shot.begins + 1) / (shot.first - shot.begins + 1)
                dissolving = before is not None and share < 1
                yield [(before.held, 1 - share), (shot.held, share)] if before and dissolving else [(shot.held, 1.0)]
                number += 1


class ShotSurvey(Generic[S, T]):
    """Goes through the frames once.

    Args:
        look: what is kept of a frame that is sampled; its number and the frame.
        gather: what is held for a shot, of its samples.
    """

    def __init__(
        self,
        scope: StatisticsScope,
        look: "Callable[[int, VideoFrame], S]",
        gather: Callable[[list[Sample[S]]], T],
        most: int = SAMPLES_PER_SHOT,
    ) -> None:
        self.scope, self.look, self.gather, self.most = scope, look, gather, most
        self.finder = ShotFinder()
        self.samples = EvenSamples[Sample[S]](most)
        self.pure: list[Sample[S]] = []  # the samples before what may be a dissolve
        self.shots: list[Shot[T]] = []
        self.begins = self.first = self.count = 0

    def add(self, frame: "VideoFrame") -> None:
        """Take the next frame."""
        small = thumbnail(frame)
        number = self.count
        if self.scope == "shots":
            change = self.finder.add(small)
            if self.finder.is_setting_out:
                self.pure = list(self.samples.items)
            if change is not None and number:
                begins, first = change.frames(number)
                self._end_shot(self.pure if begins < first else self.samples.items, begins, first)
        if self.scope != "frames":
            self.samples.add(lambda: Sample(number, contrast(small), self.look(number, frame)))
        self.count += 1

    def finish(self) -> Survey[T]:
        """All shots."""
        self._end_shot(self.samples.items, self.count, self.count)
        return Survey(self.count, self.shots)

    def _end_shot(self, samples: list[Sample[S]], begins: int, first: int) -> None:
        """Close the shot, and say where the next one begins."""
        self.shots.append(Shot(self.begins, self.first, self.gather(samples)))
        self.samples, self.begins, self.first = EvenSamples(self.most), begins, first
