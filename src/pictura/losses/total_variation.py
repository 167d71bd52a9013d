"""Total variation as mean squares: the one of its six published forms that does not depend on the image's size."""

from torch import Tensor


def total_variation(x: Tensor) -> Tensor:
    """Mean squared difference of horizontal neighbours plus that of vertical ones, for images B×C×H×W in [0, 1]."""
    across = (x[..., :, 1:] - x[..., :, :-1]).square()
    down = (x[..., 1:, :] - x[..., :-1, :]).square()
    return across.sum() / max(1, across.numel()) + down.sum() / max(1, down.numel())
