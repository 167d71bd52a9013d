"""One picture under an optimiser, on objectives simple enough to know the answer."""

import math

import pytest
import torch
from torch import Tensor

from pictura.methods.iterative.init import blank
from pictura.methods.iterative.pixels import ImageEMA, Pixels
from pictura.methods.iterative.settings import Settings

RATES = {"adam": 0.05, "lbfgs": 1.0, "sgd": 0.05}


def settings(quick: Settings, optimizer: str) -> Settings:
    return quick.with_changes(optimizer=optimizer, learning_rate=RATES[optimizer])


def towards(target: float):
    return lambda x: {"one": (x - target).square().sum(), "two": (x - target).square().sum()}


@pytest.mark.parametrize("optimizer", RATES)
def test_lowers_the_loss_and_says_its_terms(quick, draw, optimizer: str) -> None:
    pixels = Pixels(draw(8, 9), settings(quick, optimizer))
    said = [pixels.step(towards(0.3)) for _ in range(12)]
    assert said[-1]["total"] < 0.2 * said[0]["total"]
    assert said[0]["total"] == pytest.approx(said[0]["one"] + said[0]["two"])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_pixels_stay_between_0_and_1(quick, draw, optimizer: str) -> None:
    pixels = Pixels(draw(8, 9), settings(quick, optimizer))
    for _ in range(40):
        pixels.step(towards(1.5))
    assert pixels.x.max() == 1


def test_lbfgs_is_never_clamped_on_its_way(quick, draw) -> None:
    pixels, seen = Pixels(draw(8, 9), settings(quick, "lbfgs")), []

    def objective(x: Tensor) -> dict[str, Tensor]:
        seen.append(x.detach().clone())
        return {"all": (x - 1.5).square().sum()}

    for _ in range(20):
        left = pixels.x.detach().clone()
        pixels.step(objective)
        assert torch.equal(seen[-1], left)
    assert len(seen) == 20  # one evaluation a step
    assert pixels.x.mean().item() == pytest.approx(1.5, abs=1e-3)


def test_adams_moments_are_carried_to_another_size(quick, draw) -> None:
    pixels = Pixels(draw(8, 8), settings(quick, "adam"))
    spike = torch.zeros(1, 3, 8, 8)
    spike[..., 4, 4] = 1.0  # a cubic would swing below 0 around it
    for _ in range(3):
        pixels.step(lambda x: {"all": (x * spike).sum()})
    before = pixels.optimizer.state[pixels.x]
    carried = pixels.resize_to(draw(12, 14))
    after = carried.optimizer.state[carried.x]
    assert after["step"] == before["step"] == 3
    assert after["exp_avg"].shape == after["exp_avg_sq"].shape == (1, 3, 12, 14)
    assert after["exp_avg_sq"].min() >= 0
    assert after["exp_avg"].mean().item() == pytest.approx(before["exp_avg"].mean().item(), rel=0.1)
    assert torch.equal(carried.x, draw(12, 14))
    carried.step(towards(0.3))
    assert carried.is_finite and after["step"] == 4


@pytest.mark.parametrize("optimizer", RATES)
def test_a_step_without_a_number_is_undone_with_half_the_rate(quick, draw, optimizer: str) -> None:
    pixels = Pixels(draw(8, 9), settings(quick, optimizer))
    pixels.step(towards(0.3))
    good = pixels.x.detach().clone()
    pixels.step(towards(0.3))
    pixels.step(lambda x: {"all": math.nan * x.sum()})
    restored = pixels.restore()
    # The last picture whose loss was a number is the one before the step that led to NaN.
    assert torch.equal(restored.x, good)
    assert restored.rate == pixels.rate / 2


def test_a_gradient_without_a_number_goes_back_to_where_it_was_taken(quick, draw) -> None:
    pixels = Pixels(draw(8, 9), settings(quick, "adam"))
    pixels.step(lambda x: {"all": (x - x.detach()).square().sum().sqrt()})  # √0: its slope is 0/0
    assert not pixels.is_finite
    assert torch.equal(pixels.restore().x, draw(8, 9))


def test_average_is_corrected_for_its_start() -> None:
    pictures = [torch.full((1, 3, 2, 2), v) for v in (0.2, 0.4, 0.9)]
    average = ImageEMA(0.8)
    for picture in pictures:
        average.add(picture)
    expected = (0.8**2 * 0.2 + 0.8 * 0.4 + 0.9) / (0.8**2 + 0.8 + 1)
    torch.testing.assert_close(average.picture(), torch.full((1, 3, 2, 2), expected))


def test_average_without_decay_is_the_last_and_lies_between_0_and_1() -> None:
    average = ImageEMA(0.0)
    for value in (0.2, 1.7):
        average.add(torch.full((1, 3, 2, 2), value))
    assert (average.picture() == 1).all()


def test_pictures_out_of_nothing() -> None:
    assert torch.equal(blank("grey", (10, 12), 0), torch.full((1, 3, 10, 12), 0.5))
    assert torch.equal(blank("noise", (10, 12), 1), blank("noise", (10, 12), 1))
    assert not torch.equal(blank("noise", (10, 12), 1), blank("noise", (10, 12), 2))
    assert blank("noise", (40, 40), 0).mean().item() == pytest.approx(0.5, abs=0.01)
    assert blank("noise", (40, 40), 0).std().item() == pytest.approx(0.1, rel=0.1)
