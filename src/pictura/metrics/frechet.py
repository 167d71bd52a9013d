"""FID: the Fréchet distance of two sets of pictures, in features of a network."""

import torch
from torch import Tensor

from pictura.losses.wasserstein import root_of

# Pictures a side and feature from which the figure is taken at its word: the usual 10,000 for Inception's 2048.
ENOUGH = 5


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|μ_a - μ_b|² + tr(S_a + S_b - 2 (S_a S_b)^½) of features N×C and M×C, with S the unbiased covariance.

    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter (NeurIPS 2017, arXiv 1706.08500), who take Inception's features
    and call it FID. The estimate is too high by an amount that falls with N and M, see `enough_for_frechet`.
    """
    a, b = a.double(), b.double()
    root = root_of(b.T.cov())
    # S_a S_b and S_b^½ S_a S_b^½ have the same eigenvalues, and the latter is symmetric.
    product = root @ a.T.cov() @ root
    roots = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt()
    spread = a.var(0).sum() + b.var(0).sum() - 2 * roots.sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + spread)


def enough_for_frechet(features: int) -> int:
    """How many pictures a side leave little of the bias of FID, which comes from C² numbers of each covariance."""
    return ENOUGH * features
