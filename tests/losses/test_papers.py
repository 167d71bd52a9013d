"""The loss terms against the papers' formulas and other programs' descriptions, evaluated here by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pictura.losses.gatys import content_loss, gram_loss, relative_content_loss
from pictura.losses.moments import moments
from pictura.losses.total_variation import total_variation

N, H, W = 4, 3, 5
M = H * W
LAYERS = 5


def responses(seed: int) -> Tensor:
    return torch.randn(1, N, H, W, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def gram(f: Tensor) -> np.ndarray:
    """G_ij = Σ_k F_ik F_jk, one number after the other."""
    rows = f[0].flatten(1).tolist()
    return np.array([[sum(a * b for a, b in zip(one, other, strict=True)) for other in rows] for one in rows])


def printed_e(f: Tensor, s: Tensor) -> float:
    return float(((gram(f) - gram(s)) ** 2).sum() / (4 * N**2 * M**2))


def test_content_as_printed() -> None:
    f, p = responses(0), responses(1)
    by_hand = sum((a - b) ** 2 for a, b in zip(f.flatten().tolist(), p.flatten().tolist(), strict=True)) / 2
    assert content_loss(f, p).item() == pytest.approx(by_hand)


def test_relative_content() -> None:
    f, p = responses(0), responses(1)
    distances = [float(((f - p)[0, :, y, x] ** 2).sum()) for y in range(H) for x in range(W)]
    assert relative_content_loss(f, p, 3.0).item() == pytest.approx(np.mean(distances) / 9)


def test_relative_content_is_the_same_for_a_picture_laid_out_twice() -> None:
    f, p = responses(0), responses(1)
    twice = relative_content_loss(torch.cat([f, f], 3), torch.cat([p, p], 3))
    assert twice.item() == pytest.approx(relative_content_loss(f, p).item())


def test_style_as_printed() -> None:
    f, s = responses(0), responses(1)
    assert gram_loss(moments(f)[1], moments(s)[1]).item() == pytest.approx(printed_e(f, s))


def test_printed_content_gradient_through_the_relu() -> None:
    z, p = responses(0).requires_grad_(), responses(1).relu()
    content_loss(z.relu(), p).backward()
    expected = torch.where(z > 0, z.relu() - p, 0.0)
    torch.testing.assert_close(z.grad, expected.detach())


def test_printed_style_gradient_through_the_relu() -> None:
    z, s = responses(0).requires_grad_(), responses(1).relu()
    gram_loss(moments(z.relu())[1], moments(s)[1]).backward()
    f = z.detach().relu()[0].flatten(1).numpy()
    expected = (gram(z.detach().relu()) - gram(s)) @ f / (N**2 * M**2)
    np.testing.assert_allclose(z.grad[0].flatten(1).numpy(), np.where(f > 0, expected, 0), atol=1e-12)


CONVENTIONS = {
    "paper": lambda g, a: ((g - a) ** 2).sum() / (4 * N**2 * M**2),
    "gatys-pytorch": lambda g, a: ((g / M - a / M) ** 2).mean(),
    "pystiche": lambda g, a: ((g / M - a / M) ** 2).mean() / LAYERS,
    "neural-style": lambda g, a: ((g / (N * M) - a / (N * M)) ** 2).mean(),
    "gordicaleksa": lambda g, a: ((g / (N * M) - a / (N * M)) ** 2).sum() / LAYERS,
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_conventions(convention: str) -> None:
    f, s = responses(0), responses(1)
    found = gram_loss(moments(f)[1], moments(s)[1], convention, layers=LAYERS)
    assert found.item() == pytest.approx(CONVENTIONS[convention](gram(f), gram(s)))


def test_total_variation_as_described() -> None:
    x = torch.rand(2, 3, 4, 6, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    a = x.numpy()
    across = [(a[b, c, i, j + 1] - a[b, c, i, j]) ** 2 for b, c, i, j in np.ndindex(2, 3, 4, 5)]
    down = [(a[b, c, i + 1, j] - a[b, c, i, j]) ** 2 for b, c, i, j in np.ndindex(2, 3, 3, 6)]
    assert total_variation(x).item() == pytest.approx(np.mean(across) + np.mean(down))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_total_variation_of_pictures_without_neighbours(size: tuple[int, int]) -> None:
    assert total_variation(torch.full((1, 3, *size), 0.4)).item() == 0


def test_moments_of_one_picture_are_its_gram_matrix_and_mean() -> None:
    f = responses(0)
    mean, second = moments(f)
    np.testing.assert_allclose(second.numpy() * M, gram(f))
    np.testing.assert_allclose(mean.numpy(), f[0].flatten(1).numpy().mean(1))


def test_moments_of_two_pictures_are_the_mean_of_theirs() -> None:
    f, g = responses(0), responses(1)
    for both, one, other in zip(moments(torch.cat([f, g])), moments(f), moments(g), strict=True):
        torch.testing.assert_close(both, (one + other) / 2)


def test_moments_of_a_larger_and_a_smaller_part_are_weighted_by_their_positions() -> None:
    f = responses(0)
    for whole, left, right in zip(moments(f), moments(f[..., :2]), moments(f[..., 2:]), strict=True):
        torch.testing.assert_close(whole, 0.4 * left + 0.6 * right)
