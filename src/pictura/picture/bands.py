"""Large pictures a few rows at a time, so that temporaries need little memory; samples as integers and as floats."""

from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

BAND_PIXELS = 2**20  # of a band: in float64, which some steps compute in, 24 MiB
Pixels = NDArray[np.float32]
Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


def bands(size: tuple[int, int], pixels: int = BAND_PIXELS) -> Iterator[slice]:
    """Row ranges that cover a picture of this (height, width), band by band of at most so many pixels, or one row."""
    height, width = size
    rows = max(1, pixels // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def is_uint8(samples: NDArray[Any]) -> TypeGuard[NDArray[np.uint8]]:
    """Whether the samples are uint8."""
    return samples.dtype == np.uint8


def float_samples(samples: Samples) -> NDArray[np.float32]:
    """Samples as in a file to float32 in [0, 1]; an array of float32 is returned as it is."""
    if samples.dtype == np.float32:
        return samples  # type: ignore[return-value]  # mypy does not narrow by dtype
    values: NDArray[np.float32] = samples.astype(np.float32)
    values /= np.float32(255 if is_uint8(samples) else 65535)
    return values


def integer_samples(samples: Samples, dtype: type[np.uint8 | np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Samples rounded to the integers of a file; an array of that dtype is returned as it is."""
    if samples.dtype == dtype:
        return samples  # type: ignore[return-value]  # mypy does not narrow by dtype
    values: NDArray[np.float32] = np.rint(float_samples(samples) * np.float32(np.iinfo(dtype).max))
    integers: NDArray[Any] = values.astype(dtype)
    return integers


def map_samples(convert: Callable[[NDArray[np.float32]], NDArray[np.float32]], samples: Samples) -> NDArray[np.float32]:
    """Apply `convert`, a function of single pixels, to H×W×C band by band; its argument is float32 in [0, 1]."""
    output = np.empty(samples.shape, np.float32)
    for rows in bands((samples.shape[0], samples.shape[1])):
        output[rows] = convert(float_samples(samples[rows]))
    return output
