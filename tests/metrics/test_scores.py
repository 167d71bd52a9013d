"""PSNR, SSIM and Y against their formulas written down once more, and against known values."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from pictura.metrics.similarity import psnr, ssim
from pictura.metrics.superres import luma, score
from pictura.runtime.errors import PicturaError


def test_psnr_of_a_constant_difference():
    x = torch.zeros(2, 1, 12, 12)
    y = torch.stack([torch.full((1, 12, 12), 5.0), torch.full((1, 12, 12), 25.5)])
    assert psnr(y, x).tolist() == pytest.approx([20 * math.log10(255 / 5), 20.0])
    assert psnr(y / 255, x / 255, peak=1.0).tolist() == pytest.approx([20 * math.log10(255 / 5), 20.0])
    assert psnr(x, x).tolist() == [math.inf, math.inf]


def test_luma_is_of_studio_range():
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)
    expected = [16, 235, 16 + 65.481, 16 + 128.553, 16 + 24.966]
    assert luma(colours.view(5, 3, 1, 1)).flatten().tolist() == pytest.approx(expected)


def wang(x, y, peak):
    """Equation 13 of the paper, in every window that fits."""
    row = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(row, row) / row.sum() ** 2
    mean = lambda z: convolve2d(z, window, mode="valid")  # noqa: E731
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    return (((2 * mx * my + c1) * (2 * c + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()


def test_ssim_is_its_formula():
    number = np.random.default_rng(0)
    x = number.uniform(0, 255, (2, 1, 23, 17))
    y = (x + number.normal(0, 20, x.shape)).clip(0, 255)
    expected = [wang(x[i, 0], y[i, 0], 255) for i in range(2)]
    assert ssim(torch.from_numpy(y), torch.from_numpy(x)).tolist() == pytest.approx(expected, abs=1e-12)
    assert ssim(torch.from_numpy(x), torch.from_numpy(x)).tolist() == pytest.approx([1, 1])


def test_ssim_of_a_picture_smaller_than_its_window():
    with pytest.raises(PicturaError, match="11 pixels per side"):
        ssim(torch.zeros(1, 1, 30, 10), torch.zeros(1, 1, 30, 10))


def test_score_leaves_the_border_out_and_rounds(draw):
    true = (draw(40, 48) * 255).round() / 255
    made = true.clone()
    made[..., :4, :] = made[..., -4:, :] = made[..., :4] = made[..., -4:] = 0
    assert score(made + 0.3 / 255, true, 4) == (math.inf, pytest.approx(1))
    assert score(made, true, 3).psnr < 40


def test_score_of_a_grey_file_is_of_its_own_values(draw):
    true = (draw(40, 48)[:, :1].expand(1, 3, 40, 48) * 255).round() / 255
    made = (true + 10 / 255).clamp(0, 1)
    own, converted = score(made, true, 4, grey=True), score(made, true, 4)
    # Studio range makes the same error smaller by 219/255.
    assert converted.psnr - own.psnr == pytest.approx(20 * math.log10(255 / 219), abs=0.3)
