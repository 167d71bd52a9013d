"""The terms of the evidence lower bound (Kingma and Welling 2014, arXiv 1312.6114, equation 3), in nats.

    log p(x) ≥ ELBO = E_q[log p(x|z)] - KL(q(z|x) ‖ p(z))

All are sums over the numbers of a picture or a code, and means over the batch: a mean over pixels would multiply the
weight of KL by their number. What is minimized is -ELBO.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def kl_to_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, I)) = -½ Σ (1 + log σ² - μ² - σ²) of codes N×Z (appendix B)."""
    terms = 1 + log_variance - mean.square() - log_variance.exp()
    return -terms.flatten(1).sum(1).mean() / 2


def bernoulli_loss(logits: Tensor, x: Tensor) -> Tensor:
    """-Σ (x log y + (1 - x) log(1 - y)), y = sigmoid(logits), of pixels in [0, 1] (appendix C.1).

    A likelihood where pixels are 0 or 1; of grey ones it is the usual choice all the same.
    """
    losses = F.binary_cross_entropy_with_logits(logits.float(), x.float(), reduction="none")
    return losses.flatten(1).sum(1).mean()


def gaussian_loss(y: Tensor, x: Tensor, sigma: float = 1.0) -> Tensor:
    """-log N(x; y, σ²I) = Σ (x - y)² / 2σ² + D log(σ √2π), D numbers a sample (appendix C.2 with a fixed σ)."""
    squares = squared_loss(y, x) / sigma**2
    return squares + x[0].numel() * (math.log(sigma) + math.log(2 * math.pi) / 2)


def squared_loss(y: Tensor, x: Tensor) -> Tensor:
    """½ Σ (x - y)²: a Gaussian's with σ = 1 without its constant."""
    return (y.float() - x.float()).square().flatten(1).sum(1).mean() / 2


def sample_code(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """z = μ + σ ε, ε from N(0, I) (section 2.4): through it the gradient reaches μ and σ."""
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    return mean + (log_variance / 2).exp() * noise
