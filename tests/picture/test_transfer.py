"""Colours of one picture on another."""

import pytest
import torch

from pictura.picture.transfer import YCBCR, match_histogram, transfer_colours


def test_colours_stay_and_light_is_painted(draw):
    made = 0.3 + 0.4 * torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(1))
    photo = 0.4 + 0.2 * draw()  # far enough from the ends that nothing is clamped
    mixed = torch.einsum("kc,bchw->bkhw", YCBCR, transfer_colours(made, photo))
    torch.testing.assert_close(mixed[:, 0], torch.einsum("kc,bchw->bkhw", YCBCR, made)[:, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(mixed[:, 1:], torch.einsum("kc,bchw->bkhw", YCBCR, photo)[:, 1:], atol=1e-5, rtol=0)


def test_matched_histogram(draw):
    made, model = draw(12, 14), 0.3 + 0.2 * draw(6, 7, seed=1)
    found = match_histogram(made, model)
    for own, was, wanted in zip(found[0], made[0], model[0], strict=True):
        assert own.min() == pytest.approx(wanted.min().item())
        assert own.max() == pytest.approx(wanted.max().item())
        assert own.mean() == pytest.approx(wanted.mean().item(), abs=0.01)
        order = was.flatten().argsort()
        assert (own.flatten()[order].diff() >= 0).all()
