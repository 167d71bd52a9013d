"""What is held for a shot while its frames are painted, so that they do not flicker.

Networks normalize, and hold the statistics of their normalization (`networks.tiling.frozen`), each mask's pass its own.
What says of itself what it would do to a picture (`training.capabilities.Holds`), such as the colour maps of `photo`,
holds that: it is predicted for a few frames of the shot, and for those between it is the mean of the nearest two.

A shot in which hardly anything is seen, a title on black say, tells nothing about itself: divided by its own deviation
a codec's noise would be painted as if it were a picture, and any colour as the same grey. As far as a shot has less
contrast than `PLAIN_CONTRAST`, it is painted like an ordinary photograph.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from pictura.networks.layers.norm import LayerStatistics, use_statistics
from pictura.networks.tiling.frozen import Paint, gather_statistics
from pictura.picture import read
from pictura.picture.resize import resize
from pictura.tasks.feed_forward import FeedForwardStylizer, Holding
from pictura.video.shots import SAMPLES_PER_SHOT, Sample, StatisticsScope, choose_telling

ORDINARY = Path(__file__).parents[1] / "assets" / "pictures" / "photo.jpg"
PLAIN_CONTRAST = 0.05  # of a shot's thumbnails; a quarter of an ordinary photograph's
MOST_KEYS = 32  # frames of a shot for which something is predicted: of a longer one every 12th, every 24th …
T = TypeVar("T")
Shares = Sequence[tuple[T, float]]  # what is held, of one shot or of two that dissolve; the sum is 1


class Steady(Protocol):
    """Paints the frames of a video.

    most: frames of a shot that are looked at.
    """

    most: int

    def look(self, number: int, image: Callable[[], Tensor]) -> Any:
        """What is kept of a frame, 1×3×H×W in [0, 1], that is sampled."""

    def gather(self, samples: list[Sample[Any]]) -> Any:
        """What is held for the shot that they are of."""

    def paint(self, number: int, image: Tensor, held: Shares[Any]) -> Tensor:
        """A frame, 1×3×H×W in [0, 1], to the same, painted; nothing held: for itself."""


def open_steady(paint: Paint, scope: StatisticsScope) -> Steady:
    """What paints frames steadily with `paint`, where that is a painter of ours: else there is nothing to be held."""
    holding = paint.holding if isinstance(paint, FeedForwardStylizer) else None
    if isinstance(paint, FeedForwardStylizer) and holding is not None:
        return SteadyMaps(paint, holding, drifting=scope == "shots")
    return SteadyNetwork(paint)


def trust(samples: Sequence[Sample[Any]]) -> float:
    """From 0, a shot of one colour, to 1: how far a shot is to be painted by what is seen in it."""
    most = max((sample.contrast for sample in samples), default=0.0)
    return min(1.0, (most / PLAIN_CONTRAST) ** 2)


def ordinary_photo(like: Tensor) -> Tensor:
    """A photograph of ours in the size of an image."""
    return resize(read(ORDINARY).tensor(), (like.shape[-2], like.shape[-1])).to(like)


def alone(count: int) -> list[list[float]]:
    """The weights with which each of several styles is painted by itself."""
    rows: list[list[float]] = torch.eye(count).tolist()
    return rows


FrozenStatistics = list[LayerStatistics]  # of each pass that a picture takes


class SteadyNetwork:
    """Holds statistics, pass by pass.

    With masks a picture goes through the same network once for each style, and what the network's later sites look at
    is in that style already. So the statistics are another matter for each.
    """

    most = SAMPLES_PER_SHOT

    def __init__(self, painter: Paint) -> None:
        self.painter = painter
        self.ours = painter if isinstance(painter, FeedForwardStylizer) else None
        self._ordinary: FrozenStatistics = []

    def look(self, number: int, image: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """The frame, to be opened later: one at a time is in memory as an image."""
        return image

    def gather(self, samples: list[Sample[Callable[[], Tensor]]]) -> FrozenStatistics:
        """The statistics of all telling samples together."""
        telling, sure = choose_telling(samples), trust(samples)
        own = [gather_statistics(one, (sample.seen() for sample in telling)) for one in self._passes()]
        if sure == 1 or not any(own):
            return own
        if not self._ordinary:
            photo = ordinary_photo(telling[0].seen())
            self._ordinary = [gather_statistics(one, [photo]) for one in self._passes()]
        return [mix_statistics([(a, sure), (b, 1 - sure)]) for a, b in zip(own, self._ordinary, strict=True)]

    def paint(self, number: int, image: Tensor, held: Shares[FrozenStatistics]) -> Tensor:
        """With the statistics of its shot."""
        if not held:
            return self.painter(image)
        passes = range(len(held[0][0]))
        known = [mix_statistics([(statistics[i], share) for statistics, share in held]) for i in passes]
        if self.ours is None or not self.ours.look.masks:
            with use_statistics(known[0]):
                return self.painter(image)
        return replace(self.ours, paint=_by_style(self.ours.paint, known))(image)

    def _passes(self) -> list[Paint]:
        """What paints all of a picture: its legible parts go through the network by themselves, and do not count."""
        if self.ours is None:
            return [self.painter]
        paint, weights = self.ours.paint, self.ours.weights
        rows = alone(len(weights)) if self.ours.look.masks else [weights]
        return [lambda picture, row=row: paint(picture, row) for row in rows]  # type: ignore[misc]


def _by_style(paint: Any, known: FrozenStatistics) -> Any:
    """A painter that goes by the statistics of the one style that it is asked for."""

    def one(picture: Tensor, weights: Sequence[float]) -> Tensor:
        with use_statistics(known[list(weights).index(1.0)]):
            painted: Tensor = paint(picture, weights)
            return painted

    return one


def mix_statistics(parts: Shares[LayerStatistics]) -> LayerStatistics:
    """The weighted mean of means and of variances, layer by layer."""
    if len(parts) == 1:
        return parts[0][0]
    mixed: dict[Any, Any] = {}
    for layer in parts[0][0]:
        each = [(known[layer], share) for known, share in parts]
        mixed[layer] = tuple(torch.stack([share * pair[i] for pair, share in each]).sum(0) for i in (0, 1))
    return mixed


@dataclass(frozen=True)
class Key:
    """What is predicted for a frame, in one pass for each mask, or in one for all styles."""

    number: int
    maps: tuple[Any, ...]


class SteadyMaps:
    """Holds what the painter predicts: between two frames of a shot it drifts from one's to the other's.

    drifting: otherwise it is the mean of all of them.
    """

    most = MOST_KEYS

    def __init__(self, painter: FeedForwardStylizer, holding: Holding, drifting: bool) -> None:
        self.painter, self.holding, self.drifting = painter, holding, drifting
        self.rows = alone(len(painter.weights)) if painter.look.masks else [list(painter.weights)]
        self._shape = torch.Size()
        self._ordinary: tuple[Any, ...] = ()

    def look(self, number: int, image: Callable[[], Tensor]) -> tuple[Any, ...]:
        """What is predicted for it."""
        opened = image()
        self._shape = opened.shape
        return self._predict(opened)

    def gather(self, samples: list[Sample[tuple[Any, ...]]]) -> list[Key]:
        """What is predicted for the telling samples, each a little like its neighbours; one alone without drifting."""
        telling, sure = choose_telling(samples), trust(samples)
        if sure < 1 and not self._ordinary:
            self._ordinary = self._predict(ordinary_photo(torch.empty(self._shape)))
        keys = [Key(sample.number, self._mix([(sample.seen, sure), (self._ordinary, 1 - sure)])) for sample in telling]
        if not self.drifting:
            return [Key(0, self._mix([(key.maps, 1 / len(keys)) for key in keys]))]
        before, after = [keys[0], *keys[:-1]], [*keys[1:], keys[-1]]
        return [
            Key(own.number, self._mix([(a.maps, 0.25), (own.maps, 0.5), (b.maps, 0.25)]))
            for a, own, b in zip(before, keys, after, strict=True)
        ]

    def paint(self, number: int, image: Tensor, held: Shares[list[Key]]) -> Tensor:
        """With what is held at that time."""
        if not held:
            return self.painter(image)
        now = self._mix([(maps, share * own) for keys, share in held for maps, own in _nearest(keys, number)])

        def one(picture: Tensor, weights: Sequence[float]) -> Tensor:
            painted: Tensor = self.holding.paint(picture, now[self.rows.index(list(weights))])
            return painted

        return replace(self.painter, paint=one)(image)

    def _predict(self, image: Tensor) -> tuple[Any, ...]:
        return tuple(self.holding.predict(image, row) for row in self.rows)

    def _mix(self, parts: Shares[tuple[Any, ...]]) -> tuple[Any, ...]:
        used = [(maps, share) for maps, share in parts if share]
        return tuple(self.holding.mix([(maps[i], share) for maps, share in used]) for i in range(len(self.rows)))


def _nearest(keys: Sequence[Key], number: int) -> list[tuple[tuple[Any, ...], float]]:
    """The keys before and after a frame, with their shares."""
    after = next((key for key in keys if key.number >= number), keys[-1])
    before = next((key for key in reversed(keys) if key.number <= number), keys[0])
    if before.number >= after.number:
        return [(after.maps, 1.0)]
    share = (number - before.number) / (after.number - before.number)
    return [(before.maps, 1 - share), (after.maps, share)]
