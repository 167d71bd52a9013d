"""DiscoGAN's networks (Kim, Cha, Kim, Lee and Kim, ICML 2017, arXiv 1703.05192), as SKTBrain/DiscoGAN releases them.

DCGAN's critic, and a generator that is such a critic and a DCGAN generator back to back (discogan/model.py there):
4×4 filters of stride 2 without biases, batch norm. Both are fully convolutional. Batch norm takes the batch's moments
in training and running ones in use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn

from pictura.networks.tiling.streaming import NetworkPart

SLOPE = 0.2  # of the leaky ReLUs
FACTORS = (1, 2, 4, 8)  # channels at 1/2 … 1/16 of the size, times the width
CODE = 100  # channels of the code between the extra layers


class DiscoGenerator(nn.Module):
    """N×3×H×W in [0, 1] to the same; H and W divisible by 16.

    Args:
        width: channels at half the size.
        extra: two more layers around a code, whose filters take 4×4 positions at a sixteenth of the size: of a picture
            of 64 pixels, all of it.
    """

    multiple = 16

    def __init__(self, width: int = 64, extra: bool = False) -> None:
        super().__init__()
        widths = [width * factor for factor in FACTORS]
        layers: list[nn.Module] = [_down(3, width), nn.LeakyReLU(SLOPE)]
        for before, after in pairwise(widths):
            layers += [_down(before, after), nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE)]
        if extra:
            deepest = widths[-1]
            layers += [nn.Conv2d(deepest, CODE, 4, bias=False), nn.BatchNorm2d(CODE), nn.LeakyReLU(SLOPE)]
            layers += [nn.ConvTranspose2d(CODE, deepest, 4, bias=False), nn.BatchNorm2d(deepest), nn.ReLU()]
        for before, after in pairwise(reversed(widths)):
            layers += [_up(before, after), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, _up(width, 3))
        self.smallest = 4 * self.multiple if extra else self.multiple
        # Of each of the four halvings 2 positions, and as much on the way up; the code's filters 3 at 1/16, twice.
        self.radius = 4 * (self.multiple - 1) + (6 * self.multiple if extra else 0)
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """One pass."""
        return torch.sigmoid(self.layers(x).float())

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """The network in use as one part, for `stream`; what it makes is mixed with the image; noise has no effect."""

        def run(x: Tensor, _: Tensor) -> Tensor:
            return torch.lerp(x[:, :3], self(x[:, :3]), strength)

        # Its widest maps have half the size: `width` channels before and behind a norm, and behind a ReLU.
        return [NetworkPart(run, (), self.radius, floats_per_pixel=self.width + 15)]


class DiscoCritic(nn.Module):
    """N×3×H×W in [0, 1] to an answer N×1×h×w without the sigmoid, large for "real", and to features.

    H and W at least 64; of 64 pixels the answer is 1×1, of more one to each 94 pixels, 16 apart. The features, for
    feature matching, are the activations of layers 2, 3 and 4.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * factor for factor in FACTORS]
        self.first = nn.Sequential(_down(3, width), nn.LeakyReLU(SLOPE))
        self.layers = nn.ModuleList(
            nn.Sequential(_down(before, after), nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE))
            for before, after in pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], 1, 4, bias=False)

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The answer, as a list, and the features."""
        y, features = self.first(x), []
        for layer in self.layers:
            y = layer(y)
            features.append(y)
        return [self.last(y)], features


@contextmanager
def keep_statistics(network: nn.Module) -> Iterator[None]:
    """Inside, batch norms in training leave their running moments as they are."""
    norms = [norm for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum


def _down(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False)


def _up(before: int, after: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)
