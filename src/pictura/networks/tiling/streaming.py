"""Any size of picture through a feed-forward network, exactly, within a stated memory.

A network is run on tiles with a halo as wide as what its convolutions see. That is exact but for its *sites*: the
instance norms (AdaIN is another), which need mean and variance of the whole picture. Those are found site by site: a
pass over all tiles runs the network as far as the site and adds up, later passes use what was found.

So that not every pass begins at the pixels, a network is given as *parts* in a row, usually three: the start at full
size, the middle at an eighth, the end. The map behind a part is kept whole where it fits the memory, and then the
passes of the next part begin there; where it does not fit, it is computed anew from the last one that did. A part that
fits in one piece is run once, as ever.

How a network makes use of it. It has

- `multiple`: sides of a picture must be divisible by it; `smallest`: and at least this long. Any picture is continued
  to such a size by mirrored pixels and the result cropped.
- `parts()`: a list of `NetworkPart`. Coordinates are the picture's pixels throughout: a map at an eighth of the size is cut
  at an eighth of a tile's corners, super-resolution's result at four times them. `run` is given the picture's tile and
  the tile of the map behind the part before (for the first part the picture's once more), and gives the tile of its own
  map, bound by the same corners. What skips from the start to the end is computed again from the picture's tile.
- sites: modules with an attribute `statistics`, None or the (mean, variance), each C, that they must use instead of
  those of what passes; what they look at is their first argument. `networks.layers.norm` has two. Where a site sees
  more than the tile, `margin` says by how many of its positions on every side.

    result = streamed(picture, network.parts(), memory=256 * 2**20, multiple=8)

Batches of one picture only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt
from typing import Any

import torch
from torch import Tensor, nn

from pictura.networks.tiling.tiles import Size, Tile, TiledImage, extend_size, rows_of_tiles
from pictura.picture.resize import from_float
from pictura.runtime.errors import PicturaError

DEFAULT_MEMORY = 2**30  # bytes: pictures of about eight megapixels in one piece, and room to keep maps of larger ones
MAPS = 0.6  # share of it for maps, so that AdaIN's of 4096² is kept; tiles of LARGEST take less than the rest
MAX_TILE = 1024  # side of a tile in pixels; a halo of 100 pixels adds less than half to it
MIN_TILE = 16  # least side: below it nearly all of the work is halo
Run = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class NetworkPart:
    """A stretch of a network that ends in a map which may be kept.

    run: (picture's tile, tile of the map before) to the tile of this part's map.
    sites: its sites in the order in which `run` meets them, also those of what it computes again.
    reach: pixels of the picture, to each side, that its map depends on beyond what the map before does.
    width: numbers alive at its widest moment, for each pixel of the picture, `stream` says of how many bytes.
    apart: no site of it depends on what another one gives, so that one pass finds the statistics of all.
    """

    run: Run
    norm_layers: Sequence[nn.Module] = ()
    receptive_radius: int = 0
    floats_per_pixel: float = 100
    independent: bool = False


def stream(
    picture: Tensor,
    parts: Sequence[NetworkPart],
    *,
    memory: int = DEFAULT_MEMORY,
    bytes_per_float: int = 4,
    multiple: int = 1,
    smallest: int = 1,
    whole: Callable[[Tensor], Tensor] | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The network of these parts on a picture of any size, clamped to [0, 1].

    Args:
        picture: 1×C×H×W, float in [0, 1] or uint8.
        parts: see the module.
        memory: bytes to work in, beside the picture and the result.
        number: bytes of one of the numbers that the parts' widths count: 2 where nearly all are in half precision.
        multiple: what a picture's sides must be divisible by for these parts.
        smallest: shortest side that they can read.
        whole: the same network in one piece, where that is faster than its parts one after the other.
        out: where the result goes, of the picture's dtype. It may be the picture itself if their sizes agree.

    Raises:
        PicturaError: not one picture, or less memory than the smallest tile takes.
    """
    if picture.dim() != 4 or len(picture) != 1 or 0 in picture.shape:
        raise PicturaError(f"Numbers of shape {tuple(picture.shape)} are no picture; give 1×3×H×W, no side of it 0.")
    stream = _Stream(picture, parts, memory, bytes_per_float, multiple, smallest)
    with torch.no_grad(), _reset_statistics(parts):
        if whole is not None and stream.fits(parts):
            return _finalize(whole(stream.full_image()), picture, out, stream.size)
        return stream.result(out)


class Sums:
    """Mean and variance of each channel, gathered piece by piece in float64 (Chan, Golub and LeVeque 1979)."""

    def __init__(self) -> None:
        self.count, self.dtype = 0, torch.float32
        self.mean: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0  # Σ (x - mean)²

    def add(self, x: Tensor) -> None:
        """One more piece, 1×C×H×W."""
        n, self.dtype = x.shape[-2] * x.shape[-1], torch.promote_types(x.dtype, torch.float32)
        variance, mean = torch.var_mean(x.double(), (0, 2, 3), correction=0)
        step, before = mean - self.mean, self.count
        self.count += n
        self.mean = self.mean + step * (n / self.count)
        self.squares = self.squares + variance * n + step.square() * (before * n / self.count)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """(mean, biased variance), each C, at least float32."""
        return torch.as_tensor(self.mean).to(self.dtype), (torch.as_tensor(self.squares) / self.count).to(self.dtype)


class _LayerReached(Exception):  # noqa: N818, nothing went wrong
    """The site is reached; what comes after it need not be computed."""


@contextmanager
def _reset_statistics(parts: Sequence[NetworkPart]) -> Iterator[None]:
    """Give the sites back as they were, whatever happens."""
    try:
        yield
    finally:
        for part in parts:
            for site in part.norm_layers:
                _set_statistics(site, None)


def _set_statistics(site: nn.Module, statistics: tuple[Tensor, Tensor] | None) -> None:
    site.__dict__["statistics"] = statistics  # no buffer: nothing of it is saved


class _Stream:
    """The state of one run: the map that passes begin at, and the parts from there on."""

    def __init__(
        self, pixels: Tensor, parts: Sequence[NetworkPart], memory: int, number: int, multiple: int, smallest: int
    ) -> None:
        self.parts, self.memory, self.bytes_per_float, self.multiple, self.smallest = (
            parts,
            memory,
            number,
            multiple,
            smallest,
        )
        self.size: Size = extend_size((pixels.shape[-2], pixels.shape[-1]), multiple, smallest)
        self.source = TiledImage(pixels, self.size)
        self.kept_map: Tensor | None = None  # None: passes begin at the picture
        self.scale = Fraction(1)  # positions of `kept` a pixel
        self.chain: list[NetworkPart] = []

    def fits(self, parts: Sequence[NetworkPart]) -> bool:
        """Whether these parts can run on the whole picture at once, beside what is kept."""
        width = max(part.floats_per_pixel for part in parts)
        return self.bytes_per_float * width * self.size[0] * self.size[1] + _byte_size(self.kept_map) <= self.memory

    def full_image(self) -> Tensor:
        """The whole picture, continued."""
        return self.source.tile(self._full_tile)

    def result(self, out: Tensor | None) -> Tensor:
        """All parts, tile by tile where they do not fit."""
        for part in self.parts[:-1]:
            self._advance(part)
        self.chain.append(self.parts[-1])
        return self._render(out)

    @property
    def _full_tile(self) -> Tile:
        return Tile(0, self.size[0], 0, self.size[1])

    def _advance(self, part: NetworkPart) -> None:
        """One part further: to a kept map if there is room for it, else only in mind."""
        self.chain.append(part)
        like, scale = self._probe()
        size = like.shape[1] * int(self.size[0] * scale) * int(self.size[1] * scale)
        if size * like.element_size() + _byte_size(self.kept_map) > MAPS * self.memory:
            return
        self.kept_map = self._run(self._full_tile) if self.fits(self.chain) else self._compute_map(like, scale)
        self.scale = scale
        self.chain = []

    def _probe(self) -> tuple[Tensor, Fraction]:
        """The chain's map of a corner of the picture, and its positions a pixel."""
        side = max(self.multiple, self.smallest, 2 * self._halo)
        height, width = extend_size((side, side), self.multiple)
        corner = Tile(0, min(height, self.size[0]), 0, min(width, self.size[1]))
        found = self._run(corner)
        return found, Fraction(found.shape[-1], corner.right)

    def _compute_map(self, like: Tensor, scale: Fraction) -> Tensor:
        """The chain's map of the whole picture."""
        height, width = int(self.size[0] * scale), int(self.size[1] * scale)
        found = torch.empty(
            (1, like.shape[1], height, width), dtype=like.dtype, device=like.device, memory_format=torch.channels_last
        )
        side = self._side(_byte_size(found))
        self._find_statistics(side)
        for tile in self._tiles(side):
            outer = tile.with_halo(self._halo, self.size)
            tile.crop(found, scale).copy_(tile.crop_from(outer, self._run(outer), self.size))
        return found

    def _render(self, out: Tensor | None) -> Tensor:
        """The result."""
        pixels = self.source.pixels
        if self.fits(self.chain):
            return _finalize(self._run(self._full_tile), pixels, out, self.size)
        like, scale = self._probe()
        if out is None:
            height, width = (int(side * scale) for side in pixels.shape[-2:])
            out = pixels.new_empty(1, like.shape[1], height, width)
        side = self._side(0)
        self._find_statistics(side)
        for row in rows_of_tiles(self.size, side):
            outer = row[0].with_halo(self._halo, self.size)
            self.source.keep_rows(outer.top, outer.bottom)
            for tile in row:
                outer = tile.with_halo(self._halo, self.size)
                _write_piece(tile.crop_from(outer, self._run(outer), self.size), tile.crop(out, scale))
        return out

    def _find_statistics(self, side: int) -> None:
        """One pass for each site of the chain that does not know its statistics yet, or for those that are apart."""
        for part in self.chain:
            unknown = [site for site in part.norm_layers if getattr(site, "statistics", None) is None]
            for sites in [unknown] if part.independent and unknown else [[site] for site in unknown]:
                for site, statistics in zip(sites, self._measure_statistics(sites, side), strict=True):
                    _set_statistics(site, statistics)

    def _measure_statistics(self, sites: Sequence[nn.Module], side: int) -> list[tuple[Tensor, Tensor]]:
        """What these sites see in one pass, the last one of them last."""
        sums = [Sums() for _ in sites]

        def hook(number: int, tile: Tile, outer: Tile) -> Callable[[nn.Module, tuple[Any, ...]], None]:
            def look(site: nn.Module, seen: tuple[Any, ...]) -> None:
                sums[number].add(tile.crop_from(outer, seen[0], self.size, getattr(site, "margin", 0)))
                if number == len(sites) - 1:
                    raise _LayerReached

            return look

        for tile in self._tiles(side):
            outer = tile.with_halo(self._halo, self.size)
            with ExitStack() as handles:
                for number, site in enumerate(sites):
                    handles.callback(site.register_forward_pre_hook(hook(number, tile, outer)).remove)
                with suppress(_LayerReached):
                    self._run(outer)
        return [one.statistics() for one in sums]

    def _run(self, tile: Tile) -> Tensor:
        """The chain on one tile."""
        picture = self.source.tile(tile)
        found = picture if self.kept_map is None else tile.crop(self.kept_map, self.scale)
        for part in self.chain:
            found = part.run(picture, found)
        return found

    @property
    def _halo(self) -> int:
        # At least one step, so that mirrored pixels at the end are near those they mirror.
        return max(1, -(-sum(part.receptive_radius for part in self.chain) // self.multiple)) * self.multiple

    def _side(self, taken: int) -> int:
        """Side of the tiles that can be worked on beside the maps that are kept or being made."""
        width = max(part.floats_per_pixel for part in self.chain)
        room = self.memory - _byte_size(self.kept_map) - taken
        side = (
            (isqrt(max(0, int(room / (self.bytes_per_float * width)))) - 2 * self._halo)
            // self.multiple
            * self.multiple
        )
        smallest = -(-MIN_TILE // self.multiple) * self.multiple
        if side < smallest:
            least = self.memory - room + self.bytes_per_float * width * (2 * self._halo + smallest) ** 2
            raise PicturaError(
                f"{self.memory / 2**20:.0f} MiB are too little for this network; give it at least "
                f"{ceil(least / 2**20)} MiB of memory."
            )
        return min(side, MAX_TILE // self.multiple * self.multiple)

    def _tiles(self, side: int) -> Iterator[Tile]:
        for row in rows_of_tiles(self.size, side):
            yield from row


def _byte_size(kept: Tensor | None) -> int:
    return 0 if kept is None else kept.numel() * kept.element_size()


def _finalize(found: Tensor, pixels: Tensor, out: Tensor | None, size: Size) -> Tensor:
    """The whole result, cut to the picture, in its dtype."""
    scale = Fraction(found.shape[-1], size[1])
    height, width = (int(side * scale) for side in pixels.shape[-2:])
    found = found[..., :height, :width]
    if out is None:
        out = torch.empty(found.shape, dtype=pixels.dtype, device=found.device)
    _write_piece(found, out)
    return out


def _write_piece(found: Tensor, place: Tensor) -> None:
    """Write a piece of the result, cut to its place, clamped to [0, 1]."""
    place.copy_(from_float(found[..., : place.shape[-2], : place.shape[-1]].clamp(0, 1), place.dtype))
