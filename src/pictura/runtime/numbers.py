"""Numbers from outside are looked at before anything is made of them: weights, moments, results."""

from typing import Any

from torch import Tensor

from pictura.runtime.errors import PicturaError

ALLOWED_DTYPES = {"F16", "BF16", "F32", "F64", "I64"}  # I64: counters, such as batch norm's
# Ours. The largest of a trained network are variances of batch norm on pixels from 0 to 255, some millions; the square
# of a number beyond 1e19 is infinite in float32, and what is made of it black.
MAX_MAGNITUDE = 1e12
_DAMAGED = "download the file again"


def read_tensor(file: Any, key: str, source: object, remedy: str = _DAMAGED) -> Tensor:
    """One tensor of an open safetensors file, in float32 or int64, its numbers checked.

    Raises:
        PicturaError: it is stored in another type, or `check_numbers` refuses it.
    """
    dtype = file.get_slice(key).get_dtype()
    if dtype not in ALLOWED_DTYPES:
        raise PicturaError(f"'{key}' in '{source}' is stored as {dtype}: save it as F32 or F16.")
    tensor: Tensor = file.get_tensor(key)
    return check_numbers(tensor.float(), key, source, remedy) if tensor.is_floating_point() else tensor


def check_numbers(tensor: Tensor, key: str, source: object, remedy: str = _DAMAGED) -> Tensor:
    """The tensor, every number of it finite and of a size that trained networks have.

    Raises:
        PicturaError: says which tensor of which file is not.
    """
    if tensor.is_floating_point() and tensor.numel():
        name = ascii(key) + (f" in '{source}'" if source else "")
        low, high = (bound.item() for bound in tensor.detach().aminmax())  # NaN where one is: no number passes
        if not max(-low, high) < float("inf"):
            raise PicturaError(f"{name} contains NaN or infinity; {remedy}.")
        if max(-low, high) > MAX_MAGNITUDE:
            raise PicturaError(
                f"{name} contains {max(-low, high):.2g}, where trained networks have at most "
                f"{MAX_MAGNITUDE:g}; {remedy}."
            )
    return tensor


def check_result(pixels: Tensor) -> Tensor:
    """What a network made, before it is clamped: finite, so that nothing else is ever written.

    Raises:
        PicturaError: it is not.
    """
    if pixels.is_floating_point() and not pixels.isfinite().all():
        raise PicturaError(
            "The result is not a picture but NaN or infinity, so it was not made: the model or the style is damaged; "
            "download it again, or train it with a smaller learning rate."
        )
    return pixels
