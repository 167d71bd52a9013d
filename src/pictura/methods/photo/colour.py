"""The closed form: the affine map of colours that moves a photo's mean and covariance to a reference's.

For colours with means μ_c, μ_s and covariances C_c, C_s the map of least total displacement that does so is
Monge–Kantorovitch's, x ↦ T (x - μ_c) + μ_s with T = C_c^-½ (C_c^½ C_s C_c^½)^½ C_c^-½ (Pitié and Kokaram, The Linear
Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour Transfer, CVMP 2007). T is symmetric and positive: it
stretches colours along three axes and turns none. The stretches are held within `GAINS`: more makes noise and the
blocks of a JPEG visible, less leaves a flat grey.

An affine map is one 3×4 matrix (A | b) here, so that a strength, and the luma by itself, are matrices too.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pictura.losses.moments import weighted_moments
from pictura.picture.bands import bands
from pictura.picture.resize import to_float
from pictura.picture.transfer import YCBCR

GAINS = (0.25, 2.5)  # least and greatest stretch; ours, by trial
RIDGE = 1e-3  # on covariances, (8/255)²: a flat picture gives no infinite stretch; ours, by trial
Moments3 = tuple[Tensor, Tensor]  # mean …×3 and covariance …×3×3 of colours


def colour_moments(image: Tensor) -> Moments3:
    """Mean 3 and covariance 3×3 of the colours of 1×3×H×W, in [0, 1] or uint8, as far as alpha (1×4×H×W) shows them.

    Added up over bands, in float64: exact at any size.
    """
    total = torch.zeros((), dtype=torch.float64, device=image.device)
    mean, second = total.new_zeros(3), total.new_zeros(3, 3)
    for rows in bands((image.shape[-2], image.shape[-1])):
        band = to_float(image[..., rows, :])
        weights = band[:, 3:] if band.shape[1] == 4 else band.new_ones(1, 1, *band.shape[2:])
        share = weights.sum(dtype=torch.float64)
        if not share:
            continue
        # Around grey, so that a float's rounding is small beside the deviations.
        m, r = weighted_moments(band[:, :3] - 0.5, weights)
        total, mean, second = total + share, mean + share * m, second + share * r
    mean, second = mean / total, second / total
    return (mean + 0.5).float(), (second - torch.outer(mean, mean)).float()


def mix_moments3(parts: Sequence[tuple[Moments3, float]]) -> Moments3:
    """The moments of all colours of several pictures together, each with its share; the shares' sum is 1."""
    mean = torch.stack([share * m for (m, _), share in parts]).sum(0)
    second = torch.stack([share * (c + torch.outer(m, m)) for (m, c), share in parts]).sum(0)
    return mean, second - torch.outer(mean, mean)


def monge_kantorovitch(photo: Moments3, reference: Moments3, gains: tuple[float, float] = GAINS) -> Tensor:
    """(T | μ_s - T μ_c), …×3×4, of moments of one photo or of a batch."""
    (mu_c, c_c), (mu_s, c_s) = photo, reference
    eye = RIDGE * torch.eye(3, dtype=c_c.dtype, device=c_c.device)
    root, inverse = _power(c_c + eye, 0.5), _power(c_c + eye, -0.5)
    t = inverse @ _power(root @ (c_s + eye) @ root, 0.5) @ inverse
    values, axes = torch.linalg.eigh((t + t.mT) / 2)
    t = (axes * values.clamp(*gains)[..., None, :]) @ axes.mT
    return torch.cat([t, mu_s[..., None] - t @ mu_c[..., None]], -1)


def _power(c: Tensor, exponent: float) -> Tensor:
    """C^p of symmetric positive matrices …×3×3."""
    values, axes = torch.linalg.eigh(c)
    powered: Tensor = (axes * values.clamp(min=1e-8).pow(exponent)[..., None, :]) @ axes.mT
    return powered


def weaken(affine: Tensor, strength: float, luma: float) -> Tensor:
    """(A | b), …×3×4, of which only this much is left: 0 is the identity, 1 all.

    Args:
        affine: the map of all of the reference's colours.
        strength: of all of it.
        luma: of brightness and contrast beside the colours' own change, which is the change less its luma.
    """
    w = YCBCR[0].to(affine)
    eye = torch.eye(3, dtype=affine.dtype, device=affine.device)
    identity = torch.cat([eye, eye.new_zeros(3, 1)], 1)
    # A change d of a colour changes its luma by wᵀd; grey of that much is that part, and the rest has no luma.
    kept = strength * (eye - (1 - luma) * w.expand(3, 3))
    return identity + kept @ (affine - identity)


def apply_affine(affine: Tensor, image: Tensor) -> Tensor:
    """(A | b) N×3×4 or 3×4 on N×3×H×W; not clamped."""
    return torch.einsum("...ij,...jhw->...ihw", affine[..., :3], image) + affine[..., 3, None, None]
