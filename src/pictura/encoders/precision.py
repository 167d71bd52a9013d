"""Which number type an encoder computes in, when nobody says."""

from typing import Literal

import torch

from pictura.runtime.device import fast_bfloat16

DType = Literal["float32", "bfloat16"]
DTYPES: dict[DType, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def default_dtype(device: str | torch.device = "cpu") -> DType:
    """``bfloat16`` on a processor that multiplies it natively (AVX512-bf16 or AMX), else ``float32``.

    Without those instructions bfloat16 is the slower of the two. On other devices the answer is ``float32``.
    """
    device = torch.device(device)
    return "bfloat16" if device.type == "cpu" and fast_bfloat16(device) else "float32"
