"""Tiles of an image with and without halo, and an image that is read tile by tile."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import torch
from torch import Tensor

from pictura.picture.resize import to_float
from pictura.runtime.errors import PicturaError

Size = tuple[int, int]  # height, width in pixels


def extend_size(size: Size, multiple: int, smallest: int = 1) -> Size:
    """The next size whose sides are divisible by `multiple` and at least `smallest`."""
    height, width = (-(-max(side, smallest) // multiple) * multiple for side in size)
    return height, width


def mirror_indices(first: int, last: int, side: int) -> Tensor:
    """Indices into a line of `side` pixels for the positions first … last - 1, if it is reflected behind its end."""
    period = max(1, 2 * side - 2)  # the last pixel itself is not repeated
    position = torch.arange(first, last) % period
    return torch.where(position < side, position, period - position)


@dataclass(frozen=True)
class Tile:
    """Rows from top to bottom and columns from left to right, in pixels of the image."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def sides(self) -> tuple[Size, Size]:
        """First and last row, first and last column."""
        return (self.top, self.bottom), (self.left, self.right)

    def with_halo(self, halo: int, size: Size) -> "Tile":
        """This tile with a halo of so many pixels on each side, cut at the borders of an image of this size."""
        (top, bottom), (left, right) = (
            (max(0, first - halo), min(end, last + halo)) for (first, last), end in zip(self.sides, size, strict=True)
        )
        return Tile(top, bottom, left, right)

    def crop(self, whole: Tensor, scale: Fraction) -> Tensor:
        """This tile of a map …×H×W that has `scale` positions per pixel; less where the map ends earlier."""
        rows, columns = (slice(int(first * scale), int(last * scale)) for first, last in self.sides)
        return whole[..., rows, columns]

    def crop_from(self, outer: "Tile", features: Tensor, size: Size, margin: int = 0) -> Tensor:
        """This tile of the map of `outer`, the tile with its halo.

        The map may reach beyond `outer` by `margin` positions on each side. They are kept where they lie beyond the
        image, whose size is given, and cut where they lie beyond the tile only.
        """
        cuts = []
        for (first, last), (start, stop), end, side in zip(
            self.sides, outer.sides, size, features.shape[-2:], strict=True
        ):
            scale = Fraction(side - 2 * margin, stop - start)
            low = 0 if first == 0 else margin + int((first - start) * scale)
            high = side if last == end else margin + int((last - start) * scale)
            cuts.append(slice(low, high))
        return features[..., cuts[0], cuts[1]]


def rows_of_tiles(size: Size, side: int) -> Iterator[list[Tile]]:
    """Square tiles of this side that cover an image, row by row; the last ones are cut."""
    for top, bottom in pairwise([*range(0, size[0], side), size[0]]):
        yield [Tile(top, bottom, left, right) for left, right in pairwise([*range(0, size[1], side), size[1]])]


class TiledImage:
    """An image 1×C×H×W, float or uint8, extended to a larger size by reflected pixels as it is read."""

    def __init__(self, pixels: Tensor, size: Size) -> None:
        self.pixels, self.size = pixels, size
        self._first, self._rows = 0, pixels

    def tile(self, tile: Tile) -> Tensor:
        """One tile, float in [0, 1]."""
        height, width = self.pixels.shape[-2:]
        pixels = self._rows
        if tile.bottom > height:
            pixels = pixels[..., mirror_indices(tile.top, tile.bottom, height) - self._first, :]
        else:
            pixels = pixels[..., tile.top - self._first : tile.bottom - self._first, :]
        if tile.right > width:
            pixels = pixels[..., mirror_indices(tile.left, tile.right, width)]
        else:
            pixels = pixels[..., tile.left : tile.right]
        return to_float(pixels.contiguous())

    def keep_rows(self, top: int, bottom: int) -> None:
        """Copy these rows, all that `tile` can read until the next call, so that the image may be overwritten.

        Rows that were copied before are taken from there. `top` never goes back.
        """
        if self._rows is self.pixels:
            copied = self.pixels[..., :0, :]
            fresh = top
        else:
            copied = self._rows[..., top - self._first :, :]
            fresh = top + copied.shape[-2]
        self._first, self._rows = top, torch.cat([copied, self.pixels[..., fresh:bottom, :]], dim=-2)


def crop_to_multiple(images: Tensor, multiple: int, smallest: int) -> Tensor:
    """N×C×H×W without the last rows and columns, so that both sides are divisible by `multiple`.

    Raises:
        PicturaError: the result is smaller than the network accepts.
    """
    height, width = (side // multiple * multiple for side in images.shape[-2:])
    if min(height, width) < smallest:
        raise PicturaError(f"Crops of {min(images.shape[-2:])} pixels are too small here: use at least {smallest}.")
    return images[..., :height, :width]
