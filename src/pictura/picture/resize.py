"""Resize image tensors, and apply functions of single pixels to them, whether uint8 or float."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.picture.bands import bands
from pictura.runtime.errors import PicturaError


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """N×C×H×W in [0, 1] or uint8 to N×C×h×w for size (h, w): bicubic, antialiased as MATLAB's imresize.

    The result is clamped, since bicubic overshoots at edges.
    """
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    if images.dtype == torch.uint8:
        output = images.new_empty(*images.shape[:2], *size)
        for channel in range(images.shape[1]):  # only one in float at a time
            output[:, channel] = from_float(resize(to_float(images[:, channel, None]), size), torch.uint8)[:, 0]
        return output
    return F.interpolate(images, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def fit_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """(h, w) with the same aspect ratio whose longer side is `longest` pixels and the other at least 1.

    Raises:
        PicturaError: `longest` is less than 1.
    """
    if longest < 1:
        raise PicturaError(f"The longest side must be at least 1 pixel, got {longest}.")
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize_longest(images: Tensor, longest: int) -> Tensor:
    """N×C×H×W to the same with its longer side at `longest` pixels; see `resize`."""
    return resize(images, fit_size(images.shape[-2], images.shape[-1], longest))


def to_float(images: Tensor) -> Tensor:
    """uint8 to float32 in [0, 1]; a float tensor is returned as it is."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def from_float(images: Tensor, dtype: torch.dtype) -> Tensor:
    """Float in [0, 1] to uint8, rounded, or to another float dtype."""
    return (images.float() * 255).round().to(dtype) if dtype == torch.uint8 else images.to(dtype)


def map_bands(function: Callable[..., Tensor], *images: Tensor) -> Tensor:
    """Apply a function of single pixels to images 1×C×H×W, a few rows at a time, as float in [0, 1].

    Returns a tensor with the shape and dtype of the first image.
    """
    output = torch.empty_like(images[0])
    for rows in bands((output.shape[-2], output.shape[-1])):
        band = function(*(to_float(image[..., rows, :]) for image in images))
        output[..., rows, :] = from_float(band, output.dtype)
    return output
