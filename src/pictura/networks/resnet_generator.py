"""The generator of CycleGAN (Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593, appendix 7.2), after Johnson.

c7s1-64, d128, d256, R256 × n, u128, u64, c7s1-3, tanh; 6 blocks for pictures of 128 pixels, 9 from 256 on. Borders are
mirrored but for the convolutions of stride 2, as in the authors' junyanz/pytorch-CycleGAN-and-pix2pix. 11,378,179
parameters with 9 blocks and instance norm, 7,837,699 with 6.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pictura.networks.layers.dropout import NoiseDropout
from pictura.networks.layers.normalized import NormalizedConv, NormKind, initialize, mix, norm_layers
from pictura.networks.layers.padding import pad
from pictura.networks.layers.winograd import WideConv
from pictura.networks.tiling.streaming import NetworkPart

RESNET_WIDTH = 64
RESNET_BLOCKS = 9


class ResNetGenerator(nn.Module):
    """N×3×H×W in [-1, 1] to N×3×H×W in [-1, 1]; H and W divisible by 4.

    Args:
        blocks: residual blocks.
        norm: of all convolutions but the last.
        width: channels at full size.
        dropout: half of the features inside each block, if `forward` is given noise; an option for pix2pix.
    """

    multiple = 4
    smallest = 8  # blocks mirror one position of a quarter of the size

    def __init__(
        self,
        blocks: int = RESNET_BLOCKS,
        norm: NormKind = "instance",
        *,
        width: int = RESNET_WIDTH,
        inputs: int = 3,
        outputs: int = 3,
        dropout: bool = False,
    ) -> None:
        super().__init__()
        self.inputs, bias, w = inputs, norm == "instance", width
        self.first = NormalizedConv(nn.Conv2d(inputs, w, 7, bias=bias), norm)
        self.down1 = NormalizedConv(nn.Conv2d(w, 2 * w, 3, 2, padding=1, bias=bias), norm)
        self.down2 = NormalizedConv(nn.Conv2d(2 * w, 4 * w, 3, 2, padding=1, bias=bias), norm)
        self.blocks = nn.ModuleList(
            ResidualBlock(4 * w, norm, NoiseDropout(4, place) if dropout else None) for place in range(blocks)
        )
        self.up1 = NormalizedConv(nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, output_padding=1, bias=bias), norm)
        self.up2 = NormalizedConv(nn.ConvTranspose2d(2 * w, w, 3, 2, 1, output_padding=1, bias=bias), norm)
        self.last = nn.Conv2d(w, outputs, 7)
        initialize(self)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """One pass; noise N×1×H×W of multiples of 1/255 in [0, 1] is where dropout comes from, None: there is none."""
        y = self._start(x)
        for block in self.blocks:
            y = block(y, noise)
        return self._end(y.contiguous() if x.is_contiguous() else y)  # `WideConv` makes channels last

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """Start, blocks, end: images in [0, 1] to images in [0, 1]; noise, if any, is one more channel of the image.

        Strength 0 is the image itself.
        """

        def start(x: Tensor, _: Tensor) -> Tensor:
            return self._start(2 * x[:, : self.inputs] - 1)

        def through(block: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
            return lambda x, y: block(y, x[:, self.inputs :] if x.shape[1] > self.inputs else None)

        def end(x: Tensor, y: Tensor) -> Tensor:
            return mix(x, (self._end(y) + 1) / 2, strength)

        width = self.last.in_channels
        first = norm_layers(nn.ModuleList([self.first, self.down1, self.down2]))
        last = norm_layers(nn.ModuleList([self.up1, self.up2]))
        blocks = [(through(block), norm_layers(block)) for block in self.blocks]
        return [
            NetworkPart(start, first, 8, floats_per_pixel=10 + 3.3 * width),
            *(NetworkPart(run, norms, 8, floats_per_pixel=4 + 1.5 * width) for run, norms in blocks),
            NetworkPart(end, last, 12, floats_per_pixel=10 + 3.3 * width),
        ]

    def _start(self, x: Tensor) -> Tensor:
        """N×3×H×W to N×4w×H/4×W/4."""
        y = self.first(pad(x, 3, "reflect")).relu_()
        y = self.down1(y).relu_()
        result: Tensor = self.down2(y).relu_()
        return result

    def _end(self, y: Tensor) -> Tensor:
        """N×4w×H/4×W/4 to N×3×H×W."""
        y = self.up1(y).relu_()
        y = self.up2(y).relu_()
        return torch.tanh(self.last(pad(y, 3, "reflect")).to(self.last.weight.dtype))


class ResidualBlock(nn.Module):
    """x + norm(conv(dropout(ReLU(norm(conv(x)))))), the same shape; no ReLU after the sum."""

    def __init__(self, channels: int, norm: NormKind, dropout: NoiseDropout | None) -> None:
        super().__init__()
        bias = norm == "instance"
        self.first = NormalizedConv(WideConv(channels, channels, bias=bias), norm)
        self.dropout = dropout
        self.second = NormalizedConv(WideConv(channels, channels, bias=bias), norm)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """One block."""
        y = self.first(pad(x, mode="reflect")).relu_()
        if self.dropout is not None:
            y = self.dropout(y, noise)
        result: Tensor = self.second(pad(y, mode="reflect")) + x  # in the order of memory of the convolution
        return result
