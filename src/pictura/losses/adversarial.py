"""The adversarial terms of the field, as pure functions of a critic's answers.

An answer is a tensor of any shape, a number a patch; large means "real". The mean over all of it is taken, so that
every patch counts the same. D is what the critic minimises, G the generator's share of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
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


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E[D(G(z))] - E[D(x)] (Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1); D must be Lipschitz otherwise."""
    return fake.mean() - real.mean()


@dataclass(frozen=True)
class AdversarialLoss:
    """One kind of game; of a critic that gives several answers, one a layer or a scale, the mean over them.

    of_critic: (answers to real, to generated pictures) to what D minimizes.
    of_generator: answers to generated pictures to what G minimizes.
    """

    of_critic: Callable[[Tensor, Tensor], Tensor]
    of_generator: Callable[[Tensor], Tensor]

    def critic(self, real: Sequence[Tensor], fake: Sequence[Tensor], weights: Sequence[float] = ()) -> Tensor:
        """D's loss; `weights` of the answers, by default equal."""
        return _weighted_mean([self.of_critic(r.float(), f.float()) for r, f in zip(real, fake, strict=True)], weights)

    def generator(self, fake: Sequence[Tensor], weights: Sequence[float] = ()) -> Tensor:
        """G's loss."""
        return _weighted_mean([self.of_generator(f.float()) for f in fake], weights)


AdversarialKind = Literal["log", "least_squares", "hinge", "wasserstein"]
ADVERSARIAL: dict[AdversarialKind, AdversarialLoss] = {
    "log": AdversarialLoss(log_critic, log_generator),
    "least_squares": AdversarialLoss(least_squares_critic, least_squares_generator),
    "hinge": AdversarialLoss(hinge_critic, hinge_generator),
    "wasserstein": AdversarialLoss(wasserstein_critic, hinge_generator),
}


def gradient_penalty(
    critic: Callable[[Tensor], Sequence[Tensor]], real: Tensor, fake: Tensor, generator: torch.Generator
) -> Tensor:
    """E[(|∇D(x̂)| - 1)²] for x̂ on the line from real to fake (Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    A critic of patches counts as the sum of its answers' means. Without the weight, which is 10 in the paper.
    """
    share = torch.rand(len(real), 1, 1, 1, generator=generator).to(real)
    mixed = torch.lerp(real.detach(), fake.detach(), share).requires_grad_()
    answers = torch.stack([answer.float().flatten(1).mean(1).sum() for answer in critic(mixed)]).sum()
    (gradient,) = torch.autograd.grad(answers, mixed, create_graph=True)
    penalty: Tensor = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty


def _weighted_mean(terms: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    shares = torch.tensor(weights or [1.0] * len(terms), device=terms[0].device)
    return (torch.stack(list(terms)) * shares).sum() / shares.sum()
