"""Content and style terms of Gatys, Ecker and Bethge (arXiv 1505.07376; CVPR 2016, also arXiv 1508.06576).

With raw Gram matrices G and A of N channels at M positions the papers print E = Σ (G - A)² / (4 N² M²). Here the
moments R = G / M and S = A / M stand for them, which is the same where image and style have the same M and stays
meaningful where they have not.

Programs scale E in five ways. Two of them are used here: ``paper`` by the optimization of Gatys et al. and
``neural-style`` by the networks of Johnson et al.; the other three are for comparison with other programs only.
"""

from typing import Literal

from torch import Tensor

Convention = Literal["paper", "gatys-pytorch", "pystiche", "neural-style", "gordicaleksa"]


def content_loss(f: Tensor, p: Tensor) -> Tensor:
    """½ Σ (F - P)² of features B×N×H×W (CVPR 2016, equation 1); as printed it grows with the image."""
    return 0.5 * (f - p).square().sum()


def relative_content_loss(f: Tensor, p: Tensor, scale: float = 1.0) -> Tensor:
    """Mean over positions of |f - p|² / scale² for features B×N×H×W: the same for every image size and encoder."""
    return (f - p).square().sum(1).mean() / scale**2


def gram_loss(r: Tensor, s: Tensor, convention: Convention = "paper", layers: int = 5) -> Tensor:
    """E = Σ (R - S)² / (4 N²) of two raw second moments N×N, in the scale of one of the five conventions."""
    n = len(r)
    e: Tensor = (r - s).square().sum() / (4 * n**2)
    return multiple_of_e(convention, n, layers) * e


def multiple_of_e(convention: Convention, n: int, layers: int) -> float:
    """What a program computes at one of `layers` layers of n channels, as a multiple of the printed E."""
    return {
        "paper": 1.0,
        "gatys-pytorch": 4.0,  # G/M, mean over N²
        "pystiche": 4.0 / layers,  # the same, mean over layers
        "neural-style": 4.0 / n**2,  # G/(N M), mean over N²; so do Johnson, anishathalye and PyTorch's tutorial
        "gordicaleksa": 4.0 / layers,  # G/(N M), sum, mean over layers
    }[convention]
