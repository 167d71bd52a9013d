"""Distances of styles and contents, LPIPS's formula and ArtFID, by hand."""

import pytest
import torch

from pictura.metrics.perceptual import HEAD_KEY, art_fid, perceptual_distance, read_heads
from pictura.metrics.style import content_distance, gram_distance, wasserstein_distance
from pictura.runtime.errors import PicturaError

# Two channels at two positions.
F = {"one": torch.tensor([[[[3.0, 0.0]], [[4.0, 2.0]]]])}
P = {"one": torch.tensor([[[[1.0, 0.0]], [[0.0, 5.0]]]])}


def test_gram_distance_by_hand():
    # F Fᵀ = [[9, 12], [12, 20]], P Pᵀ = [[1, 0], [0, 25]], over C H W = 4; the mean of four squares.
    expected = (8**2 + 12**2 + 12**2 + 5**2) / 4**2 / 4
    assert gram_distance(F, P) == pytest.approx(expected)
    twice = {"one": F["one"], "two": F["one"]}, {"one": P["one"], "two": P["one"]}
    assert gram_distance(*twice) == pytest.approx(2 * expected)
    larger = {"one": torch.cat([F["one"], F["one"]], 3)}
    assert gram_distance(larger, P) == pytest.approx(expected)


def test_content_distance_by_hand():
    assert content_distance(F, P, {"one": 2.0}) == pytest.approx((4 + 0 + 16 + 9) / 2 / 4)


def test_wasserstein_distance_of_a_shift_is_its_square():
    f = {"one": torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))}
    moved = {"one": f["one"] + torch.tensor([1.0, 2.0, 0.0])[:, None, None]}
    assert wasserstein_distance(moved, f, {"one": 2.0}) == pytest.approx(5 / 4, abs=1e-4)
    assert wasserstein_distance(f, f, {"one": 2.0}) == pytest.approx(0, abs=1e-4)


def test_perceptual_distance_by_hand():
    # Unit vectors at the two positions: (0.6, 0.8) and (1, 0), (0, 1) and (0, 1).
    assert perceptual_distance(F, P).tolist() == pytest.approx([(0.4**2 + 0.8**2) / 2])
    heads = read_heads({HEAD_KEY.format(0): torch.tensor([3.0, 0.5]).view(1, 2, 1, 1)}, {"one": 2})
    assert perceptual_distance(F, P, heads).tolist() == pytest.approx([(3 * 0.4**2 + 0.5 * 0.8**2) / 2])


def test_other_weights_than_lpips_has_are_refused():
    with pytest.raises(PicturaError, match=r"lack 3 finite numbers 'lin0.model.1.weight' for one"):
        read_heads({HEAD_KEY.format(0): torch.ones(1, 2, 1, 1)}, {"one": 3})


def test_art_fid():
    assert art_fid(0.5, 3.0) == 6.0
