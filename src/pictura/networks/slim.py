"""Our real-time style network, made for processors: one network for several styles and all strengths of them.

What it takes from the papers: the layout of Johnson, Alahi and Fei-Fei (ECCV 2016) with resizing and a convolution for
transposed ones, conditional instance norm for many styles (Dumoulin, Shlens and Kudlur 2017, arXiv 1610.07629). What is
ours, measured against pytorch/examples' network:

- No response is stored at full size. Space to depth makes 2×2 pixels the channels of one position, and the last two
  convolutions work on such positions, too; residual blocks work at an eighth of the size, where a position costs a
  quarter of Johnson's and sees twice as far.
- What is fine goes around the blocks: responses at a half and a quarter of the size are added again on the way up.
- Bilinear ×2 and a 3×3 convolution are one convolution at the small size (`UpsampleConv`): nothing is stored larger than it
  has to be, and no checkerboard can arise.
- The photograph is style 0, and its share of the pixels themselves is in the result: norms forget the colour and the
  contrast of a whole picture, which no network could give back. So strength 0 is the photograph, to the bit, and what
  is added between it and a style is trained.

17 thousand multiply-adds a pixel against 41, hardly any at full size; 0.7 M parameters, 2,000 of them a style's.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import ConditionalNorm
from pictura.networks.layers.padding import pad
from pictura.networks.tiling.streaming import NetworkPart

SLIM_WIDTHS = (16, 40, 80)  # channels at a half, a quarter and an eighth of the size
SLIM_BLOCKS = 5  # as Johnson
SLIM_LAST_WIDTH = 8  # channels at full size
# tanh reaches beyond black and white by a tenth of the range, so that both can be had without saturation.
TANH_SCALE = 0.55


class SlimNet(nn.Module):
    """N×3×H×W in [0, 1] and N×(styles + 1) to N×3×H×W in [-0.05, 1.05]; H and W divisible by 8.

    Each row of what comes second holds the shares of the photograph and of the styles, in sum 1; one row counts for
    all pictures, None is the first style in full.
    """

    multiple = 8
    smallest = 32  # an eighth of it must have something to normalise

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
        known = styles + 1
        self.down1 = NormalizedConv(nn.Conv2d(12, half, 3), known)
        self.down2 = NormalizedConv(nn.Conv2d(half, quarter, 3, 2), known)
        self.down3 = NormalizedConv(nn.Conv2d(quarter, eighth, 3, 2), known)
        self.blocks = nn.ModuleList(ResidualBlock(eighth, known) for _ in range(blocks))
        self.up1 = NormalizedConv(UpsampleConv(eighth, quarter, smooth=True), known)
        self.block = ResidualBlock(quarter, known)
        self.up2 = NormalizedConv(UpsampleConv(quarter, half, smooth=True), known)
        self.up3 = UpsampleConv(half, last, smooth=True)
        self.last = FoldedConv(last, 3)

    def forward(self, x: Tensor, mix: Tensor | None = None) -> Tensor:
        """One pass."""
        mix = self._default_mix() if mix is None else mix
        skipping = self._shallow(x, mix)
        return self._end(x, self._middle(self.down3(skipping[1], mix).relu_(), mix), skipping, mix)

    def parts(self, mix: Tensor | None = None) -> list[NetworkPart]:
        """Start, blocks, end; the end computes again what skips the blocks."""
        mix = self._default_mix() if mix is None else mix

        def start(x: Tensor, _: Tensor) -> Tensor:
            y: Tensor = self.down3(self._shallow(x, mix)[1], mix)
            return y.relu_()

        def middle(_: Tensor, y: Tensor) -> Tensor:
            return self._middle(y, mix)

        def end(x: Tensor, y: Tensor) -> Tensor:
            return self._end(x, y, self._shallow(x, mix), mix)

        skipping = [self.down1.norm, self.down2.norm]
        inner = [site for block in self.blocks if isinstance(block, ResidualBlock) for site in block.norm_layers()]
        return [
            NetworkPart(start, [*skipping, self.down3.norm], 8, floats_per_pixel=20),
            NetworkPart(middle, inner, 16 * len(self.blocks), floats_per_pixel=8),
            NetworkPart(
                end, [*skipping, self.up1.norm, *self.block.norm_layers(), self.up2.norm], 24, floats_per_pixel=20
            ),
        ]

    def _default_mix(self) -> Tensor:
        return F.one_hot(torch.ones(1, dtype=torch.long), self.styles + 1).to(self.last.weight)

    def _shallow(self, x: Tensor, mix: Tensor) -> list[Tensor]:
        """Pictures to responses at a half and at a quarter of the size."""
        # Around 0, where sums lose least; the range of the pixels does not matter behind a norm.
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last) - 0.5
        half = self.down1(x, mix).relu_()  # in place: nothing needs what a norm or a convolution gave, once it is cut
        return [half, self.down2(half, mix).relu_()]

    def _middle(self, y: Tensor, mix: Tensor) -> Tensor:
        for block in self.blocks:
            y = block(y, mix)
        return y

    def _end(self, x: Tensor, y: Tensor, skipping: list[Tensor], mix: Tensor) -> Tensor:
        """The photographs, responses at an eighth and those that skip them, which are used up, to pictures."""
        y = self.block((self.up1(y, mix) + skipping.pop()).relu_(), mix)
        y = (self.up2(y, mix) + skipping.pop()).relu_()
        y = self.up3.forward_folded(y).relu_()
        y = self.last(y)
        # Half precision suffices even here: around grey, 0, it is finest, and tanh flattens what is far from it. It is
        # off by 0.0005 at most, an eighth of a step of 8 bits.
        made = 0.5 + TANH_SCALE * torch.tanh(F.pixel_shuffle(y, 2).to(self.last.weight.dtype))
        return torch.lerp(made, x, mix[:, :1, None, None].to(made.dtype))


def replace_styles(weights: Mapping[str, Tensor], before: Sequence[str], now: Sequence[str]) -> dict[str, Tensor]:
    """A network's weights for other styles: those of the same name as they were, new ones the mean of all before."""

    def chosen(rows: Tensor) -> Tensor:
        mean = rows[1:].mean(0)
        return torch.stack([rows[0], *(rows[before.index(style) + 1] if style in before else mean for style in now)])

    sites = (".norm.weight", ".norm.bias")
    return {key: chosen(t) if key.endswith(sites) and t.dim() == 2 else t for key, t in weights.items()}


class NormalizedConv(nn.Module):
    """A 3×3 convolution behind mirrored borders, and conditional instance norm."""

    def __init__(self, convolution: "nn.Conv2d | UpsampleConv", known: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = ConditionalNorm(convolution.out_channels, known)

    def forward(self, x: Tensor, mix: Tensor) -> Tensor:
        """One convolution."""
        mirrored = isinstance(self.convolution, nn.Conv2d)
        result: Tensor = self.norm(self.convolution(pad(x, mode="reflect") if mirrored else x), mix)
        return result


class ResidualBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))), the same shape."""

    def __init__(self, channels: int, known: int) -> None:
        super().__init__()
        self.first = NormalizedConv(nn.Conv2d(channels, channels, 3), known)
        self.second = NormalizedConv(nn.Conv2d(channels, channels, 3), known)

    def forward(self, x: Tensor, mix: Tensor) -> Tensor:
        """One block."""
        result: Tensor = x + self.second(self.first(x, mix).relu_(), mix)
        return result

    def norm_layers(self) -> list[ConditionalNorm]:
        """Its norms in order."""
        return [self.first.norm, self.second.norm]


class UpsampleConv(nn.Module):
    """Resizing ×2 and a 3×3 convolution, as one convolution at the small size: N×C×H×W to N×c×2H×2W.

    Each of the four new positions of an old one sees, through three taps a side, that one and its neighbours: what
    the taps weigh there is added up beforehand. The border is repeated. Resizing is by nearest neighbours or, with
    `smooth`, bilinear at the same cost: a slope then stays one, where nearest neighbours make steps of it, which norm
    and training can enlarge to a grid of two pixels.
    """

    gather: Tensor

    def __init__(self, before: int, after: int, *, smooth: bool = False) -> None:
        super().__init__()
        self.out_channels = after
        like = nn.Conv2d(before, after, 3)
        self.weight, self.bias = like.weight, like.bias
        # New position a (0 or 1), old neighbour, tap: the neighbour's share in what the tap falls on.
        nearest = [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]]
        bilinear = [[[3, 1, 0], [1, 3, 3], [0, 0, 1]], [[1, 0, 0], [3, 3, 1], [0, 1, 3]]]
        gather = torch.tensor(bilinear) / 4 if smooth else torch.tensor(nearest).float()
        self.register_buffer("gather", gather, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        return F.pixel_shuffle(self.forward_folded(x), 2)

    def forward_folded(self, x: Tensor) -> Tensor:
        """The same with the four new positions as channels, in the order of `pixel_shuffle`: N×C×H×W to N×4c×H×W."""
        weight = torch.einsum("aip,bjq,ocpq->oabcij", self.gather, self.gather, self.weight).flatten(0, 2)
        return _convolve_folded(x, weight, self.bias)


class FoldedConv(nn.Module):
    """A 3×3 convolution of responses whose 2×2 positions are channels, and stay so: N×4C×H×W to N×4c×H×W.

    The same as pixel shuffle, mirrored borders, convolution, pixel unshuffle. A processor is twice as fast with many
    channels of few positions, and nothing is copied to full size.
    """

    gather: Tensor

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        like = nn.Conv2d(before, after, 3)
        self.weight, self.bias = like.weight, like.bias
        # To position a of a pair, from position c of the neighbouring pair i, by tap p: 2 i + c = a + p, from -1 each.
        gather = torch.zeros(2, 2, 3, 3)
        for a in (0, 1):
            for p in (-1, 0, 1):
                gather[a, (a + p) % 2, 1 + (a + p) // 2, 1 + p] = 1
        self.register_buffer("gather", gather, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        weight = torch.einsum("acip,bdjq,onpq->oabncdij", self.gather, self.gather, self.weight)
        return _convolve_folded(x, weight.flatten(3, 5).flatten(0, 2), self.bias)


def _convolve_folded(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """By the channels' four positions; a repeated border of them is a mirrored one of the positions."""
    weight = weight.contiguous(memory_format=torch.channels_last)
    return F.conv2d(pad(x), weight, None if bias is None else bias.repeat_interleave(4))
