"""Sizes: the one way a picture is resized."""

from torch import Tensor
from torch.nn import functional as F

from pictura.runtime.errors import PicturaError


def resize(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """N×C×H×W in [0, 1] to N×C×h×w in [0, 1] for size (h, w): bicubic, antialiased as MATLAB's imresize.

    Bicubic overshoots at edges, hence the clamp.
    """
    if tuple(pictures.shape[-2:]) == tuple(size):
        return pictures
    return F.interpolate(pictures, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def fit(height: int, width: int, longest: int) -> tuple[int, int]:
    """(h, w) of the same shape whose longer side is `longest` pixels and the other at least 1."""
    if longest < 1:
        raise PicturaError(f"A longest side of {longest} pixels leaves no picture: give 1 or more.")
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))
