"""Adaptive instance normalization, and what draws pictures from responses whose statistics it exchanged.

`AdaIN` and `Decoder` are those of Huang and Belongie (ICCV 2017, arXiv 1703.06868): one exchange at relu4_1, and a
mirrored VGG behind it. `LightDecoder` is ours, made for processors and for the compact encoder:

- statistics are exchanged at three depths, relu4_1, relu3_1 and relu2_1, so that what is fine need not be invented;
- a code of the style (its means, deviations and the correlations of each layer's first components) scales and shifts
  every convolution, so that strokes depend on more than two numbers a channel (after Ghiasi et al. 2017,
  arXiv 1705.06830, whose code comes from a picture; ours comes from a `Style`, numbers that the bank ships);
- the photograph has a code of its own: from it to a style's is the strength;
- there is no other normalization, so that the three exchanges are the only places where a pixel depends on the whole
  picture: any size takes two passes over tiles, see `networks.tiling.streaming`.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.compact import COMPONENTS
from pictura.networks.layers.norm import ChannelStatistics
from pictura.networks.layers.padding import pad
from pictura.networks.slim import TANH_SCALE, FoldedConv, UpsampleConv

ADAPTED_LAYERS = ("relu2_1", "relu3_1", "relu4_1")  # of the light variant
EPS = 1e-5  # added to variances, as in the paper's release
ADAIN_WIDTHS = (96, 64, 32)  # channels at an eighth, a quarter and a half of the size
ADAIN_BLOCKS = 4  # at an eighth, where a position costs 1/64 of one at full size
ADAIN_LAST_WIDTH = 16  # channels at full size
CODE_SIZE = 96


class AdaIN(nn.Module):
    """σ(y) (x - μ(x)) / σ(x) + μ(y), equation 8, blended with x: a site of `networks.tiling.streaming`."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics: ChannelStatistics | None = None
        self.margin = 0

    def forward(self, x: Tensor, mean: Tensor, std: Tensor, strength: Tensor) -> Tensor:
        """N×C×H×W, the style's N×C and N×C, and N strengths from 0 (x itself) to 1, to N×C×H×W."""
        if self.statistics is None:
            variance, middle = torch.var_mean(x, (2, 3), correction=0)
        else:
            middle, variance = (s.expand(len(x), -1) for s in self.statistics)
        s = strength[:, None]
        # Both ends are linear in x, and so is what lies between them: one pass through memory.
        scale = 1 + s * (std / (variance + EPS).sqrt() - 1)
        shift = middle + s * (mean - middle) - scale * middle
        return torch.addcmul(shift[..., None, None], x, scale[..., None, None])


class Decoder(nn.Sequential):
    """The paper's decoder: relu4_1 N×512×H/8×W/8 to pictures N×3×H×W, nearest neighbours ×2, mirrored borders.

    3,505,219 parameters for VGG-19's 512 channels. `before` is the number of channels of the encoder's relu4_1.
    """

    def __init__(self, before: int = 512) -> None:
        layers: list[nn.Module] = []
        steps = ((before, 256), None, (256, 256), (256, 256), (256, 256), (256, 128), None, (128, 128), (128, 64), None)
        for step in (*steps, (64, 64), (64, 3)):
            if step is None:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
            else:
                layers += [nn.Conv2d(*step, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
        super().__init__(*layers[:-1])  # the picture itself is not rectified


class LightDecoder(nn.Module):
    """Three layers with exchanged statistics and a style's description to pictures in [-0.05, 1.05].

    Args:
        components: channels of relu2_1, relu3_1, relu4_1.
        described: numbers in a description.
        widths: channels at an eighth, a quarter and a half of the size.
        blocks: residual blocks at an eighth.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        components: Sequence[int],
        description_size: int,
        widths: Sequence[int] = ADAIN_WIDTHS,
        blocks: int = ADAIN_BLOCKS,
    ) -> None:
        super().__init__()
        eighth, quarter, half = widths
        shallow, middle, deep = components
        self.coder = nn.Sequential(
            nn.Linear(description_size, CODE_SIZE), nn.ReLU(), nn.Linear(CODE_SIZE, CODE_SIZE), nn.Tanh()
        )
        self.photo = nn.Parameter(torch.zeros(CODE_SIZE))  # the photograph's own code
        # A description less `centre`, over `spread`, has mean 0 and deviation 1 over the paintings of the training.
        self.register_buffer("centre", torch.zeros(description_size))
        self.register_buffer("spread", torch.ones(description_size))
        self.enter = StyledConv(nn.Conv2d(deep, eighth, 3), eighth)
        self.blocks = nn.ModuleList(StyledBlock(eighth) for _ in range(blocks))
        self.up1, self.side1 = UpsampleConv(eighth, quarter, smooth=True), nn.Conv2d(middle, quarter, 3)
        self.mix1, self.block1 = StyledConv(None, quarter), StyledBlock(quarter)
        self.up2, self.side2 = UpsampleConv(quarter, half, smooth=True), nn.Conv2d(shallow, half, 3)
        self.mix2, self.fine = StyledConv(None, half), StyledConv(nn.Conv2d(half, half, 3), half)
        self.up3, self.last = UpsampleConv(half, ADAIN_LAST_WIDTH, smooth=True), FoldedConv(ADAIN_LAST_WIDTH, 3)

    def code(self, description: Tensor, strength: Tensor) -> Tensor:
        """N×described and N strengths to N×`CODE_SIZE`."""
        style: Tensor = self.coder((description - self.centre) / self.spread)
        return self.photo + strength[:, None] * (style - self.photo)

    def forward(self, shallow: Tensor, middle: Tensor, deep: Tensor, description: Tensor, strength: Tensor) -> Tensor:
        """relu2_1, relu3_1 and relu4_1 with exchanged statistics, N×C×H/s×W/s, N×described, N, to N×3×H×W."""
        code = self.code(description, strength)
        return self.end(shallow, middle, self.start(deep, code), code)

    def start(self, deep: Tensor, code: Tensor) -> Tensor:
        """What happens at an eighth of the size."""
        y = self.enter(deep.contiguous(memory_format=torch.channels_last), code)
        for block in self.blocks:
            y = block(y, code)
        result: Tensor = y
        return result

    def end(self, shallow: Tensor, middle: Tensor, y: Tensor, code: Tensor) -> Tensor:
        """From there to the picture."""
        y = self.block1(self.mix1(self.up1(y) + self.side1(pad(middle)), code), code)
        y = self.fine(self.mix2(self.up2(y) + self.side2(pad(shallow)), code), code)
        y = self.last(self.up3.forward_folded(y).relu_())
        # Half precision suffices, see `pictura.networks.slim`: around grey it is finest, and tanh flattens the rest.
        made: Tensor = 0.5 + TANH_SCALE * torch.tanh(F.pixel_shuffle(y, 2).float())
        return made


class StyledConv(nn.Module):
    """ReLU(γ · conv(x) + β), with γ and β of the code; without a convolution of x itself."""

    def __init__(self, convolution: nn.Conv2d | None, channels: int, rectified: bool = True) -> None:
        super().__init__()
        self.convolution, self.rectified = convolution, rectified
        self.affine = nn.Linear(CODE_SIZE, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """N×C×H×W and N×`CODE_SIZE` to N×C×H×W."""
        if self.convolution is not None:
            x = self.convolution(pad(x))
        scale, shift = self.affine(code).to(x.dtype)[..., None, None].chunk(2, 1)
        y: Tensor = torch.addcmul(shift, x, 1 + scale)
        return y.relu_() if self.rectified else y


class StyledBlock(nn.Module):
    """x + styled(conv(styled ReLU(conv(x)))), the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = StyledConv(nn.Conv2d(channels, channels, 3), channels)
        self.second = StyledConv(nn.Conv2d(channels, channels, 3), channels, rectified=False)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """One block."""
        result: Tensor = x + self.second(self.first(x, code), code)
        return result


def pack_features(found: Mapping[str, Tensor]) -> Tensor:
    """Responses at a half, a quarter and an eighth of the size as channels of one map at an eighth."""
    parts = [F.pixel_unshuffle(found[layer], 4 >> i) for i, layer in enumerate(ADAPTED_LAYERS)]
    return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last)


def unpack_features(seen: Tensor, deep: int = COMPONENTS["relu4_1"]) -> dict[str, Tensor]:
    """The same back, the deepest with so many channels."""
    shallow, middle = COMPONENTS["relu2_1"], COMPONENTS["relu3_1"]
    parts = torch.split(seen, [16 * shallow, 4 * middle, deep], 1)
    return {
        layer: F.pixel_shuffle(part, 4 >> i).contiguous(memory_format=torch.channels_last)
        for i, (layer, part) in enumerate(zip(ADAPTED_LAYERS, parts, strict=True))
    }
