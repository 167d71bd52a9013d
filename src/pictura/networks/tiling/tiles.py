"""Rectangles of a picture, and a picture that is read rectangle by rectangle."""

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
    """Which of a line's `side` pixels stand at the positions first … last - 1 if it is mirrored behind its end."""
    period = max(1, 2 * side - 2)  # the last pixel itself is not repeated
    place = torch.arange(first, last) % period
    return torch.where(place < side, place, period - place)


@dataclass(frozen=True)
class Tile:
    """Rows from top to bottom and columns from left to right, in pixels of the picture."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def sides(self) -> tuple[Size, Size]:
        """First and last, of the rows and of the columns."""
        return (self.top, self.bottom), (self.left, self.right)

    def with_halo(self, halo: int, size: Size) -> "Tile":
        """With a halo, as far as a picture of this size goes."""
        (top, bottom), (left, right) = (
            (max(0, first - halo), min(end, last + halo)) for (first, last), end in zip(self.sides, size, strict=True)
        )
        return Tile(top, bottom, left, right)

    def crop(self, whole: Tensor, scale: Fraction) -> Tensor:
        """This rectangle of a map …×H×W that has `scale` positions a pixel, or what of it the map has."""
        rows, columns = (slice(int(first * scale), int(last * scale)) for first, last in self.sides)
        return whole[..., rows, columns]

    def crop_from(self, outer: "Tile", found: Tensor, size: Size, margin: int = 0) -> Tensor:
        """This rectangle of the map of a larger one, `outer`.

        The map may go beyond `outer` by `margin` positions on each side. They are kept where they lie beyond the
        picture, whose size is given, and cut where they lie beyond the rectangle only.
        """
        cuts = []
        for (first, last), (start, stop), end, side in zip(
            self.sides, outer.sides, size, found.shape[-2:], strict=True
        ):
            scale = Fraction(side - 2 * margin, stop - start)
            low = 0 if first == 0 else margin + int((first - start) * scale)
            high = side if last == end else margin + int((last - start) * scale)
            cuts.append(slice(low, high))
        return found[..., cuts[0], cuts[1]]


def rows_of_tiles(size: Size, side: int) -> Iterator[list[Tile]]:
    """Squares of this side that cover a picture, row by row; the last ones are cut."""
    for top, bottom in pairwise([*range(0, size[0], side), size[0]]):
        yield [Tile(top, bottom, left, right) for left, right in pairwise([*range(0, size[1], side), size[1]])]


class TiledImage:
    """A picture 1×C×H×W, float or uint8, that goes on to a larger size by mirrored pixels."""

    def __init__(self, pixels: Tensor, size: Size) -> None:
        self.pixels, self.size = pixels, size
        self._first, self._rows = 0, pixels

    def tile(self, tile: Tile) -> Tensor:
        """One tile, float in [0, 1]."""
        height, width = self.pixels.shape[-2:]
        found = self._rows
        if tile.bottom > height:
            found = found[..., mirror_indices(tile.top, tile.bottom, height) - self._first, :]
        else:
            found = found[..., tile.top - self._first : tile.bottom - self._first, :]
        if tile.right > width:
            found = found[..., mirror_indices(tile.left, tile.right, width)]
        else:
            found = found[..., tile.left : tile.right]
        return to_float(found.contiguous())

    def keep_rows(self, top: int, bottom: int) -> None:
        """Copy these rows, which are all that `tile` can read until the next call: the picture may be overwritten.

        Rows that were held before are taken from there. `top` never goes back.
        """
        if self._rows is self.pixels:
            held = self.pixels[..., :0, :]
            known = top
        else:
            held = self._rows[..., top - self._first :, :]
            known = top + held.shape[-2]
        self._first, self._rows = top, torch.cat([held, self.pixels[..., known:bottom, :]], dim=-2)


def crop_to_multiple(pictures: Tensor, multiple: int, smallest: int) -> Tensor:
    """N×C×H×W without the rows and columns at the end that are too many for a network.

    Raises:
        PicturaError: what is left is smaller than the network can read.
    """
    height, width = (side // multiple * multiple for side in pictures.shape[-2:])
    if min(height, width) < smallest:
        raise PicturaError(f"Crops of {min(pictures.shape[-2:])} pixels are too small here: take {smallest} or more.")
    return pictures[..., :height, :width]
