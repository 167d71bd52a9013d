"""Super-resolution networks: Johnson, Alahi and Fei-Fei's (ECCV 2016, arXiv 1603.08155) and a small one."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.resize import Bicubic

# Johnson's tanh reaches beyond black and white by this factor, so that both can be had without saturation
# (fast-neural-style: tanh × 150 around the mean, in 0..255).
JOHNSON_TANH_SCALE = 150 / 255


class JohnsonUpscaler(nn.Module):
    """N×3×h×w in [0, 1] to N×3×(scale h)×(scale w), about [0, 1], for a scale of 4 or 8.

    c9s1-64, four residual blocks of 64, one transposed convolution per doubling, c9s1-3 and a scaled tanh; batch norm
    and ReLU after all but the last. 401,859 parameters at ×4, 438,915 at ×8.
    """

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.receptive_radius = 2 * blocks + 8  # in small pixels
        self.floats_per_pixel = 3 * channels * scale**2  # per small pixel at most: three maps at the large size
        layers: list[nn.Module] = [*_conv_norm_relu(nn.Conv2d(3, channels, 9, padding=4))]
        layers += [_JohnsonBlock(channels) for _ in range(blocks)]
        for _ in range(int(math.log2(scale))):
            layers += _conv_norm_relu(nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1))
        layers.append(nn.Conv2d(channels, 3, 9, padding=4))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×h×w to N×3×(scale h)×(scale w); not clamped."""
        return 0.5 + JOHNSON_TANH_SCALE * torch.tanh(self.layers(x))


class _JohnsonBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.layers = nn.Sequential(*_conv_norm_relu(first), second, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.layers(x)  # no ReLU after the sum
        return result


def _conv_norm_relu(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()]


class Upscaler(nn.Module):
    """N×3×h×w in [0, 1] to N×3×(scale h)×(scale w), about [0, 1]: bicubic and what is missing in it.

    All convolutions work at the small size. The last one gives the scale² new pixels of each old one as channels, and
    pixel shuffle (Shi et al. CVPR 2016, arXiv 1609.05158) puts them in their places; residual blocks without
    norm as in EDSR (Lim et al. CVPRW 2017, arXiv 1707.02921). Untrained it is bicubic.
    """

    def __init__(self, scale: int = 4, channels: int = 48, blocks: int = 5) -> None:
        super().__init__()
        self.scale = scale
        self.receptive_radius = 2 * blocks + 2  # in small pixels
        self.floats_per_pixel = 3 * channels + 4 * 3 * scale**2  # per small pixel at most: three maps, four results
        self.bicubic = Bicubic(scale)
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
        self.tail = nn.Conv2d(channels, 3 * scale**2, 3, padding=1)
        zero_init(self.tail)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×h×w to N×3×(scale h)×(scale w); not clamped."""
        missing = self.tail(self.body(self.head(x)))  # N×(3 scale²)×h×w
        result: Tensor = F.pixel_shuffle(missing, self.scale) + self.bicubic(x)
        return result


class ResidualBlock(nn.Module):
    """x + conv(ReLU(conv(x))), the same shape; the identity at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        zero_init(self.second)

    def forward(self, x: Tensor) -> Tensor:
        """One block."""
        result: Tensor = x + self.second(torch.relu(self.first(x)))
        return result


def zero_init(convolution: nn.Conv2d) -> None:
    """Initialize to zero, so that training starts at the identity: deep networks without norm then bear high rates."""
    nn.init.zeros_(convolution.weight)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
