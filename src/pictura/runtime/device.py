"""Which device computes, and in which arithmetic."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Literal

import torch

from pictura.runtime.errors import PicturaError

FabricPrecision = Literal["32-true", "bf16-mixed"]  # of a training
Precision = Literal["auto", "float32", "bfloat16"]  # of a trained network
DType = Literal["float32", "bfloat16"]  # of an encoder, weights included
DTYPES: dict[DType, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# torch has no public question for these; a version without one of them counts as a processor without it.
_FAST_BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def choose_device(name: str = "auto") -> torch.device:
    """``cpu``, ``cuda`` or ``mps``; ``auto`` takes the first accelerator there is, else the processor.

    Raises:
        PicturaError: the device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, has in there.items() if has))
    kind, _, number = name.partition(":")
    if not there.get(kind, False) or (number and not _has_number(kind, number)):
        present = ", ".join(kind for kind, has in there.items() if has)
        raise PicturaError(f"The device '{name}' is not on this machine or not in this torch: there is {present}.")
    return torch.device(name)


def _has_number(kind: str, number: str) -> bool:
    """Whether there is a device of this number among its kind."""
    count = torch.cuda.device_count() if kind == "cuda" else 1
    return number.isdecimal() and int(number) < count


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is the faster arithmetic there.

    A processor multiplies it natively with AVX512-bf16 or AMX and is slower in it without; a GPU from Ampere on.
    """
    if device.type == "cpu":
        return any(getattr(torch.cpu, question, bool)() for question in _FAST_BF16)
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


_ENCODER_DTYPE: ContextVar[DType | None] = ContextVar("_ENCODER_DTYPE", default=None)


@contextlib.contextmanager
def encoder_dtype(dtype: DType | None) -> Iterator[None]:
    """Inside, the dtype of encoders that are asked for none; None leaves it to the device.

    A training in float32 has its loss networks in float32, too, whoever loads them: a gradient that has gone through
    bfloat16 is a tenth off.
    """
    before = _ENCODER_DTYPE.set(dtype)
    try:
        yield
    finally:
        _ENCODER_DTYPE.reset(before)


def default_dtype(device: str | torch.device = "cpu") -> DType:
    """The dtype of an encoder: ``bfloat16`` on a CPU that is fast in it, else and on other devices ``float32``."""
    if (chosen := _ENCODER_DTYPE.get()) is not None:
        return chosen
    device = torch.device(device)
    return "bfloat16" if device.type == "cpu" and fast_bfloat16(device) else "float32"


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """The context that gives a network this precision; ``auto`` is bfloat16 where the device is fast in it."""
    half = precision == "bfloat16" or (precision == "auto" and fast_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=half)


def resolve_precision(asked: str, device: torch.device) -> FabricPrecision:
    """What ``auto`` means on a device; anything else as it was asked for."""
    if asked == "auto":
        return "bf16-mixed" if fast_bfloat16(device) else "32-true"
    return "bf16-mixed" if asked == "bf16-mixed" else "32-true"
