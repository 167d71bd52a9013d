"""Reduction and enlargement as MATLAB's imresize does them."""

import math

import pytest
import torch

from pictura.picture.degrade import (
    crop_to_scale,
    degrade,
    draw_outlines,
    gaussian_blur,
    imresize,
    motion_blur,
    quantize,
)
from pictura.picture.resize import resize


def keys(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def row(values, size):
    """One row resized: every sample of the mirrored row weighed by the kernel, one by one."""
    ratio, found = len(values) / size, []
    for i in range(size):
        centre, reach = (i + 0.5) * ratio - 0.5, max(1, ratio)
        total = weight = 0.0
        for j in range(math.floor(centre - 3 * reach), math.ceil(centre + 3 * reach) + 1):
            k = j % (2 * len(values))
            w = keys((j - centre) / reach)
            total, weight = total + w * values[min(k, 2 * len(values) - 1 - k)], weight + w
        found.append(total / weight)
    return found


@pytest.mark.parametrize(("before", "after"), [(16, 4), (12, 4), (7, 28), (5, 11), (11, 5), (1, 4), (3, 24), (9, 1)])
def test_a_row(before, after):
    values = torch.rand(before, dtype=torch.float64, generator=torch.Generator().manual_seed(before)).tolist()
    found = imresize(torch.tensor(values, dtype=torch.float64).view(1, 1, 1, -1), (1, after))
    assert found.flatten().tolist() == pytest.approx(row(values, after), abs=1e-12)


def test_inside_it_is_the_resize_of_the_house(draw):
    picture = draw(64, 80)
    for size in ((16, 20), (128, 160)):
        edge = size[0] // 4
        difference = (imresize(picture, size).clamp(0, 1) - resize(picture, size)).abs()
        assert difference[..., edge:-edge, edge:-edge].max() < 1e-5


def test_small_pictures_hold_eight_bits(draw):
    small = degrade(draw(40, 48), 4)
    assert small.shape == (1, 3, 10, 12)
    assert (small * 255 - (small * 255).round()).abs().max() < 1e-4
    assert quantize(torch.tensor([-0.1, 0.5019, 1.2])).tolist() == pytest.approx([0, 128 / 255, 1])


def test_whole_cuts_at_the_right_and_below(draw):
    picture = draw(41, 47)
    assert torch.equal(crop_to_scale(picture, 4), picture[..., :40, :44])
    assert torch.equal(crop_to_scale(picture, 1), picture)


def test_blur_spreads_a_point_as_a_gaussian():
    point = torch.zeros(1, 1, 21, 21)
    point[..., 10, 10] = 1
    spread = gaussian_blur(point, 1.0)[0, 0]
    away = torch.arange(21.0) - 10
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert (spread.sum(0) * away**2).sum() == pytest.approx(1, abs=0.03)  # the tails beyond 3σ are missing
    assert torch.equal(gaussian_blur(point, 0), point)
    assert degrade(point, 3, blur=1.0).shape == (1, 1, 7, 7)


def test_motion_blur_spreads_a_dot_along_its_line() -> None:
    dot = torch.zeros(1, 1, 21, 21)
    dot[..., 10, 10] = 1
    across = motion_blur(dot, 7, 0.0)
    assert across.sum().item() == pytest.approx(1)
    torch.testing.assert_close(across[0, 0, 10, 7:14], torch.full((7,), 1 / 7))
    assert across[0, 0, :10].abs().sum() < 1e-6
    torch.testing.assert_close(motion_blur(dot, 7, math.pi / 2), across.transpose(2, 3), rtol=0, atol=1e-6)
    flat = torch.full((1, 3, 9, 9), 0.4)
    torch.testing.assert_close(motion_blur(flat, 5, 0.7), flat)


def test_outlines_are_dark_at_edges_and_white_elsewhere() -> None:
    picture = torch.full((1, 3, 32, 32), 0.8)
    picture[..., 16:] = 0.4
    lines = draw_outlines(picture)
    assert lines.shape == picture.shape
    assert lines[..., :8].min() > 0.95
    assert lines[..., 24:].min() > 0.95
    assert lines[..., 14:19].min() < 0.5
