"""How far a picture is from a style and from a content, in the features of an encoder, as a judge and not as a loss.

Figures compare only at one size of pictures and with one encoder. A method that was trained on one of these distances
wins by it: judge it with another encoder, and tell style and content together.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from pictura.losses.gatys import gram_loss, relative_content_loss
from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss

Features = Mapping[str, Tensor]  # layer → 1×C×H×W


def gram_distance(f: Features, s: Features) -> float:
    """Σ over layers of the mean squared difference of the Gram matrices F Fᵀ / (C H W); sizes may differ.

    Johnson, Alahi and Fei-Fei (ECCV 2016, arXiv 1603.08155), equation 4, with the mean of the authors' release.
    """
    terms = [gram_loss(moments(f[layer])[1], moments(s[layer])[1], "neural-style") for layer in s]
    return float(torch.stack(terms).sum())


def wasserstein_distance(f: Features, s: Features, scales: Mapping[str, float]) -> float:
    """Mean over layers of the squared Wasserstein-2 distance of the features' Gaussians, in units of scale².

    As `pictura.losses.wasserstein`, whose ridge is in it; `scales` are `Encoder.scale` of the layers.
    """
    terms = [WassersteinLoss(*moments(s[layer]), scales[layer])(*moments(f[layer])) for layer in s]
    return max(0.0, float(torch.stack(terms).mean()))  # of equal pictures rounding leaves a little below 0


def content_distance(f: Features, p: Features, scales: Mapping[str, float]) -> float:
    """Mean over layers and positions of |f - p|² / scale² for features of equal shapes."""
    terms = [relative_content_loss(f[layer], p[layer], scales[layer]) for layer in p]
    return float(torch.stack(terms).mean())
