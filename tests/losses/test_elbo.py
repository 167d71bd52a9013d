"""The terms of the ELBO beside closed forms and torch's distributions."""

import math

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from pictura.losses.adversarial import log_critic
from pictura.losses.elbo import bernoulli_loss, gaussian_loss, kl_to_normal, sample_code, squared_loss

DRAWS = torch.Generator().manual_seed(0)
MEAN, LOG_VARIANCE = torch.randn(3, 5, generator=DRAWS), torch.randn(3, 5, generator=DRAWS)
PICTURES, OTHERS = torch.rand(3, 1, 4, 4, generator=DRAWS), torch.rand(3, 1, 4, 4, generator=DRAWS)


def test_kl():
    assert kl_to_normal(torch.zeros(2, 7), torch.zeros(2, 7)) == 0
    assert kl_to_normal(torch.ones(2, 7), torch.zeros(2, 7)) == 3.5  # ½ a number
    wanted = kl_divergence(Normal(MEAN, (LOG_VARIANCE / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(kl_to_normal(MEAN, LOG_VARIANCE), wanted)


def test_likelihoods_are_sums_over_a_picture():
    logits, zeros_and_ones = torch.randn(3, 1, 4, 4, generator=DRAWS), PICTURES.round()
    wanted = -Bernoulli(logits=logits).log_prob(zeros_and_ones).sum((1, 2, 3)).mean()
    torch.testing.assert_close(bernoulli_loss(logits, zeros_and_ones), wanted)
    y = torch.sigmoid(logits)
    grey = -(PICTURES * y.log() + (1 - PICTURES) * (1 - y).log()).sum() / 3
    torch.testing.assert_close(bernoulli_loss(logits, PICTURES), grey)
    wanted = -Normal(OTHERS, 0.3).log_prob(PICTURES).sum((1, 2, 3)).mean()
    torch.testing.assert_close(gaussian_loss(OTHERS, PICTURES, 0.3), wanted)
    constant = 16 * math.log(2 * math.pi) / 2
    torch.testing.assert_close(squared_loss(OTHERS, PICTURES), gaussian_loss(OTHERS, PICTURES) - constant)
    twice = [torch.cat([x, x], 1) for x in (OTHERS, PICTURES)]
    torch.testing.assert_close(squared_loss(*twice), 2 * squared_loss(OTHERS, PICTURES))


def test_codes_are_drawn_around_the_mean_and_let_the_gradient_through():
    mean, log_variance = torch.full((20000, 2), 3.0), torch.full((20000, 2), math.log(0.25))
    mean.requires_grad_()
    z = sample_code(mean, log_variance.requires_grad_(), torch.Generator().manual_seed(1))
    assert abs(float(z.detach().mean()) - 3) < 0.01
    assert abs(float(z.detach().std()) - 0.5) < 0.01
    z.sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    torch.testing.assert_close(log_variance.grad, (z - mean).detach() / 2)


def test_a_critic_that_knows_nothing():
    """D = ½: log 2 a term, log 4 in all."""
    torch.testing.assert_close(log_critic(torch.zeros(3), torch.zeros(3)), torch.tensor(math.log(4)))
