"""The perceptual loss: content in the features of an encoder, style in their moments.

L = Σ_l v_l L_content,l + Σ_l w_l L_style,l over the layers l of the encoder (loss network) φ, for each image of a batch
against a content and a style of its own. Optimization of pixels (Gatys, Ecker and Bethge, CVPR 2016) and training of
networks (Johnson, Alahi and Fei-Fei, ECCV 2016, arXiv 1603.08155, section 3.2) use the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import Encoder
from pictura.losses.gatys import content_loss, gram_loss, relative_content_loss
from pictura.losses.moments import Moments, moments
from pictura.losses.wasserstein import WassersteinLoss

StyleLossKind = Literal["wasserstein", "gram"]
GramPaper = Literal["gatys", "johnson"]
# Least distance of a content from a style, in units of the layer's `Encoder.scale`, that others are measured by.
MIN_DISTANCE = 0.05


@dataclass(frozen=True)
class Targets:
    """What the N images of a batch are compared with."""

    content: Mapping[str, Tensor]  # layer → features of the contents, N×C×H×W
    styles: Sequence[int]  # the number of each image's style
    distances: Sequence[Mapping[str, Tensor]] = ()  # each content's own by layer, for relative distances
    emphasis: Mapping[str, Tensor] = field(default_factory=dict)  # layer → root of each position's weight, 1×1×H×W


class PerceptualLoss:
    """Content and style terms of images, for several styles.

    ``wasserstein``: L_content = mean over positions of |f - p|² / s² and L_style = W² / s², with W² the squared
    Wasserstein-2 distance of Gaussians (`pictura.losses.wasserstein`) and s the size of the layer's features; style
    weights as shares of 1, without the outermost features of deep layers unless `borders` says so.

    ``gram``: differences of features and of Gram matrices, style weights as given, in the numbers of `paper`:
    ``gatys`` L_content = ½ mean (F - P)², L_style = Σ (G - A)² / (4 N² M²); ``johnson`` ℓ_feat = mean (F - P)²,
    ℓ_style = mean (G - A)² / (C H W)², as in the authors' release.

    Args:
        encoder: the loss network φ.
        styles: moments of each style, under the encoder's own names of layers.
        content_layers: layer → weight v_l; empty for no content term.
        style_layers: layer → weight w_l.
        kind: the terms above.
        smoothing: σ of the noise added to the encoder's input, images and contents alike (see
            `pictura.methods.iterative.run`); `styles` ought to be encoded with the same noise, or else the images lose
            detail to make room for it.
        relative: whether a layer's style term is a share of the content's own: then a style that is near counts as much
            as a style that is far. ``wasserstein`` only.
        paper: whose numbers ``gram`` has.
        borders: whether the outermost features of deep layers count for the style, too.
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
        *,
        paper: GramPaper = "johnson",
        borders: bool = False,
    ) -> None:
        self.encoder, self.kind, self.paper, self.borders = encoder, kind, paper, borders
        self.smoothing, self.relative = smoothing, relative
        self.content = {encoder.resolve(layer): weight for layer, weight in content_layers.items() if weight}
        self.style = {encoder.resolve(layer): weight for layer, weight in style_layers.items() if weight}
        self.layers = list({**self.style, **self.content})
        with torch.no_grad():
            self.styles = [
                {layer: self._style_target(layer, *style[layer]) for layer in self.style} for style in styles
            ]

    def __call__(
        self, images: Tensor, contents: Tensor, styles: Sequence[int], generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """(content, style) of each image, both N, for images and contents N×3×H×W and the number of each one's style.

        Gradients flow to `images`. `generator` is needed for the noise only.
        """
        return self.compare(images, self.encode_targets(contents, styles, generator), generator)

    @torch.no_grad()
    def encode_targets(
        self,
        contents: Tensor | None,
        styles: Sequence[int],
        generator: torch.Generator | None = None,
        emphasis: Tensor | None = None,
    ) -> Targets:
        """What images are to be compared with, computed once for many comparisons; `contents` N×3×H×W in [0, 1].

        `emphasis` 1×1×h×w is the weight of each position in the content term; by default 1.
        """
        if contents is None:
            return Targets({}, styles)
        features = self._encode(contents, self.layers if self.relative else list(self.content), generator)
        roots = {}
        if emphasis is not None:
            roots = {
                layer: F.adaptive_avg_pool2d(emphasis, (f.shape[-2], f.shape[-1])).sqrt().to(f)
                for layer, f in features.items()
                if layer in self.content
            }
        if not self.relative:
            return Targets(features, styles, emphasis=roots)
        split = _split_images(features, len(styles))
        return Targets(
            features, styles, [self._style_distances(f, i) for f, i in zip(split, styles, strict=True)], roots
        )

    def compare(
        self, images: Tensor, targets: Targets, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """(content, style) of each image, both N, for images N×3×H×W in [0, 1]; gradients flow to `images`."""
        features = _split_images(self._encode(images, self.layers, generator), len(images))
        content_features = _split_images(targets.content, len(images))
        style = torch.stack([self._style_loss(f, targets, i) for i, f in enumerate(features)])
        content = [self._content_loss(f, p, targets.emphasis) for f, p in zip(features, content_features, strict=True)]
        return torch.stack(content), self._share() * style

    def _encode(self, images: Tensor, layers: Sequence[str], generator: torch.Generator | None) -> Mapping[str, Tensor]:
        return self.encoder(add_noise(images, self.smoothing, generator), layers) if layers else {}

    def _content_loss(
        self, features: Mapping[str, Tensor], targets: Mapping[str, Tensor], roots: Mapping[str, Tensor]
    ) -> Tensor:
        if not self.content:
            return next(iter(features.values())).new_zeros(())
        terms = []
        for layer, weight in self.content.items():
            terms.append(weight * self.content_term(layer, features[layer], targets[layer], roots.get(layer)))
        return torch.stack(terms).sum()

    def content_term(self, layer: str, f: Tensor, p: Tensor, root: Tensor | None = None) -> Tensor:
        """The term of features f at a layer, against those of the content, p, both N×C×H×W: a mean over positions.

        `root` 1×1×H×W is the root of each position's weight.
        """
        if root is not None:  # every kind of content term is of squared differences
            f, p = f * root, p * root
        if self.kind == "wasserstein":
            return relative_content_loss(f, p, self.encoder.scale(layer))
        if self.paper == "johnson":
            return F.mse_loss(f, p)
        # Printed as a sum; the release takes the mean. With the sum we measured a content term 200 times the style term
        # on noise, and no style in the picture. The preset "paper" has weights for these terms.
        return content_loss(f, p) / f.numel()

    def style_term(self, found: Moments, style: int) -> Tensor:
        """The term of an image with these moments at the style's layers, against the style of this number."""
        distances = self._distances(found, style)
        total = torch.stack([self.style[layer] * d for layer, d in distances.items()]).sum()
        return total * self._share()

    def _share(self) -> float:
        return 1.0 if self.kind == "gram" else 1 / sum(self.style.values())

    def _style_loss(self, features: Mapping[str, Tensor], targets: Targets, i: int) -> Tensor:
        distances = self._style_distances(features, targets.styles[i])
        if targets.distances:
            own = targets.distances[i]
            distances = {layer: d / own[layer].clamp(min=MIN_DISTANCE) for layer, d in distances.items()}
        return torch.stack([self.style[layer] * d for layer, d in distances.items()]).sum()

    def _style_distances(self, features: Mapping[str, Tensor], style: int) -> dict[str, Tensor]:
        """Each layer's distance of one image from the style of this number."""
        found = {layer: moments(self._crop_border(layer, features[layer])) for layer in self.style}
        return self._distances(found, style)

    def _distances(self, found: Moments, style: int) -> dict[str, Tensor]:
        distances = {}
        for layer, target in self.styles[style].items():
            mean, second = found[layer]
            if isinstance(target, WassersteinLoss):
                distances[layer] = target(mean, second)
            else:
                distances[layer] = gram_loss(second, target, "paper" if self.paper == "gatys" else "neural-style")
        return distances

    def _style_target(self, layer: str, mean: Tensor, second: Tensor) -> WassersteinLoss | Tensor:
        return second if self.kind == "gram" else WassersteinLoss(mean, second, self.encoder.scale(layer))

    def _crop_border(self, layer: str, f: Tensor) -> Tensor:
        return f[..., 1:-1, 1:-1] if self.crops_border(layer, (f.shape[-2], f.shape[-1])) else f

    def crops_border(self, layer: str, size: tuple[int, int]) -> bool:
        """Whether the outermost features of a layer, height and width of `size`, do not count for the style.

        Those of deep layers depend mostly on the padding, and what is optimized or trained would fill it with the
        style's colours. In shallow layers it is a pixel or two, and not worth a copy.
        """
        return not self.borders and self.kind != "gram" and self.encoder.stride(layer) >= 4 and min(size) > 4


def add_noise(images: Tensor, sigma: float, generator: torch.Generator | None) -> Tensor:
    """Images with normal noise of this σ, drawn on the CPU so that a seed means the same on every device.

    Raises:
        ValueError: there is noise and no generator to draw it from.
    """
    if not sigma:
        return images
    if generator is None:
        raise ValueError(f"Noise of σ {sigma:g} needs a torch.Generator, got None.")
    noise = sigma * torch.randn(images.shape, generator=generator)
    return images + noise.to(images.device)


def _split_images(features: Mapping[str, Tensor], count: int) -> list[dict[str, Tensor]]:
    """The features of each of `count` images, 1×C×H×W; of one image without a copy of their gradient."""
    if count == 1:
        return [dict(features)]
    parts = {layer: torch.split(f, 1) for layer, f in features.items()}
    return [{layer: part[i] for layer, part in parts.items()} for i in range(count)]
