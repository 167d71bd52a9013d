"""The networks of a convolutional GAN, with and without a condition.

Radford, Metz and Chintala, ICLR 2016, arXiv 1511.06434, in the layout of the release (soumith/dcgan.torch main.lua;
pytorch/examples dcgan/main.py), which is that of 64 pixels; other sizes have as many steps as they need. A condition is
a vector N×K (Mirza and Osindero 2014, arXiv 1411.1784): beside the generator's code, and beside the critic's pixels as
K maps, each of one number.
"""

import torch
from torch import Tensor, nn

from pictura.networks.coders import SLOPE, plan_maps

STD = 0.02  # of the first weights: N(0, 0.02) of convolutions, N(1, 0.02) of the norms' scales


class DCGenerator(nn.Module):
    """z N×Z, and a condition N×K, to pictures N×C×S×S in [-1, 1].

    Args:
        size: S, which is halved down to 4 to 7 pixels: 28, 32, 64.
        channels: C.
        width: channels of the largest maps; 64 in the paper.
        code: Z. condition: K, 0 for none.
    """

    def __init__(self, size: int, channels: int, width: int, code: int, condition: int = 0) -> None:
        super().__init__()
        side, widths = plan_maps(size, width)
        layers: list[nn.Module] = [nn.ConvTranspose2d(code + condition, widths[-1], side, bias=False)]
        for c, d in zip(widths[::-1], [*widths[-2::-1], channels], strict=True):
            layers += [nn.BatchNorm2d(c), nn.ReLU(), nn.ConvTranspose2d(c, d, 4, stride=2, padding=1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.apply(initialize)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """N×C×S×S."""
        y = z if condition is None else torch.cat([z, condition], 1)
        pictures: Tensor = self.layers(y[..., None, None])
        return pictures.float()


class DCCritic(nn.Module):
    """Pictures N×C×S×S in [-1, 1], and a condition N×K, to answers N×1×1×1, large for "real"; as `DCGenerator`.

    Args:
        size, channels, width, condition: as there.
        dropout: of the features that each step down gives; the paper has none.
        norm: whether there is batch norm.
    """

    def __init__(
        self, size: int, channels: int, width: int, condition: int = 0, dropout: float = 0.0, *, norm: bool = True
    ) -> None:
        super().__init__()
        side, widths = plan_maps(size, width)
        layers: list[nn.Module] = []
        for i, (c, d) in enumerate(zip([channels + condition, *widths], widths, strict=False)):
            layers.append(nn.Conv2d(c, d, 4, stride=2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(d)] if i and norm else []
            layers += [nn.LeakyReLU(SLOPE), *([nn.Dropout(dropout)] if dropout else [])]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, side, bias=False))
        self.apply(initialize)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """N×1×1×1."""
        if condition is not None:
            x = torch.cat([x, replicate(condition, x)], 1)
        answers: Tensor = self.layers(x)
        return answers.float()


def replicate(condition: Tensor, x: Tensor) -> Tensor:
    """N×K to N×K×H×W, the same everywhere, for maps x N×C×H×W."""
    return condition[..., None, None].to(x).expand(-1, -1, *x.shape[-2:])


def initialize(layer: nn.Module) -> None:
    """As released: normal weights; norms with a scale of about 1 and no shift."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=STD)
    if isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, STD)
        nn.init.zeros_(layer.bias)
