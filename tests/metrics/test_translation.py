"""Scores of segmentation and the kernel distance, by hand."""

import pytest
import torch

from pictura.metrics.kernel import kernel_distance
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
