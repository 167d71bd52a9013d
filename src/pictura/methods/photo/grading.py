"""From the maps to the picture: small copies to look at, and the whole a few rows at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from pictura.methods.photo.colour import apply_affine
from pictura.methods.photo.skin import Skin, find_skin, keep_skin, limit_turn
from pictura.networks.photo import CELL, apply_maps, slice_grid
from pictura.networks.tiling.tiles import extend_size
from pictura.picture.bands import bands
from pictura.picture.resize import fit_size, from_float, resize_longest, to_float

SEEN = 832  # longest side of the copy whose colours are counted and whose faces are found: that of the second search
SHORT = 192  # shorter side of the small copy: that of the training's crops
LONG = 512  # and the longest the other one may be
REFERENCE = 256  # longest side at which a reference is encoded: a training crop's statistics come from that scale
LEAST = 64  # shortest side of a reference's copy: its deepest features must have statistics
BYTES = 4 * 60  # a pixel's share of a band: twelve numbers of its map, and as many in every step on the way
BAND = 2**18  # pixels at once: what is computed of them stays near the processor
Grade = Callable[[Tensor, slice, int], Tensor]  # rows N×3×h×W, which they are, height of the whole: to graded rows


def small_size(height: int, width: int) -> tuple[int, int]:
    """The sides of the small copy, each divisible by a cell; a very long picture is squeezed."""
    scale = SHORT / min(height, width)
    longest = min(LONG, round(max(height, width) * scale))
    sides = (SHORT, longest) if height <= width else (longest, SHORT)
    return extend_size(sides, CELL)


def reference_size(height: int, width: int) -> tuple[int, int]:
    """The sides of a reference's copy."""
    h, w = fit_size(height, width, REFERENCE)
    return max(LEAST, h), max(LEAST, w)


def fill(image: Tensor, colour: Tensor) -> Tensor:
    """1×3×H×W, in one colour where 1×4×H×W is transparent."""
    if image.shape[1] == 3:
        return image
    return torch.lerp(colour.to(image)[:, None, None].expand_as(image[:, :3]), image[:, :3], image[:, 3:])


def apply_grid(grid: Tensor, guide: nn.Module, x: Tensor, rows: slice, height: int) -> Tensor:
    """A grid on rows of the picture that it is spread over, or of a copy of it."""
    return apply_maps(slice_grid(grid, guide(x), rows, height), x)


def reduce(image: Tensor) -> Tensor:
    """An image, or a copy of it whose longest side is `SEEN`; what has alpha stays."""
    height, width = image.shape[-2:]
    if max(height, width) <= SEEN or image.shape[1] != 3:
        return image
    return resize_longest(image, SEEN)


def limit_skin(small: Tensor, grade: Grade) -> list[Skin]:
    """The skin of an image's faces, with the turn each may take."""
    skins = find_skin(small)
    if not skins:
        return []
    height = small.shape[-2]
    after = grade(small, slice(0, height), height)
    return [limit_turn(skin, small, after) for skin in skins]


@dataclass(frozen=True)
class Grading:
    """What is to be done to a photo.

    maps: one affine map 3×4 for all of it, or a grid of them 1×12×Z×h×w, see `networks.photo`.
    skins: with the turn each may take, and a share.
    """

    maps: Tensor
    skins: tuple[tuple[Skin, float], ...] = ()

    def open(self, guide: nn.Module | None) -> Grade:
        """What grades rows of a photo; a grid needs the guide of its network."""
        if guide is None:
            return lambda x, rows, height: apply_affine(self.maps, x)
        return partial(apply_grid, self.maps, guide)


def mix_gradings(parts: Sequence[tuple[Grading, float]]) -> Grading:
    """The weighted mean, for photos of one size; the weights' sum is 1."""
    maps = torch.stack([share * grading.maps for grading, share in parts]).sum(0)
    return Grading(maps, tuple((skin, share * own) for grading, share in parts for skin, own in grading.skins))


def grade_bands(
    image: Tensor, grade: Grade, skins: Sequence[tuple[Skin, float]], memory: int, out: Tensor | None
) -> Tensor:
    """The image graded a few rows at a time, clamped."""
    result = torch.empty_like(image) if out is None else out
    height, width = image.shape[-2:]
    for rows in bands((height, width), min(BAND, memory // BYTES)):
        x = to_float(image[..., rows, :])
        y = grade(x, rows, height)
        if skins:
            y = keep_skin(y, x, skins, rows, height)
        result[..., rows, :] = from_float(y.clamp(0, 1), result.dtype)
    return result
