"""Padding that keeps its precision: autocast would cast each padded map to float32, and the next convolution back."""

from collections.abc import Callable
from typing import Literal, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

T = TypeVar("T")


def pad(x: Tensor, by: int = 1, mode: Literal["replicate", "reflect"] = "replicate") -> Tensor:
    """N×C×H×W with `by` more positions on every side, replicated or reflected, in the precision of `x`."""
    return without_autocast(lambda given: F.pad(given, [by] * 4, mode=mode), x)


def autocast_dtype(x: Tensor) -> torch.dtype:
    """The precision that a convolution of `x` would have."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32


def without_autocast(run: Callable[[Tensor], T], x: Tensor) -> T:
    """`run(x)` with autocast disabled."""
    if torch.is_autocast_enabled(x.device.type):  # else no context: export does without one
        with torch.autocast(x.device.type, enabled=False):
            return run(x)
    return run(x)
