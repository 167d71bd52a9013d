"""Exchanging poolings and paddings inside a network."""

from typing import Literal

from torch import nn

from pictura.encoders.records import Padding

Pooling = Literal["max", "average"]


def _averaging(pool: nn.MaxPool2d) -> nn.AvgPool2d:
    """Average pooling of the same geometry; a padded border takes no part in the average."""
    return nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode, count_include_pad=False)


def _padded(conv: nn.Conv2d, padding: Padding) -> nn.Conv2d:
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


def adapt(module: nn.Module, pooling: Pooling, padding: Padding) -> nn.Module:
    """`module`, or what takes its place, with every max pool and padded convolution in it exchanged as asked."""
    if isinstance(module, nn.MaxPool2d):
        return _averaging(module) if pooling == "average" else module
    if isinstance(module, nn.Conv2d):
        return _padded(module, padding) if module.padding != (0, 0) else module
    for name, child in module.named_children():
        module.add_module(name, adapt(child, pooling, padding))
    return module
