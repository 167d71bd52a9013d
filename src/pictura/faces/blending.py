"""Put a changed face back: only what was changed is added, and nothing at all outside it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.faces.aligning import Similarity, bounding_box, pixel_centres
from pictura.picture.bands import bands
from pictura.picture.resize import from_float, to_float

# Ours, by eye: the change is whole in the middle of the square and fades towards its border, along a rounded square,
# because networks change hair and forehead, too, and what they do to the very border is no part of a face.
WHOLE, FADED = 0.72, 0.96  # shares of half the side
ROUNDNESS = 4  # of the norm whose unit ball it is: 2 would be a circle


def fade_mask(side: int) -> Tensor:
    """1×1×side×side: 1 in the middle, 0 at the border, smooth between them."""
    position = ((torch.arange(side) + 0.5) / side * 2 - 1).abs() ** ROUNDNESS
    radius = (position[:, None] + position) ** (1 / ROUNDNESS)
    t = ((FADED - radius) / (FADED - WHOLE)).clamp(0, 1)
    return (t * t * (3 - 2 * t))[None, None]


def add_change(image: Tensor, change: Tensor, place: Similarity, *, fade: bool = True) -> Tensor:
    """The image with a change of a turned square added, faded towards the square's border; clamped to [0, 1].

    The change is enlarged smoothly (bicubic), so that the image keeps its own fine detail; where the image's face is
    smaller than the square, the change is reduced first. Pixels outside the fading mask are those of the image.

    Args:
        image: 1×3×H×W in [0, 1] or uint8; it is not written to.
        change: 1×3×side×side, what is to be added, in [-1, 1].
        place: from shares of the square's side to pixels of the image.
        fade: whether the change fades; without, it is that of a whole image.
    """
    if fade:
        change = change * fade_mask(change.shape[-1])
    if abs(place.a) < change.shape[-1]:
        side = max(1, round(abs(place.a)))
        change = F.interpolate(change, (side, side), mode="bicubic", antialias=True, align_corners=False)
    output = image.clone()
    left, top, right, bottom = bounding_box(place, image.shape[-2], image.shape[-1])
    back = place.inverse()
    for rows in bands((bottom - top, right - left)):
        part = output[..., top:bottom, left:right][..., rows, :]
        points = pixel_centres(part.shape[-2], part.shape[-1]) + torch.tensor([left, top + rows.start])
        grid = 2 * back(points) - 1
        added = F.grid_sample(
            change, grid[None], mode="bicubic", padding_mode="zeros" if fade else "border", align_corners=False
        )
        changed = from_float((to_float(part) + added).clamp(0, 1), image.dtype)
        part.copy_(torch.where((added != 0).any(1, keepdim=True), changed, part))
    return output
