"""Layers that change the size of an image or of a feature map, or work across such a change."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.padding import pad, without_autocast
from pictura.picture.degrade import cubic_kernel

# tanh reaches beyond black and white by a tenth of the range, so that both can be had without saturation.
TANH_SCALE = 0.55


class UpsampleConv(nn.Module):
    """Upsampling ×2 and a 3×3 convolution, as one convolution at the small size: N×C×H×W to N×c×2H×2W.

    Each of the four new positions of an old one depends on that one and its neighbours, through three taps a side; the
    weights of the taps that fall on the same neighbour are added up in advance. The border is replicated. Upsampling is
    by nearest neighbours or, with `smooth`, bilinear at the same cost: a linear gradient then stays linear, where
    nearest neighbours turn it into steps, which normalization and training can amplify to a grid of two pixels.
    """

    gather: Tensor

    def __init__(self, before: int, after: int, *, smooth: bool = False) -> None:
        super().__init__()
        self.out_channels = after
        like = nn.Conv2d(before, after, 3)
        self.weight, self.bias = like.weight, like.bias
        # New position a (0 or 1), old neighbour, tap: the neighbour's share in the value under the tap.
        nearest = [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]]
        bilinear = [[[3, 1, 0], [1, 3, 3], [0, 0, 1]], [[1, 0, 0], [3, 3, 1], [0, 1, 3]]]
        # In numbers, not tensors: arithmetic of tensors on "meta" makes torch load its compiler.
        shares = [[[tap / 4 for tap in row] for row in one] for one in bilinear] if smooth else nearest
        gather = torch.tensor(shares, dtype=torch.float32)
        self.register_buffer("gather", gather, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×c×2H×2W."""
        return F.pixel_shuffle(self.forward_folded(x), 2)

    def forward_folded(self, x: Tensor) -> Tensor:
        """The same with the four new positions as channels, in the order of `pixel_shuffle`: N×C×H×W to N×4c×H×W."""
        # 4c×C×3×3
        weight = torch.einsum("aip,bjq,ocpq->oabcij", self.gather, self.gather, self.weight).flatten(0, 2)
        return _convolve_folded(x, weight, self.bias)


class FoldedConv(nn.Module):
    """A 3×3 convolution of a feature map whose 2×2 positions are channels, and stay so: N×4C×H×W to N×4c×H×W.

    The same as pixel shuffle, reflection padding, convolution, pixel unshuffle. A CPU is twice as fast with many
    channels of few positions, and nothing is copied to full size.
    """

    gather: Tensor

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        like = nn.Conv2d(before, after, 3)
        self.weight, self.bias = like.weight, like.bias
        # To position a of a pair, from position c of the neighbouring pair i, by tap p: 2 i + c = a + p, from -1 each.
        gather = torch.zeros(2, 2, 3, 3)
        for a in (0, 1):
            for p in (-1, 0, 1):
                gather[a, (a + p) % 2, 1 + (a + p) // 2, 1 + p] = 1
        self.register_buffer("gather", gather, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×4C×H×W to N×4c×H×W."""
        weight = torch.einsum("acip,bdjq,onpq->oabncdij", self.gather, self.gather, self.weight)
        return _convolve_folded(x, weight.flatten(3, 5).flatten(0, 2), self.bias)  # 4c×4C×3×3


def unfold_image(folded: Tensor, dtype: torch.dtype) -> Tensor:
    """N×12×H×W, the last `FoldedConv`'s output, to an image N×3×2H×2W of this dtype in [-0.05, 1.05].

    Half precision suffices for the input: it is finest around 0, which is grey, and tanh flattens what is far from it.
    It is off by 0.0005 at most, an eighth of an 8-bit step.
    """
    return 0.5 + TANH_SCALE * torch.tanh(F.pixel_shuffle(folded, 2).to(dtype))


def _convolve_folded(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve with the same bias at all four positions; to replicate the folded border is to reflect the unfolded."""
    weight = weight.contiguous(memory_format=torch.channels_last)
    return F.conv2d(pad(x), weight, None if bias is None else bias.repeat_interleave(4))


class Bicubic(nn.Module):
    """N×3×h×w to N×3×(scale h)×(scale w), not clamped: Keys' cubic as one convolution, the border replicated.

    A convolution, because it exports as it is; always in the image's own precision, because most of an enlarged image
    comes from it.
    """

    kernels: Tensor

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        with torch.device("cpu"):  # arithmetic of tensors on "meta" makes torch load its compiler
            offsets = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
            taps = cubic_kernel(torch.arange(-2, 3) - offsets[:, None])
            # The weights of a pixel's 5×5 neighbours in each of the scale² that take its place, for R, G and B.
            kernels = torch.einsum("ij,kl->ikjl", taps, taps).reshape(scale**2, 1, 5, 5).repeat(3, 1, 1, 1)
        self.register_buffer("kernels", kernels.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×h×w to N×3×(scale h)×(scale w)."""
        return without_autocast(self._enlarge, x)

    def _enlarge(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(F.conv2d(pad(x, 2), self.kernels, groups=3), self.scale)
