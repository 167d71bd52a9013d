"""The image transformation network of Johnson, Alahi and Fei-Fei (ECCV 2016, arXiv 1603.08155) and its common variant.

`JohnsonNet` is the network of the paper's supplement, c9s1-32,d64,d128,R128×5,u64,u32,c9s1-3, as in the authors'
release jcjohnson/fast-neural-style; with `norm="instance"` it is that release's default, after Ulyanov.
`ExamplesNet` is the one of pytorch/examples, whose trained files are many; its key names are kept.
1,679,235 parameters each, 424,899 with half the filters.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.layers.padding import pad
from pictura.networks.tiling.streaming import NetworkPart

JOHNSON_BLOCKS = 5
# Reflected pixels: one for each of the ten unpadded convolutions of the blocks, which work at a quarter of the size.
START_PADDING = 40
Norm = Literal["batch", "instance"]
NORMS: dict[Norm, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm2d, "instance": InstanceNorm}


class JohnsonNet(nn.Module):
    """N×3×H×W in [0, 1] to the same shape in [0, 1]; H and W above 40 and divisible by 4.

    40 reflected pixels at the start, zero padding in the convolutions that change the size, none in the residual
    blocks, whose shortcut is cropped; tanh, scaled to the range of pixels. What the paper takes as 0..255 less the
    mean is here [-1, 1], the range of its tanh.
    """

    multiple = 4
    smallest = START_PADDING + 1
    receptive_radius = 64  # pixels to each side that a pixel of the result depends on, rounded up

    def __init__(self, channels: int = 32, norm: Norm = "batch") -> None:
        super().__init__()
        c, normed = channels, NORMS[norm]
        self.start = nn.Sequential(
            nn.ReflectionPad2d(START_PADDING),
            *(nn.Conv2d(3, c, 9, padding=4), normed(c), nn.ReLU()),
            *(nn.Conv2d(c, 2 * c, 3, 2, padding=1), normed(2 * c), nn.ReLU()),
            *(nn.Conv2d(2 * c, 4 * c, 3, 2, padding=1), normed(4 * c), nn.ReLU()),
        )
        self.blocks = nn.Sequential(*(CroppedBlock(4 * c, normed) for _ in range(JOHNSON_BLOCKS)))
        self.end = nn.Sequential(
            *(nn.ConvTranspose2d(4 * c, 2 * c, 3, 2, padding=1, output_padding=1), normed(2 * c), nn.ReLU()),
            *(nn.ConvTranspose2d(2 * c, c, 3, 2, padding=1, output_padding=1), normed(c), nn.ReLU()),
            nn.Conv2d(c, 3, 9, padding=4),
        )
        for layer, margin in zip(self.norm_layers(), _margins(), strict=False):
            layer.margin = margin

    def forward(self, x: Tensor) -> Tensor:
        """N×3×H×W to the same shape."""
        result: Tensor = 0.5 + 0.5 * torch.tanh(self.end(self.blocks(self.start(2 * x - 1))))
        return result

    def norm_layers(self) -> list[InstanceNorm]:
        """The instance norms in the order in which they run; none with batch norm."""
        return [module for module in self.modules() if isinstance(module, InstanceNorm)]

    def parts(self, _: Tensor | None = None) -> list[NetworkPart]:
        """One part: its end undoes the padding of its start."""
        return [NetworkPart(lambda x, _: self(x), self.norm_layers(), self.receptive_radius, floats_per_pixel=100)]


def _margins() -> list[int]:
    """Positions that each norm's input reaches beyond the image: 40 pixels, less one per unpadded convolution."""
    quarter = START_PADDING // 4
    return [START_PADDING, START_PADDING // 2, quarter, *(quarter - i for i in range(1, 2 * JOHNSON_BLOCKS + 1)), 0, 0]


class CroppedBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))) without padding: N×C×H×W to N×C×(H-4)×(W-4); no ReLU after the sum."""

    def __init__(self, channels: int, normed: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, channels, 3), normed(channels), nn.ReLU()),
            *(nn.Conv2d(channels, channels, 3), normed(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×C×(H-4)×(W-4)."""
        result: Tensor = x[..., 2:-2, 2:-2] + self.body(x)
        return result


class ExamplesNet(nn.Module):
    """N×3×H×W in [0, 1] to the same shape, to be clamped to [0, 1]; H and W divisible by 4.

    Reflection padding in every convolution, nearest neighbours and a convolution for the transposed one, instance
    norm, no tanh. Inside, pixels are 0 to 255, as the trained files expect.
    """

    multiple = 4
    smallest = 8  # the outermost convolution reflects four pixels, those of the blocks one at a quarter of the size

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        c = channels
        self.conv1, self.in1 = PaddedConv(3, c, 9), InstanceNorm(c)
        self.conv2, self.in2 = PaddedConv(c, 2 * c, 3, 2), InstanceNorm(2 * c)
        self.conv3, self.in3 = PaddedConv(2 * c, 4 * c, 3, 2), InstanceNorm(4 * c)
        self.res1, self.res2, self.res3, self.res4, self.res5 = (PaddedBlock(4 * c) for _ in range(JOHNSON_BLOCKS))
        self.deconv1, self.in4 = PaddedConv(4 * c, 2 * c, 3, upsample=True), InstanceNorm(2 * c)
        self.deconv2, self.in5 = PaddedConv(2 * c, c, 3, upsample=True), InstanceNorm(c)
        self.deconv3 = PaddedConv(c, 3, 9)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×H×W to the same shape."""
        return self.end(self.middle(self.start(x)))

    def start(self, x: Tensor) -> Tensor:
        """Images N×3×H×W to feature maps N×4C×H/4×W/4."""
        y = torch.relu(self.in1(self.conv1(255 * x)))  # N×C×H×W
        y = torch.relu(self.in2(self.conv2(y)))  # N×2C×H/2×W/2
        return torch.relu(self.in3(self.conv3(y)))  # N×4C×H/4×W/4

    def middle(self, y: Tensor) -> Tensor:
        """The residual blocks, N×4C×H/4×W/4."""
        for block in (self.res1, self.res2, self.res3, self.res4, self.res5):
            y = block(y)
        return y

    def end(self, y: Tensor) -> Tensor:
        """Feature maps to images N×3×H×W."""
        y = torch.relu(self.in4(self.deconv1(y)))  # N×2C×H/2×W/2
        y = torch.relu(self.in5(self.deconv2(y)))  # N×C×H×W
        result: Tensor = self.deconv3(y) / 255
        return result

    def parts(self, _: Tensor | None = None) -> list[NetworkPart]:
        """Start, residual blocks, end."""
        blocks = (self.res1, self.res2, self.res3, self.res4, self.res5)
        inner = [norm for block in blocks for norm in (block.in1, block.in2)]
        return [
            NetworkPart(lambda x, _: self.start(x), [self.in1, self.in2, self.in3], 12, floats_per_pixel=100),
            NetworkPart(lambda _, y: self.middle(y), inner, 40, floats_per_pixel=32),
            NetworkPart(lambda _, y: self.end(y), [self.in4, self.in5], 16, floats_per_pixel=170),
        ]


class PaddedConv(nn.Module):
    """Nearest neighbours ×2 if `upsample`, reflection padding of half the kernel, convolution `conv2d`."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, *, upsample: bool = False) -> None:
        super().__init__()
        self.padding = kernel // 2
        self.upsample = upsample
        self.conv2d = nn.Conv2d(before, after, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        """N×before×H×W to N×after×H'×W'."""
        if self.upsample:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        result: Tensor = self.conv2d(pad(x, self.padding, "reflect"))
        return result


class PaddedBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x))))), the same shape; no ReLU after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.in1 = PaddedConv(channels, channels, 3), InstanceNorm(channels)
        self.conv2, self.in2 = PaddedConv(channels, channels, 3), InstanceNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        result: Tensor = x + self.in2(self.conv2(torch.relu(self.in1(self.conv1(x)))))
        return result


def drop_unused_keys(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A published pytorch/examples file's tensors without what torch 0.3 tracked in instance norms and never used."""
    unused = ("running_mean", "running_var", "num_batches_tracked")
    return {key: tensor for key, tensor in tensors.items() if not key.endswith(unused)}
