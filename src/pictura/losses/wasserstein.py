"""Squared Wasserstein-2 distance between Gaussians, the style term of the robust default.

For N(μ, C) and N(μ_s, C_s):  W² = |μ - μ_s|² + tr(C + C_s - 2 (C_s^½ C C_s^½)^½).

Its derivative with respect to C is I - C_s^½ M^-½ C_s^½ with M = C_s^½ C C_s^½: one decomposition of M gives value and
gradient. In single precision that is ten times faster than a Newton-Schulz iteration of the same accuracy at 160
channels on one core, and needs no derivative of eigenvectors.
"""

from typing import Any

import torch
from torch import Tensor

# Ridge on covariances whose trace is about 1, so that flat images and few positions give no infinite gradient.
RIDGE = 1e-4


class _TraceOfRoot(torch.autograd.Function):
    """tr (A C A)^½ for a fixed symmetric A; gradient ½ A (A C A)^-½ A."""

    @staticmethod
    def forward(ctx: Any, c: Tensor, a: Tensor) -> Tensor:
        m = a @ c @ a
        if not m.isfinite().all():  # the decomposition would raise; the caller sees a loss that is not a number
            ctx.save_for_backward(torch.full_like(c, torch.nan))
            return torch.full_like(m[..., 0, 0], torch.nan)
        values, vectors = torch.linalg.eigh((m + m.mT) / 2)  # it would read one triangle only
        # Two ridged covariances leave no eigenvalue below the ridge squared; what is smaller is rounding.
        roots = values.clamp(min=RIDGE**2).sqrt()
        projected = a @ vectors
        ctx.save_for_backward(0.5 * (projected / roots[..., None, :]) @ projected.mT)
        total: Tensor = roots.sum(-1)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return grads[0][..., None, None] * slope, None


def trace_of_root(c: Tensor, a: Tensor) -> Tensor:
    """tr (A C A)^½ of symmetric matrices, …×N×N and N×N to …; differentiable in C."""
    value: Tensor = _TraceOfRoot.apply(c, a)  # type: ignore[no-untyped-call]
    return value


def root_of(c: Tensor) -> Tensor:
    """C^½ of a symmetric matrix N×N by eigenvalues, negative ones (rounding) taken as 0."""
    values, vectors = torch.linalg.eigh(c)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


class WassersteinLoss:
    """The target N(μ_s, C_s), prepared once; calling it gives W² to N(μ, C).

    Args:
        mean: μ_s, N.
        second: raw second moment E[f fᵀ], N×N.
        scale: size of the features (see `Encoder.scale`), so that `RIDGE` and the loss mean the same for every encoder.
    """

    def __init__(self, mean: Tensor, second: Tensor, scale: float = 1.0) -> None:
        self.scale = scale
        self.mean = mean / scale
        self.covariance = self._covariance(mean, second)
        self.root = root_of(self.covariance)

    def _covariance(self, mean: Tensor, second: Tensor) -> Tensor:
        eye = torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
        return (second - torch.outer(mean, mean)) / self.scale**2 + RIDGE * eye

    def __call__(self, mean: Tensor, second: Tensor) -> Tensor:
        """W² between the target and the Gaussian with these moments, in units of `scale`²."""
        c = self._covariance(mean, second)
        covariance_term = (c + self.covariance).trace() - 2 * trace_of_root(c, self.root)
        return (mean / self.scale - self.mean).square().sum() + covariance_term
