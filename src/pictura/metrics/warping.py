"""How much a video flickers: the warping error of Lai et al. (ECCV 2018, arXiv 1808.00449).

The next frame is warped back by the optical flow of the video that it was made of. What differs from the frame before,
where nothing was hidden, moved on its own. A video without anything in it scores 0: compare with what it was made of.
"""

from torch import Tensor

from pictura.metrics.flow import gradients, warp

# Ruder, Dosovitskiy and Brox (GCPR 2016, arXiv 1604.08610), section 3, after Sundaram, Brox and Keutzer (ECCV 2010).
HIDDEN = (0.01, 0.5)  # share of the flow's square and pixels² by which there and back may differ
EDGE = (0.01, 0.002)  # share of the flow's square and the gradient's square above which there is an edge of motion


def visible(forward: Tensor, backward: Tensor) -> Tensor:
    """N×1×H×W, true where what a pixel shows is seen in the next frame, too, and is not at an edge of motion.

    forward: N×2×H×W, the flow from a frame to the next, in its pixels; backward: the other way.
    """
    back = warp(backward, forward)
    length = forward.square().sum(1, keepdim=True)
    gap = (forward + back).square().sum(1, keepdim=True)
    hidden = gap > HIDDEN[0] * (length + back.square().sum(1, keepdim=True)) + HIDDEN[1]
    across, down = gradients(forward)
    edge = (across.square() + down.square()).sum(1, keepdim=True) > EDGE[0] * length + EDGE[1]
    return ~(hidden | edge)


def warp_error(frame: Tensor, following: Tensor, forward: Tensor, seen: Tensor) -> float:
    """Mean square of frame - warped following over the pixels that are seen and over colours; NaN where none is.

    frame, following: N×3×H×W in [0, 1]; forward, seen: as of `visible`.
    """
    squares = (frame - warp(following, forward)).square().mean(1, keepdim=True)
    return float(squares[seen].mean())
