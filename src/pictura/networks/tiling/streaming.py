"""Any size of image through a feed-forward network, exactly, within a stated memory.

The network runs on tiles, each with a halo as wide as the receptive field of its convolutions. That is exact but for
the normalization layers (instance norm, AdaIN), which need mean and variance over the whole image. Those are found
layer by layer: a pass over all tiles runs the network as far as the layer and adds up its input, later passes use the
result (`networks.layers.norm.use_statistics`).

So that not every pass starts from the pixels, a network is given as *parts* in a row, usually three: the start at full
size, the middle at an eighth, the end. The feature map behind a part is kept whole where it fits the memory, and then
the passes of the next part start from it; where it does not fit, it is computed again from the last one that did. A
part that fits in one piece runs once, as usual.

        image ──▶ part 1 ──▶ map 1 ──▶ part 2 ──▶ map 2 ──▶ part 3 ──▶ result
          └────────────────────┴ tiles with halo ┴────────────┘

A network that can be streamed has

- `multiple`: sides of an image must be divisible by it; `smallest`: and at least this long. Any image is extended to
  such a size by mirrored pixels, and the result is cropped.
- `parts()`: a list of `NetworkPart`. All coordinates are pixels of the image: a map at an eighth of the size is cropped
  at an eighth of a tile's corners, super-resolution's result at four times them. `run` is given the image's tile and
  the tile of the previous part's map (the first part: the image's tile again), and returns the tile of its own map,
  with the same corners. Skip connections from the start to the end are computed again from the image's tile.
- normalization layers that are a `NormLayer`. Where their input is larger than the tile, `margin` says by how many
  positions on every side.

    result = stream(image, network.parts(), memory=256 * 2**20, multiple=8)

Batches of one image only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt, lcm

import torch
from torch import Tensor

from pictura.networks.layers.norm import ChannelStatistics, NormLayer, Observer, Sums, observe_inputs, use_statistics
from pictura.networks.tiling.tiles import Size, Tile, TiledImage, extend_size, rows_of_tiles
from pictura.picture.resize import from_float
from pictura.runtime.errors import PicturaError
from pictura.runtime.numbers import check_result

DEFAULT_MEMORY = 2**30  # bytes: pictures of about eight megapixels in one piece, and room to keep maps of larger ones
MAPS = 0.6  # share of it for maps, so that AdaIN's of 4096² is kept; tiles of MAX_TILE take less than the rest
MAX_TILE = 1024  # side of a tile in pixels; a halo of 100 pixels adds less than half to it
MIN_TILE = 16  # least side: below it nearly all of the work is halo
Run = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class NetworkPart:
    """A stretch of a network that ends in a feature map which may be kept.

    run: (image's tile, tile of the previous map) to the tile of this part's map.
    norm_layers: its normalization layers in the order in which `run` meets them, also those of what it computes again.
    receptive_radius: pixels of the image, to each side, that its map depends on beyond what the previous map does.
    floats_per_pixel: numbers alive at its widest moment, per pixel of the image; `stream` is told how many bytes each.
    independent: none of its normalization layers depends on another's output, so that one pass measures all.
    step: its tiles may begin at multiples of so many pixels; None: of what the image's sides must be divisible by.
    """

    run: Run
    norm_layers: Sequence[NormLayer] = ()
    receptive_radius: int = 0
    floats_per_pixel: float = 100
    independent: bool = False
    step: int | None = None


def stream(
    image: Tensor,
    parts: Sequence[NetworkPart],
    *,
    memory: int = DEFAULT_MEMORY,
    bytes_per_float: int = 4,
    multiple: int = 1,
    smallest: int = 1,
    whole: Callable[[Tensor], Tensor] | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The network of these parts on an image of any size, clamped to [0, 1].

    Args:
        image: 1×C×H×W, float in [0, 1] or uint8.
        parts: see the module.
        memory: bytes to work in, beside the image and the result.
        bytes_per_float: of the numbers that `floats_per_pixel` counts: 2 where nearly all are in half precision.
        multiple: what an image's sides must be divisible by for these parts.
        smallest: shortest side that they accept.
        whole: the same network in one piece, where that is faster than its parts one after the other.
        out: where the result goes, of the image's dtype. It may be the image itself if their sizes agree.

    Raises:
        PicturaError: not one image, or less memory than the smallest tile takes.
    """
    if image.dim() != 4 or len(image) != 1 or 0 in image.shape:
        shape = tuple(image.shape)
        raise PicturaError(
            f"Expected one image tensor 1×C×H×W with non-zero sides, got {shape}; give images one by one."
        )
    with torch.no_grad(), use_statistics({}) as statistics:
        run = _Stream(image, parts, memory, bytes_per_float, multiple, smallest, statistics)
        if whole is not None and run.fits(parts):
            return _finalize(whole(run.full_image()), image, out, run.size)
        return run.result(out)


class _LayerReached(Exception):  # noqa: N818, nothing went wrong
    """The last layer to be measured is reached; what comes after it need not be computed."""


class _Stream:
    """The state of one call: the map that passes start from, the parts from there on, the statistics known so far."""

    def __init__(
        self,
        pixels: Tensor,
        parts: Sequence[NetworkPart],
        memory: int,
        bytes_per_float: int,
        multiple: int,
        smallest: int,
        statistics: dict[NormLayer, ChannelStatistics],
    ) -> None:
        self.parts = parts
        self.memory, self.bytes_per_float = memory, bytes_per_float
        self.multiple, self.smallest = multiple, smallest
        self.statistics = statistics  # of `use_statistics`: what is added here the layers use at once
        self.size: Size = extend_size((pixels.shape[-2], pixels.shape[-1]), multiple, smallest)
        self.source = TiledImage(pixels, self.size)
        self.kept_map: Tensor | None = None  # None: passes start from the image
        self.scale = Fraction(1)  # positions of `kept_map` per pixel
        self.chain: list[NetworkPart] = []

    def fits(self, parts: Sequence[NetworkPart]) -> bool:
        """Whether these parts can run on the whole image at once, beside what is kept."""
        width = max(part.floats_per_pixel for part in parts)
        return self.bytes_per_float * width * self.size[0] * self.size[1] + _byte_size(self.kept_map) <= self.memory

    def full_image(self) -> Tensor:
        """The whole image, extended."""
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
        """Append one part to the chain, and keep the chain's map if there is room for it."""
        self.chain.append(part)
        like, scale = self._probe()
        size = like.shape[1] * int(self.size[0] * scale) * int(self.size[1] * scale)
        if size * like.element_size() + _byte_size(self.kept_map) > MAPS * self.memory:
            return
        self.kept_map = self._run(self._full_tile) if self.fits(self.chain) else self._compute_map(like, scale)
        self.scale = scale
        self.chain = []

    def _probe(self) -> tuple[Tensor, Fraction]:
        """The chain's map of a corner of the image, and its positions per pixel."""
        side = max(self.multiple, self.smallest, 2 * self._halo)
        height, width = extend_size((side, side), self._step)
        corner = Tile(0, min(height, self.size[0]), 0, min(width, self.size[1]))
        features = self._run(corner)
        return features, Fraction(features.shape[-1], corner.right)

    def _compute_map(self, like: Tensor, scale: Fraction) -> Tensor:
        """The chain's map of the whole image, tile by tile."""
        height, width = int(self.size[0] * scale), int(self.size[1] * scale)
        features = torch.empty(
            (1, like.shape[1], height, width), dtype=like.dtype, device=like.device, memory_format=torch.channels_last
        )
        side = self._tile_side(_byte_size(features))
        self._find_statistics(side)
        for tile in self._tiles(side):
            outer = tile.with_halo(self._halo, self.size)
            tile.crop(features, scale).copy_(tile.crop_from(outer, self._run(outer), self.size))
        return features

    def _render(self, out: Tensor | None) -> Tensor:
        """The chain's map as the result of the call."""
        pixels = self.source.pixels
        if self.fits(self.chain):
            return _finalize(self._run(self._full_tile), pixels, out, self.size)
        like, scale = self._probe()
        if out is None:
            height, width = (int(side * scale) for side in pixels.shape[-2:])
            out = pixels.new_empty(1, like.shape[1], height, width)
        side = self._tile_side(0)
        self._find_statistics(side)
        for row in rows_of_tiles(self.size, side):
            outer = row[0].with_halo(self._halo, self.size)
            self.source.keep_rows(outer.top, outer.bottom)
            for tile in row:
                outer = tile.with_halo(self._halo, self.size)
                _write_piece(tile.crop_from(outer, self._run(outer), self.size), tile.crop(out, scale))
        return out

    def _find_statistics(self, side: int) -> None:
        """One pass for each layer of the chain whose statistics are unknown, or one for all that are independent."""
        for part in self.chain:
            unknown = [layer for layer in part.norm_layers if layer not in self.statistics]
            for layers in [unknown] if part.independent and unknown else [[layer] for layer in unknown]:
                self.statistics.update(self._measure_statistics(layers, side))

    def _measure_statistics(self, layers: Sequence[NormLayer], side: int) -> dict[NormLayer, ChannelStatistics]:
        """Statistics of these layers' inputs in one pass over all tiles; the last of them is met last."""
        sums = {layer: Sums() for layer in layers}
        for tile in self._tiles(side):
            outer = tile.with_halo(self._halo, self.size)
            with observe_inputs(self._add_to(sums, tile, outer)), suppress(_LayerReached):
                self._run(outer)
        return {layer: each.statistics() for layer, each in sums.items()}

    def _add_to(self, sums: dict[NormLayer, Sums], tile: Tile, outer: Tile) -> Observer:
        last = list(sums)[-1]

        def add(layer: NormLayer, x: Tensor, _: ChannelStatistics | None) -> None:
            if layer in sums:
                sums[layer].add(tile.crop_from(outer, x, self.size, layer.margin))
            if layer is last:
                raise _LayerReached

        return add

    def _run(self, tile: Tile) -> Tensor:
        """The chain on one tile."""
        image = self.source.tile(tile)
        features = image if self.kept_map is None else tile.crop(self.kept_map, self.scale)
        for part in self.chain:
            features = part.run(image, features)
        return features

    @property
    def _step(self) -> int:
        """Tiles of the chain begin at multiples of it."""
        return lcm(*(part.step or self.multiple for part in self.chain))

    @property
    def _halo(self) -> int:
        # At least one step, so that mirrored pixels at the end are near those they mirror.
        return max(1, -(-sum(part.receptive_radius for part in self.chain) // self._step)) * self._step

    def _tile_side(self, reserved: int) -> int:
        """Side of the tiles that fit the memory beside the kept map and so many reserved bytes."""
        width = max(part.floats_per_pixel for part in self.chain)
        room = self.memory - _byte_size(self.kept_map) - reserved
        with_halo = isqrt(max(0, int(room / (self.bytes_per_float * width))))
        side = (with_halo - 2 * self._halo) // self._step * self._step
        smallest = -(-MIN_TILE // self._step) * self._step
        if side < smallest:
            least = self.memory - room + self.bytes_per_float * width * (2 * self._halo + smallest) ** 2
            raise PicturaError(
                f"{self.memory / 2**20:.0f} MiB of memory is too little for this network; it needs at least "
                f"{ceil(least / 2**20)} MiB."
            )
        return min(side, max(1, MAX_TILE // self._step) * self._step)

    def _tiles(self, side: int) -> Iterator[Tile]:
        for row in rows_of_tiles(self.size, side):
            yield from row


def _byte_size(features: Tensor | None) -> int:
    return 0 if features is None else features.numel() * features.element_size()


def _finalize(output: Tensor, pixels: Tensor, out: Tensor | None, size: Size) -> Tensor:
    """The whole result, cropped to the image, in its dtype."""
    scale = Fraction(output.shape[-1], size[1])
    height, width = (int(side * scale) for side in pixels.shape[-2:])
    output = output[..., :height, :width]
    if out is None:
        out = torch.empty(output.shape, dtype=pixels.dtype, device=output.device)
    _write_piece(output, out)
    return out


def _write_piece(output: Tensor, place: Tensor) -> None:
    """Write a piece of the result, cropped to its place and clamped to [0, 1]."""
    pixels = check_result(output[..., : place.shape[-2], : place.shape[-1]])
    place.copy_(from_float(pixels.clamp(0, 1), place.dtype))
