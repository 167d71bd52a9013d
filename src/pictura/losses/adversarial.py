"""The adversarial terms of the field, as pure functions of a critic's answers.

An answer is a tensor of any shape, a number a patch; large means "real". The mean over all of it is taken, so that
every patch counts the same. D is what the critic minimises, G the generator's share of it.
"""

from torch import Tensor
from torch.nn import functional as F


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Lim and Ye 2017, arXiv 1705.02894, equation 6)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """-E[D(G(z))], what goes with the critic's hinge."""
    return -fake.mean()


def least_squares_critic(real: Tensor, fake: Tensor) -> Tensor:
    """½ E[(D(x) - 1)²] + ½ E[D(G(z))²] (Mao et al. 2017, arXiv 1611.04076, equation 9)."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_generator(fake: Tensor) -> Tensor:
    """E[(D(G(z)) - 1)²]; without the paper's ½, as CycleGAN runs it."""
    return (fake - 1).square().mean()


def log_critic(real: Tensor, fake: Tensor) -> Tensor:
    """-E[log D(x)] - E[log(1 - D(G(z)))] for D = sigmoid of the answer (Goodfellow et al. 2014, equation 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def log_generator(fake: Tensor) -> Tensor:
    """-E[log D(G(z))], the form that does not saturate (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()
