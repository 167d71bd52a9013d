"""Frozen statistics: a network whose normalization layers no longer depend on the image they are given.

If each frame of a video is normalized by its own mean and variance, each frame goes through another function: when
something bright enters the picture, the wall behind it changes its colour and its strokes. So the statistics of the
normalization layers are gathered over some frames of a shot and then used for all of it. A pixel then depends on its
receptive field only, and where the input stands still the output does, too.

Layers report themselves (`networks.layers.norm.NormLayer`), so any function that takes images can be frozen, whichever
networks are in it.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from pictura.networks.layers.norm import (
    ChannelStatistics,
    LayerStatistics,
    NormLayer,
    observe_inputs,
    use_statistics,
)

Paint = Callable[[Tensor], Tensor]


def freeze_statistics(paint: Paint, images: Iterable[Tensor]) -> Paint:
    """`paint` with the statistics of its normalization layers over `images`, 1×3×H×W each and of one size."""
    statistics = gather_statistics(paint, images)

    def paint_frozen(image: Tensor) -> Tensor:
        with use_statistics(statistics):
            return paint(image)

    return paint_frozen


def gather_statistics(paint: Paint, images: Iterable[Tensor]) -> LayerStatistics:
    """Mean and variance of each normalization layer's input over all positions of all images, one pass per image.

    Where one layer follows another this is an approximation: the input of the later one was normalized by each image's
    own statistics. Layer after layer would be exact and as many times slower. Over a pan across a whole photograph the
    two differ by 3 steps of 255, where freezing itself changes 13. There is no difference where the layers normalize
    the features of an encoder (AdaIN).
    """
    samples: dict[NormLayer, list[ChannelStatistics]] = {}
    for image in images:
        for layer, statistics in _observe_statistics(paint, image).items():
            samples.setdefault(layer, []).append(statistics)
    return {layer: _pool_statistics(each) for layer, each in samples.items()}


def _observe_statistics(paint: Paint, image: Tensor) -> LayerStatistics:
    """The statistics by which each layer normalizes one image.

    An image that goes in tiles passes a layer several times. The last time counts: its input is then the whole image,
    or it has been given the whole image's statistics.
    """
    last: dict[NormLayer, ChannelStatistics] = {}

    def record(layer: NormLayer, x: Tensor, given: ChannelStatistics | None) -> None:
        if given is None:
            variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
            given = mean, variance
        last[layer] = given

    with torch.no_grad(), observe_inputs(record):
        paint(image)
    return last


def _pool_statistics(each: list[ChannelStatistics]) -> ChannelStatistics:
    """Mean and variance over several images of one size."""
    means = torch.stack([mean.double() for mean, _ in each])
    variances = torch.stack([variance.double() for _, variance in each])
    return means.mean(0).float(), (variances.mean(0) + means.var(0, correction=0)).float()
