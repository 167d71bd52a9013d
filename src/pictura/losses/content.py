"""The content term of Gatys, Ecker and Bethge (CVPR 2016, equation 1), as printed and free of scale."""

from torch import Tensor


def content_loss(f: Tensor, p: Tensor) -> Tensor:
    """½ Σ (F - P)² of two responses B×N×H×W, as printed; it grows with the picture."""
    return 0.5 * (f - p).square().sum()


def relative_content_loss(f: Tensor, p: Tensor, scale: float = 1.0) -> Tensor:
    """Mean over positions of |f - p|² / scale²: the same for every size of picture and every encoder."""
    return (f - p).square().sum(1).mean() / scale**2
