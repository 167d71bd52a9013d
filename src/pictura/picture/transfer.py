"""Colours of one picture on another: its colour differences under the other's luma, its mean and covariance, or its
histograms."""

import torch
from torch import Tensor

from pictura.picture.resize import fit_size, map_bands, resize, to_float

STATISTICS_SIDE = 512  # pixels; mean and covariance of colours hardly change beyond
LEAST_VARIANCE = 1e-5  # of a picture of one colour, about (1/255)²
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


def match_colours(image: Tensor, source: Tensor) -> Tensor:
    """One picture with its colours moved so that they have the mean and covariance of another's; shapes and dtypes as
    above.

    x' = A (x - μ_x) + μ_s with A = Σ_s^½ Σ_x^-½, the linear form of Gatys et al., CVPR 2017, arXiv 1611.07865,
    section 5.1. The statistics are those of the pictures at `STATISTICS_SIDE` pixels.
    """
    (mean, covariance), (target, wanted) = (_colour_statistics(one) for one in (image, source))
    matrix = _root(wanted) @ torch.linalg.inv(_root(covariance))
    shift = (target - matrix @ mean).float()[:, None, None].to(image.device)
    matrix = matrix.float().to(image.device)
    return map_bands(lambda x: (torch.einsum("kc,bchw->bkhw", matrix, x) + shift).clamp(0, 1), image)


def _colour_statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of red, green and blue, in float64."""
    size = fit_size(image.shape[-2], image.shape[-1], min(STATISTICS_SIDE, max(image.shape[-2:])))
    colours = to_float(resize(image, size))[0].flatten(1).double().cpu()
    centred = colours - colours.mean(1, keepdim=True)
    return colours.mean(1), centred @ centred.mT / colours.shape[1] + LEAST_VARIANCE * torch.eye(3, dtype=torch.double)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors @ values.sqrt().diag() @ vectors.mT
    return root


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
