"""ESPNetv2 (Mehta et al., CVPR 2019, arXiv 1811.11431) with the decoder of its authors' EdgeNets, for segmentation.

Pyramids of depthwise dilated convolutions downwards, each reduction helped by the picture itself at its size; upwards
pyramids of pooled and enlarged features. Modules have the names of the authors' files (sacmehta/EdgeNets).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PARTS = 4  # branches of a pyramid, and groups of its 1×1 convolutions
WIDE, NARROW = (1, 2, 3, 4), (1, 1, 2, 3)  # dilations of the branches; at a sixteenth the narrow ones
SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)  # of the decoder's pyramids
POOLED = 10  # channels of each of their branches
LEAST = 5  # least side of a pooled map
REPEATS = (3, 7)  # blocks at an eighth and at a sixteenth


class ConvNormAct(nn.Module):
    """A convolution, batch norm, PReLU; `act` None leaves the last out."""

    def __init__(
        self, inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        if act:
            self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """One layer."""
        y: Tensor = self.bn(self.conv(x))
        return self.act(y) if hasattr(self, "act") else y


class NormAct(nn.Module):
    """Batch norm and PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn, self.act = nn.BatchNorm2d(channels), nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        y: Tensor = self.act(self.bn(x))
        return y


class Depthwise(nn.Module):
    """A depthwise dilated 3×3 convolution."""

    def __init__(self, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride, dilation, dilation, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        y: Tensor = self.conv(x)
        return y


class Pyramid(nn.Module):
    """EESP, section 3.1; of the same size with a residual connection, or with stride 2 without its last PReLU."""

    def __init__(self, inputs: int, outputs: int, dilations: Sequence[int], stride: int = 1) -> None:
        super().__init__()
        narrow, self.stride = outputs // PARTS, stride
        self.proj_1x1 = ConvNormAct(inputs, narrow, 1, groups=PARTS)
        self.spp_dw = nn.ModuleList(Depthwise(narrow, stride, dilation) for dilation in dilations)
        self.br_after_cat = NormAct(outputs)
        self.conv_1x1_exp = ConvNormAct(outputs, outputs, 1, groups=PARTS, act=False)
        self.module_act = nn.PReLU(outputs)  # in the files, and unused with stride 2

    def forward(self, x: Tensor) -> Tensor:
        """One pyramid."""
        y = self.proj_1x1(x)
        sums = [self.spp_dw[0](y)]
        for branch in list(self.spp_dw)[1:]:
            sums.append(sums[-1] + branch(y))
        y = self.conv_1x1_exp(self.br_after_cat(torch.cat(sums, 1)))
        result: Tensor = y if self.stride == 2 else self.module_act(x + y)
        return result


class Reduction(nn.Module):
    """A pyramid of half the size beside the averaged input, plus what the picture says at that size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.eesp = Pyramid(inputs, outputs - inputs, WIDE, stride=2)
        self.inp_reinf = nn.Sequential(ConvNormAct(3, 3, 3), ConvNormAct(3, outputs, 1, act=False))
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        """N×C×H×W and the picture at half that size."""
        y = torch.cat([F.avg_pool2d(x, 3, 2, 1), self.eesp(x)], 1)
        result: Tensor = self.act(y + self.inp_reinf(picture))
        return result


class Base(nn.Module):
    """From pictures to features at a half, a quarter, an eighth and a sixteenth of the size."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        half, quarter, eighth, last = widths
        self.level1 = ConvNormAct(3, half, 3, 2)
        self.level2_0, self.level3_0 = Reduction(half, quarter), Reduction(quarter, eighth)
        self.level3 = nn.ModuleList(Pyramid(eighth, eighth, WIDE) for _ in range(REPEATS[0]))
        self.level4_0 = Reduction(eighth, last)
        self.level4 = nn.ModuleList(Pyramid(last, last, NARROW) for _ in range(REPEATS[1]))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The features of the four sizes."""
        pictures = [x]
        for _ in range(4):
            pictures.append(F.avg_pool2d(pictures[-1], 3, 2, 1))
        half = self.level1(x)
        quarter = self.level2_0(half, pictures[2])
        eighth = self.level3_0(quarter, pictures[3])
        for block in self.level3:
            eighth = block(eighth)
        last = self.level4_0(eighth, pictures[4])
        for block in self.level4:
            last = block(last)
        return [half, quarter, eighth, last]


class Layer(nn.Module):
    """A grouped convolution, batch norm and PReLU under the decoder's names."""

    def __init__(self, inputs: int, outputs: int, side: int, groups: int = 1) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, groups=groups, bias=False)
        self.cbr = nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.PReLU(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """One layer."""
        y: Tensor = self.cbr(x)
        return y


class NormLayer(nn.Module):
    """Batch norm and PReLU under the decoder's names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.br = nn.Sequential(nn.BatchNorm2d(channels), nn.PReLU(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        y: Tensor = self.br(x)
        return y


class Shuffle(nn.Module):
    """Channels of the branches one by one beside each other, instead of branch after branch."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        n, c, h, w = x.shape
        return x.view(n, len(SCALES), c // len(SCALES), h, w).transpose(1, 2).reshape(n, c, h, w)


class PoolingPyramid(nn.Module):
    """Depthwise convolutions of the features at several scales, merged; `last` has a bias and no norm."""

    def __init__(self, inputs: int, outputs: int, last: bool = False) -> None:
        super().__init__()
        self.projection_layer = Layer(inputs, POOLED, 1)
        self.stages = nn.ModuleList(nn.Conv2d(POOLED, POOLED, 3, padding=1, groups=POOLED, bias=False) for _ in SCALES)
        joined = POOLED * len(SCALES)
        self.merge_layer = nn.Sequential(
            NormLayer(joined), Shuffle(), Layer(joined, POOLED, 3, POOLED), nn.Conv2d(POOLED, outputs, 1, bias=last)
        )
        if not last:
            self.br = NormLayer(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """One pyramid."""
        x = self.projection_layer(x)
        size = (x.shape[-2], x.shape[-1])
        seen = []
        for scale, stage in zip(SCALES, self.stages, strict=True):
            scaled = (max(math.ceil(size[0] * scale), LEAST), max(math.ceil(size[1] * scale), LEAST))
            if scale > 1:
                seen.append(F.adaptive_avg_pool2d(stage(_resize(x, scaled)), size))
            elif scale < 1:
                seen.append(_resize(stage(F.adaptive_avg_pool2d(x, scaled)), size))
            else:
                seen.append(stage(x))
        y: Tensor = self.merge_layer(torch.cat(seen, 1))
        return self.br(y) if hasattr(self, "br") else y


class Merge(nn.Module):
    """Features on the way down as those on the way up need them: fewer channels, weighted by the picture's mean."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1, bias=False), nn.Sigmoid())
        self.expansion_layer = Layer(inputs, outputs, 3, math.gcd(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """One connection."""
        y: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return y


class ESPNetv2(nn.Module):
    """N×3×H×W, normalized as for ImageNet, to scores N×K×H×W; H and W divisible by `multiple`.

    Args:
        classes: K.
        widths: channels on the way down at a half, a quarter, an eighth and a sixteenth of the size.
        decoder: channels on the way up at a sixteenth, an eighth and a quarter.
    """

    multiple = 16

    def __init__(self, classes: int, widths: Sequence[int], decoder: Sequence[int]) -> None:
        super().__init__()
        half, quarter, eighth, last = widths
        d2, d3, d4 = decoder
        self.base_net = Base(widths)
        self.bu_dec_l1, self.bu_dec_l2 = PoolingPyramid(last, d2), PoolingPyramid(d2, d3)
        self.bu_dec_l3, self.bu_dec_l4 = PoolingPyramid(d3, d4), PoolingPyramid(d4, classes, last=True)
        self.merge_enc_dec_l2, self.merge_enc_dec_l3 = Merge(eighth, d2), Merge(quarter, d3)
        self.merge_enc_dec_l4 = Merge(half, d4)
        self.bu_br_l2, self.bu_br_l3, self.bu_br_l4 = (
            nn.Sequential(nn.BatchNorm2d(width), nn.PReLU(width)) for width in decoder
        )

    def forward(self, x: Tensor) -> Tensor:
        """One pass."""
        half, quarter, eighth, last = self.base_net(x)
        y = self.bu_dec_l1(last)
        y = self.bu_dec_l2(self.bu_br_l2(_double(y) + self.merge_enc_dec_l2(eighth)))
        y = self.bu_dec_l3(self.bu_br_l3(_double(y) + self.merge_enc_dec_l3(quarter)))
        y = self.bu_dec_l4(self.bu_br_l4(_double(y) + self.merge_enc_dec_l4(half)))
        return _resize(y, (x.shape[-2], x.shape[-1]))


def _double(x: Tensor) -> Tensor:
    return _resize(x, (2 * x.shape[-2], 2 * x.shape[-1]))


def _resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, corners on corners, as the authors'."""
    return F.interpolate(x, list(size), mode="bilinear", align_corners=True)
