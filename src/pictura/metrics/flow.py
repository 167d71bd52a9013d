"""Where things of one frame are in another: dense optical flow after Lucas and Kanade (IJCAI 1981), coarse to fine.

Around each pixel the displacement is found by which the second frame's window fits the first one's best, by least
squares, again and again, from a small copy of the frames to the frames themselves (Bouguet 2000). It needs no weights,
and knows neither occlusions nor edges of motion: `warping.visible` leaves them out. A figure made with another method
is another figure, so that it must be named.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

METHOD = "dense pyramidal Lucas–Kanade, windows of 11 pixels"
WINDOW = 11  # side in pixels
SMOOTHED = 7  # side of the window in which the flow is averaged after each step
ITERATIONS = 6  # on each size
LEAST_SIDE = 24  # of the smallest copy
DAMPING = 1e-4  # added to the normal equations, of grey values in [0, 1]: flat windows do not move
LUMA = (0.299, 0.587, 0.114)


def optical_flow(first: Tensor, second: Tensor) -> Tensor:
    """N×2×H×W: by how many pixels, right and down, what is in `first` (N×3×H×W in [0, 1]) has moved in `second`."""
    weights = torch.tensor(LUMA, device=first.device).view(1, 3, 1, 1)
    pyramid = [tuple((x * weights).sum(1, keepdim=True) for x in (first, second))]
    while min(pyramid[-1][0].shape[-2:]) >= 2 * LEAST_SIDE:
        pyramid.append(tuple(F.avg_pool2d(x, 2) for x in pyramid[-1]))
    flow = torch.zeros_like(pyramid[-1][0]).repeat(1, 2, 1, 1)
    for x, y in reversed(pyramid):
        if flow.shape[-2:] != x.shape[-2:]:
            flow = 2 * F.interpolate(flow, x.shape[-2:], mode="bilinear", align_corners=False)
        flow = _refine(x, y, flow)
    return flow


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """N×C×H×W as seen from where `flow` N×2×H×W leads, bilinear; its border goes on outside."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=image.device, dtype=image.dtype),
        torch.arange(width, device=image.device, dtype=image.dtype),
        indexing="ij",
    )
    across = (2 * (x + flow[:, 0]) + 1) / width - 1
    down = (2 * (y + flow[:, 1]) + 1) / height - 1
    grid = torch.stack([across, down], -1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of N×C×H×W, right and down, of the same shape."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2, (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2


def _refine(x: Tensor, y: Tensor, flow: Tensor) -> Tensor:
    """Newton's steps of each window."""
    across, down = gradients(x)
    xx, xy, yy = _window(across * across) + DAMPING, _window(across * down), _window(down * down) + DAMPING
    determinant = xx * yy - xy * xy
    for _ in range(ITERATIONS):
        difference = x - warp(y, flow)
        bx, by = _window(across * difference), _window(down * difference)
        step = torch.cat([yy * bx - xy * by, xx * by - xy * bx], 1) / determinant
        # Each pixel of a window has a flow of its own: without their mean these would drift apart.
        flow = _window(flow + step.clamp(-1, 1), SMOOTHED)
    return flow


def _window(x: Tensor, side: int = 0) -> Tensor:
    """The mean over the window around each pixel."""
    side = side or WINDOW
    return F.avg_pool2d(F.pad(x, [side // 2] * 4, mode="replicate"), side, 1)
