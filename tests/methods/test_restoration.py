"""Ours, from single pictures: what is taken away, what G may change."""

import pytest
import torch
from torch import Tensor

from pictura.methods.restoration import Restoration
from pictura.networks.translator import luma


def opened(missing: str) -> Restoration:
    torch.manual_seed(0)
    settings = Restoration.tiny().model_copy(update={"missing": missing, "widths": (4, 8, 8), "blocks": 1, "deep": 0})
    return Restoration(settings)


def pairs(missing: str, image: Tensor) -> tuple[Tensor, Tensor]:
    return opened(missing).pairs({"image": image}, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("missing", ["noise", "blur", "colours", "paint"])
def test_something_is_missing_in_a(missing: str) -> None:
    image = torch.rand(3, 3, 48, 48)
    real_a, real_b = pairs(missing, image)
    assert torch.equal(real_b, image)
    assert real_a.shape == image.shape
    assert 0 <= real_a.min() <= real_a.max() <= 1
    assert (real_a - real_b).abs().mean() > 0.01
    again, _ = pairs(missing, image)
    assert torch.equal(real_a, again)


def test_noise_is_as_strong_as_drawn() -> None:
    settings = Restoration.tiny().model_copy(update={"sigma": (0.1, 0.1)})
    image = torch.full((2, 3, 128, 128), 0.5)
    real_a, _ = Restoration(settings).pairs({"image": image}, torch.Generator().manual_seed(0))
    assert (real_a - image).std().item() == pytest.approx(0.1, rel=0.02)


def test_colours_change_and_light_does_not() -> None:
    method = opened("colours")
    for parameter in method.network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    grey = torch.rand(1, 1, 40, 48).expand(1, 3, 40, 48) / 2 + 0.25
    made = method.network(grey)
    assert (made - made.mean(1, keepdim=True)).abs().mean() > 0.01
    torch.testing.assert_close(luma(made), luma(grey))


@pytest.mark.slow
def test_it_learns_to_take_noise_away() -> None:
    """Smooth pictures: a third of the error is gone after a few steps."""
    method = Restoration(Restoration.tiny().model_copy(update={"sigma": (0.1, 0.1), "width": 12, "critic": "none"}))
    method.prepare(torch.device("cpu"), torch.Generator())
    optimizer = torch.optim.Adam(method.network.parameters(), 3e-3)

    def update(generator: Tensor) -> None:
        optimizer.zero_grad()
        generator.backward()
        optimizer.step()

    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        ramp = torch.linspace(0.2, 0.8, 48).view(1, 1, 1, 48)
        image = ramp * torch.rand(4, 3, 1, 1, generator=generator) + torch.zeros(4, 3, 48, 48)
        method.step({"image": image}, update, generator)
    real_a, real_b = method.pairs({"image": image}, generator)
    assert (method.network(real_a) - real_b).abs().mean() < 0.67 * (real_a - real_b).abs().mean()
