"""Sizes: the one way a picture is resized. And what is done pixel by pixel, whatever numbers the pixels are."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.picture.bands import bands
from pictura.runtime.errors import PicturaError


def resize(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """N×C×H×W in [0, 1] or uint8 to N×C×h×w for size (h, w): bicubic, antialiased as MATLAB's imresize.

    Bicubic overshoots at edges, hence the clamp.
    """
    if tuple(pictures.shape[-2:]) == tuple(size):
        return pictures
    if pictures.dtype == torch.uint8:
        made = pictures.new_empty(*pictures.shape[:2], *size)
        for channel in range(pictures.shape[1]):  # one in float at a time
            made[:, channel] = from_float(resize(to_float(pictures[:, channel, None]), size), torch.uint8)[:, 0]
        return made
    return F.interpolate(pictures, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def fit_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """(h, w) of the same shape whose longer side is `longest` pixels and the other at least 1."""
    if longest < 1:
        raise PicturaError(f"A longest side of {longest} pixels leaves no picture: give 1 or more.")
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def to_float(pictures: Tensor) -> Tensor:
    """uint8 to float32 in [0, 1]; what is float already stays the same tensor."""
    return pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures


def from_float(pictures: Tensor, dtype: torch.dtype) -> Tensor:
    """The way back: float in [0, 1] to uint8, rounded, or to another float."""
    return (pictures.float() * 255).round().to(dtype) if dtype == torch.uint8 else pictures.to(dtype)


def map_bands(work: Callable[..., Tensor], *pictures: Tensor) -> Tensor:
    """What `work` makes of 1×C×H×W pixel by pixel, as the first picture is: of its shape and dtype.

    It sees all pictures as float in [0, 1], a few rows at a time.
    """
    made = torch.empty_like(pictures[0])
    for rows in bands((made.shape[-2], made.shape[-1])):
        made[..., rows, :] = from_float(work(*(to_float(picture[..., rows, :]) for picture in pictures)), made.dtype)
    return made
