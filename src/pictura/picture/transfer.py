"""Colours of one picture on another: its colour differences under the other's luma, or its histograms."""

import torch
from torch import Tensor

from pictura.picture.resize import map_bands

# Full-range BT.601 (JFIF): luma, and the two differences that carry colour.
YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def transfer_colours(image: Tensor, source: Tensor) -> Tensor:
    """The luma of one picture with the colours of another, both 1×3×H×W in [0, 1] or uint8; of the first's dtype."""
    return map_bands(_swap_chroma, image, source)


def _swap_chroma(image: Tensor, source: Tensor) -> Tensor:
    to_ycbcr = YCBCR.to(source)
    luma = torch.einsum("c,bchw->bhw", to_ycbcr[0], image)
    chroma = torch.einsum("kc,bchw->bkhw", to_ycbcr[1:], source)
    ycbcr = torch.cat([luma[:, None], chroma], 1)
    return torch.einsum("ck,bkhw->bchw", torch.linalg.inv(to_ycbcr), ycbcr).clamp(0, 1)


def match_histogram(image: Tensor, source: Tensor) -> Tensor:
    """`image` with each channel's histogram replaced by that of `source`; 1×C×H×W in float, sizes may differ.

    The value of rank r becomes the value of the same relative rank, linearly interpolated.
    """
    channels = []
    for values, targets in zip(image[0].flatten(1), source[0].flatten(1), strict=True):
        rank = values.argsort().argsort().to(torch.float64) / max(1, values.numel() - 1)
        place = rank * (targets.numel() - 1)
        low = place.floor().long()
        high = (low + 1).clamp(max=targets.numel() - 1)
        ordered = targets.sort().values
        channels.append(torch.lerp(ordered[low], ordered[high], (place - low).to(ordered.dtype)))
    return torch.stack(channels).reshape(image.shape)
