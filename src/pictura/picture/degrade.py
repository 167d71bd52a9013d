"""Make small pictures of large ones, as the literature on super-resolution does."""

import torch
from torch import Tensor
from torch.nn import functional as F

CUBIC_A = -0.5  # of Keys' cubic (IEEE ASSP 1981), as in MATLAB's imresize


def degrade(images: Tensor, scale: int, blur: float = 0.0) -> Tensor:
    """N×C×H×W in [0, 1] to N×C×H/scale×W/scale in [0, 1], rounded to 8 bits as a file would be.

    MATLAB's bicubic; before it a Gaussian blur of `blur` pixels, 1.0 in Johnson, Alahi and Fei-Fei (ECCV 2016), 0 in
    nearly all others. Sides must be multiples of `scale`, see `crop_to_scale`.
    """
    height, width = images.shape[-2:]
    return quantize(imresize(gaussian_blur(images, blur), (height // scale, width // scale)))


def crop_to_scale(images: Tensor, scale: int) -> Tensor:
    """N×C×H×W without the last rows and columns that keep its sides from being multiples of `scale`."""
    height, width = images.shape[-2:]
    return images[..., : height - height % scale, : width - width % scale]


def quantize(images: Tensor) -> Tensor:
    """Clamped to [0, 1] and rounded to the 256 values a file can hold."""
    return (images.clamp(0, 1) * 255).round() / 255


def imresize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """N×C×H×W to N×C×h×w for size (h, w): MATLAB's imresize with its defaults, not clamped.

    Bicubic, the kernel widened where the picture shrinks, borders mirrored. `resize.resize` differs at the borders,
    where it drops the taps outside: by up to 7 grey levels on four pixels at ×4.
    """
    rows = _resize_weights(images.shape[-2], size[0]).to(images)
    columns = _resize_weights(images.shape[-1], size[1]).to(images)
    return rows @ images @ columns.T


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of `sigma` pixels with repeated borders; 0 changes nothing."""
    if sigma == 0:
        return images
    radius = max(1, round(3 * sigma))
    taps = torch.exp(-(torch.arange(-radius, radius + 1.0) ** 2) / (2 * sigma**2)).to(images)
    taps = taps / taps.sum()
    channels = images.shape[1]
    padded = F.pad(images, [radius] * 4, mode="replicate")
    rows = F.conv2d(padded, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(rows, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


def _resize_weights(before: int, after: int) -> Tensor:
    """after×before: the weight of each sample in each new one."""
    ratio = before / after
    reach = max(1.0, ratio)  # the kernel is as wide as the coarser grid
    centres = (torch.arange(after, dtype=torch.float64) + 0.5) * ratio - 0.5
    offsets = torch.arange(int(4 * reach) + 2) - int(2 * reach)
    taps = centres.floor().long()[:, None] + offsets
    values = cubic_kernel((taps - centres[:, None]) / reach)
    mirrored = taps % (2 * before)
    mirrored = torch.where(mirrored < before, mirrored, 2 * before - 1 - mirrored)
    weights = torch.zeros(after, before, dtype=torch.float64).scatter_add_(1, mirrored, values)
    return weights / weights.sum(1, keepdim=True)


def cubic_kernel(x: Tensor) -> Tensor:
    """Keys' kernel with a = `CUBIC_A` at distances x."""
    x = x.abs()
    near = (CUBIC_A + 2) * x**3 - (CUBIC_A + 3) * x**2 + 1
    far = CUBIC_A * x**3 - 5 * CUBIC_A * x**2 + 8 * CUBIC_A * x - 4 * CUBIC_A
    return torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
