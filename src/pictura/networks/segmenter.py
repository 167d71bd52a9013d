"""Our segmenter: features of the frozen compact encoder, and a light decoder that names a class for each pixel.

Facades repeat over the whole picture and a door is known by where it is, so that residual blocks at a sixteenth of the
size look far, with dilated convolutions; from there up each step adds what the encoder saw at that size, as in FCN-8s
and U-Net. No normalization: the decoder begins with features of known size, and a tile of a picture is the same as the
picture there. 9 thousand multiply-adds a pixel beside the encoder's, 0.6 M parameters.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.compact import COMPONENTS

SEGMENTER_LAYERS = ("relu2_1", "relu3_1", "relu4_2", "relu5_1")  # at a half, a quarter, an eighth, a sixteenth
SEGMENTER_WIDTHS = (32, 48, 64, 96)
DILATIONS = (1, 2, 4, 1)  # of the residual blocks, each of two convolutions


class DilatedBlock(nn.Module):
    """x + conv(ReLU(conv(ReLU(x)))), the same shape; the identity at first."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """One block."""
        y: Tensor = self.second(F.relu(self.first(F.relu(x))))
        return x + y


class Segmenter(nn.Module):
    """Features of `SEGMENTER_LAYERS` to scores N×K×H×W of the classes; H and W divisible by `multiple`.

    Args:
        classes: K.
        widths: channels at a half, a quarter, an eighth and a sixteenth of the size.
    """

    multiple = 16
    # The encoder's reach, the blocks', and a 3×3 convolution and bilinear enlargement at each size above them.
    receptive_radius = 88 + 16 * 2 * sum(DILATIONS) + 2 * (16 + 8 + 4 + 2)
    floats_per_pixel = 110.0  # the encoder's first two stages, and the decoder's features at a half

    def __init__(self, classes: int, widths: tuple[int, int, int, int] = SEGMENTER_WIDTHS) -> None:
        super().__init__()
        self.entries = nn.ModuleList(
            nn.Conv2d(COMPONENTS[layer], width, 1) for layer, width in zip(SEGMENTER_LAYERS, widths, strict=True)
        )
        self.blocks = nn.ModuleList(DilatedBlock(widths[-1], dilation) for dilation in DILATIONS)
        self.ups = nn.ModuleList(nn.Conv2d(deeper, width, 3, padding=1) for width, deeper in pairwise(widths))
        self.refine = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths[:-1])
        self.last = nn.Conv2d(widths[0], classes, 1)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """One pass."""
        # The encoder gives features whose variances add up to 1: here they are 1 on average.
        own = [features[layer] * COMPONENTS[layer] ** 0.5 for layer in SEGMENTER_LAYERS]
        y: Tensor = self.entries[-1](own[-1])
        for block in self.blocks:
            y = block(y)
        for i in reversed(range(len(self.ups))):
            larger = F.interpolate(F.relu(y), scale_factor=2, mode="bilinear", align_corners=False)
            y = self.refine[i](F.relu(self.ups[i](larger) + self.entries[i](own[i])))
        scores: Tensor = self.last(F.relu(y))
        return F.interpolate(scores, scale_factor=2, mode="bilinear", align_corners=False)


def name_pixels(scores: Tensor, numbers: Sequence[int]) -> Tensor:
    """Scores N×K×H×W of the classes of these numbers, at most 255, to N×1×H×W with the best one's number over 255.

    So class numbers go through what is made for pictures in [0, 1]; `class_numbers` takes them out again.
    """
    return torch.tensor(numbers, device=scores.device)[scores.argmax(1, keepdim=True)].float() / 255


def class_numbers(image: Tensor) -> Tensor:
    """1×1×H×W of `name_pixels` to H×W int64."""
    return (image[0, 0] * 255).round().to(torch.int64)
