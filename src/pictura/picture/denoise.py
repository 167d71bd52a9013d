"""Edge-preserving denoising, which Gatys, Ecker and Bethge (CVPR 2016, section 4) suggest against low-level noise."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.picture.resize import from_float, to_float

RADIUS = 2  # pixels; the noise of optimisation is finer than five pixels
EDGE_VARIANCE = 0.02  # at strength 1 a contrast of √0.02 = 0.14 counts as an edge


def denoise(x: Tensor, strength: float) -> Tensor:
    """Guided filter with the picture as its own guide (He, Sun, Tang, ECCV 2010).

    B×C×H×W in [0, 1] or uint8, and strength in [0, 1].
    """
    if strength == 0:
        return x
    if x.dtype == torch.uint8:  # only one channel in float at a time
        channels = [denoise(to_float(x[:, i, None]), strength) for i in range(x.shape[1])]
        return torch.cat([from_float(channel, torch.uint8) for channel in channels], dim=1)
    mean = _box_mean(x)
    variance = (_box_mean(x * x) - mean * mean).clamp(min=0)
    slope = variance / (variance + EDGE_VARIANCE * strength**2)
    return (_box_mean(slope) * x + _box_mean((1 - slope) * mean)).clamp(0, 1)


def _box_mean(x: Tensor) -> Tensor:
    side = 2 * RADIUS + 1
    return F.avg_pool2d(F.pad(x, [RADIUS] * 4, mode="replicate"), side, stride=1)
