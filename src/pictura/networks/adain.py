"""Adaptive instance normalization, and decoders from re-normalized feature maps to images.

`AdaIN` and `Decoder` are those of Huang and Belongie (ICCV 2017, arXiv 1703.06868): one AdaIN layer at relu4_1, and a
mirrored VGG behind it. `LightDecoder` is ours, made for CPUs and for the compact encoder:

- AdaIN is applied at three depths, relu4_1, relu3_1 and relu2_1, so that detail need not be invented;
- a style code (from means, standard deviations and correlations of each layer's first components) scales and shifts
  every convolution, so that strokes depend on more than two numbers per channel (after Ghiasi et al. 2017,
  arXiv 1705.06830, whose code comes from a picture; ours comes from a `Style`, whose statistics are shipped);
- the photograph has a code of its own: the strength interpolates from it to the style's;
- there is no other normalization layer, so that a pixel depends on the whole image through the three AdaIN layers only:
  any size takes two passes over tiles, see `networks.tiling.streaming`.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.compact import COMPONENTS
from pictura.networks.layers.norm import NormLayer
from pictura.networks.layers.padding import pad
from pictura.networks.layers.resize import FoldedConv, UpsampleConv, unfold_image

ADAPTED_LAYERS = ("relu2_1", "relu3_1", "relu4_1")  # of the light variant
EPS = 1e-5  # added to variances, as in the paper's release
ADAIN_WIDTHS = (96, 64, 32)  # channels at an eighth, a quarter and a half of the size
ADAIN_BLOCKS = 4  # at an eighth, where a position costs 1/64 of one at full size
ADAIN_LAST_WIDTH = 16  # channels at full size
CODE_SIZE = 96


class AdaIN(NormLayer):
    """σ(y) (x - μ(x)) / σ(x) + μ(y), equation 8, blended with x."""

    def forward(self, x: Tensor, mean: Tensor, std: Tensor, strength: Tensor) -> Tensor:
        """N×C×H×W, the style's N×C and N×C, and N strengths from 0 (x itself) to 1, to N×C×H×W."""
        statistics = self.given_statistics(x)
        if statistics is None:
            variance, own_mean = torch.var_mean(x, (2, 3), correction=0)
        else:
            own_mean, variance = (each.expand(len(x), -1) for each in statistics)
        s = strength[:, None]  # N×1
        # Both ends are linear in x, and so is what lies between them: one pass through memory.
        scale = 1 + s * (std / (variance + EPS).sqrt() - 1)  # N×C
        shift = own_mean + s * (mean - own_mean) - scale * own_mean
        return torch.addcmul(shift[..., None, None], x, scale[..., None, None])


class Decoder(nn.Sequential):
    """The paper's decoder: relu4_1 N×512×H/8×W/8 to images N×3×H×W, nearest neighbours ×2, reflection padding.

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
        super().__init__(*layers[:-1])  # no ReLU behind the image itself


class LightDecoder(nn.Module):
    """Three feature maps behind AdaIN and a style's description to images in [-0.05, 1.05].

    Args:
        components: channels of relu2_1, relu3_1, relu4_1.
        description_size: length of a description, see `describe`.
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
        # (description - centre) / spread has mean 0 and standard deviation 1 over the paintings of the training.
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
        """N×`description_size` and N strengths to N×`CODE_SIZE`."""
        style: Tensor = self.coder((description - self.centre) / self.spread)
        return self.photo + strength[:, None] * (style - self.photo)

    def forward(self, shallow: Tensor, middle: Tensor, deep: Tensor, description: Tensor, strength: Tensor) -> Tensor:
        """relu2_1, relu3_1, relu4_1 behind AdaIN, each N×C×H/s×W/s, N×`description_size` and N strengths to N×3×H×W."""
        code = self.code(description, strength)
        return self.end(shallow, middle, self.start(deep, code), code)

    def start(self, deep: Tensor, code: Tensor) -> Tensor:
        """The layers at an eighth of the size: N×C×H/8×W/8 and N×`CODE_SIZE` to the same size."""
        y = self.enter(deep.contiguous(memory_format=torch.channels_last), code)
        for block in self.blocks:
            y = block(y, code)
        result: Tensor = y
        return result

    def end(self, shallow: Tensor, middle: Tensor, y: Tensor, code: Tensor) -> Tensor:
        """The layers from there to the image N×3×H×W."""
        y = self.block1(self.mix1(self.up1(y) + self.side1(pad(middle)), code), code)  # N×C×H/4×W/4
        y = self.fine(self.mix2(self.up2(y) + self.side2(pad(shallow)), code), code)  # N×C×H/2×W/2
        y = self.last(self.up3.forward_folded(y).relu_())  # N×12×H/2×W/2: full size, folded
        return unfold_image(y, torch.float32)


class StyledConv(nn.Module):
    """ReLU(γ · conv(x) + β), with γ and β linear in the style code; without a convolution γ · x + β."""

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
        scale, shift = self.affine(code).to(x.dtype)[..., None, None].chunk(2, 1)  # N×C×1×1 each
        y: Tensor = torch.addcmul(shift, x, 1 + scale)
        return y.relu_() if self.rectified else y


class StyledBlock(nn.Module):
    """x + styled(conv(styled ReLU(conv(x)))), the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = StyledConv(nn.Conv2d(channels, channels, 3), channels)
        self.second = StyledConv(nn.Conv2d(channels, channels, 3), channels, rectified=False)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """N×C×H×W and N×`CODE_SIZE` to N×C×H×W."""
        result: Tensor = x + self.second(self.first(x, code), code)
        return result


def pack_features(features: Mapping[str, Tensor]) -> Tensor:
    """Feature maps at a half, a quarter and an eighth of the size as channels of one map at an eighth."""
    parts = [F.pixel_unshuffle(features[layer], 4 >> i) for i, layer in enumerate(ADAPTED_LAYERS)]
    return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last)


def unpack_features(packed: Tensor, deep: int = COMPONENTS["relu4_1"]) -> dict[str, Tensor]:
    """The feature maps of `pack_features`, the deepest with so many channels."""
    shallow, middle = COMPONENTS["relu2_1"], COMPONENTS["relu3_1"]
    parts = torch.split(packed, [16 * shallow, 4 * middle, deep], 1)
    return {
        layer: F.pixel_shuffle(part, 4 >> i).contiguous(memory_format=torch.channels_last)
        for i, (layer, part) in enumerate(zip(ADAPTED_LAYERS, parts, strict=True))
    }
