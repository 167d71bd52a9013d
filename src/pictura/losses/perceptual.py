"""The loss networks of feed-forward style transfer: each picture of a batch against its own content and its own style.

Johnson, Alahi and Fei-Fei (ECCV 2016, arXiv 1603.08155), section 3.2, and what optimisation takes by default here.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import Encoder
from pictura.losses.content import relative_content_loss
from pictura.losses.gram import gram_loss
from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss

Moments = Mapping[str, tuple[Tensor, Tensor]]  # layer → mean and raw second moment
StyleLossKind = Literal["wasserstein", "gram"]
MIN_DISTANCE = (
    0.05  # least distance of a photo from a style, in units of the layer's spread, that another is measured by
)


class PerceptualLoss:
    """Content and style terms of pictures, for several styles.

    ``gram``: ℓ_feat, the mean squared difference of responses, and ℓ_style, that of Gram matrices divided by C H W, as
    the authors' release has them; weights of layers as given.
    ``wasserstein``: squared differences in units of the layer's spread, W² of the responses' Gaussians, weights of
    layers as shares of 1.

    Args:
        encoder: the loss network φ.
        styles: moments of each style's painting.
        content_layers: layer → weight; empty for no content term.
        style_layers: layer → weight.
        smoothing: σ of the noise through which the encoder looks at what was made and at the photos (see
            `pictura.methods.iterative.run`); `styles` ought to be moments seen through the same, or else what is made
            loses detail to make room for the noise.
        relative: whether a layer's style term is a share of the photo's own: then a style that is near is as much of
            one as a style that is far. ``wasserstein`` only.
    """

    def __init__(
        self,
        encoder: Encoder,
        styles: Sequence[Moments],
        content_layers: Mapping[str, float],
        style_layers: Mapping[str, float],
        kind: StyleLossKind = "wasserstein",
        smoothing: float = 0.0,
        relative: bool = False,
    ) -> None:
        self.encoder, self.kind, self.smoothing, self.relative = encoder, kind, smoothing, relative
        self.content = {encoder.resolve(layer): weight for layer, weight in content_layers.items() if weight}
        self.style = {encoder.resolve(layer): weight for layer, weight in style_layers.items() if weight}
        self.layers = list({**self.style, **self.content})
        self.targets = [{layer: self._style_target(layer, *style[layer]) for layer in self.style} for style in styles]

    def __call__(self, made: Tensor, photos: Tensor, styles: Sequence[int]) -> tuple[Tensor, Tensor]:
        """(content, style) of each picture, both N, for pictures N×3×H×W in [0, 1] and the number of each one's style.

        Gradients flow to `made`.
        """
        with torch.no_grad():
            kept = self._encode(photos, self.layers if self.relative else list(self.content))
            own = [self._style_distances(kept, i, number) for i, number in enumerate(styles)] if self.relative else None
        found = self._encode(made, self.layers)
        content = [self._content_loss(found, kept, i) for i in range(len(made))]
        style = []
        for i, number in enumerate(styles):
            distances = self._style_distances(found, i, number)
            if own is not None:
                distances = {layer: d / own[i][layer].clamp(min=MIN_DISTANCE) for layer, d in distances.items()}
            style.append(torch.stack([self.style[layer] * d for layer, d in distances.items()]).sum())
        share = 1.0 if self.kind == "gram" else 1 / sum(self.style.values())
        return torch.stack(content), share * torch.stack(style)

    def _encode(self, pictures: Tensor, layers: list[str]) -> dict[str, Tensor]:
        """Responses through the noise."""
        if self.smoothing:
            pictures = pictures + self.smoothing * torch.randn_like(pictures)
        return self.encoder(pictures, layers) if layers else {}

    def _content_loss(self, found: Mapping[str, Tensor], kept: Mapping[str, Tensor], i: int) -> Tensor:
        total = next(iter(found.values())).new_zeros(())
        for layer, weight in self.content.items():
            f, p = found[layer][i : i + 1], kept[layer][i : i + 1]
            if self.kind == "gram":
                total = total + weight * F.mse_loss(f, p)
            else:
                total = total + weight * relative_content_loss(f, p, self.encoder.scale(layer))
        return total

    def _style_distances(self, found: Mapping[str, Tensor], i: int, style: int) -> dict[str, Tensor]:
        """Each layer's from the style, of one picture."""
        distances = {}
        for layer in self.style:
            mean, second = moments(self._crop_border(layer, found[layer][i : i + 1]))
            target = self.targets[style][layer]
            distances[layer] = (
                target(mean, second)
                if isinstance(target, WassersteinLoss)
                else gram_loss(second, target, "neural-style")
            )
        return distances

    def _crop_border(self, layer: str, f: Tensor) -> Tensor:
        """Without the outermost responses of deep layers: they see mostly repeated border."""
        inner = self.kind != "gram" and self.encoder.stride(layer) >= 4 and min(f.shape[2:]) > 4
        return f[..., 1:-1, 1:-1] if inner else f

    def _style_target(self, layer: str, mean: Tensor, second: Tensor) -> WassersteinLoss | Tensor:
        return second if self.kind == "gram" else WassersteinLoss(mean, second, self.encoder.scale(layer))
