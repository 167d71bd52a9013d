"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004), as their ``ssim_index.m`` computes it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.runtime.errors import PicturaError

WINDOW_SIDE, SIGMA = 11, 1.5  # section III.B
K1, K2 = 0.01, 0.03  # section III.B


def ssim(made: Tensor, true: Tensor, peak: float = 255.0) -> Tensor:
    """Mean structural similarity of each of N pictures N×C×H×W, 1 for equal ones.

    Population statistics in a Gaussian window, only where the window fits.

    Raises:
        PicturaError: a side is shorter than the window's 11 pixels.
    """
    height, width = true.shape[-2:]
    if min(height, width) < WINDOW_SIDE:
        raise PicturaError(
            f"SSIM needs {WINDOW_SIDE} pixels a side and the picture has {width}×{height}: take a larger one."
        )
    x, y = made.double(), true.double()
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    mu_x, mu_y = _window_mean(x), _window_mean(y)
    var_x, var_y = _window_mean(x * x) - mu_x**2, _window_mean(y * y) - mu_y**2
    cov = _window_mean(x * y) - mu_x * mu_y
    similar = (2 * mu_x * mu_y + c1) * (2 * cov + c2) / ((mu_x**2 + mu_y**2 + c1) * (var_x + var_y + c2))
    return similar.mean(dim=(1, 2, 3))


def _window_mean(x: Tensor) -> Tensor:
    """Weighted mean in the window around each position where it fits."""
    taps = torch.exp(-((torch.arange(WINDOW_SIDE, dtype=x.dtype) - WINDOW_SIDE // 2) ** 2) / (2 * SIGMA**2)).to(
        x.device
    )
    taps = taps / taps.sum()
    planes = x.flatten(0, 1)[:, None]
    means = F.conv2d(F.conv2d(planes, taps.view(1, 1, -1, 1)), taps.view(1, 1, 1, -1))
    return means.reshape(*x.shape[:2], *means.shape[-2:])
