"""Squared Wasserstein-2 distance between Gaussians, the style term of the robust default.

For N(μ, C) and N(μ_s, C_s):  W² = |μ - μ_s|² + tr(C + C_s - 2 (C_s^½ C C_s^½)^½).

Its derivative with respect to C is I - C_s^½ M^-½ C_s^½ with M = C_s^½ C C_s^½: the coupled Newton-Schulz iteration
gives M^½ and M^-½ together, so value and gradient cost one run of it and no eigenvalues (these took half the
time of a step at 512 channels).
"""

from typing import Any

import torch
from torch import Tensor

# Ridge on covariances whose trace is about 1, so that flat pictures and few positions give no infinite gradient.
RIDGE = 1e-4
# Reaches float32's accuracy at the ridge's condition numbers; tests/losses compare it with eigenvalues.
ITERATIONS = 20


def newton_schulz(m: Tensor, iterations: int = ITERATIONS) -> tuple[Tensor, Tensor]:
    """(M^½, M^-½) of symmetric positive definite matrices …×N×N, by products only."""
    norm = m.norm(dim=(-2, -1), keepdim=True)
    eye = torch.eye(m.shape[-1], dtype=m.dtype, device=m.device)
    y, z = m / norm, eye.expand_as(m)
    for _ in range(iterations):
        t = 1.5 * eye - 0.5 * (z @ y)
        y, z = y @ t, t @ z
    return y * norm.sqrt(), z / norm.sqrt()


class _TraceOfRoot(torch.autograd.Function):
    """tr (A C A)^½ for a fixed symmetric A; gradient ½ A (A C A)^-½ A."""

    @staticmethod
    def forward(ctx: Any, c: Tensor, a: Tensor) -> Tensor:
        root, inverse = newton_schulz(a @ c @ a)
        ctx.save_for_backward(0.5 * (a @ inverse @ a))
        return root.diagonal(dim1=-2, dim2=-1).sum(-1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return grads[0][..., None, None] * slope, None


def trace_of_root(c: Tensor, a: Tensor) -> Tensor:
    """tr (A C A)^½, …×N×N and N×N to …; differentiable in C."""
    value: Tensor = _TraceOfRoot.apply(c, a)  # type: ignore[no-untyped-call]
    return value


def root_of(c: Tensor) -> Tensor:
    """C^½ of a symmetric matrix N×N by eigenvalues, negative ones (rounding) taken as 0; for targets, once."""
    values, vectors = torch.linalg.eigh(c)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


class Gaussian:
    """The target N(μ_s, C_s), prepared once; calling it gives W² to N(μ, C).

    Args:
        mean: μ_s, N.
        second: raw second moment E[f fᵀ], N×N.
        scale: size of the responses, so that `RIDGE` and the loss mean the same for every encoder.
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
        spread = (c + self.covariance).trace() - 2 * trace_of_root(c, self.root)
        return (mean / self.scale - self.mean).square().sum() + spread
