"""The U-Net generator of pix2pix (Isola, Zhu, Zhou and Efros, CVPR 2017, arXiv 1611.07004, section 6.1.1).

Encoder C64-C128-C256-C512-C512-C512-C512-C512, decoder mirrored, each map of the encoder concatenated to the decoder's
of its size; convolutions 4×4 with stride 2, transposed ones on the way up. The innermost map, one position for a
picture of 256 pixels, has no norm (the paper's erratum, and both released codes): a norm would leave 0 of it.

Both codes have the same layers and differ in where dropout is: phillipi/pix2pix, and the paper's CD512-CD512-CD512, in
the first three steps up; junyanz/pytorch-CycleGAN-and-pix2pix in those between 512 channels but for the innermost, the
second to the fourth of eight. 54,413,955 parameters with eight levels and batch norm, 41,828,995 with seven.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.dropout import NoiseDropout
from pictura.networks.layers.normalized import NormalizedConv, NormKind, initialize, mix, norm_layers
from pictura.networks.layers.transposed import TransposedConv
from pictura.networks.tiling.streaming import NetworkPart

UNET_WIDTH = 64  # channels at half the size
MAX_FACTOR = 8  # the deep levels have so many times as many
SLOPE = 0.2  # of the encoder's leaky ReLU
SHALLOW = 3  # levels computed tile by tile; what is below an eighth of the size is small


class UNet(nn.Module):
    """N×3×H×W in [-1, 1] to N×3×H×W in [-1, 1]; H and W divisible by 2^levels, which is `multiple`.

    Args:
        levels: convolutions down, as many up: 8 ("unet_256") or 7 ("unet_128").
        norm: of all but the outermost and the innermost.
        width: channels at half the size.
        skips: False: the paper's encoder-decoder, without concatenations.
        dropout: steps up, counted from the innermost as 1, that drop half of their features if `forward` is given
            noise.
    """

    def __init__(
        self,
        levels: int = 8,
        norm: NormKind = "batch",
        *,
        width: int = UNET_WIDTH,
        inputs: int = 3,
        outputs: int = 3,
        skips: bool = True,
        dropout: Collection[int] = (),
    ) -> None:
        super().__init__()
        self.inputs, self.skips, self.width = inputs, skips, width
        self.multiple = self.smallest = 2**levels
        self.shallow = min(SHALLOW, levels - 1)
        bias, innermost = norm == "instance", levels - 1
        widths = [width * min(2**level, MAX_FACTOR) for level in range(levels)]
        self.downs, self.ups, self.dropouts = nn.ModuleList(), nn.ModuleList(), nn.ModuleDict()
        for level, (before, after) in enumerate(zip([inputs, *widths], widths, strict=False)):
            down = nn.Conv2d(before, after, 4, 2, padding=1, bias=bias)
            self.downs.append(NormalizedConv(down, norm if 0 < level < innermost else None))
            read = 2 * after if skips and level < innermost else after
            up = TransposedConv(read, before if level else outputs, 4, 2, padding=1, bias=bias or level == 0)
            self.ups.append(NormalizedConv(up, norm if level else None))
            if (step := levels - level) in dropout:
                self.dropouts[str(level)] = NoiseDropout(2**level, step)
        initialize(self)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """One pass; noise N×1×H×W of multiples of 1/255 in [0, 1] is where dropout comes from, None: there is none."""
        skipping = self._go_down(x, 0, self.shallow)
        return self._end(self._middle(skipping[-1], noise), skipping, noise)

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """Start, middle, end: images in [0, 1] to images in [0, 1]; noise, if any, is one more channel of the image.

        The middle works below an eighth of the size, and so in one piece for all but very large pictures; the end
        computes the outer levels of the encoder again. Strength 0 is the image itself.
        """

        def split(x: Tensor) -> tuple[Tensor, Tensor | None]:
            return 2 * x[:, : self.inputs] - 1, x[:, self.inputs :] if x.shape[1] > self.inputs else None

        def start(x: Tensor, _: Tensor) -> Tensor:
            return self._go_down(split(x)[0], 0, self.shallow)[-1]

        def middle(x: Tensor, y: Tensor) -> Tensor:
            return self._middle(y, split(x)[1])

        def end(x: Tensor, y: Tensor) -> Tensor:
            pixels, noise = split(x)
            skipping = self._go_down(pixels, 0, self.shallow) if self.skips else []
            return mix(x, (self._end(y, skipping, noise) + 1) / 2, strength)

        shallow, w = self.shallow, self.width / UNET_WIDTH
        outer, inner = norm_layers(self.downs[:shallow]), norm_layers(self.downs[shallow:])
        up = norm_layers(self.ups[::-1])  # in the order in which they run
        deep_steps = len(self.ups) - shallow
        inner_up, outer_up = up[:deep_steps], up[deep_steps:]
        step = 2**shallow
        radius = 2 * 2**shallow  # of three levels of kernel 4: 2 + 4 + 8, less than twice the last stride
        deep = 2 * self.multiple  # the same of all levels; up again a position reads its neighbours
        return [
            NetworkPart(start, outer, radius, floats_per_pixel=8 + 44 * w, step=step),
            NetworkPart(middle, [*inner, *inner_up], 2 * deep, floats_per_pixel=1 + 10 * w),
            NetworkPart(
                end, [*(outer if self.skips else []), *outer_up], 2 * radius, floats_per_pixel=12 + 70 * w, step=step
            ),
        ]

    def _go_down(self, y: Tensor, first: int, last: int) -> list[Tensor]:
        """The maps of these levels of the encoder, without the last one, before their ReLU."""
        maps = []
        for level in range(first, last):
            y = self.downs[level](F.leaky_relu(y, SLOPE) if level else y)
            maps.append(y)
        return maps

    def _middle(self, y: Tensor, noise: Tensor | None) -> Tensor:
        """From the last shallow level down, and up again to its size."""
        skipping = self._go_down(y, self.shallow, len(self.downs))
        y = self._step_up(len(self.ups) - 1, skipping.pop().relu_(), noise)
        return self._go_up(y, skipping, len(self.ups) - 1, self.shallow, noise)

    def _end(self, y: Tensor, skipping: list[Tensor], noise: Tensor | None) -> Tensor:
        y = self._go_up(y, skipping, self.shallow, 0, noise)
        return torch.tanh(y.to(next(self.parameters()).dtype))

    def _go_up(self, y: Tensor, skipping: list[Tensor], last: int, first: int, noise: Tensor | None) -> Tensor:
        """Through the levels from `last` - 1 up to `first`; the encoder's maps are used up."""
        for level in reversed(range(first, last)):
            y = torch.cat([skipping.pop(), y], 1).relu_() if self.skips else F.relu(y)
            y = self._step_up(level, y, noise)
        return y

    def _step_up(self, level: int, y: Tensor, noise: Tensor | None) -> Tensor:
        y = self.ups[level](y)
        return self.dropouts[str(level)](y, noise) if str(level) in self.dropouts else y
