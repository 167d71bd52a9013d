"""DualGAN's networks (Yi, Zhang, Tan and Gong, ICCV 2017, arXiv 1704.02510), as duxingren14/DualGAN releases them.

The paper fixes neither kernels nor padding; the layers are those of ``model.py`` and ``ops.py`` there. Kernels are 3×3,
and 5×5 beside the pixels; strides are 2 with TensorFlow's SAME padding, which is lopsided: of an even side, a 3×3
convolution pads the end only. What is called batch norm there takes the moments of each picture: it is an affine
instance norm. At the bottleneck of a picture of 256 pixels, 1×1, it returns its shift whatever comes in.
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.dropout import NoiseDropout
from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.layers.padding import without_autocast
from pictura.networks.tiling.streaming import NetworkPart

SLOPE = 0.2  # of the leaky ReLUs, ops.py
EPS = 1e-6  # of the norms, ops.py
STD = 0.02  # of first weights: truncated normal in convolutions, normal around 1 in the norms' scales
DROPPED = 3  # ups with dropout, counted from the bottleneck
SHALLOW = 3  # levels computed tile by tile; what is below an eighth of the size is small
CRITIC_WIDTHS = (1, 2, 4, 8, 8)  # times the width
CriticKind = Literal["global", "patch"]


class SameConv(nn.Conv2d):
    """A convolution of stride 2 with TensorFlow's SAME padding: N×C×H×W to N×C'×⌈H/2⌉×⌈W/2⌉."""

    def __init__(self, channels: int, out_channels: int, kernel: int = 3) -> None:
        super().__init__(channels, out_channels, kernel, stride=2)
        nn.init.trunc_normal_(self.weight, std=STD, a=-2 * STD, b=2 * STD)
        _zero_bias(self)

    def forward(self, x: Tensor) -> Tensor:
        """One convolution."""
        (top, bottom), (left, right) = (same_padding(side, self.kernel_size[0]) for side in x.shape[-2:])
        return super().forward(without_autocast(lambda given: F.pad(given, [left, right, top, bottom]), x))


class SameUpConv(nn.ConvTranspose2d):
    """The transpose of `SameConv` at even sides: N×C×H×W to N×C'×2H×2W."""

    def __init__(self, channels: int, out_channels: int, kernel: int = 3) -> None:
        super().__init__(channels, out_channels, kernel, stride=2, padding=same_padding(2, kernel)[0])
        nn.init.normal_(self.weight, std=STD)
        _zero_bias(self)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """One transposed convolution; the last row and column are of the padding."""
        return super().forward(x, output_size)[..., :-1, :-1]


class DualGenerator(nn.Module):
    """N×3×H×W in [-1, 1] to the same; a U-Net of `levels` halvings, so H and W divisible by 2^levels, its `multiple`.

    Args:
        width: channels at half the size; at most eight times as many below.
        levels: 8 in the paper and the release, for pictures of 256 pixels.
        dropout: the first three ups lose half of their numbers if `forward` is given noise.
    """

    def __init__(self, width: int = 64, levels: int = 8, dropout: bool = False) -> None:
        super().__init__()
        self.width, self.levels = width, levels
        self.multiple = self.smallest = 2**levels
        self.shallow = min(SHALLOW, levels - 1)
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.first = SameConv(3, width, 5)
        self.downs = nn.ModuleList(SameConv(c, d) for c, d in pairwise(widths))
        self.down_norms = nn.ModuleList(_norm(c) for c in widths[1:])
        above = widths[-2::-1]  # what each up ends with, but for the last
        # Behind each up its skip connection is appended; at the bottleneck there is none.
        below = [widths[-1], *(2 * c for c in above)]
        self.ups = nn.ModuleList(SameUpConv(c, d) for c, d in zip(below, above, strict=False))
        self.up_norms = nn.ModuleList(_norm(c) for c in above)
        self.last = SameUpConv(below[-1], 3, 5)
        steps = range(min(DROPPED, len(above)) if dropout else 0)
        self.dropouts = nn.ModuleList(NoiseDropout(2 ** (levels - 1 - step), step) for step in steps)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """One pass; noise N×1×H×W of multiples of 1/255 in [0, 1] is where dropout comes from, None: there is none."""
        skips = self._go_down([self.first(x)], 0, self.shallow - 1)
        return self._end(self._middle(skips.pop(), noise), skips, noise)

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """Start, middle, end, for `stream`: pictures in [0, 1], whose fourth channel is noise, if there are dropouts.

        Strength mixes the picture with what the network makes of it. The middle works below an eighth of the size,
        and so in one piece for all but very large pictures.
        """
        shallow, step, w = self.shallow, 2**self.shallow, self.width

        def noise_of(x: Tensor) -> Tensor | None:
            return x[:, 3:] if x.shape[1] > 3 else None

        def go_down(x: Tensor, last: int) -> list[Tensor]:
            return self._go_down([self.first(2 * x[:, :3] - 1)], 0, last)

        def start(x: Tensor, _: Tensor) -> Tensor:
            return go_down(x, shallow - 1)[-1]

        def middle(x: Tensor, y: Tensor) -> Tensor:
            return self._middle(y, noise_of(x))

        def end(x: Tensor, y: Tensor) -> Tensor:
            skips = go_down(x, shallow - 2) if shallow > 1 else []
            return torch.lerp(x[:, :3], (self._end(y, skips, noise_of(x)) + 1) / 2, strength)

        down, up = (
            [norm for norm in norms if isinstance(norm, InstanceNorm)] for norms in (self.down_norms, self.up_norms)
        )
        deep = self.levels - shallow
        # Down, a level sees as far beyond as its own stride; up, twice as far.
        return [
            NetworkPart(start, down[: shallow - 1], step, floats_per_pixel=8 + 0.8 * w, step=step),
            NetworkPart(middle, [*down[shallow - 1 :], *up[:deep]], 3 * self.multiple, floats_per_pixel=1 + 0.3 * w),
            NetworkPart(
                end, [*down[: max(0, shallow - 2)], *up[deep:]], 3 * step, floats_per_pixel=12 + 1.4 * w, step=step
            ),
        ]

    def _go_down(self, maps: list[Tensor], first: int, last: int) -> list[Tensor]:
        """The maps with those of these downs."""
        for down, norm in zip(self.downs[first:last], self.down_norms[first:last], strict=True):
            maps.append(norm(down(F.leaky_relu(maps[-1], SLOPE))))
        return maps

    def _middle(self, y: Tensor, noise: Tensor | None) -> Tensor:
        """From the last shallow map down and up again, and that map behind it."""
        skips = self._go_down([y], self.shallow - 1, len(self.downs))
        return self._go_up(skips.pop(), skips, 0, self.levels - self.shallow, noise)

    def _end(self, y: Tensor, skips: list[Tensor], noise: Tensor | None) -> Tensor:
        y = self._go_up(y, skips, self.levels - self.shallow, len(self.ups), noise)
        return torch.tanh(self.last(F.relu(y)).float())

    def _go_up(self, y: Tensor, skips: list[Tensor], first: int, last: int, noise: Tensor | None) -> Tensor:
        """Through these ups; the maps of the way down are used up."""
        for i in range(first, last):
            y = self.up_norms[i](self.ups[i](F.relu(y)))
            if i < len(self.dropouts):
                y = self.dropouts[i](y, noise)
            y = torch.cat([y, skips.pop()], 1)
        return y


class DualCritic(nn.Module):
    """N×3×H×W in [-1, 1] to answers N×1×h×w without a sigmoid, large for "real".

    Args:
        width: channels at half the size.
        kind: ``global`` for one answer to the whole picture; ``patch`` for one to each 129 pixels, 32 pixels apart.
        size: side of the pictures; a global critic takes no other.
    """

    def __init__(self, width: int = 64, kind: CriticKind = "global", size: int = 256) -> None:
        super().__init__()
        widths = [width * factor for factor in CRITIC_WIDTHS]
        self.first = SameConv(3, width, 5)
        self.downs = nn.ModuleList(SameConv(c, d) for c, d in pairwise(widths))
        self.norms = nn.ModuleList(_norm(c) for c in widths[1:])
        side = -(-size // 2 ** len(widths))
        self.last = SameConv(widths[-1], 1) if kind == "patch" else nn.Linear(widths[-1] * side * side, 1)
        if isinstance(self.last, nn.Linear):
            nn.init.normal_(self.last.weight, std=STD)
            nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        """One answer, as a list."""
        y = F.leaky_relu(self.first(x), SLOPE)
        for down, norm in zip(self.downs, self.norms, strict=True):
            y = F.leaky_relu(norm(down(y)), SLOPE)
        if isinstance(self.last, nn.Linear):
            answer: Tensor = self.last(y.flatten(1))
            return [answer[..., None, None]]
        return [self.last(y)]


def same_padding(side: int, kernel: int) -> tuple[int, int]:
    """Zeros before and after a line of `side`, as TensorFlow's SAME pads for a stride of 2, the odd one at the end."""
    padded = max(0, 2 * (-(-side // 2) - 1) + kernel - side)
    return padded // 2, padded - padded // 2


def _norm(channels: int) -> InstanceNorm:
    norm = InstanceNorm(channels, EPS)
    if norm.weight is not None:
        nn.init.normal_(norm.weight, 1.0, STD)
    return norm


def _zero_bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
