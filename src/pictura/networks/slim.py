"""Our real-time style network, made for processors: one network for several styles and all strengths of them.

From the papers: the layout of Johnson, Alahi and Fei-Fei (ECCV 2016) with resizing and a convolution instead of
transposed convolutions, and conditional instance norm for many styles (Dumoulin, Shlens and Kudlur 2017,
arXiv 1610.07629). Ours, measured against pytorch/examples' network:

- No feature map is stored at full size. Space to depth makes 2×2 pixels the channels of one position, and the last two
  convolutions work on such positions, too; the residual blocks work at an eighth of the size, where a position costs a
  quarter of Johnson's and the receptive field is twice as large.
- Skip connections carry the detail around the blocks: feature maps at a half and a quarter of the size are added on the
  way up.
- Bilinear ×2 and a 3×3 convolution are one convolution at the small size (`UpsampleConv`): nothing is stored larger
  than it has to be, and no checkerboard can arise.
- The photograph is style 0, and its share of the pixels themselves is in the result: normalization removes the colour
  and the contrast of a whole image, which no network could restore. So strength 0 is the photograph, to the bit, and
  the way from it to a style is trained.

17 thousand multiply-adds a pixel against 41, hardly any at full size; 0.7 M parameters, 2,000 of them a style's.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import ConditionalNorm
from pictura.networks.layers.padding import pad
from pictura.networks.layers.resize import FoldedConv, UpsampleConv, unfold_image
from pictura.networks.tiling.streaming import NetworkPart

SLIM_WIDTHS = (16, 40, 80)  # channels at a half, a quarter and an eighth of the size
SLIM_BLOCKS = 5  # as Johnson
SLIM_LAST_WIDTH = 8  # channels at full size


class SlimNet(nn.Module):
    """N×3×H×W in [0, 1] and N×(styles + 1) to N×3×H×W in [-0.05, 1.05]; H and W divisible by 8.

    Each row of the second input holds the shares of the photograph and of the styles, with sum 1; one row counts for
    all images, None is the first style in full.
    """

    multiple = 8
    smallest = 32  # an eighth of it must have something to normalize

    def __init__(
        self,
        styles: int = 1,
        widths: Sequence[int] = SLIM_WIDTHS,
        blocks: int = SLIM_BLOCKS,
        last: int = SLIM_LAST_WIDTH,
    ) -> None:
        super().__init__()
        half, quarter, eighth = widths
        self.styles = styles
        rows = styles + 1  # of the norms' parameters: the photograph's and each style's
        self.down1 = NormalizedConv(nn.Conv2d(12, half, 3), rows)
        self.down2 = NormalizedConv(nn.Conv2d(half, quarter, 3, 2), rows)
        self.down3 = NormalizedConv(nn.Conv2d(quarter, eighth, 3, 2), rows)
        self.blocks = nn.ModuleList(ResidualBlock(eighth, rows) for _ in range(blocks))
        self.up1 = NormalizedConv(UpsampleConv(eighth, quarter, smooth=True), rows)
        self.block = ResidualBlock(quarter, rows)
        self.up2 = NormalizedConv(UpsampleConv(quarter, half, smooth=True), rows)
        self.up3 = UpsampleConv(half, last, smooth=True)
        self.last = FoldedConv(last, 3)

    def forward(self, x: Tensor, mix: Tensor | None = None) -> Tensor:
        """N×3×H×W and N×(styles + 1) to N×3×H×W."""
        mix = self._default_mix() if mix is None else mix
        skips = self._shallow(x, mix)
        y = self.down3(skips[1], mix).relu_()  # N×C×H/8×W/8
        return self._end(x, self._middle(y, mix), skips, mix)

    def parts(self, mix: Tensor | None = None) -> list[NetworkPart]:
        """Start, blocks, end; the end computes the skip connections again."""
        mix = self._default_mix() if mix is None else mix

        def start(x: Tensor, _: Tensor) -> Tensor:
            y: Tensor = self.down3(self._shallow(x, mix)[1], mix)
            return y.relu_()

        def middle(_: Tensor, y: Tensor) -> Tensor:
            return self._middle(y, mix)

        def end(x: Tensor, y: Tensor) -> Tensor:
            return self._end(x, y, self._shallow(x, mix), mix)

        shallow = [self.down1.norm, self.down2.norm]
        inner = [norm for block in self.blocks if isinstance(block, ResidualBlock) for norm in block.norm_layers()]
        last = [self.up1.norm, *self.block.norm_layers(), self.up2.norm]
        return [
            NetworkPart(start, [*shallow, self.down3.norm], 8, floats_per_pixel=20),
            NetworkPart(middle, inner, 16 * len(self.blocks), floats_per_pixel=8),
            NetworkPart(end, [*shallow, *last], 24, floats_per_pixel=20),
        ]

    def _default_mix(self) -> Tensor:
        return F.one_hot(torch.ones(1, dtype=torch.long), self.styles + 1).to(self.last.weight)

    def _shallow(self, x: Tensor, mix: Tensor) -> list[Tensor]:
        """Images N×3×H×W to feature maps at a half and at a quarter of the size."""
        # Around 0, where sums lose least; the range of the pixels does not matter behind a norm.
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last) - 0.5  # N×12×H/2×W/2
        half = self.down1(x, mix).relu_()  # N×C×H/2×W/2; in place, since nothing reads a norm's output before its ReLU
        return [half, self.down2(half, mix).relu_()]  # N×C×H/4×W/4

    def _middle(self, y: Tensor, mix: Tensor) -> Tensor:
        """The residual blocks, N×C×H/8×W/8."""
        for block in self.blocks:
            y = block(y, mix)
        return y

    def _end(self, x: Tensor, y: Tensor, skips: list[Tensor], mix: Tensor) -> Tensor:
        """The photographs, the blocks' feature map and the skip connections, which are used up, to images."""
        y = self.block((self.up1(y, mix) + skips.pop()).relu_(), mix)  # N×C×H/4×W/4
        y = (self.up2(y, mix) + skips.pop()).relu_()  # N×C×H/2×W/2
        y = self.up3.forward_folded(y).relu_()  # N×4C×H/2×W/2: full size, folded
        output = unfold_image(self.last(y), self.last.weight.dtype)  # N×3×H×W
        return torch.lerp(output, x, mix[:, :1, None, None].to(output.dtype))


def replace_styles(weights: Mapping[str, Tensor], before: Sequence[str], now: Sequence[str]) -> dict[str, Tensor]:
    """A network's weights for other styles: those of the same name as they were, new ones the mean of all before."""

    def select_rows(rows: Tensor) -> Tensor:
        mean = rows[1:].mean(0)
        return torch.stack([rows[0], *(rows[before.index(style) + 1] if style in before else mean for style in now)])

    per_style = (".norm.weight", ".norm.bias")
    return {key: select_rows(t) if key.endswith(per_style) and t.dim() == 2 else t for key, t in weights.items()}


class NormalizedConv(nn.Module):
    """A 3×3 convolution with reflection padding, and conditional instance norm of so many rows."""

    def __init__(self, convolution: nn.Conv2d | UpsampleConv, rows: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = ConditionalNorm(convolution.out_channels, rows)

    def forward(self, x: Tensor, mix: Tensor) -> Tensor:
        """N×C×H×W and N×rows to N×c×H'×W', as the convolution resizes."""
        padded = pad(x, mode="reflect") if isinstance(self.convolution, nn.Conv2d) else x
        result: Tensor = self.norm(self.convolution(padded), mix)
        return result


class ResidualBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))), the same shape."""

    def __init__(self, channels: int, rows: int) -> None:
        super().__init__()
        self.first = NormalizedConv(nn.Conv2d(channels, channels, 3), rows)
        self.second = NormalizedConv(nn.Conv2d(channels, channels, 3), rows)

    def forward(self, x: Tensor, mix: Tensor) -> Tensor:
        """N×C×H×W and N×rows to the same shape."""
        result: Tensor = x + self.second(self.first(x, mix).relu_(), mix)
        return result

    def norm_layers(self) -> list[ConditionalNorm]:
        """Its normalization layers in the order in which they run."""
        return [self.first.norm, self.second.norm]
