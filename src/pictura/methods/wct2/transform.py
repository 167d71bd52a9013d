"""Whitening and colouring (Li et al., Universal Style Transfer via Feature Transforms, NIPS 2017, arXiv 1705.08086).

Features with mean μ_c and covariance C_c become y = C_s^½ C_c^-½ (x - μ_c) + μ_s, whose mean and covariance are μ_s
and C_s. The roots come from eigen-decompositions in float64.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

# Least eigenvalue, as a share of their mean. The authors' release adds 1 to the variances of VGG's features, which are
# hundreds and more: what hardly varies in a photo is noise, and must not be blown up to the reference's texture.
FLOOR = 1e-3
FeatureMoments = tuple[Tensor, Tensor]  # mean C and covariance C×C, float64


def feature_moments(f: Tensor) -> FeatureMoments:
    """Mean C and covariance C×C of features 1×C×H×W."""
    flat = f.flatten(2)[0]
    mean = flat.mean(1, dtype=torch.float64)
    off = flat - mean.to(flat)[:, None]
    return mean, (off @ off.T).double() / flat.shape[1]


def mix_feature_moments(parts: Sequence[tuple[FeatureMoments, float]]) -> FeatureMoments:
    """The moments of the features of several pictures together, each with its share; the shares' sum is 1."""
    mean = torch.stack([share * m for (m, _), share in parts]).sum(0)
    second = torch.stack([share * (c + torch.outer(m, m)) for (m, c), share in parts]).sum(0)
    return mean, second - torch.outer(mean, mean)


def whiten_and_colour(content: FeatureMoments, style: FeatureMoments) -> tuple[Tensor, Tensor]:
    """A = C_s^½ C_c^-½ and b = μ_s - A μ_c."""
    a = _power(style[1], 0.5) @ _power(content[1], -0.5)
    return a, style[0] - a @ content[0]


def _power(c: Tensor, exponent: float) -> Tensor:
    """C^p of a symmetric matrix, eigenvalues held above `FLOOR` of their mean."""
    values, axes = torch.linalg.eigh((c + c.mT) / 2)
    least = (FLOOR * values.mean()).clamp(min=1e-12)  # of a flat map all are 0
    powered: Tensor = (axes * values.clamp(min=least).pow(exponent)) @ axes.mT
    return powered


def transfer(f: Tensor, style: FeatureMoments, content: FeatureMoments | None = None) -> Tensor:
    """1×C×H×W with the style's mean and covariance, held in the range that f had, as in the authors' release.

    content: the moments of f, where they are to be others than its own.
    """
    a, b = whiten_and_colour(content or feature_moments(f), style)
    y = torch.addmm(b.to(f)[:, None], a.to(f), f.flatten(2)[0]).view_as(f)
    return y.clamp_(f.min(), f.max())
