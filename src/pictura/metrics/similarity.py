"""PSNR and SSIM: how near a picture comes to the true one, pixel by pixel."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.runtime.errors import PicturaError

WINDOW_SIDE, SIGMA = 11, 1.5  # of SSIM, section III.B
K1, K2 = 0.01, 0.03  # of SSIM, section III.B


def psnr(output: Tensor, target: Tensor, peak: float = 255.0) -> Tensor:
    """Peak signal-to-noise ratio, 10 log10(peak² / mean squared error), in dB; infinite for equal pictures.

    N×C×H×W give N values. `peak` is the largest possible difference of two values: 255 for 8 bits (and, by the
    literature's habit, for `luma`), 1 for [0, 1].
    """
    error = (output.double() - target.double()).square().mean(dim=(1, 2, 3))
    return 10 * (peak**2 / error).log10()


def ssim(output: Tensor, target: Tensor, peak: float = 255.0) -> Tensor:
    """Mean structural similarity of each of N pictures N×C×H×W, 1 for equal ones.

    Wang, Bovik, Sheikh, Simoncelli (IEEE TIP 2004), as their ``ssim_index.m`` computes it: population statistics in a
    Gaussian window, only where the window fits.

    Raises:
        PicturaError: a side is shorter than the window's 11 pixels.
    """
    height, width = target.shape[-2:]
    if min(height, width) < WINDOW_SIDE:
        raise PicturaError(
            f"SSIM needs at least {WINDOW_SIDE} pixels per side, got {width}×{height}: use a larger picture."
        )
    x, y = output.double(), target.double()
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    mu_x, mu_y = _window_mean(x), _window_mean(y)
    var_x, var_y = _window_mean(x * x) - mu_x**2, _window_mean(y * y) - mu_y**2
    cov = _window_mean(x * y) - mu_x * mu_y
    similarity = (2 * mu_x * mu_y + c1) * (2 * cov + c2) / ((mu_x**2 + mu_y**2 + c1) * (var_x + var_y + c2))
    return similarity.mean(dim=(1, 2, 3))


def _window_mean(x: Tensor) -> Tensor:
    """Weighted mean in the window around each position where it fits."""
    offsets = torch.arange(WINDOW_SIDE, dtype=x.dtype) - WINDOW_SIDE // 2
    taps = torch.exp(-(offsets**2) / (2 * SIGMA**2)).to(x.device)
    taps = taps / taps.sum()
    planes = x.flatten(0, 1)[:, None]
    means = F.conv2d(F.conv2d(planes, taps.view(1, 1, -1, 1)), taps.view(1, 1, 1, -1))
    return means.reshape(*x.shape[:2], *means.shape[-2:])
