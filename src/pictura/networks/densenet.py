"""DenseNet (Huang et al. 2016, arXiv 1608.06993), without its classifier.

Key names and layer names are torchvision's: ``conv0``, ``norm0``, ``relu0``, ``pool0``, ``denseblock1``,
``transition1`` … ``denseblock4``, ``norm5``, each under ``features`` in a file.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

# Table 1 of the paper: dense layers per block.
DENSENET_LAYERS = {"densenet121": (6, 12, 24, 16), "densenet169": (6, 12, 32, 32)}
GROWTH = 32  # k: channels that each dense layer adds, table 1
BOTTLENECK = 4  # the 1×1 convolution gives 4k channels, section 3


class DenseLayer(nn.Module):
    """Norm, ReLU, 1×1, norm, ReLU, 3×3; the result is stacked under the input."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, BOTTLENECK * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * GROWTH)
        self.conv2 = nn.Conv2d(BOTTLENECK * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to B×(C+32)×H×W."""
        new = self.conv1(torch.relu(self.norm1(x)))
        new = self.conv2(torch.relu(self.norm2(new)))
        return torch.cat([x, new], 1)


def _dense_block(before: int, count: int) -> nn.Sequential:
    block = nn.Sequential()
    for i in range(count):
        block.add_module(f"denselayer{i + 1}", DenseLayer(before + i * GROWTH))
    return block


def _transition(before: int) -> nn.Sequential:
    """Half the channels, half the side (compression 0.5, section 3)."""
    transition = nn.Sequential()
    transition.add_module("norm", nn.BatchNorm2d(before))
    transition.add_module("relu", nn.ReLU())
    transition.add_module("conv", nn.Conv2d(before, before // 2, 1, bias=False))
    transition.add_module("pool", nn.AvgPool2d(2))
    return transition


class DenseNet(nn.Module):
    """The ``features`` of DenseNet-121/169; B×3×H×W in, B×1024×H/32×W/32 out (1664 channels for 169)."""

    def __init__(self, name: str = "densenet121") -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 64, 7, 2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(64))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, 2, padding=1))
        channels, counts = 64, DENSENET_LAYERS[name]
        for block, count in enumerate(counts, start=1):
            self.features.add_module(f"denseblock{block}", _dense_block(channels, count))
            channels += count * GROWTH
            if block < len(counts):
                self.features.add_module(f"transition{block}", _transition(channels))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))

    def chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers in order, each with its name; a dense block is one."""
        return self.features.named_children()
