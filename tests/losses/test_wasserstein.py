"""Wasserstein-2 against the formula evaluated with scipy's matrix root and with eigenvalues."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from pictura.losses.moments import moments
from pictura.losses.wasserstein import RIDGE, WassersteinLoss, root_of, trace_of_root


def responses(channels: int, positions: int, seed: int, dtype: torch.dtype = torch.double) -> Tensor:
    """1×N×M×1 with a total variance of about 1, as an encoder's responses are after division by their scale."""
    f = torch.randn(1, channels, positions, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    # Few channels carry most of it: the smaller the shares of the others, the more iterations a root takes.
    f = (f + 0.5).relu() * torch.logspace(0, -2, channels, dtype=torch.double).view(1, -1, 1, 1)
    return (f / f.var((0, 2, 3), correction=0).sum().sqrt().clamp(min=0.1)).to(dtype)


def ridged(f: Tensor) -> np.ndarray:
    return np.cov(f[0, :, :, 0].double().numpy(), bias=True) + RIDGE * np.eye(f.shape[1])


def mean_distance(f: Tensor, s: Tensor) -> float:
    return float((f.double().mean((2, 3)) - s.double().mean((2, 3))).square().sum())


def by_matrix_roots(f: Tensor, s: Tensor) -> float:
    c, t = ridged(f), ridged(s)
    root = scipy.linalg.sqrtm(t)
    return mean_distance(f, s) + np.trace(c + t - 2 * scipy.linalg.sqrtm(root @ c @ root).real)


def by_eigenvalues(f: Tensor, s: Tensor) -> float:
    c, t = ridged(f), ridged(s)
    # C C_s has the eigenvalues of C_s^½ C C_s^½ and needs no root of a nearly singular matrix.
    return mean_distance(f, s) + np.trace(c + t) - 2 * np.sqrt(np.linalg.eigvals(c @ t).real.clip(0)).sum()


def test_equals_the_formula() -> None:
    f, s = responses(6, 200, 0), responses(6, 200, 1) * 1.7
    assert WassersteinLoss(*moments(s))(*moments(f)).item() == pytest.approx(by_matrix_roots(f, s), abs=5e-4)


@pytest.mark.parametrize(("channels", "positions"), [(16, 8), (80, 64), (160, 64), (160, 16)])
def test_equals_the_formula_in_single_precision_with_fewer_positions_than_channels(
    channels: int, positions: int
) -> None:
    f, s = (responses(channels, positions, seed, torch.float32) for seed in (0, 1))
    found = WassersteinLoss(*moments(s))(*moments(f)).item()
    assert found == pytest.approx(by_eigenvalues(f, s), abs=2e-3)


@pytest.mark.parametrize(("channels", "positions"), [(6, 200), (160, 64), (16, 1)])
def test_is_0_for_equal_statistics(channels: int, positions: int) -> None:
    f = responses(channels, positions, 0, torch.float32)
    assert WassersteinLoss(*moments(f))(*moments(f)).item() == pytest.approx(0, abs=2e-3)


def test_of_gaussians_apart_only_in_the_mean_is_the_distance_of_the_means() -> None:
    f = responses(6, 200, 0)
    assert WassersteinLoss(*moments(f))(*moments(f + 0.25)).item() == pytest.approx(6 * 0.25**2, abs=5e-4)


def test_scale_makes_it_independent_of_the_size_of_the_responses() -> None:
    f, s = responses(6, 200, 0), responses(6, 200, 1)
    large = WassersteinLoss(*moments(50 * s), scale=50.0)(*moments(50 * f))
    assert large.item() == pytest.approx(WassersteinLoss(*moments(s))(*moments(f)).item(), rel=1e-6)


def test_a_flat_picture_gives_a_finite_gradient() -> None:
    f = torch.full((1, 8, 4, 4), 0.3).requires_grad_()
    WassersteinLoss(*moments(responses(8, 100, 0, torch.float32)))(*moments(f)).backward()
    assert f.grad is not None and f.grad.isfinite().all()


def test_root_of_takes_negative_eigenvalues_as_0() -> None:
    root = root_of(torch.diag(torch.tensor([4.0, 9.0, -1e-6])))
    torch.testing.assert_close(root, torch.diag(torch.tensor([2.0, 3.0, 0.0])))


def test_trace_of_root_of_a_batch() -> None:
    c = torch.stack([torch.from_numpy(ridged(responses(5, 50, seed))) for seed in (0, 1)])
    a = root_of(torch.from_numpy(ridged(responses(5, 50, 2)))).expand_as(c)
    expected = [np.trace(scipy.linalg.sqrtm((x @ y @ x).numpy()).real) for x, y in zip(a, c, strict=True)]
    np.testing.assert_allclose(trace_of_root(c, a).numpy(), expected, rtol=2e-4)
