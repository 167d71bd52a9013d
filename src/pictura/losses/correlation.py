"""How much of a picture's layout is still in another one: correlation of features, blind to colour and contrast."""

from collections.abc import Mapping

import torch
from torch import Tensor

MIN_STD = 1e-3  # added to a channel's std, so that one without contrast has no say


def correlation(f: Tensor, p: Tensor) -> Tensor:
    """Mean over channels of the correlation over positions of two features N×C×H×W; in [-1, 1], 1 for equal ones."""
    return (_standardize(f) * _standardize(p)).mean()


def correlation_loss(f: Mapping[str, Tensor], p: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """1 - correlation, as the mean over the layers by their weights; in [0, 2]."""
    terms = [weight * (1 - correlation(f[layer], p[layer])) for layer, weight in weights.items()]
    return torch.stack(terms).sum() / sum(weights.values())


def _standardize(f: Tensor) -> Tensor:
    f = f.flatten(2)
    std, mean = torch.std_mean(f, 2, correction=0, keepdim=True)
    return (f - mean) / (std + MIN_STD)
