"""Convolutions across a change of size against resizing and convolving one after the other; bicubic."""

import pytest
import torch
from torch.nn import functional as F

from pictura.networks.layers.resize import Bicubic, FoldedConv, UpsampleConv, unfold_image
from pictura.picture.degrade import imresize


@pytest.mark.parametrize("smooth", [False, True])
def test_a_doubled_convolution_is_resizing_and_a_convolution(smooth: bool) -> None:
    torch.manual_seed(0)
    doubled, x = UpsampleConv(5, 4, smooth=smooth), torch.rand(2, 5, 6, 7)
    larger = F.interpolate(x, scale_factor=2, mode="bilinear" if smooth else "nearest")
    expected = F.conv2d(F.pad(larger, [1] * 4, mode="replicate"), doubled.weight, doubled.bias)
    torch.testing.assert_close(doubled(x), expected)


def test_a_slope_stays_one_when_doubled_smoothly() -> None:
    """No grid: away from the border neighbours differ by the same everywhere, in even and in odd places."""
    x = torch.arange(8.0).expand(1, 2, 8, 8)
    for smooth, steps in ((True, 1), (False, 2)):
        made = UpsampleConv(2, 3, smooth=smooth)(x)[..., 4:-4, 4:-4].diff(dim=3)[0, 0, 0]
        assert len({round(step, 4) for step in made.tolist()}) == steps


def test_a_folded_convolution_is_one_of_the_unfolded_positions() -> None:
    torch.manual_seed(0)
    folded, x = FoldedConv(5, 3), torch.rand(2, 5, 12, 14)
    expected = F.conv2d(F.pad(x, [1] * 4, mode="reflect"), folded.weight, folded.bias)
    torch.testing.assert_close(F.pixel_shuffle(folded(F.pixel_unshuffle(x, 2)), 2), expected)


def test_a_flat_response_stays_flat_when_doubled() -> None:
    """No checkerboard: the sum of taps is the same for all four positions."""
    made = UpsampleConv(3, 2)(torch.rand(1, 3, 1, 1).expand(1, 3, 4, 4))
    assert (made - made[..., :1, :1]).abs().max() < 1e-6


def test_an_image_is_unfolded_around_grey() -> None:
    assert (unfold_image(torch.zeros(1, 12, 2, 3), torch.float32) == torch.full((1, 3, 4, 6), 0.5)).all()
    far = unfold_image(torch.full((1, 12, 1, 1), 20.0).bfloat16(), torch.float32)
    assert far.dtype == torch.float32
    torch.testing.assert_close(far, torch.full((1, 3, 2, 2), 1.05))


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_is_imresize_within_the_border(draw, scale):
    small = draw(12, 15)
    expected = imresize(small, (12 * scale, 15 * scale))
    edge = 2 * scale
    assert (Bicubic(scale)(small) - expected)[..., edge:-edge, edge:-edge].abs().max() < 1e-5


def test_bicubic_stays_exact_beside_half_precision(draw):
    small, bicubic = draw(9, 11), Bicubic(4)
    with torch.autocast("cpu", torch.bfloat16):
        made = bicubic(small)
    assert made.dtype == torch.float32
    assert torch.equal(made, bicubic(small))
