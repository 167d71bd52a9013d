"""Our translator: a slim network that paints what is to be changed about a photograph, and leaves the rest.

Layout and reasons are those of `pictura.networks.slim`: space to depth, residual blocks at an eighth of the size,
nothing stored at full size. What is different:

- The result is the photograph plus what the network makes of it, nothing at first. So colours and contrast, which
  norms forget, stay unless there is a reason. The photograph underneath may be blurred: then what is fine is painted
  anew, where a sharp one would shine through the paint. Strength mixes the photograph itself with the result.
- Noise comes in at three sizes. A critic wants strokes in an empty sky, too, and a convolutional network without noise
  can make nothing of a flat surface but a pattern that repeats.

25 thousand multiply-adds a pixel, 0.85 M parameters.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.layers.padding import pad
from pictura.networks.layers.resize import FoldedConv, UpsampleConv
from pictura.networks.tiling.streaming import NetworkPart

TRANSLATOR_WIDTHS = (24, 56, 96)  # channels at a half, a quarter and an eighth of the size
TRANSLATOR_BLOCKS = 4
FULL_SIZE_CHANNELS = 8  # channels at full size
NOISE_WEIGHT = 0.2  # of noise beside features of std 1, at first: a network that starts without it finds a mesh sooner


class Translator(nn.Module):
    """N×3×H×W in [0, 1] to N×3×H×W, not clamped; H and W divisible by 8.

    ground: pixels that are averaged in the photograph underneath, 1 (none), 2, 4 or 8.
    """

    multiple = 8
    smallest = 32  # an eighth of it must have something to normalize

    def __init__(
        self,
        widths: Sequence[int] = TRANSLATOR_WIDTHS,
        blocks: int = TRANSLATOR_BLOCKS,
        last: int = FULL_SIZE_CHANNELS,
        ground: int = 1,
    ) -> None:
        super().__init__()
        self.ground = ground
        half, quarter, eighth = widths
        self.down1 = NormalizedConv(nn.Conv2d(12, half, 3))
        self.down2 = NormalizedConv(nn.Conv2d(half, quarter, 3, 2))
        self.down3 = NormalizedConv(nn.Conv2d(quarter, eighth, 3, 2))
        self.noise3 = Noise(eighth, 8)
        self.blocks = nn.ModuleList(ResidualBlock(eighth) for _ in range(blocks))
        self.up1 = NormalizedConv(UpsampleConv(eighth, quarter, smooth=True))
        self.noise2 = Noise(quarter, 4)
        self.block = ResidualBlock(quarter)
        self.up2 = NormalizedConv(UpsampleConv(quarter, half, smooth=True))
        self.noise1 = Noise(half, 2)
        self.up3 = UpsampleConv(half, last, smooth=True)
        self.last = FoldedConv(last, 3)
        for parameter in self.last.parameters():  # the photograph at first
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, noise: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """One pass; noise is N×1×H×W with mean 0 and std 1, or None for none; strength 0 is the photograph."""
        skipping = self._shallow(x)
        y = self.noise3(self.down3(skipping[1]).relu_(), noise)
        return self._mix(x, self._end(self._middle(y), skipping, noise), strength)

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """Start, blocks, end, for pictures 1×4×H×W whose fourth channel is the noise, in [0, 1] and uniform."""

        def start(x: Tensor, _: Tensor) -> Tensor:
            y: Tensor = self.noise3(self.down3(self._shallow(x[:, :3])[1]).relu_(), standardize(x[:, 3:]))
            return y

        def middle(_: Tensor, y: Tensor) -> Tensor:
            return self._middle(y)

        def end(x: Tensor, y: Tensor) -> Tensor:
            photo = x[:, :3]
            return self._mix(photo, self._end(y, self._shallow(photo), standardize(x[:, 3:])), strength)

        skipping = [self.down1.norm, self.down2.norm]
        inner = [norm for block in self.blocks if isinstance(block, ResidualBlock) for norm in block.norm_layers()]
        return [
            NetworkPart(start, [*skipping, self.down3.norm], 8, floats_per_pixel=24),
            NetworkPart(middle, inner, 16 * len(self.blocks), floats_per_pixel=10),
            NetworkPart(
                end, [*skipping, self.up1.norm, *self.block.norm_layers(), self.up2.norm], 24, floats_per_pixel=28
            ),
        ]

    def _mix(self, x: Tensor, residual: Tensor, strength: float) -> Tensor:
        """The photograph x with so much of what is painted on its ground."""
        if self.ground == 1:
            return x + strength * residual
        return torch.lerp(x, blur(x, self.ground) + residual, strength)

    def _shallow(self, x: Tensor) -> list[Tensor]:
        """Pictures to features at a half and at a quarter of the size."""
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last) - 0.5
        half = self.down1(x).relu_()
        return [half, self.down2(half).relu_()]

    def _middle(self, y: Tensor) -> Tensor:
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
