"""Frozen statistics: a network whose normalizations no longer look at the picture they are given.

Each frame of a video that is normalised by its own mean and variance is another network's: let something bright walk
into the picture, and the wall behind it changes its colour and its strokes. So the statistics of the *sites* (see
`networks.tiling.streaming`) are gathered over some frames of a shot and then used for all of it. What a pixel becomes
depends then on its surroundings only, and where the picture stands still the painting does, too.

A site is found by what passes it: a module that has an attribute `statistics`. So anything can be frozen that takes
pictures, whichever networks are in it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from pictura.networks.layers.norm import ChannelStatistics

Paint = Callable[[Tensor], Tensor]
LayerStatistics = dict[nn.Module, ChannelStatistics]


def freeze_statistics(paint: Paint, pictures: Iterable[Tensor]) -> Paint:
    """`paint` with the statistics that its sites have over `pictures`, 1×3×H×W each and of one size."""
    sites = gather_statistics(paint, pictures)

    def steady(picture: Tensor) -> Tensor:
        # Each time, since a run through `streamed` leaves sites without statistics.
        with use_statistics(sites):
            return paint(picture)

    return steady


def gather_statistics(paint: Paint, pictures: Iterable[Tensor]) -> LayerStatistics:
    """Mean and variance of each site over all positions of all pictures, each picture painted once.

    Where sites are in a row this is an approximation: what a later one sees meanwhile was normalised by each picture's
    own statistics. Site after site would be exact and as many times slower. Over a pan across a whole photograph the
    two differ by 3 steps of 255, where freezing itself changes 13. There is no difference where sites look at an
    encoder (AdaIN).
    """
    found: dict[nn.Module, list[ChannelStatistics]] = {}
    for picture in pictures:
        for site, statistics in _observe_statistics(paint, picture).items():
            found.setdefault(site, []).append(statistics)
    return {site: _pool_statistics(each) for site, each in found.items()}


@contextmanager
def use_statistics(sites: LayerStatistics) -> Iterator[None]:
    """Sites use these statistics while inside, and what they used before afterwards."""
    before = {site: getattr(site, "statistics", None) for site in sites}
    try:
        for site, statistics in sites.items():
            _set_statistics(site, statistics)
        yield
    finally:
        for site, own in before.items():
            _set_statistics(site, own)


def _observe_statistics(paint: Paint, picture: Tensor) -> LayerStatistics:
    """What each site looked at while one picture was painted.

    Where a picture goes in tiles, a site is passed several times. The last time counts: then it is passed by the whole
    picture, or it has been given the whole picture's statistics.
    """
    found: LayerStatistics = {}
    mine = threading.get_ident()

    def look(module: nn.Module, given: tuple[Any, ...]) -> None:
        # The hook is every module's, also of networks that run in other threads.
        if threading.get_ident() != mine or "statistics" not in vars(module):
            return
        own: ChannelStatistics | None = vars(module)["statistics"]
        if own is None:
            variance, mean = torch.var_mean(given[0].double(), (0, 2, 3), correction=0)
            own = mean, variance
        found[module] = own

    handle = register_module_forward_pre_hook(look)
    try:
        with torch.no_grad():
            paint(picture)
    finally:
        handle.remove()
    return found


def _pool_statistics(each: list[ChannelStatistics]) -> ChannelStatistics:
    """Mean and variance of pictures of one size together."""
    means = torch.stack([mean.double() for mean, _ in each])
    variances = torch.stack([variance.double() for _, variance in each])
    return means.mean(0).float(), (variances.mean(0) + means.var(0, correction=0)).float()


def _set_statistics(site: nn.Module, statistics: ChannelStatistics | None) -> None:
    site.__dict__["statistics"] = statistics  # no buffer: nothing of it is saved
