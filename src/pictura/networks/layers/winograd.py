"""3×3 convolutions with a quarter of the multiplications, for training wide networks on a processor.

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, arXiv 1509.09308: F(4×4, 3×3) takes 6×6
pixels d and a filter g to 4×4 results, Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, with 36 multiplications instead of 144. Summed over
channels these are 36 products of matrices. The gradients are convolutions, too: that of the pictures with turned
filters, that of the filters of pictures with the results' gradient.

In float32 the results differ from a direct convolution's by about 4e-5 of their standard deviation.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Channels from which it is faster. Forward and backward of 256 channels of 64² take 139 to 162 ms on one core without
# AVX-512 against 225 of torch's, of 128 channels about the same.
WIDE = 192
RESULT, TILE = 4, 6  # pixels of a side of a result and of what it is made of

# The paper's Bᵀ, G and Aᵀ. Rows and columns at once are one matrix, their Kronecker product.
_B = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0]]
_B += [[0, 4, 0, -5, 0, 1]]
_G = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # / 24
_A = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


class WideConv(nn.Conv2d):
    """`torch.nn.Conv2d` of 3×3 without stride and padding, with the same weights, faster where it is trained."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 3, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×c×(H-2)×(W-2)."""
        few = min(self.in_channels, self.out_channels) < WIDE
        if few or not torch.is_grad_enabled() or x.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        y: Tensor = _Convolution.apply(x, self.weight)  # type: ignore[no-untyped-call]
        return y if self.bias is None else y + self.bias.view(-1, 1, 1)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _convolve(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            of_x = _convolve(F.pad(gradient, (2, 2, 2, 2)), weight.flip(2, 3).transpose(0, 1))
        if ctx.needs_input_grad[1]:
            rows, columns = _count_tiles(x)
            tiles = _split(gradient, rows, columns, RESULT)  # 16×(tiles c)
            products = _matrix(_A, x).T @ tiles
            sums = products.view(TILE**2, -1, len(weight)).mT @ _split_input(x)  # 36×c×C
            of_weight = (_filter_matrix(x).T @ sums.flatten(1)).T.reshape(weight.shape)
        return of_x, of_weight


def _convolve(x: Tensor, weight: Tensor) -> Tensor:
    """N×C×H×W and c×C×3×3 to N×c×(H-2)×(W-2), channels last."""
    (rows, columns), outputs = _count_tiles(x), len(weight)
    filters = (_filter_matrix(x) @ weight.reshape(-1, 9).T).view(TILE**2, outputs, -1)
    products = _split_input(x) @ filters.mT  # 36×tiles×c
    y = (_matrix(_A, x) @ products.flatten(1)).view(RESULT, RESULT, len(x), rows, columns, outputs)
    y = y.permute(2, 3, 0, 4, 1, 5).reshape(len(x), RESULT * rows, RESULT * columns, outputs)
    return y[:, : x.shape[2] - 2, : x.shape[3] - 2].permute(0, 3, 1, 2)


def _split_input(x: Tensor) -> Tensor:
    """Bᵀ d B of all tiles d: 36×tiles×C."""
    tiles = _split(x, *_count_tiles(x), TILE)
    return (_matrix(_B, x) @ tiles).view(TILE**2, -1, x.shape[1])


def _split(x: Tensor, rows: int, columns: int, side: int) -> Tensor:
    """Tiles of this side, every 4 pixels: side²×(tiles C); zeros where they reach beyond N×C×H×W."""
    beyond = [RESULT * (count - 1) + side - length for count, length in zip((rows, columns), x.shape[2:], strict=True)]
    x = F.pad(x, (0, beyond[1], 0, beyond[0])) if any(beyond) else x
    tiles = x.permute(0, 2, 3, 1).unfold(1, side, RESULT).unfold(2, side, RESULT)  # N×rows×columns×C×side×side
    return tiles.permute(4, 5, 0, 1, 2, 3).reshape(side**2, -1)


def _count_tiles(x: Tensor) -> tuple[int, int]:
    """Rows and columns of tiles that a picture of this size needs."""
    return -(-(x.shape[2] - 2) // RESULT), -(-(x.shape[3] - 2) // RESULT)


def _matrix(rows: list[list[int]], like: Tensor) -> Tensor:
    one = torch.tensor(rows, dtype=like.dtype)
    return torch.kron(one, one)


def _filter_matrix(like: Tensor) -> Tensor:
    return _matrix(_G, like) / 24**2
