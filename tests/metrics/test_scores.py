"""PSNR, SSIM and Y against their formulas written down once more, and against known values."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from pictura.metrics.similarity import psnr, ssim
from pictura.metrics.superres import luma, score, scored_planes
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


def test_rgb_scores_and_borders(draw):
    true = (draw(20, 24) * 255).round() / 255
    made = true.clone()
    made[:, 0] = (true[:, 0] * 255 - 30).clamp(0) / 255  # red alone is off
    planes = [scored_planes(x, 2, rgb=True) for x in (made, true)]
    assert planes[0].shape == (1, 3, 16, 20)
    error = np.square(planes[0].numpy() - planes[1].numpy()).mean()
    assert psnr(*planes).item() == pytest.approx(10 * math.log10(255**2 / error))
    channels = [wang(planes[1][0, i].double().numpy(), planes[0][0, i].double().numpy(), 255) for i in range(3)]
    assert ssim(*planes).item() == pytest.approx(np.mean(channels))
    assert scored_planes(true, 0).shape == (1, 1, 20, 24)
    assert score(true, true, 0).ssim == pytest.approx(1)
    with pytest.raises(PicturaError, match="border of 10 leaves nothing of 24×20"):
        scored_planes(true, 10)


def test_equal_to_scikit_image():
    """Recorded from scikit-image 0.26: Gaussian weights, σ 1.5, population covariance, inside a border of 5."""
    y, x = np.mgrid[0:24, 0:32]
    true = 127.5 + 100 * np.sin(x / 3) * np.cos(y / 4)
    made = true + 20 * np.cos(x * y / 7)
    pair = [torch.from_numpy(one)[None, None] for one in (made, true)]
    assert ssim(*pair).item() == pytest.approx(0.8767968997653863, abs=1e-12)
    assert psnr(*pair).item() == pytest.approx(24.701301420404803, abs=1e-9)
