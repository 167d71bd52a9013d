"""Make small pictures of large ones, as the literature on super-resolution does; noise, blur, outlines."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

CUBIC_A = -0.5  # of Keys' cubic (IEEE ASSP 1981), as in MATLAB's imresize

# Of the difference of Gaussians that draws outlines: 1.6 is the ratio that comes nearest to the Laplacian (Marr and
# Hildreth 1980); the others are ours, for photographs.
XDOG_RATIO, XDOG_SHARPNESS, XDOG_LEVEL, XDOG_SLOPE = 1.6, 20.0, 0.3, 10.0


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


def add_noise(images: Tensor, sigma: Tensor, generator: torch.Generator) -> Tensor:
    """N×C×H×W in [0, 1] with a sensor's noise of standard deviation `sigma` (N) at middle grey, rounded to 8 bits.

    Half of its variance is the same everywhere (read noise), half grows with the light (shot noise).
    """
    variance = sigma.view(-1, 1, 1, 1).square() * (0.5 + images)
    noise = torch.randn(images.shape, generator=generator).to(images)
    return quantize(images + variance.sqrt() * noise)


def motion_blur(images: Tensor, length: float, angle: float) -> Tensor:
    """N×C×H×W blurred along a line of `length` pixels at `angle` (radians), as by a shaking hand; repeated borders."""
    radius = max(1, math.ceil(length / 2))
    grid = torch.arange(-radius, radius + 1.0)
    along = grid[None] * math.cos(angle) + grid[:, None] * math.sin(angle)
    across = grid[:, None] * math.cos(angle) - grid[None] * math.sin(angle)
    # The line is a pixel wide and ends softly: half a pixel beyond its ends nothing is left.
    taps = (1 - across.abs()).clamp(min=0) * ((length + 1) / 2 - along.abs()).clamp(0, 1)
    taps = (taps / taps.sum()).to(images).expand(images.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(images, [radius] * 4, mode="replicate"), taps, groups=images.shape[1])


def draw_outlines(images: Tensor, sigma: float = 1.0) -> Tensor:
    """N×3×H×W in [0, 1] to dark lines on white, N×3×H×W: differences of Gaussians (Winnemöller et al. 2012, XDoG)."""
    grey = images.mean(1, keepdim=True)
    fine, coarse = gaussian_blur(grey, sigma), gaussian_blur(grey, XDOG_RATIO * sigma)
    sharpened = (1 + XDOG_SHARPNESS) * fine - XDOG_SHARPNESS * coarse
    lines = torch.where(sharpened >= XDOG_LEVEL, 1.0, 1 + torch.tanh(XDOG_SLOPE * (sharpened - XDOG_LEVEL)))
    return lines.clamp(0, 1).expand(-1, 3, -1, -1).contiguous()


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
