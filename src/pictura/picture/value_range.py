"""Numbers that were meant for another range than [0, 1] are refused; clipping them would paint a white picture."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# Bicubic and Lanczos filters overshoot [0, 1] by less than 0.5 at edges; that is clipped. Beyond are 0 to 255, and
# pictures normalized for a network (about -2 to 2.6).
OVERSHOOT = 0.5


def check_range(pixels: "NDArray[Any] | Tensor") -> None:
    """Refuse floats that are in another range than [0, 1].

    Raises:
        ValueError: says the range that came and what to divide by.
    """
    floats = pixels.dtype.kind == "f" if isinstance(pixels, np.ndarray) else pixels.is_floating_point()
    if not floats or not len(pixels.reshape(-1)):
        return
    low, high = float(pixels.min()), float(pixels.max())
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        remedy = "divide by 255" if low >= 0 and 1 < high <= 255 else "scale them"
        raise ValueError(f"floats must be in [0, 1], these are from {low:.4g} to {high:.4g}: {remedy}")
