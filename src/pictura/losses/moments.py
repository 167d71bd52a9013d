"""Mean and raw second moment of features: what every style term here is made of."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

Moments = Mapping[str, tuple[Tensor, Tensor]]  # layer → mean N and raw second moment N×N


class _Moments(torch.autograd.Function):
    """(μ, R) of positions by channels; the gradient x (R' + R'ᵀ) / M + μ' / M is one product with a bias."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x)
        return x.mean(0), x.T @ x / len(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,), (mean, second) = ctx.saved_tensors, grads
        return torch.addmm(mean / len(x), x, (second + second.T) / len(x))


def moments(f: Tensor) -> tuple[Tensor, Tensor]:
    """(μ, R) over all M positions of features B×N×H×W: μ = Σ f / M, N, and R = Σ f fᵀ / M, N×N.

    The Gram matrix of one image is M R; the covariance is R - μ μᵀ. Both are linear in the image's positions, so the
    moments of several images are the weighted mean of theirs.
    """
    # Positions by channels is how channels-last lies in memory: five times faster than channels by positions.
    pair: tuple[Tensor, Tensor] = _Moments.apply(f.permute(0, 2, 3, 1).reshape(-1, f.shape[1]))  # type: ignore[no-untyped-call]
    return pair


def weighted_moments(f: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """`moments` where positions count as much as `weights` B×1×H×W, which are 0 or more and not all 0, say.

    μ = Σ w f / Σ w and R = Σ w f fᵀ / Σ w.
    """
    x, w = f.permute(0, 2, 3, 1).reshape(-1, f.shape[1]), weights.reshape(-1, 1)
    weighted = x * (w / w.sum())
    return weighted.sum(0), x.T @ weighted
