"""Our translator: a slim network that paints what is to be changed about a photograph, and leaves the rest.

Layout and reasons are those of `pictura.networks.slim`: space to depth, residual blocks at an eighth of the size,
nothing stored at full size. What is different:

- The result is the photograph plus what the network makes of it, nothing at first. So colours and contrast, which
  norms forget, stay unless there is a reason. The photograph underneath may be blurred: then what is fine is painted
  anew, where a sharp one would shine through the paint. Strength mixes the photograph itself with the result.
- Noise comes in at three sizes. A critic wants strokes in an empty sky, too, and a convolutional network without noise
  can make nothing of a flat surface but a pattern that repeats.

- Where the input is no photograph but a map of labels or a sketch there is nothing to keep: the picture is made from
  nothing, and blocks at a sixteenth of the size see how its parts belong together.

25 thousand multiply-adds a pixel, 0.85 M parameters; with two blocks at a sixteenth 28 thousand and 1.5 M.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.layers.padding import pad
from pictura.networks.layers.resize import TANH_SCALE, FoldedConv, UpsampleConv
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart, stream
from pictura.runtime.device import Precision, autocast

TRANSLATOR_WIDTHS = (24, 56, 96)  # channels at a half, a quarter and an eighth of the size
TRANSLATOR_BLOCKS = 4
FULL_SIZE_CHANNELS = 8  # channels at full size
LUMA = (0.299, 0.587, 0.114)
DEEP_WIDTH = 112  # channels at a sixteenth of the size
NOISE_WEIGHT = 0.2  # of noise beside features of std 1, at first: a network that starts without it finds a mesh sooner


class AnyTranslator(Protocol):
    """What `translate_image` can run: parts that take pictures 1×4×H×W, whose fourth channel is noise."""

    multiple: int
    smallest: int

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """See `pictura.networks.tiling.streaming`."""


class Translator(nn.Module):
    """N×3×H×W in [0, 1] to N×3×H×W, not clamped; H and W divisible by `multiple`.

    Args:
        widths: channels at a half, a quarter and an eighth of the size.
        blocks: residual blocks at an eighth.
        last: channels at full size.
        ground: pixels that are averaged in the photograph underneath, 1 (none), 2, 4 or 8; 0: no photograph.
        deep: residual blocks at a sixteenth; 0: nothing happens there.
        keep_luma: whether the light stays as it is, and the colours are all new: grey ones, or browned by age.
        noise: whether noise comes in at all.
    """

    multiple: int
    smallest: int = 32  # what is smallest inside must have something to normalize

    def __init__(
        self,
        widths: Sequence[int] = TRANSLATOR_WIDTHS,
        blocks: int = TRANSLATOR_BLOCKS,
        last: int = FULL_SIZE_CHANNELS,
        ground: int = 1,
        deep: int = 0,
        keep_luma: bool = False,
        noise: bool = True,
    ) -> None:
        super().__init__()
        self.ground, self.keep_luma = ground, keep_luma
        self.multiple = 16 if deep else 8
        half, quarter, eighth = widths
        self.down1 = NormalizedConv(nn.Conv2d(12, half, 3))
        self.down2 = NormalizedConv(nn.Conv2d(half, quarter, 3, 2))
        self.down3 = NormalizedConv(nn.Conv2d(quarter, eighth, 3, 2))
        if deep:
            self.down4 = NormalizedConv(nn.Conv2d(eighth, DEEP_WIDTH, 3, 2))
            self.up0 = NormalizedConv(UpsampleConv(DEEP_WIDTH, eighth, smooth=True))
        self.deep_blocks = nn.ModuleList(ResidualBlock(DEEP_WIDTH) for _ in range(deep))
        self.noise3 = Noise(eighth, 8) if noise else NoNoise()
        self.blocks = nn.ModuleList(ResidualBlock(eighth) for _ in range(blocks))
        self.up1 = NormalizedConv(UpsampleConv(eighth, quarter, smooth=True))
        self.noise2 = Noise(quarter, 4) if noise else NoNoise()
        self.block = ResidualBlock(quarter)
        self.up2 = NormalizedConv(UpsampleConv(quarter, half, smooth=True))
        self.noise1 = Noise(half, 2) if noise else NoNoise()
        self.up3 = UpsampleConv(half, last, smooth=True)
        self.last = FoldedConv(last, 3)
        if ground:  # the photograph at first
            for parameter in self.last.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, noise: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """One pass; noise is N×1×H×W with mean 0 and std 1, or None for none; strength 0 is the photograph."""
        x = self._ground(x)
        skipping = self._shallow(x)
        y = self.down3(skipping[1]).relu_()
        return self._mix(x, self._end(self._middle(y, noise), skipping, noise), strength)

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """Start, blocks, end, for pictures 1×4×H×W whose fourth channel is the noise, in [0, 1] and uniform."""

        def start(x: Tensor, _: Tensor) -> Tensor:
            y: Tensor = self.down3(self._shallow(self._ground(x[:, :3]))[1]).relu_()
            return y

        def middle(x: Tensor, y: Tensor) -> Tensor:
            return self._middle(y, standardize(x[:, 3:]))

        def end(x: Tensor, y: Tensor) -> Tensor:
            photo = self._ground(x[:, :3])
            return self._mix(photo, self._end(y, self._shallow(photo), standardize(x[:, 3:])), strength)

        skipping = [self.down1.norm, self.down2.norm]
        deep = [self.down4.norm, *norms_of(self.deep_blocks), self.up0.norm] if self.deep_blocks else []
        radius = 16 * len(self.blocks) + (32 * len(self.deep_blocks) + 48 if self.deep_blocks else 0)
        return [
            NetworkPart(start, [*skipping, self.down3.norm], 8, floats_per_pixel=24),
            NetworkPart(middle, [*deep, *norms_of(self.blocks)], radius, floats_per_pixel=10),
            NetworkPart(
                end, [*skipping, self.up1.norm, *self.block.norm_layers(), self.up2.norm], 24, floats_per_pixel=28
            ),
        ]

    def _ground(self, x: Tensor) -> Tensor:
        """The photograph, without the colours that are to be found anew."""
        return luma(x).expand_as(x) if self.keep_luma else x

    def _mix(self, x: Tensor, residual: Tensor, strength: float) -> Tensor:
        """The photograph x with so much of what is painted on its ground."""
        if self.keep_luma:
            residual = residual - luma(residual)
        if self.ground == 0:
            return torch.lerp(x, 0.5 + TANH_SCALE * residual, strength)
        if self.ground == 1:
            return x + strength * residual
        return torch.lerp(x, blur(x, self.ground) + residual, strength)

    def _shallow(self, x: Tensor) -> list[Tensor]:
        """Pictures to features at a half and at a quarter of the size."""
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last) - 0.5
        half = self.down1(x).relu_()
        return [half, self.down2(half).relu_()]

    def _middle(self, y: Tensor, noise: Tensor | None) -> Tensor:
        """Features at an eighth of the size to the same shape."""
        if self.deep_blocks:
            deep = self.down4(y).relu_()
            for block in self.deep_blocks:
                deep = block(deep)
            y = (self.up0(deep) + y).relu_()
        y = self.noise3(y, noise)
        for block in self.blocks:
            y = block(y)
        return y

    def _end(self, y: Tensor, skipping: list[Tensor], noise: Tensor | None) -> Tensor:
        """Features at an eighth and those that skip them, which are used up, to the residual N×3×H×W in [-1, 1]."""
        y = self.block(self.noise2((self.up1(y) + skipping.pop()).relu_(), noise))
        y = self.noise1((self.up2(y) + skipping.pop()).relu_(), noise)
        y = self.last(self.up3.forward_folded(y).relu_())
        return torch.tanh(F.pixel_shuffle(y, 2).to(self.last.weight.dtype))


def blur(x: Tensor, by: int) -> Tensor:
    """N×C×H×W without what is finer than so many pixels: averaged, and bilinearly enlarged."""
    small = F.avg_pool2d(x, by)
    return F.interpolate(small, scale_factor=by, mode="bilinear", align_corners=False)


def standardize(noise: Tensor) -> Tensor:
    """Uniform noise in [0, 1] to mean 0 and std 1."""
    return (noise - 0.5) * 12**0.5


class Noise(nn.Module):
    """x + weight × noise, each channel with a weight of its own (Karras et al. 2019, arXiv 1812.04948).

    Of noise at full size every `stride`-th position is taken: white again, and the same whatever tile it is cut from.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), NOISE_WEIGHT))
        # Each size begins elsewhere, or the sizes would see the same numbers.
        self.stride, self.first = stride, stride // 2

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """N×C×H/s×W/s and N×1×H×W, or None, to the former's shape."""
        if noise is None:
            return x
        taken = noise[..., self.first :: self.stride, self.first :: self.stride]
        return x + taken.to(x.dtype) * self.weight.to(x.dtype).view(1, -1, 1, 1)


class NoNoise(nn.Module):
    """In the place of `Noise`: x as it is."""

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """The same."""
        return x


class NormalizedConv(nn.Module):
    """A 3×3 convolution behind mirrored borders, and instance norm."""

    def __init__(self, convolution: "nn.Conv2d | UpsampleConv") -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = InstanceNorm(convolution.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        mirrored = isinstance(self.convolution, nn.Conv2d)
        result: Tensor = self.norm(self.convolution(pad(x, mode="reflect") if mirrored else x))
        return result


class ResidualBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))), the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = NormalizedConv(nn.Conv2d(channels, channels, 3))
        self.second = NormalizedConv(nn.Conv2d(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        """One block."""
        result: Tensor = x + self.second(self.first(x).relu_())
        return result

    def norm_layers(self) -> list[InstanceNorm]:
        """Its norms in order."""
        return [self.first.norm, self.second.norm]


def norms_of(blocks: nn.ModuleList) -> list[InstanceNorm]:
    """The norms of residual blocks in a row, in order."""
    return [norm for block in blocks if isinstance(block, ResidualBlock) for norm in block.norm_layers()]


def luma(x: Tensor) -> Tensor:
    """N×3×H×W to N×1×H×W: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601)."""
    return (x * torch.tensor(LUMA, dtype=x.dtype, device=x.device).view(1, 3, 1, 1)).sum(1, keepdim=True)


def translate_image(
    image: Tensor,
    network: AnyTranslator,
    *,
    strength: float = 1.0,
    seed: int = 0,
    memory: int = DEFAULT_MEMORY,
    precision: Precision = "auto",
    noise: Tensor | None = None,
) -> Tensor:
    """A translator's output for 1×3×H×W of any size, in [0, 1] or uint8, of the same dtype, within `memory` bytes.

    `noise` of the image's size and dtype, uniform, of which the first channel counts, stands for that of the seed.
    """
    inputs = torch.cat([image, _grain(image, seed) if noise is None else noise[:, :1]], 1)
    with autocast(precision, image.device):
        parts = network.parts(strength)
        return stream(inputs, parts, memory=memory, multiple=network.multiple, smallest=network.smallest)


class NoisyTranslator(nn.Module):
    """A translator of one strength as a network of two pictures, to be exported.

    Of the second, uniform noise in [0, 1], the first channel counts.
    """

    def __init__(self, network: Translator, strength: float) -> None:
        super().__init__()
        self.network, self.strength = network, strength
        self.multiple, self.smallest = network.multiple, network.smallest

    def forward(self, picture: Tensor, noise: Tensor) -> Tensor:
        """N×3×H×W each to N×3×H×W."""
        result: Tensor = self.network(picture, standardize(noise[:, :1]), self.strength)
        return result


class QuietTranslator(nn.Module):
    """A translator without noise as a network of one picture, to be exported."""

    def __init__(self, network: nn.Module, multiple: int, smallest: int) -> None:
        super().__init__()
        self.network, self.multiple, self.smallest = network, multiple, smallest

    def forward(self, picture: Tensor) -> Tensor:
        """N×3×H×W to the same."""
        result: Tensor = self.network(picture)
        return result


def noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """N×1×H×W of std 1 for pictures N×3×H×W, from the processor's generator."""
    return torch.randn(len(x), 1, *x.shape[-2:], generator=generator).to(x.device)


def _grain(image: Tensor, seed: int) -> Tensor:
    """Uniform noise 1×1×H×W in the image's numbers, of 256 values: the same for an image of bytes and of floats."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(256, (1, 1, *image.shape[-2:]), dtype=torch.uint8, generator=generator)
    return (noise if image.dtype == torch.uint8 else noise.to(image.dtype) / 255).to(image.device)
