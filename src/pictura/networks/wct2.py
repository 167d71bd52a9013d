"""Haar wavelets in a network's pooling, and the decoder that takes them back up.

Max pooling forgets what a decoder then has to invent, and so blurs and bends lines. A Haar transform halves the sides
as well, and what it takes away from the mean of four, three differences LH, HL and HH, is kept for the way up, where it
is put back exactly (Yoo, Uh, Chun, Kang and Ha, Photorealistic Style Transfer via Wavelet Transforms, ICCV 2019).
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from pictura.networks.compact import COMPACT_WIDTHS
from pictura.networks.layers.padding import pad

WIDTHS = COMPACT_WIDTHS[:4]  # channels of relu1_1 … relu4_1 of the trunk
BANDS = ("LH", "HL", "HH")
SITES = tuple(
    [f"encoder{level}" for level in (1, 2, 3, 4)]
    + [f"skip{level}{band}" for level in (1, 2, 3) for band in BANDS]
    + [f"decoder{level}" for level in (3, 2, 1)]
)  # where features may be transformed; the decoder's fourth level begins with the encoder's
Stages = Sequence[tuple[nn.Module, nn.Module]]  # of each level what is before its pooling and what is behind it
At = Callable[[str, Tensor], Tensor]  # a site and its features to what takes their place


def haar_pool(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """LL, LH, HL and HH of N×C×H×W with even sides, N×C×H/2×W/2 each: an orthonormal transform of each four.

    LL is twice the mean, LH the difference of right and left, HL that of bottom and top, HH of the diagonals.
    """
    a, b, c, d = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
    top, bottom, right, left = a + b, c + d, b - a, d - c
    return (top + bottom) / 2, (right + left) / 2, (bottom - top) / 2, (left - right) / 2


def haar_unpool(low: Tensor, high: Sequence[Tensor]) -> Tensor:
    """The inverse of `haar_pool`: the sum of four transposed convolutions."""
    lh, hl, hh = high
    x = low.new_empty(*low.shape[:2], 2 * low.shape[2], 2 * low.shape[3])
    x[..., ::2, ::2] = (low - lh - hl + hh) / 2
    x[..., ::2, 1::2] = (low + lh - hl - hh) / 2
    x[..., 1::2, ::2] = (low - lh + hl - hh) / 2
    x[..., 1::2, 1::2] = (low + lh + hl + hh) / 2
    return x


class Convolve(nn.Module):
    """A convolution of 3×3 behind a replicated border, and ReLU."""

    def __init__(self, before: int, after: int, rectified: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3)
        self.rectified = rectified

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same size."""
        y: Tensor = self.conv(pad(x))
        return y.relu_() if self.rectified else y


class WaveletDecoder(nn.Module):
    """The encoder's mirror image: at each level what leads to the LL of the level above, at last to the picture."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        c1, c2, c3, c4 = widths
        self.level4 = nn.Sequential(Convolve(c4, c4), Convolve(c4, c3))
        self.level3 = nn.Sequential(Convolve(c3, c3), Convolve(c3, c3), Convolve(c3, c2))
        self.level2 = nn.Sequential(Convolve(c2, c2), Convolve(c2, c1))
        self.level1 = nn.Sequential(Convolve(c1, c1), Convolve(c1, 3, rectified=False))

    def forward(self, x: Tensor, skips: Sequence[Sequence[Tensor]], at: At) -> Tensor:
        """N×C₄×H/8×W/8 and the three differences of each level, the first level first, to N×3×H×W.

        The LL that it makes of each level is shown at a site of its own, made3 to made1.
        """
        x = haar_unpool(at("made3", self.level4(x)), skips[2])
        x = haar_unpool(at("made2", self.level3(at("decoder3", x))), skips[1])
        x = haar_unpool(at("made1", self.level2(at("decoder2", x))), skips[0])
        y: Tensor = self.level1(at("decoder1", x))
        return y


def split_at_pools(stages: Sequence[nn.Module]) -> list[tuple[nn.Module, nn.Module]]:
    """The first four stages of the trunk of `compact`, each as what is before its max pool and what is behind it."""
    split: list[tuple[nn.Module, nn.Module]] = []
    for stage in list(stages)[: len(WIDTHS)]:
        parts = list(stage.children())
        pools = [i for i, part in enumerate(parts) if isinstance(part, nn.MaxPool2d)]
        split.append(
            (nn.Sequential(*parts[: pools[0]]), nn.Sequential(*parts[pools[0] + 1 :]))
            if pools
            else (nn.Identity(), stage)
        )
    return split


def encode(stages: Stages, x: Tensor, at: At) -> tuple[Tensor, list[list[Tensor]]]:
    """N×3×H×W, normalized for the trunk and with sides divisible by 8, to its deepest map and the differences.

    The LL of each level is shown at a site of its own, low1 to low3, which is none to be transformed.
    """
    skips: list[list[Tensor]] = []
    for level, (before, after) in enumerate(stages, 1):
        if level > 1:
            x, *high = haar_pool(before(x))
            x = at(f"low{level - 1}", x)
            skips.append([at(f"skip{level - 1}{band}", part) for band, part in zip(BANDS, high, strict=True)])
        x = at(f"encoder{level}", after(x))
    return x, skips
