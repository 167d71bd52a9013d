"""A painter that goes by the statistics of a shot, see `networks.tiling.frozen`, each of its masks by its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pictura.networks.layers.norm import LayerStatistics, use_statistics
from pictura.networks.tiling.frozen import Paint, gather_statistics
from pictura.tasks.feed_forward import FeedForwardStylizer

FrozenStatistics = list[LayerStatistics]  # of each pass that a picture takes; empty: nothing is held


class SteadyStylizer:
    """What paints, pass by pass.

    With masks a picture goes through the same network once for each style, and what the network's later sites look at
    is in that style already. So the statistics are another matter for each.
    """

    def __init__(self, paint: Paint) -> None:
        self.paint = paint
        self.masked = paint if isinstance(paint, FeedForwardStylizer) and paint.look.masks else None

    def frozen_statistics(self, pictures: Callable[[], Iterable[Tensor]]) -> FrozenStatistics:
        """The statistics of all pictures together, which are asked for once a pass."""
        return [gather_statistics(one, pictures()) for one in self._passes()]

    def __call__(self, picture: Tensor, known: FrozenStatistics) -> Tensor:
        """1×3×H×W in [0, 1] to the same, painted."""
        if not known:
            return self.paint(picture)
        if self.masked is None:
            with use_statistics(known[0]):
                return self.paint(picture)
        whole = self.masked

        def one(picture: Tensor, weights: Sequence[float]) -> Tensor:
            with use_statistics(known[list(weights).index(1.0)]):
                return whole.paint(picture, weights)

        return replace(whole, paint=one)(picture)

    def _passes(self) -> list[Paint]:
        if self.masked is None:
            return [self.paint]
        paint, rows = self.masked.paint, torch.eye(len(self.masked.look.masks)).tolist()

        def alone(weights: Sequence[float]) -> Paint:
            return lambda picture: paint(picture, weights)

        return [alone(weights) for weights in rows]
