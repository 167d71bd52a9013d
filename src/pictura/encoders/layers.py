"""Poolings and paddings of a network replaced by others."""

from typing import Literal

import torch
from torch import Tensor, nn

from pictura.encoders.records import Padding

Pooling = Literal["max", "average"]


def _make_average_pool(pool: nn.MaxPool2d) -> nn.AvgPool2d:
    """Average pooling of the same geometry; a padded border takes no part in the average."""
    return nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode, count_include_pad=False)


def _replace_padding(conv: nn.Conv2d, padding: Padding) -> nn.Conv2d:
    """The same convolution, weights shared, behind another border."""
    new = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]  # torch's stubs call a pair a tuple
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        conv.dilation,  # type: ignore[arg-type]
        conv.groups,
        bias=False,
        padding_mode=padding,
        device="meta",  # the weights are replaced at once
    )
    new.weight, new.bias = conv.weight, conv.bias
    return new


class FastMaxPool2d(nn.MaxPool2d):
    """Max pooling of 2×2 without torch's indices of the maxima, which only gradients need.

    The indices take two (float32) to four times (bfloat16) the memory of the result, and writing them most of the time.
    """

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to B×C×H/2×W/2, an odd row or column left out."""
        if (torch.is_grad_enabled() and x.requires_grad) or min(x.shape[-2:]) < 2:  # torch refuses the latter
            result: Tensor = super().forward(x)
            return result
        rows = torch.maximum(x[..., : x.shape[-2] // 2 * 2 : 2, :], x[..., 1::2, :])
        return torch.maximum(rows[..., : x.shape[-1] // 2 * 2 : 2], rows[..., 1::2])


def adapt(module: nn.Module, pooling: Pooling, padding: Padding) -> nn.Module:
    """`module`, or what takes its place, with every max pool and padded convolution in it replaced as requested."""
    if isinstance(module, nn.MaxPool2d):
        if pooling == "average":
            return _make_average_pool(module)
        plain = (module.kernel_size, module.stride, module.padding, module.ceil_mode) == (2, 2, 0, False)
        return FastMaxPool2d(2) if plain else module
    if isinstance(module, nn.Conv2d):
        return _replace_padding(module, padding) if module.padding != (0, 0) else module
    for name, child in module.named_children():
        module.add_module(name, adapt(child, pooling, padding))
    return module
