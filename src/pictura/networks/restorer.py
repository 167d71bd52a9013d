"""A network that puts right what is wrong with a photograph at its own size: noise, blur.

Residual blocks without norm, as in EDSR (Lim et al. CVPRW 2017, arXiv 1707.02921), at half the size: four pixels a
position, so that a pixel costs a quarter and sees twice as far. Untrained it is the identity.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.tiling.streaming import NetworkPart
from pictura.networks.upscaler import ResidualBlock, zero_init

RESTORER_WIDTH = 48
RESTORER_BLOCKS = 6


class Restorer(nn.Module):
    """N×3×H×W in [0, 1] to N×3×H×W, not clamped; H and W even. 62 thousand multiply-adds a pixel, 0.26 M parameters."""

    multiple: int = 2
    smallest: int = 2

    def __init__(self, channels: int = RESTORER_WIDTH, blocks: int = RESTORER_BLOCKS) -> None:
        super().__init__()
        self.head = nn.Conv2d(12, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
        self.tail = nn.Conv2d(channels, 12, 3, padding=1)
        zero_init(self.tail)
        self.receptive_radius = 2 * (2 * blocks + 2) + 1  # of four pixels that share a position one is a pixel off
        self.floats_per_pixel = (3 * channels + 3 * 12) / 4

    def forward(self, x: Tensor, noise: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """One pass; strength is the share of what is put right. It has no use for noise."""
        y = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        missing = F.pixel_shuffle(self.tail(self.body(self.head(y))).float(), 2)
        return x + strength * missing

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """All of it, for pictures 1×4×H×W as the translator takes them."""

        def run(x: Tensor, _: Tensor) -> Tensor:
            made: Tensor = self(x[:, :3], None, strength)
            return made

        return [NetworkPart(run, (), self.receptive_radius, self.floats_per_pixel)]
