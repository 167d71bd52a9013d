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

from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.layers.padding import without_autocast
from pictura.networks.tiling.streaming import NetworkPart

SLOPE = 0.2  # of the leaky ReLUs, ops.py
EPS = 1e-6  # of the norms, ops.py
STD = 0.02  # of first weights: truncated normal in convolutions, normal around 1 in the norms' scales
DROPPED = 3  # ups with dropout, counted from the bottleneck
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
    """N×3×H×W in [-1, 1] to the same; a U-Net of `levels` halvings, so H and W divisible by 2^levels.

    Args:
        width: channels at half the size; at most eight times as many below.
        levels: 8 in the paper and the release, for pictures of 256 pixels.
        dropout: share of what the first three ups lose, in training and in use: the paper's only noise.
    """

    def __init__(self, width: int = 64, levels: int = 8, dropout: float = 0.0) -> None:
        super().__init__()
        self.width, self.levels, self.dropout = width, levels, dropout
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

    @property
    def multiple(self) -> int:
        """What the sides must be divisible by."""
        return int(2**self.levels)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One pass; `generator` is what dropout draws from, by default the processor's global one."""
        skips = [self.first(x)]  # N×C×H/2×W/2
        for down, norm in zip(self.downs, self.down_norms, strict=True):
            skips.append(norm(down(F.leaky_relu(skips[-1], SLOPE))))
        y = skips.pop()  # N×8C×H/2^levels×W/2^levels
        for i, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            y = norm(up(F.relu(y)))
            if self.dropout and i < DROPPED:
                y = drop(y, self.dropout, generator)
            y = torch.cat([y, skips.pop()], 1)
        return torch.tanh(self.last(F.relu(y)).float())

    def parts(self, strength: float = 1.0, generator: torch.Generator | None = None) -> list[NetworkPart]:
        """The network as one part, for `stream`: pictures in [0, 1], mixed with what it makes of them."""

        def run(x: Tensor, _: Tensor) -> Tensor:
            return torch.lerp(x, (self(2 * x - 1, generator) + 1) / 2, strength)

        norms = [norm for norm in (*self.down_norms, *self.up_norms) if isinstance(norm, InstanceNorm)]
        # The way down sees 2^levels pixels beyond, the way up twice that. At the widest moment there are the first
        # map, the last up's input and what ReLU makes of it, all at half the size.
        return [NetworkPart(run, norms, 3 * self.multiple, floats_per_pixel=1.5 * self.width + 10)]


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


def drop(x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Dropout: this share of the numbers becomes 0, and the others grow so that the mean stays."""
    kept = torch.rand(x.shape, generator=generator).to(x.device) >= share
    return x * kept.to(x.dtype) / (1 - share)


def _norm(channels: int) -> InstanceNorm:
    norm = InstanceNorm(channels, EPS)
    nn.init.normal_(norm.weight, 1.0, STD)
    return norm


def _zero_bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
