"""ResNet (He et al. 2015, arXiv 1512.03385), without its classifier.

Key names and layer names are torchvision's: ``conv1``, ``bn1``, ``relu``, ``maxpool``, then one layer a residual
block, ``layer1.0`` … ``layer4.2``. In the bottleneck the 3×3 convolution strides, as there and not as in the paper.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

# Table 1 of the paper: residual blocks per stage, and whether they are bottlenecks.
RESNET_BLOCKS = {
    "resnet18": ((2, 2, 2, 2), False),
    "resnet34": ((3, 4, 6, 3), False),
    "resnet50": ((3, 4, 6, 3), True),
    "resnet101": ((3, 4, 23, 3), True),
}
RESNET_CHANNELS = (64, 128, 256, 512)


def _shortcut(before: int, after: int, stride: int) -> nn.Sequential | None:
    """The 1×1 projection where a block changes the shape (option B of section 3.3), else nothing."""
    if before == after and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut (figure 5, left)."""

    expansion = 1

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(before, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """B×before×H×W to B×channels×H/stride×W/stride."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions and a shortcut (figure 5, right)."""

    expansion = 4

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        after = channels * self.expansion
        self.conv1 = nn.Conv2d(before, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = _shortcut(before, after, stride)

    def forward(self, x: Tensor) -> Tensor:
        """B×before×H×W to B×4·channels×H/stride×W/stride."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return torch.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet(nn.Module):
    """The trunk of ResNet-18/34/50/101; B×3×H×W in, B×512×H/32×W/32 out (2048 channels with bottlenecks)."""

    def __init__(self, name: str = "resnet50") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        counts, bottleneck = RESNET_BLOCKS[name]
        block = Bottleneck if bottleneck else BasicBlock
        before = 64
        for stage, (count, channels) in enumerate(zip(counts, RESNET_CHANNELS, strict=True), start=1):
            blocks = nn.Sequential()
            for i in range(count):
                blocks.append(block(before, channels, stride=2 if stage > 1 and i == 0 else 1))
                before = channels * block.expansion
            self.add_module(f"layer{stage}", blocks)

    def chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers in order, each with its name; every residual block is one."""
        for name, child in self.named_children():
            if isinstance(child, nn.Sequential):
                yield from ((f"{name}.{i}", block) for i, block in enumerate(child))
            else:
                yield name, child
