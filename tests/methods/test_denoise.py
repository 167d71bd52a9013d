"""Edge-preserving denoising."""

import pytest
import torch

from pictura.picture.denoise import denoise


def test_strength_0_is_the_same_picture(draw) -> None:
    assert torch.equal(denoise(draw(), 0.0), draw())


def test_stronger_denoising_leaves_less_noise() -> None:
    noisy = 0.5 + 0.05 * torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    left = [denoise(noisy, strength).var().item() for strength in (0.0, 0.3, 1.0)]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.2 * left[0]


def test_a_step_stays_a_step() -> None:
    step = torch.zeros(1, 3, 20, 20)
    step[..., 10:] = 1.0
    found = denoise(step, 1.0)
    assert (found - step).abs().max() < 0.1
    torch.testing.assert_close(found[..., :5], step[..., :5])


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (33, 47)])
def test_sizes_and_range(draw, size: tuple[int, int]) -> None:
    found = denoise(draw(*size), 0.7)
    assert found.shape == (1, 3, *size)
    assert found.min() >= 0 and found.max() <= 1
