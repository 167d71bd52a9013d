"""CoGAN's coupled networks (Liu and Tuzel, NIPS 2016, arXiv 1606.07536), after mingyuliutw/CoGAN.

A pair of generators has its first layers in common, which decide what is shown, and a pair of critics its last ones;
what is each domain's own lies beside the pixels. So a code z has one picture in each domain, and the two show the same.

Two pairs: for digits of 28 pixels (cogan_pytorch/src/net_cogan_mnistedge.py), and for pictures, after the network for
faces of 128 pixels (cogan/models/celeba), of any power of two; that one is a single branch, so how many of its layers
are shared is ours.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

DIGITS_SIZE = 28
CODE = 100  # numbers in z
LEAST = 4  # side of a generator's first map
DROPOUT = (0.1, 0.3, 0.3, 0.5)  # in the deepest convolutions of the pictures' critic; celeba.train.ptt
LAST_DROPOUT = 0.5
STD = 0.02  # of the pictures' first weights
LARGE = 3  # convolutions of the pictures' critic beside the pixels that are 5×5
Network = TypeVar("Network", bound=nn.Module)


class CoupledGenerators(nn.Module):
    """z N×Z to one picture N×3×S×S a domain, from the same code: shared layers, then each domain's own."""

    def __init__(self, shared: nn.Module, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.shared = shared
        self.heads = nn.ModuleList(heads)

    def forward(self, z: Tensor) -> list[Tensor]:
        """A's and B's."""
        y = self.shared(z[..., None, None])
        return [head(y).float() for head in self.heads]

    def paint(self, z: Tensor, domain: int) -> Tensor:
        """One of them."""
        pictures: Tensor = self.heads[domain](self.shared(z[..., None, None]))
        return pictures.float()


class CoupledCritics(nn.Module):
    """Pictures N×3×S×S of each domain to answers N×1×1×1, large for "real": each domain's own layers, then shared ones.

    Both domains go through the shared layers as one batch. These end in the two numbers of a softmax; of the answer it
    is the difference, whose sigmoid is the softmax.
    """

    def __init__(self, heads: Sequence[nn.Module], shared: nn.Module) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.shared = shared

    def forward(self, images: Sequence[Tensor]) -> list[Tensor]:
        """A's and B's."""
        y = torch.cat([head(x) for head, x in zip(self.heads, images, strict=True)])
        fake, real = self.shared(y).chunk(2, 1)
        answers: Tensor = real - fake
        return list(torch.split(answers, [len(x) for x in images]))


def digits_generators(channels: int = 3) -> CoupledGenerators:
    """Pictures in [0, 1] of 28 pixels: z → 4 → 7 → 13 → 25 pixels shared, 28 each domain's own."""
    widths = (1024, 512, 256, 128)
    shared = [nn.ConvTranspose2d(CODE, widths[0], 4), nn.BatchNorm2d(widths[0], affine=False), nn.PReLU()]
    for before, after in pairwise(widths):
        shared += [nn.ConvTranspose2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after, affine=False)]
        shared += [nn.PReLU()]
    heads = [nn.Sequential(nn.ConvTranspose2d(widths[-1], channels, 6, padding=1), nn.Sigmoid()) for _ in range(2)]
    return initialize_digits(CoupledGenerators(nn.Sequential(*shared), heads))


def digits_critics(channels: int = 3) -> CoupledCritics:
    """LeNet, of which the first convolution is each domain's own."""
    heads = [nn.Sequential(nn.Conv2d(channels, 20, 5), nn.MaxPool2d(2)) for _ in range(2)]
    shared = [nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Conv2d(50, 500, 4), nn.PReLU(), nn.Conv2d(500, 2, 1)]
    return initialize_digits(CoupledCritics(heads, nn.Sequential(*shared)))


def picture_generators(size: int, width: int = 1024, own: int = 2) -> CoupledGenerators:
    """Pictures in [-1, 1] of `size` pixels, a power of two.

    Args:
        size: 128 in the release.
        width: channels at 4×4; half as many at each doubling of the side.
        own: layers that are each domain's own, the last ones.
    """
    doublings = (size // LEAST).bit_length() - 1
    widths = [max(1, width >> level) for level in range(doublings + 1)]
    coupled = doublings + 1 - own  # doublings that are shared

    def layers(first: int, last: int) -> list[nn.Module]:
        pairs = pairwise(widths[first : last + 1])
        return [_build_layer(nn.ConvTranspose2d(c, d, 4, stride=2, padding=1)) for c, d in pairs]

    shared = nn.Sequential(_build_layer(nn.ConvTranspose2d(CODE, widths[0], LEAST)), *layers(0, coupled))
    pixels = [(nn.Conv2d(widths[-1], 3, 3, padding=1), nn.Tanh()) for _ in range(2)]
    heads = [nn.Sequential(*layers(coupled, doublings), *last) for last in pixels]
    return initialize_pictures(CoupledGenerators(shared, heads))


def picture_critics(size: int, width: int = 1024, own: int = 2) -> CoupledCritics:
    """For pictures in [-1, 1] of `size` pixels, a power of two, down to 2×2.

    Args:
        size: 128 in the release.
        width: channels of the deepest convolution; half as many at each doubling of the side.
        own: convolutions that are each domain's own, the first ones.
    """
    count = size.bit_length() - 2
    widths = [3, *(max(1, width >> level) for level in reversed(range(count)))]
    dropout = [*[0.0] * count, *DROPOUT][-count:]

    def convolutions(first: int, last: int) -> list[nn.Module]:
        return [
            _build_layer(
                nn.Conv2d(widths[i], widths[i + 1], 5 if i < LARGE else 3, stride=2, padding=2 if i < LARGE else 1),
                dropout[i],
            )
            for i in range(first, last)
        ]

    # Linear layers as convolutions of the whole map.
    last = [_build_layer(nn.Conv2d(width, 2 * width, 2), LAST_DROPOUT), nn.Conv2d(2 * width, 2, 1)]
    heads = [nn.Sequential(*convolutions(0, own)) for _ in range(2)]
    return initialize_pictures(CoupledCritics(heads, nn.Sequential(*convolutions(own, count), *last)))


class Shift(nn.Module):
    """x + bias, one a channel: Caffe's batch norm has neither scale nor shift, and the release adds the shift."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        return x + self.bias.to(x.dtype).view(1, -1, 1, 1)


def _build_layer(convolution: nn.Conv2d | nn.ConvTranspose2d, dropout: float = 0.0) -> nn.Module:
    channels = convolution.out_channels
    layers = [convolution, nn.BatchNorm2d(channels, affine=False), Shift(channels), nn.PReLU(channels)]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))


def initialize_digits(network: Network) -> Network:
    """Xavier's weights with a gain of √2, biases of 0.1 (cogan_pytorch/src/init.py)."""
    for layer in _convolutions(network):
        nn.init.xavier_uniform_(layer.weight, gain=2**0.5)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, 0.1)
    return network


def initialize_pictures(network: Network) -> Network:
    """Weights from N(0, 0.02), no biases (celeba.train.ptt)."""
    for layer in _convolutions(network):
        nn.init.normal_(layer.weight, std=STD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return network


def _convolutions(network: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
