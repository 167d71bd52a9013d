"""Which number type an encoder computes in, when nobody says."""

from typing import Literal

import torch

DType = Literal["float32", "bfloat16"]
DTYPES: dict[DType, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# torch has no public question for these; a version without one of them counts as a processor without it.
_FAST_BF16 = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def automatic(device: str | torch.device = "cpu") -> DType:
    """``bfloat16`` on a processor that multiplies it natively (AVX512-bf16 or AMX), else ``float32``.

    Without those instructions bfloat16 is the slower of the two. On other devices the answer is ``float32``.
    """
    if torch.device(device).type != "cpu":
        return "float32"
    fast = any(getattr(torch.cpu, question, bool)() for question in _FAST_BF16)
    return "bfloat16" if fast else "float32"
