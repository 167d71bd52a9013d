"""ESPNet (Mehta et al., ECCV 2018, arXiv 1803.06815): a small network that names each pixel's class in streets.

A pyramid reduces its input to a few channels and looks at them with dilations of 1, 2, 4, 8 and 16; what a wider filter
sees is added to what the narrower ones saw. Modules have the names of the authors' files (sacmehta/ESPNet).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-3  # of batch norm, as in the authors' code
DILATIONS = (1, 2, 4, 8, 16)
WIDTHS = (16, 64, 128)  # channels at a half, a quarter and an eighth of the size


class Convolution(nn.Module):
    """A k×k convolution of the same size, or with stride 2 of half of it."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        padding = side // 2 * dilation
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding, dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        y: Tensor = self.conv(x)
        return y


class Norm(nn.Module):
    """Batch norm and PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn, self.act = nn.BatchNorm2d(channels, EPSILON), nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        y: Tensor = self.act(self.bn(x))
        return y


class NormalizedConvolution(Norm):
    """A convolution, batch norm, PReLU."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int = 1) -> None:
        super().__init__(outputs)
        padding = side // 2
        self.conv = nn.Conv2d(inputs, outputs, side, stride, padding, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """One layer."""
        return super().forward(self.conv(x))


class Pyramid(nn.Module):
    """The efficient spatial pyramid, section 3: reduce, split, transform, add up, join."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        narrow = outputs // len(DILATIONS)
        self.c1 = Convolution(inputs, narrow, 1 if stride == 1 else 3, stride)
        for dilation in DILATIONS:  # the first takes what is left over
            width = outputs - (len(DILATIONS) - 1) * narrow if dilation == 1 else narrow
            self.add_module(f"d{dilation}", Convolution(narrow, width, 3, dilation=dilation))

    def join(self, x: Tensor) -> Tensor:
        """The pyramid's features before any norm."""
        x = self.c1(x)
        first, *wider = (self.get_submodule(f"d{dilation}")(x) for dilation in DILATIONS)
        sums = [wider[0]]
        for one in wider[1:]:
            sums.append(sums[-1] + one)
        return torch.cat([first, *sums], 1)


class Reduction(Pyramid):
    """A pyramid of half the size, with its norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, stride=2)
        self.bn, self.act = nn.BatchNorm2d(outputs, EPSILON), nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to half the sides."""
        y: Tensor = self.act(self.bn(self.join(x)))
        return y


class Block(Pyramid):
    """A pyramid of the same size; with a residual connection where it keeps the channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.bn, self.residual = Norm(outputs), inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """One block."""
        y = self.join(x)
        result: Tensor = self.bn(y + x if self.residual else y)
        return result


class Encoder(nn.Module):
    """From pictures to features at a half, a quarter and an eighth of the size, and coarse scores.

    p, q: blocks at a quarter and at an eighth.
    """

    def __init__(self, classes: int, p: int, q: int) -> None:
        super().__init__()
        half, quarter, eighth = WIDTHS
        self.level1, self.b1 = NormalizedConvolution(3, half, 3, 2), Norm(half + 3)
        self.level2_0 = Reduction(half + 3, quarter)
        self.level2 = nn.ModuleList(Block(quarter, quarter) for _ in range(p))
        self.b2 = Norm(2 * quarter + 3)
        self.level3_0 = Reduction(2 * quarter + 3, eighth)
        self.level3 = nn.ModuleList(Block(eighth, eighth) for _ in range(q))
        self.b3 = Norm(2 * eighth)
        self.classifier = Convolution(2 * eighth, classes, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features at a half, the same with the picture beside them, those at a quarter, scores at an eighth."""
        small = F.avg_pool2d(x, 3, 2, 1)
        half = self.level1(x)
        joined = self.b1(torch.cat([half, small], 1))
        first = y = self.level2_0(joined)
        for block in self.level2:
            y = block(y)
        quarter = self.b2(torch.cat([y, first, F.avg_pool2d(small, 3, 2, 1)], 1))
        first = y = self.level3_0(quarter)
        for block in self.level3:
            y = block(y)
        return half, joined, quarter, self.classifier(self.b3(torch.cat([first, y], 1)))


class ESPNet(nn.Module):
    """N×3×H×W (blue, green, red, normalized) to scores N×K×H×W; H and W divisible by `multiple`.

    Args:
        classes: K.
        p, q: blocks at a quarter and at an eighth of the size.
        with_picture: whether the last skip takes the features at a half with the picture beside them. Of the authors'
            files CamVid's does, Cityscapes' does not.
    """

    multiple = 8

    def __init__(self, classes: int, p: int, q: int, with_picture: bool) -> None:
        super().__init__()
        self.encoder, self.with_picture = Encoder(classes, p, q), with_picture
        self.br = nn.BatchNorm2d(classes, EPSILON)
        self.up_l3 = nn.Sequential(_double(classes))
        self.level3_C = Convolution(2 * WIDTHS[1] + 3, classes, 1)
        self.combine_l2_l3 = nn.Sequential(Norm(2 * classes), Block(2 * classes, classes))
        self.up_l2 = nn.Sequential(_double(classes), Norm(classes))
        self.conv = NormalizedConvolution(classes + WIDTHS[0] + (3 if with_picture else 0), classes, 3)
        self.classifier = _double(classes)

    def forward(self, x: Tensor) -> Tensor:
        """One pass."""
        half, joined, quarter, coarse = self.encoder(x)
        y = torch.cat([self.level3_C(quarter), self.up_l3(self.br(coarse))], 1)
        y = self.up_l2(self.combine_l2_l3(y))
        scores: Tensor = self.classifier(self.conv(torch.cat([y, joined if self.with_picture else half], 1)))
        return scores


def _double(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 2, 2, bias=False)
