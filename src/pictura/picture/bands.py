"""Large pictures a few rows at a time, so that what is only in passing takes little memory."""

from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

BAND_PIXELS = 2**20  # of a band: in float64, which some steps compute in, 24 MiB
Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


def bands(size: tuple[int, int]) -> Iterator[slice]:
    """The rows of a picture of this (height, width), band by band."""
    height, width = size
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def is_uint8(samples: NDArray[Any]) -> TypeGuard[NDArray[np.uint8]]:
    """Whether they are uint8."""
    return samples.dtype == np.uint8


def float_samples(samples: Samples) -> NDArray[np.float32]:
    """Samples as a file holds them to float32 in [0, 1]; those that are float32 stay the same array."""
    if samples.dtype == np.float32:
        return samples  # type: ignore[return-value]  # mypy does not narrow by dtype
    values: NDArray[np.float32] = samples.astype(np.float32)
    values /= np.float32(255 if is_uint8(samples) else 65535)
    return values


def map_samples(change: Callable[[NDArray[np.float32]], NDArray[np.float32]], samples: Samples) -> NDArray[np.float32]:
    """What `change` makes of H×W×C, pixel by pixel; it sees H×W×C float32 in [0, 1]."""
    made = np.empty(samples.shape, np.float32)
    for rows in bands((samples.shape[0], samples.shape[1])):
        made[rows] = change(float_samples(samples[rows]))
    return made
