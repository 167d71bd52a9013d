"""The loss of Gatys, Ecker and Bethge (CVPR 2016): L = α L_content + β L_style + γ L_tv.

L_content and L_style are those of `pictura.losses.perceptual`; a texture (2015) has no content term.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.moments import Moments
from pictura.losses.perceptual import PerceptualLoss
from pictura.losses.total_variation import total_variation
from pictura.methods.iterative.settings import Settings


class StyleObjective:
    """The loss at one scale: targets are computed once, then each call gives the weighted terms.

    Args:
        encoder: whose features define content and style.
        settings: layers, weights, and which style term.
        style: moments of the painting at this scale.
        content: the photograph at this scale, 1×3×H×W in [0, 1]; None for a texture.
        transform: applied to the image before it is encoded (see `IterativeStylizer._noise_transform`).
        emphasis: weight of each position in the content term, 1×1×h×w; by default 1.
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: Settings,
        style: Moments,
        content: Tensor | None,
        transform: Callable[[Tensor], Tensor] = torch.nn.Identity(),  # noqa: B008, it has no state
        emphasis: Tensor | None = None,
    ) -> None:
        self.settings, self.transform = settings, transform
        self.perceptual_loss = open_loss(encoder, settings, style, has_content=content is not None)
        self.targets = self.perceptual_loss.encode_targets(content, [0], emphasis=emphasis)

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """The weighted terms style, content and tv of an image 1×3×H×W, those that have a weight."""
        s = self.settings
        content, style = self.perceptual_loss.compare(self.transform(x), self.targets)
        terms = {"style": s.style_weight * style[0]}
        if self.perceptual_loss.content:
            terms["content"] = s.content_weight * content[0]
        if s.tv_weight:
            terms["tv"] = s.tv_weight * total_variation(x)
        return terms


def open_loss(encoder: Encoder, settings: Settings, style: Moments, *, has_content: bool) -> PerceptualLoss:
    """The terms of content and style; without a photograph there is no content term."""
    content = settings.content_layers if has_content and settings.content_weight else {}
    # Borders that are cut off again may count. A texture would fill its own with the style's colours.
    borders = bool(content) and settings.margin > 0
    return PerceptualLoss(
        encoder, [style], content, settings.style_layers, settings.loss, paper="gatys", borders=borders
    )
