"""A style in the numbers that AdaIN's decoders take: standard deviations, and a description as one vector."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pictura.encoders.records import STYLE_LAYERS
from pictura.losses.moments import Moments
from pictura.networks.adain import EPS

CORRELATED_COMPONENTS = 12  # first components of a layer whose correlations describe a style


def statistics_of(styles: Sequence[Moments]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Means and standard deviations of N styles by layer, each N×C."""
    means, stds = {}, {}
    for layer in styles[0]:
        means[layer] = torch.stack([style[layer][0] for style in styles])
        second = torch.stack([style[layer][1].diagonal() for style in styles])
        stds[layer] = ((second - means[layer].square()).clamp(min=0) + EPS).sqrt()
    return means, stds


def describe(style: Moments) -> Tensor:
    """The description of a style: each layer's means, logarithms of standard deviations, first correlations."""
    parts = []
    for layer in STYLE_LAYERS:
        mean, second = style[layer]
        covariance = second - torch.outer(mean, mean)
        std = (covariance.diagonal().clamp(min=0) + EPS).sqrt()
        first = (covariance / torch.outer(std, std))[:CORRELATED_COMPONENTS, :CORRELATED_COMPONENTS]
        rows, columns = torch.triu_indices(CORRELATED_COMPONENTS, CORRELATED_COMPONENTS, 1)
        parts += [mean, std.log() / 5, first[rows, columns] / 5]
    return torch.cat(parts)


def description_size(components: Mapping[str, int]) -> int:
    """Length of a description under an encoder with so many components a layer."""
    return sum(
        2 * components[layer] + CORRELATED_COMPONENTS * (CORRELATED_COMPONENTS - 1) // 2 for layer in STYLE_LAYERS
    )
