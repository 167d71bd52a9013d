"""FCN-8s (Long, Shelhamer and Darrell, CVPR 2015, arXiv 1411.4038): VGG-16 as a network that names each pixel's class.

The fully connected layers are convolutions of 7×7 and 1×1; scores at a 32nd of the size are enlarged twice, then those
of pool4 and pool3 are added, and the rest is enlarged eight times. As in the authors' Caffe model, voc-fcn8s-atonce:
100 pixels of zeros around the picture, crops by 5, 9 and 31, pool4 and pool3 scaled by 0.01 and 0.0001 so that all is
trained at once, enlargements bilinear at first and the last one for ever. 134.5 M parameters with 21 classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.vgg import CONVOLUTIONS, VGG_CHANNELS

FCN_HIDDEN = 4096  # channels of fc6 and fc7
BORDER = 100  # pixels of zeros around the picture: fc6 is 7 × 7 at a 32nd
POOL4_SCALE, POOL3_SCALE = 0.01, 0.0001
POOL4_CROP, POOL3_CROP, SCORE_CROP = 5, 9, 31  # rows and columns left out at the top and the left


class FCN8s(nn.Module):
    """N×3×H×W, normalized as its VGG-16 was trained with, to scores N×K×H×W.

    Args:
        classes: K.
        hidden: channels of fc6 and fc7.
        narrower: divisor of VGG-16's channels, for tests.
    """

    multiple = 32
    receptive_radius = 224  # of fc7: 404 pixels a side, 32 more through the enlargements
    floats_per_pixel = 200.0  # conv1_1 and conv1_2 at full size, in and out

    def __init__(self, classes: int, hidden: int = FCN_HIDDEN, narrower: int = 1) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        widths, before = [channels // narrower for channels in VGG_CHANNELS], 3
        for count, width in zip(CONVOLUTIONS["vgg16"], widths, strict=True):
            convolutions = [nn.Conv2d(before if i == 0 else width, width, 3, padding=1) for i in range(count)]
            self.stages.append(nn.ModuleList(convolutions))
            before = width
        self.fc6, self.fc7 = nn.Conv2d(before, hidden, 7), nn.Conv2d(hidden, hidden, 1)
        self.score_fr = _zeros(nn.Conv2d(hidden, classes, 1))
        self.score_pool4, self.score_pool3 = (_zeros(nn.Conv2d(width, classes, 1)) for width in (widths[3], widths[2]))
        self.upscore2, self.upscore_pool4 = (_bilinear(classes, 4) for _ in range(2))
        self.upscore8 = _bilinear(classes, 16).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """One pass."""
        y, pools = F.pad(x, [BORDER - 1] * 4), []  # the first convolution adds the last row
        for stage in self.stages:
            for convolution in stage:  # type: ignore[attr-defined]
                y = F.relu(convolution(y))
            y = F.max_pool2d(y, 2, ceil_mode=True)
            pools.append(y)
        y = F.dropout(F.relu(self.fc6(y)), 0.5, self.training)
        y = F.dropout(F.relu(self.fc7(y)), 0.5, self.training)
        y = self.upscore2(self.score_fr(y))
        y = y + _crop(self.score_pool4(POOL4_SCALE * pools[3]), POOL4_CROP, y)
        y = self.upscore_pool4(y)
        y = y + _crop(self.score_pool3(POOL3_SCALE * pools[2]), POOL3_CROP, y)
        return _crop(self.upscore8(y), SCORE_CROP, x)

    def convolutions(self) -> list[nn.Conv2d]:
        """VGG-16's thirteen, in order, to be filled with trained ones."""
        return [one for stage in self.stages for one in stage]  # type: ignore[attr-defined]


def _crop(x: Tensor, first: int, like: Tensor) -> Tensor:
    return x[..., first : first + like.shape[-2], first : first + like.shape[-1]]


def _zeros(convolution: nn.Conv2d) -> nn.Conv2d:
    """Scores begin at 0, as the authors' do."""
    nn.init.zeros_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return convolution


def _bilinear(channels: int, side: int) -> nn.ConvTranspose2d:
    """Enlarges side/2 times, each channel by itself, bilinearly; all pairs of channels have weights."""
    layer = nn.ConvTranspose2d(channels, channels, side, stride=side // 2, bias=False)
    ramp = 1 - (torch.arange(side) - (side - 1) / 2).abs() / (side / 2)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[range(channels), range(channels)] = ramp[:, None] * ramp
    return layer
