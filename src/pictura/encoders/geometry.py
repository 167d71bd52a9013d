"""How much of an image a position of a feature map depends on: strides, receptive fields, smallest sides.

A block with branches counts as the chain of its convolutions. That is exact for the networks here: side by side
with a wide branch stand only 1×1 convolutions, and the shortcuts that stride, named ``downsample``, are left out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torch import nn

POOLS = (nn.MaxPool2d, nn.AvgPool2d)


class Window(NamedTuple):
    """What one convolution or pooling reads along one side, in its input's positions."""

    kernel: int  # with dilation
    stride: int
    padding: int
    rounds_up: bool
    mirrored: bool  # a reflection needs more positions than it pads


def _as_int(value: int | tuple[int, ...] | str | None) -> int:
    """The side of a square setting; torch holds an int or a pair."""
    if isinstance(value, tuple):
        value = value[0]
    if not isinstance(value, int):
        raise TypeError(f"expected a whole number or a pair, got {value!r}")
    return value


def windows(module: nn.Module) -> Iterator[Window]:
    """The windows in `module`, in order."""
    for name, part in module.named_modules():
        if "downsample" in name.split("."):
            continue
        if isinstance(part, nn.Conv2d):
            kernel = 1 + (_as_int(part.kernel_size) - 1) * _as_int(part.dilation)
            mirrored = part.padding_mode == "reflect"
            yield Window(kernel, _as_int(part.stride), _as_int(part.padding), False, mirrored)
        elif isinstance(part, POOLS):
            kernel, stride = _as_int(part.kernel_size), _as_int(part.stride)
            yield Window(kernel, stride, _as_int(part.padding), part.ceil_mode, False)


def stride(chain: Iterable[Window]) -> int:
    """Pixels between neighbouring positions behind `chain`."""
    pixels = 1
    for window in chain:
        pixels *= window.stride
    return pixels


def receptive_field(chain: Iterable[Window]) -> int:
    """Side in pixels of the square that one position behind `chain` depends on."""
    side, step = 1, 1
    for window in chain:
        side += (window.kernel - 1) * step
        step *= window.stride
    return side


def smallest(chain: Iterable[Window]) -> int:
    """Smallest side in pixels that leaves at least one position behind `chain`."""
    side = 1
    for window in reversed(list(chain)):
        # Rounding up, a last window may hang over by all but one position of a step.
        overhang = window.stride - 1 if window.rounds_up else 0
        side = (side - 1) * window.stride + window.kernel - 2 * window.padding - overhang
        side = max(side, window.padding + 1 if window.mirrored else 1)
    return side
