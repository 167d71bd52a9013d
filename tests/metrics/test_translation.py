"""Scores of segmentation and the distances of sets, by hand and against scipy."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from pictura.metrics.frechet import enough_for_frechet, frechet_distance
from pictura.metrics.kernel import kernel_distance, kid
from pictura.metrics.segmentation import confusion, segmentation_scores


def test_scores_by_hand() -> None:
    truth = torch.tensor([[0, 0, 0, 1], [1, 1, 2, 9]])  # 9 is no class: it does not count
    found = torch.tensor([[0, 0, 1, 1], [1, 0, -1, 0]])  # -1 is none: wrong
    counts = confusion(truth, found, 4)
    assert counts.tolist() == [[2, 1, 0, 0, 0], [1, 2, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    scores = segmentation_scores(counts)
    assert scores.pixel_accuracy == pytest.approx(4 / 7)
    assert scores.class_accuracy == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)  # the fourth class is nowhere
    assert scores.class_iou == pytest.approx((2 / 4 + 2 / 4 + 0) / 3)


def test_absent_classes_by_the_rule_of_the_released_code() -> None:
    truth, found = torch.tensor([0, 0, 0, 1, 1, 2, 2, 9]), torch.tensor([0, 0, 1, 1, 4, 0, 3, 0])
    counts = confusion(truth, found, 6)  # 3 and 4 are in the prediction only, 5 is nowhere
    official, released = segmentation_scores(counts), segmentation_scores(counts, "zero")
    assert official == pytest.approx((3 / 7, (2 / 3 + 1 / 2 + 0) / 3, (2 / 4 + 1 / 3 + 0 + 0 + 0) / 5))
    assert released == pytest.approx((3 / 7, (2 / 3 + 1 / 2 + 0) / 6, (2 / 4 + 1 / 3 + 0 + 0 + 0) / 6))
    # The released code: diagonals over sums with 1e-12 added, then a plain mean.
    h = counts[:, :6].double()
    per_class = h.diagonal() / (h.sum(1) + 1e-12)
    iou = h.diagonal() / (h.sum(1) + h.sum(0) - h.diagonal() + 1e-12)
    assert released[1:] == pytest.approx((float(per_class.mean()), float(iou.mean())))


def test_equal_to_scikit_learn() -> None:
    """Recorded from scikit-learn 1.9: accuracy, balanced accuracy, Jaccard's macro mean; polynomial kernels."""
    n = torch.arange(60)
    truth = n % 5
    found = torch.where(n % 11 == 0, 3, torch.where(n % 7 == 0, n * n % 5, truth))
    scores = segmentation_scores(confusion(truth, found, 5))
    assert scores == pytest.approx((0.8333333333333334, 0.8333333333333333, 0.7232212885154061), abs=1e-12)
    i, j = torch.arange(12, dtype=torch.float64)[:, None], torch.arange(10, dtype=torch.float64)[:, None]
    pace = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert kernel_distance(torch.sin(i * pace + 1), torch.cos(j * pace) + 0.5) == pytest.approx(0.8537105816384991)


def test_all_right_is_one() -> None:
    truth = torch.arange(12).view(3, 4) % 3
    assert segmentation_scores(confusion(truth, truth, 3)) == (1, 1, 1)


def test_kernel_distance_by_hand() -> None:
    """Two points a set, one channel: each kernel value written out."""
    a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    within_a, within_b = 2 * (0 * 1 + 1) ** 3 / 2, 2 * (2 * 3 + 1) ** 3 / 2
    across = ((0 + 1) ** 3 + (0 + 1) ** 3 + (2 + 1) ** 3 + (3 + 1) ** 3) / 4
    assert kernel_distance(a, b) == pytest.approx(within_a + within_b - 2 * across)


def test_kernel_distance_tells_distributions_apart() -> None:
    torch.manual_seed(0)
    one, same, other = torch.randn(300, 8), torch.randn(300, 8), torch.randn(300, 8) + 1
    assert abs(kernel_distance(one, same)) < 0.05
    assert kernel_distance(one, other) > 0.5


def features(count: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, 8, generator=torch.Generator().manual_seed(seed)) + shift


def test_kid_of_halves_of_one_set_is_zero_within_its_error() -> None:
    """Of 40 made sets: none beyond three errors, and as many within two as there should be."""
    ratios = []
    for seed in range(40):
        one = features(120, seed)
        found = kid(one[:60], one[60:])
        assert (found.subsets, found.size, found.deviation) == (1, 60, 0)
        ratios.append(abs(found.value) / found.error)
    assert max(ratios) < 3
    assert sum(ratio < 2 for ratio in ratios) >= 37


def test_the_error_of_kid_is_that_of_other_samples() -> None:
    found = [kid(features(40, seed, 0.5), features(50, 1000 + seed), size=40, subsets=5) for seed in range(50)]
    spread = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.25)


def test_the_error_of_kid_leaves_out_one_at_a_time() -> None:
    a, b = features(7, 0).double(), features(6, 1).double()
    without_a = [kernel_distance(a[torch.arange(7) != i], b) for i in range(7)]
    without_b = [kernel_distance(a, b[torch.arange(6) != i]) for i in range(6)]
    variance = 6 / 7 * np.sum((without_a - np.mean(without_a)) ** 2)
    variance += 5 / 6 * np.sum((without_b - np.mean(without_b)) ** 2)
    found = kid(a, b, size=5, subsets=200, generator=torch.Generator().manual_seed(0))
    assert (found.subsets, found.size) == (200, 5)
    assert found.error == pytest.approx((variance + found.deviation**2 / 200) ** 0.5)
    assert found.value == pytest.approx(kernel_distance(a, b), abs=3 * found.deviation / 200**0.5)


def test_frechet_distance_is_its_formula() -> None:
    a, b = features(30, 0).double(), features(25, 1, 0.5).double() * 2
    s_a, s_b = np.cov(a.numpy().T), np.cov(b.numpy().T)
    mean = np.square(a.numpy().mean(0) - b.numpy().mean(0)).sum()
    expected = mean + np.trace(s_a + s_b - 2 * np.real(sqrtm(s_a @ s_b)))
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_few_is_finite_and_too_high() -> None:
    few, many = (frechet_distance(features(n, 0), features(n, 1)) for n in (5, 2000))
    assert few > 20 * many > 0
    assert enough_for_frechet(2048) == pytest.approx(10_000, rel=0.03)
