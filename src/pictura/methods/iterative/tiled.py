"""The loss of a picture too large to be encoded in one piece, and its gradient, tile by tile and exact.

Style is compared by moments of the whole picture, which are sums over positions: a first pass over the tiles gathers
them. The style term's slopes in the moments are then numbers, and so the loss is a sum over positions too: a second
pass takes its gradient tile by tile. Each tile comes with a halo as wide as the features look, and counts only the
features at its core; so there are no seams, and no offsets that would have to hide them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pictura.encoders import Encoder
from pictura.losses.moments import Moments, moments
from pictura.methods.iterative.objective import open_loss
from pictura.methods.iterative.settings import Settings

Size = tuple[int, int]
Read = Callable[[slice, slice], Tensor]  # rows and columns of a picture → 1×3×h×w in [0, 1]
NOISE_SIDE = 512  # pixels after which the noise of a step repeats: more than any feature looks at
# Measured in float32: encoding with gradients takes 2.2 times what all layers of `compact` hold, of VGG-19 1.6 times.
WORK = 2.25
TILE_SHARE = 0.5  # of the memory, for the encoding of a tile; the rest for what is carried from tile to tile


@dataclass(frozen=True)
class Span:
    """A tile along one side of the picture, in pixels: what it reads, and what of it counts."""

    start: int
    stop: int
    core_start: int
    core_stop: int
    first: bool
    last: bool

    @property
    def read(self) -> slice:
        """The pixels that are read."""
        return slice(self.start, self.stop)

    def pixels(self) -> slice:
        """Those that count, among those that are read."""
        return slice(self.core_start - self.start, self.core_stop - self.start)

    def positions(self, stride: int, count: int, without_border: bool = False) -> slice:
        """The positions that count, among the `count` of a feature map of what is read.

        The last tile's go to the end, wherever the encoder rounds to. Without border the picture's first and last
        position do not count.
        """
        start = (self.core_start - self.start) // stride + (self.first and without_border)
        return slice(start, count - without_border if self.last else (self.core_stop - self.start) // stride)


def split_side(length: int, core: int, halo: int) -> list[Span]:
    """A side of so many pixels in cores of `core` pixels, each with a halo where the picture goes on."""
    starts = range(0, length, core)
    # A last core narrower than the halo would be nearly all halo, and its map perhaps too small to be one.
    starts = starts if len(starts) == 1 or length - starts[-1] >= halo else starts[:-1]
    stops = [*starts[1:], length]
    return [
        Span(max(0, a - halo), min(length, b + halo), a, b, a == 0, b == length)
        for a, b in zip(starts, stops, strict=True)
    ]


@lru_cache(8)
def memory_per_pixel(encoder: Encoder) -> float:
    """Bytes that encoding with gradients takes for each pixel of a picture, roughly."""
    side, total = 8 * encoder.smallest(encoder.layers), 0

    def count(_: nn.Module, __: object, output: Tensor) -> None:
        nonlocal total
        total += output.numel() * output.element_size()

    hooks = [m.register_forward_hook(count) for m in encoder.modules() if not list(m.children())]
    try:
        encoder(torch.zeros(1, 3, side, side, device=encoder.mean.device), encoder.layers)
    finally:
        for hook in hooks:
            hook.remove()
    return WORK * total / side**2


class TiledObjective:
    """What `StyleObjective` is, for a picture that is read in parts.

    Args:
        encoder: whose features define content and style.
        settings: layers, weights, and which style term.
        style: moments of the painting at this scale.
        content: reads the photograph at this scale; None for a texture.
        size: height and width of picture and photograph.
        sigma: σ of the noise added to what is encoded.
        emphasis: weight of each position in the content term, 1×1×h×w of any size; by default 1.
        memory: bytes to work in.
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: Settings,
        style: Moments,
        content: Read | None,
        size: Size,
        sigma: float,
        emphasis: Tensor | None,
        memory: float,
    ) -> None:
        self.loss = open_loss(encoder, settings, style, has_content=content is not None)
        self.encoder, self.settings, self.content, self.size = encoder, settings, content, size
        self.sigma, self.emphasis = sigma, emphasis
        stride = max(encoder.stride(layer) for layer in self.loss.layers)
        halo = -(-max(encoder.receptive_field(layer) for layer in self.loss.layers) // (2 * stride)) * stride
        side = (TILE_SHARE * memory / memory_per_pixel(encoder)) ** 0.5
        core = max(stride, halo, int((side - 2 * halo) // stride) * stride)
        self.rows, self.columns = (split_side(length, core, halo) for length in size)

    def evaluate(
        self, read: Read, generator: torch.Generator, update: Callable[[slice, Tensor], None]
    ) -> dict[str, float]:
        """The weighted terms of the picture that `read` reads; `update` gets its gradient, some rows after others.

        `update` is called with rows, from the top down, each once, and the gradient 1×3×h×W there.
        """
        noise = self.sigma * torch.randn(1, 3, NOISE_SIDE, NOISE_SIDE, generator=generator)

        def encode(row: Span, column: Span, x: Tensor, layers: list[str]) -> dict[str, Tensor]:
            if self.sigma:
                down, across = (torch.arange(span.start, span.stop) % NOISE_SIDE for span in (row, column))
                x = x + noise[:, :, down][..., across].to(x.device)
            features: dict[str, Tensor] = self.encoder(x, layers)
            return features

        found, counts = self._gather_moments(read, encode)
        style, slopes = self._differentiate_style(found)
        roots = self._emphasize()
        terms = {"style": style}

        def add(name: str, term: Tensor) -> Tensor:
            terms[name] = terms.get(name, 0.0) + term.item()
            return term

        def differentiate(row: Span, column: Span) -> Tensor:
            x = read(row.read, column.read).requires_grad_()
            features = encode(row, column, x, self.loss.layers)
            total = self._style_part(row, column, features, slopes, counts)
            if self.loss.content:
                total = total + add("content", self._content_part(row, column, features, roots, encode))
            if self.settings.tv_weight:
                total = total + add("tv", self._tv_part(row, column, x))
            return torch.autograd.grad(total, x)[0]

        for rows, gradient in self._sum_overlaps(differentiate):
            update(rows, gradient)
        return terms

    @torch.no_grad()
    def _gather_moments(self, read: Read, encode: Callable[..., dict[str, Tensor]]) -> tuple[Moments, dict[str, int]]:
        """The whole picture's moments at the style's layers, and over how many positions."""
        sums: dict[str, tuple[Tensor, Tensor]] = {}
        counts = dict.fromkeys(self.loss.style, 0)
        for row in self.rows:
            for column in self.columns:
                features = encode(row, column, read(row.read, column.read), list(self.loss.style))
                for layer, f in features.items():
                    part = self._style_positions(row, column, layer, f)
                    count = part.shape[-2] * part.shape[-1]
                    mean, second = moments(part)
                    before = sums.get(layer, (torch.zeros_like(mean), torch.zeros_like(second)))
                    sums[layer] = before[0] + count * mean, before[1] + count * second
                    counts[layer] += count
        return {layer: (mean / counts[layer], second / counts[layer]) for layer, (mean, second) in sums.items()}, counts

    def _differentiate_style(self, found: Moments) -> tuple[float, Moments]:
        """The weighted style term, and its derivatives with respect to the moments."""
        leaves = {layer: tuple(m.detach().requires_grad_() for m in pair) for layer, pair in found.items()}
        term = self.settings.style_weight * self.loss.style_term(leaves, 0)  # type: ignore[arg-type]  # pairs of two
        # A Gram term does not depend on the mean.
        flat = torch.autograd.grad(term, [m for pair in leaves.values() for m in pair], materialize_grads=True)
        return term.item(), {layer: (flat[2 * i], flat[2 * i + 1]) for i, layer in enumerate(leaves)}

    def _style_positions(self, row: Span, column: Span, layer: str, f: Tensor) -> Tensor:
        stride, crops = self.encoder.stride(layer), self.loss.crops_border(layer, self._map_size(layer))
        rows, columns = (
            span.positions(stride, count, crops) for span, count in ((row, f.shape[-2]), (column, f.shape[-1]))
        )
        return f[..., rows, columns]

    def _map_size(self, layer: str) -> Size:
        """Height and width of a layer's map of the whole picture, as encoders that halve and round down have it."""
        stride = self.encoder.stride(layer)
        return self.size[0] // stride, self.size[1] // stride

    def _style_part(
        self, row: Span, column: Span, features: Mapping[str, Tensor], slopes: Moments, counts: Mapping[str, int]
    ) -> Tensor:
        """What has a tile's share of the style term's gradient: linear in its moments."""
        parts = []
        for layer, (slope_mean, slope_second) in slopes.items():
            part = self._style_positions(row, column, layer, features[layer])
            mean, second = moments(part)
            share = part.shape[-2] * part.shape[-1] / counts[layer]
            parts.append(share * ((slope_mean * mean).sum() + (slope_second * second).sum()))
        return torch.stack(parts).sum()

    def _content_part(
        self,
        row: Span,
        column: Span,
        features: Mapping[str, Tensor],
        roots: Mapping[str, Tensor],
        encode: Callable[..., dict[str, Tensor]],
    ) -> Tensor:
        """A tile's share of the content term; its targets are not kept, since they are larger than the picture."""
        assert self.content is not None  # noqa: S101, there are content layers only where there is a content
        with torch.no_grad():
            targets = self.encoder(self.content(row.read, column.read), list(self.loss.content))
        parts = []
        for layer, weight in self.loss.content.items():
            f, stride = features[layer], self.encoder.stride(layer)
            rows, columns = row.positions(stride, f.shape[-2]), column.positions(stride, f.shape[-1])
            f, p, root = f[..., rows, columns], targets[layer][..., rows, columns], None
            height, width = self._map_size(layer)
            if layer in roots:
                down, across = row.core_start // stride, column.core_start // stride
                root = roots[layer][..., down : down + f.shape[-2], across : across + f.shape[-1]]
            share = f.shape[-2] * f.shape[-1] / (height * width)
            parts.append(weight * share * self.loss.content_term(layer, f, p, root))
        return self.settings.content_weight * torch.stack(parts).sum()

    def _emphasize(self) -> dict[str, Tensor]:
        """The root of each position's weight, at the layers of the content."""
        if self.emphasis is None:
            return {}
        emphasis = self.emphasis.to(self.encoder.mean.device)
        return {layer: F.adaptive_avg_pool2d(emphasis, self._map_size(layer)).sqrt() for layer in self.loss.content}

    def _tv_part(self, row: Span, column: Span, x: Tensor) -> Tensor:
        """A tile's share of total variation: its pixels against their neighbours to the right and below."""
        (height, width), (rows, columns) = self.size, (row.pixels(), column.pixels())
        right = x[..., rows, columns.start : columns.stop + 1]
        below = x[..., rows.start : rows.stop + 1, columns]
        across = (right[..., 1:] - right[..., :-1]).square().sum() / max(1, 3 * height * (width - 1))
        down = (below[..., 1:, :] - below[..., :-1, :]).square().sum() / max(1, 3 * (height - 1) * width)
        return self.settings.tv_weight * (across + down)

    def _sum_overlaps(self, differentiate: Callable[[Span, Span], Tensor]) -> Iterator[tuple[slice, Tensor]]:
        """(rows, gradient there) from the top down, each as soon as no further tile reaches there."""
        top, band = 0, torch.zeros(1, 3, 0, self.size[1])
        for row, after in zip(self.rows, [*self.rows[1:], None], strict=True):
            more = row.stop - top - band.shape[-2]
            band = torch.cat([band, torch.zeros(1, 3, more, self.size[1])], dim=2)
            for column in self.columns:
                band[..., row.start - top : row.stop - top, column.read] += differentiate(row, column).cpu()
            done = self.size[0] if after is None else after.start
            if done > top:
                yield slice(top, done), band[..., : done - top, :]
            top, band = done, band[..., done - top :, :]
