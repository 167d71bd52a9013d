"""Ours: a network that changes what a face shows, and leaves the rest of the picture alone.

There is no latent code. The network sees a picture and a condition, which class (an age group, smiling or not) the face
is to be of, and answers with two things: a flow, by which the picture is warped, and a residual, which is added. What
neither touches stays as sharp as it was, and a strength is a factor on both.

Layout and reasons are those of `pictura.networks.slim`: space to depth, blocks at an eighth of the side, nothing stored
at full size. What is different:

- The condition comes in at every instance norm (Dumoulin, Shlens and Kudlur 2017, arXiv 1610.07629): each class has
  scales and shifts of its own, beside those of a smooth basis over the classes, which neighbours have in common.
- Faces are aligned: where a pixel lies, |x| and y, is given as two more channels.
- Blocks at a sixteenth of the side see the whole face at once.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import ConditionalNorm
from pictura.networks.layers.padding import without_autocast
from pictura.networks.layers.resize import FoldedConv, UpsampleConv
from pictura.networks.slim import NormalizedConv, ResidualBlock

WarpMode = Literal["bilinear", "bicubic"]
EDITOR_WIDTHS = (24, 56, 96)  # channels at a half, a quarter and an eighth of the side
EDITOR_BLOCKS = 4
DEEP_WIDTH = 112  # channels at a sixteenth
FULL_SIZE_CHANNELS = 8  # channels at full size
REACH = 0.15  # the farthest that the flow moves a pixel, in half sides of the picture
ROW_STD = 0.15  # of the rows of a condition, at first: large enough to be told apart from the first step on
# Of the last weights, at first. Not 0: from the picture itself G does not find a way away.
RESIDUAL_STD, FLOW_STD = 0.02, 1e-3
OWN_SHARE = 0.7  # of a class's own row, beside the rows of the basis


class Editor(nn.Module):
    """N×3×H×W in [0, 1] and N×classes to a flow and a residual; H and W divisible by `multiple`.

    Args:
        classes: how many there are, at least 2; their order counts where they are ages.
        widths: channels at a half, a quarter and an eighth of the side.
        blocks: residual blocks at an eighth.
        deep: residual blocks at a sixteenth; 0: nothing happens there.
        last: channels at full size.
    """

    basis: Tensor
    multiple: int
    smallest: int = 32  # what is smallest inside must have something to normalize

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = EDITOR_WIDTHS,
        blocks: int = EDITOR_BLOCKS,
        deep: int = 1,
        last: int = FULL_SIZE_CHANNELS,
    ) -> None:
        super().__init__()
        self.multiple = 16 if deep else 8
        half, quarter, eighth = widths
        self.register_buffer("basis", class_basis(classes), persistent=False)
        rows = self.basis.shape[1]
        self.down1 = NormalizedConv(nn.Conv2d(12 + 2, half, 3), rows)
        self.down2 = NormalizedConv(nn.Conv2d(half, quarter, 3, 2), rows)
        self.down3 = NormalizedConv(nn.Conv2d(quarter, eighth, 3, 2), rows)
        if deep:
            self.down4 = NormalizedConv(nn.Conv2d(eighth, DEEP_WIDTH, 3, 2), rows)
            self.up0 = NormalizedConv(UpsampleConv(DEEP_WIDTH, eighth, smooth=True), rows)
        self.deep_blocks = nn.ModuleList(ResidualBlock(DEEP_WIDTH, rows) for _ in range(deep))
        self.blocks = nn.ModuleList(ResidualBlock(eighth, rows) for _ in range(blocks))
        self.flow = nn.Conv2d(eighth, 2, 3, padding=1)
        self.up1 = NormalizedConv(UpsampleConv(eighth, quarter, smooth=True), rows)
        self.block = ResidualBlock(quarter, rows)
        self.up2 = NormalizedConv(UpsampleConv(quarter, half, smooth=True), rows)
        self.up3 = UpsampleConv(half, last, smooth=True)
        self.last = FoldedConv(last, 3)
        self._initialize()

    def forward(self, x: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures and the shares of the classes, each row with sum 1.

        Returns:
            The flow N×2×H/8×W/8, how far to the right and below a pixel is fetched, in half sides; and the residual
            N×3×H×W in [-1, 1]. `warp` and a sum make the picture of them.
        """
        rows = without_autocast(lambda given: given @ self.basis, shares.to(self.basis))
        folded = F.pixel_unshuffle(x, 2) - 0.5  # N×12×H/2×W/2
        folded = torch.cat([folded, coordinates(folded)], 1).contiguous(memory_format=torch.channels_last)
        half = self.down1(folded, rows).relu_()
        quarter = self.down2(half, rows).relu_()
        y = self._middle(self.down3(quarter, rows).relu_(), rows)  # N×C×H/8×W/8
        flow = REACH * torch.tanh(self.flow(y).float())
        y = self.block((self.up1(y, rows) + quarter).relu_(), rows)
        y = (self.up2(y, rows) + half).relu_()
        y = self.last(self.up3.forward_folded(y).relu_())
        return flow, torch.tanh(F.pixel_shuffle(y, 2).float())

    def _middle(self, y: Tensor, rows: Tensor) -> Tensor:
        if self.deep_blocks:
            deep = self.down4(y, rows).relu_()
            for block in self.deep_blocks:
                deep = block(deep, rows)
            y = (self.up0(deep, rows) + y).relu_()
        for block in self.blocks:
            y = block(y, rows)
        return y

    def _initialize(self) -> None:
        """The row of all classes as of a plain norm, the others at random around nothing."""
        for norm in self.modules():
            if isinstance(norm, ConditionalNorm):
                for rows, first in ((norm.weight, 1.0), (norm.bias, 0.0)):
                    nn.init.normal_(rows, 0, ROW_STD)
                    nn.init.constant_(rows[0], first)
        nn.init.normal_(self.last.weight, 0, RESIDUAL_STD)
        nn.init.normal_(self.flow.weight, 0, FLOW_STD)
        for bias in (self.last.bias, self.flow.bias):
            if bias is not None:
                nn.init.zeros_(bias)


def class_basis(classes: int) -> Tensor:
    """classes×rows: what each class is made of: what all have, its own, and curves over the order of the classes.

    The curves are a line, a parabola and, of more than three classes, four steps, each soft over a quarter of them.
    """
    with torch.device("cpu"):  # arithmetic of tensors on "meta" makes torch load its compiler
        t = torch.linspace(-1, 1, classes)[:, None]
        parts = [torch.ones_like(t), OWN_SHARE * torch.eye(classes), t, t.square() - 0.4]
        if classes > 3:
            parts.append(0.5 * torch.tanh(3 * t - torch.linspace(-2, 2, 4)))
        return torch.cat(parts, 1)


def coordinates(like: Tensor) -> Tensor:
    """N×2×H×W: |x| and y of each position, in half sides from the middle; a face's halves are alike."""
    count, _, height, width = like.shape
    across = torch.linspace(-1, 1, width).abs().expand(count, 1, height, width)
    down = torch.linspace(-1, 1, height)[:, None].expand(count, 1, height, width)
    return torch.cat([across, down], 1).to(like)


def warp(x: Tensor, flow: Tensor, mode: WarpMode = "bilinear") -> Tensor:
    """N×C×H×W, each pixel fetched from where the flow N×2×h×w says; no flow, and it is x. Bicubic is sharper."""

    def fetch(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        by = F.interpolate(flow.to(x.dtype), size=(height, width), mode="bilinear")
        across = (2 * torch.arange(width, device=x.device, dtype=x.dtype) + 1) / width - 1
        down = (2 * torch.arange(height, device=x.device, dtype=x.dtype) + 1) / height - 1
        places = torch.stack([across + by[:, 0], down[:, None] + by[:, 1]], 3)
        return F.grid_sample(x, places, mode=mode, padding_mode="border", align_corners=False)

    return without_autocast(fetch, x)


def edit_picture(
    x: Tensor, flow: Tensor, residual: Tensor, strength: float = 1.0, mode: WarpMode = "bilinear"
) -> Tensor:
    """x N×3×H×W, warped and with the residual, which may be of another size, added; not clamped.

    Strength is a factor on both; 0 is x.
    """
    if residual.shape[-2:] != x.shape[-2:]:
        residual = F.interpolate(residual, size=x.shape[-2:], mode="bicubic", align_corners=False)
    return warp(x, strength * flow, mode) + strength * residual
