"""The adversarial terms against their formulas, and what they reward."""

import pytest
import torch

from pictura.losses import adversarial
from pictura.losses.balance import GradientBalance
from pictura.losses.correlation import correlation, correlation_loss

REAL, FAKE = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])


def test_values_by_hand() -> None:
    assert adversarial.hinge_critic(REAL, FAKE).item() == pytest.approx(0.5 / 2 + 1 / 2)
    assert adversarial.hinge_generator(FAKE).item() == pytest.approx(1.5)
    assert adversarial.least_squares_critic(REAL, FAKE).item() == pytest.approx((1.25 / 2 + 9 / 2) / 2)
    assert adversarial.least_squares_generator(FAKE).item() == pytest.approx((16 + 1) / 2)
    real, fake = torch.sigmoid(REAL), torch.sigmoid(FAKE)
    torch.testing.assert_close(adversarial.log_critic(REAL, FAKE), -real.log().mean() - (1 - fake).log().mean())
    torch.testing.assert_close(adversarial.log_generator(FAKE), -fake.log().mean())


@pytest.mark.parametrize("kind", ["hinge", "least_squares", "log"])
def test_a_generator_wants_what_a_critic_calls_real(kind: str) -> None:
    critic, generator = (getattr(adversarial, f"{kind}_{player}") for player in ("critic", "generator"))
    assert critic(torch.ones(2), -torch.ones(2)) < critic(-torch.ones(2), torch.ones(2))
    assert generator(torch.ones(2)) < generator(-torch.ones(2))
    assert generator(torch.full((2,), 1e4)).isfinite()


def test_correlation_is_blind_to_contrast_and_brightness() -> None:
    torch.manual_seed(0)
    f = torch.rand(2, 4, 16, 16)
    assert correlation(f, f).item() == pytest.approx(1, abs=0.02)
    assert correlation(3 * f + 1, f).item() == pytest.approx(1, abs=0.02)
    assert correlation(-f, f).item() == pytest.approx(-1, abs=0.02)
    assert abs(correlation(torch.rand_like(f), f).item()) < 0.1
    pair = {"a": f, "b": -f}, {"a": f, "b": f}
    assert correlation_loss(*pair, {"a": 1.0, "b": 1.0}).item() == pytest.approx(1, abs=0.02)
    assert correlation_loss(*pair, {"a": 3.0, "b": 1.0}).item() == pytest.approx(0.5, abs=0.02)


def test_a_flat_picture_has_a_gradient() -> None:
    f = torch.zeros(1, 2, 8, 8, requires_grad=True)
    correlation(f, torch.rand(1, 2, 8, 8)).backward()
    assert f.grad is not None
    assert f.grad.isfinite().all()


def test_several_answers_count_by_their_weights() -> None:
    loss = adversarial.ADVERSARIAL["least_squares"]
    answers = [torch.zeros(1, 1, 4, 4), torch.full((1, 1, 2, 2), 3.0)]
    assert loss.generator(answers).item() == pytest.approx((1 + 4) / 2)
    assert loss.generator(answers, [3, 1]).item() == pytest.approx((3 * 1 + 4) / 4)
    assert loss.critic([REAL], [FAKE]).item() == pytest.approx(adversarial.least_squares_critic(REAL, FAKE).item())
    assert adversarial.ADVERSARIAL["wasserstein"].critic([REAL], [FAKE]).item() == pytest.approx(-1.5 - 1.25)


def test_gradient_penalty_of_a_linear_critic() -> None:
    """D(x) = 3 x₀: its gradient has the norm 3 everywhere."""
    real, fake = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    penalty = adversarial.gradient_penalty(lambda x: [3 * x[:, :1, :1, :1]], real, fake, torch.Generator())
    assert penalty.item() == pytest.approx(4)


def test_balance_makes_the_gradient_as_large_as_the_reference() -> None:
    fake = torch.rand(1, 3, 8, 8, requires_grad=True)
    reference = (7 * fake).abs().mean()
    for weak in (1e-6, 1e3):
        term = GradientBalance()((weak * fake.square()).sum(), fake, 0, reference)
        sizes = [torch.autograd.grad(one, fake, retain_graph=True)[0].norm() for one in (term, reference)]
        torch.testing.assert_close(*sizes)
    balance = GradientBalance()
    balance(fake.square().sum(), fake, 0)
    before = balance.scale
    for dead in (0 * fake, fake * float("nan")):  # says nothing: the scale stays
        balance(dead.sum(), fake, 25)
        assert balance.scale == before
    nothing = GradientBalance()
    nothing(fake.square().sum(), fake, 0, reference=0 * fake.sum())
    assert nothing.scale == before
    plain = GradientBalance()(fake.square().sum(), fake, 0)
    assert torch.autograd.grad(plain, fake)[0].norm().item() == pytest.approx(fake.numel() ** -0.5)
