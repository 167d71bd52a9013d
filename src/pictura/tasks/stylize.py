"""Styles in one pass, by name: `adain` paints in any style, `fast` in those its network was trained for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pictura import models
from pictura.methods import open_method
from pictura.methods.adain import Adain
from pictura.methods.johnson import Johnson
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.resize import map_bands, resize
from pictura.runtime.errors import PicturaError
from pictura.style import mix_moments, normalize_weights

# The shipped network of each method.
MODELS = {"adain": "adain", "fast": "fast"}
# Full-range BT.601: luma, and the two differences that carry colour.
YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


@dataclass(frozen=True)
class FeedForwardStylizer:
    """Paints a picture in one pass for each mask, or in one for all styles together.

    paint: picture and the styles' weights to the painted picture.
    weights: one for each style.
    masks: one 1×1×h×w in [0, 1] for each style, or none.
    keep_colours: whether the picture's own colours stay.
    """

    paint: Callable[[Tensor, Sequence[float]], Tensor]
    weights: tuple[float, ...]
    masks: tuple[Tensor, ...] = ()
    keep_colours: bool = False

    def __call__(self, picture: Tensor) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same, painted."""
        made = self._paint_masks(picture) if self.masks else self.paint(picture, self.weights)
        return with_colours_of(made, picture) if self.keep_colours else made

    def _paint_masks(self, picture: Tensor) -> Tensor:
        """Each style where its mask is; where the masks leave off the photo shows, where they overlap they share."""
        masks = [resize(mask, (picture.shape[-2], picture.shape[-1])) for mask in self.masks]
        alone = torch.eye(len(masks)).tolist()
        return map_bands(_blend_masked, picture, *masks, *(self.paint(picture, weights) for weights in alone))


def _blend_masked(photo: Tensor, *others: Tensor) -> Tensor:
    """The photo, masks, and as many painted pictures, to one picture."""
    masks, painted = torch.stack(others[: len(others) // 2]), torch.stack(others[len(others) // 2 :])
    total = masks.sum(0)
    return (photo * (1 - total).clamp(min=0) + (painted * masks / total.clamp(min=1)).sum(0)).clamp(0, 1)


def open_stylizer(
    method: str,
    styles: Sequence[Any],
    weights: Sequence[float] | None = None,
    *,
    model: str | None = None,
    strength: float = 1.0,
    style_scale: float = 1.0,
    masks: Sequence[Tensor] = (),
    keep_colours: bool = False,
    memory: int = DEFAULT_MEMORY,
) -> FeedForwardStylizer:
    """The painter of these styles; everything that can be refused is refused here.

    Args:
        method: ``adain`` or ``fast``.
        styles: for adain names, files, pictures 1×3×H×W, lists of them or `Style`; for fast names of the network's.
        weights: one for each style; equal by default.
        model: a bundle; by default the shipped one.
        strength: from 0, the photo, to 1.
        style_scale: size of the strokes; adain only.
        masks: one 1×1×h×w in [0, 1] for each style, where it is to be seen.
        keep_colours: whether the photo's colours stay.
        memory: bytes to work in.

    Raises:
        PicturaError: no such method, model or style, or numbers that cannot be used.
    """
    if method not in MODELS:
        raise PicturaError(f"There is no method '{method}' that paints in one pass; there are {', '.join(MODELS)}.")
    if masks and len(masks) != len(styles):
        raise PicturaError(f"There are {len(styles)} styles but {len(masks)} masks; give one for each.")
    if weights is not None and len(weights) != len(styles):
        raise PicturaError(f"There are {len(styles)} styles but {len(weights)} style weights; give one for each.")
    share = tuple(normalize_weights(list(weights) if weights is not None else [1.0] * len(styles)))
    network = open_method(models.read_bundle(model or MODELS[method]))
    if isinstance(network, Adain):
        paint = _paint_with_adain(network, styles, strength, style_scale, memory)
    elif isinstance(network, Johnson):
        paint = _paint_with_johnson(network, styles, strength, memory)
    else:
        raise PicturaError(f"The model '{model}' is of the method {network.name}, which paints no styles.")
    return FeedForwardStylizer(paint, share, tuple(masks), keep_colours)


def with_colours_of(made: Tensor, photo: Tensor) -> Tensor:
    """The light and dark of one picture with the colours of another, both 1×3×H×W in [0, 1] or uint8."""
    return map_bands(_transfer_colours, made, photo)


def _transfer_colours(made: Tensor, photo: Tensor) -> Tensor:
    turn = YCBCR.to(photo)
    luma = torch.einsum("c,bchw->bhw", turn[0], made)
    colour = torch.einsum("kc,bchw->bkhw", turn[1:], photo)
    mixed = torch.cat([luma[:, None], colour], 1)
    return torch.einsum("ck,bkhw->bchw", torch.linalg.inv(turn), mixed).clamp(0, 1)


def _paint_with_adain(
    network: Adain, styles: Sequence[Any], strength: float, style_scale: float, memory: int
) -> Callable[[Tensor, Sequence[float]], Tensor]:
    for style in styles:
        network.style_moments(style)

    def paint(picture: Tensor, weights: Sequence[float]) -> Tensor:
        size = max(picture.shape[-2:]) * style_scale
        mixed = mix_moments(
            list(zip((network.style_moments(style, size) for style in styles), normalize_weights(weights), strict=True))
        )
        return network.apply(picture, style=mixed, strength=strength, memory=memory)

    return paint


def _paint_with_johnson(
    network: Johnson, styles: Sequence[Any], strength: float, memory: int
) -> Callable[[Tensor, Sequence[float]], Tensor]:
    for style in styles:
        if style not in network.names:
            raise PicturaError(
                f"The fast network paints {', '.join(network.names)}, not '{style}'; --method adain paints any style."
            )

    def paint(picture: Tensor, weights: Sequence[float]) -> Tensor:
        wanted = {name: weight for name, weight in zip(styles, weights, strict=True) if weight}
        return network.apply(picture, style=wanted, strength=strength, memory=memory)

    return paint
