"""Sky to sky: regions that photo and reference share exchange their own colours."""

import pytest
import torch

from pictura.methods.photo.colour import apply_affine, colour_moments, monge_kantorovitch
from pictura.methods.photo.regions import REGIONS, Part, find_regions, region_grid, splat
from pictura.networks.photo import LEVELS, apply_maps, mix_statistics, slice_grid
from pictura.picture.transfer import YCBCR


def halves(top, bottom, share=1.0, seed=0):
    """96×96, a colour above and one below with a little grain, and features that say which is which."""
    image = torch.empty(3, 96, 96)
    image[:, :48], image[:, 48:] = (torch.tensor(c).view(3, 1, 1) for c in (top, bottom))
    image += 0.02 * torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    deep = torch.zeros(8, 12, 12)
    deep[0, :6] = deep[1, 6:] = 1
    return Part(image.clamp(0, 1), deep, share)


@pytest.fixture
def photo():
    return halves((0.3, 0.5, 0.9), (0.3, 0.4, 0.2))


def graded(photo, references):
    colours = [colour_moments(part.image[None]) for part in (photo, references[0])]
    whole, levels = monge_kantorovitch(*colours), torch.einsum("c,chw->hw", YCBCR[0], photo.image)[None]
    grid = region_grid(photo, references, whole, levels)[None]
    return apply_maps(slice_grid(grid, levels[None]), photo.image[None])[0], apply_affine(whole, photo.image)


def mean_of(image, rows):
    return image[:, rows, 8:-8].mean((1, 2))


def test_positions_belong_to_what_they_are_like(photo):
    ours, theirs = find_regions([photo, halves((1, 0.6, 0.3), (0.1, 0.1, 0.1))])
    torch.testing.assert_close(ours.sum(0), torch.ones(12, 12))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)  # the same places of both
    agreement = ours.flatten(1).T @ ours.flatten(1)
    assert float(agreement[:72, :72].min()) > 10 * float(agreement[:72, 72:].max())


def test_each_half_becomes_its_own(photo):
    """A dusk above dark ground: one map for all of it would have to take one half for the other's sake."""
    dusk = halves((0.9, 0.5, 0.3), (0.15, 0.2, 0.35))
    regional, whole = graded(photo, [dusk])
    for rows in (slice(0, 32), slice(64, 96)):
        off, before = ((mean_of(made, rows) - mean_of(dusk.image, rows)).norm() for made in (regional, whole))
        assert off < 0.5 * before


def test_what_the_other_lacks_takes_the_whole_s_map(photo):
    other = halves((0.9, 0.5, 0.3), (0.15, 0.2, 0.35))
    strange = Part(other.image, torch.zeros(8, 12, 12).index_fill_(0, torch.tensor([5]), 1.0))
    regional, whole = graded(photo, [strange])
    torch.testing.assert_close(regional, whole, atol=0.03, rtol=0)


def test_two_references_count_by_their_shares(photo):
    one, two = halves((0.9, 0.5, 0.3), (0.2, 0.2, 0.2), 0.75), halves((0.1, 0.5, 0.3), (0.2, 0.2, 0.2), 0.25, seed=1)
    regional, _ = graded(photo, [one, two])
    red = float(mean_of(regional, slice(0, 32))[0])
    assert 0.55 < red < 0.85  # ¾ × 0.9 + ¼ × 0.1 = 0.7


def test_a_cell_has_the_shares_of_its_pixels():
    regions = torch.zeros(REGIONS, 64, 64)
    regions[0, :, :32], regions[1, :, 32:] = 1, 1
    shares = splat(regions, torch.full((1, 64, 64), 0.5))
    assert shares.shape == (REGIONS, LEVELS, 4, 4)
    torch.testing.assert_close(shares.sum(0), torch.ones(LEVELS, 4, 4))
    assert float(shares[0, 4, 0, 0]) > 0.85
    assert float(shares[1, 4, 0, 3]) > 0.85


def test_levels_keep_a_roof_from_its_sky():
    """In one place bright pixels are of one region and dark ones of another, and their cells stay apart."""
    dark = (torch.arange(64) % 4 < 2).expand(64, 64).float()
    regions = torch.stack([dark, 1 - dark, *torch.zeros(REGIONS - 2, 64, 64)])
    shares = splat(regions, (0.9 - 0.8 * dark)[None])
    assert float(shares[0, 0].min()) > 0.9
    assert float(shares[1, LEVELS - 1].min()) > 0.9


def test_statistics_of_several_are_those_of_all_positions():
    f = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    both = mix_statistics(
        [(({"a": half.mean((2, 3))}, {"a": half.std((2, 3), correction=0)}), 0.5) for half in f.split(4, 2)]
    )
    torch.testing.assert_close(both[0]["a"], f.mean((2, 3)))
    torch.testing.assert_close(both[1]["a"], f.std((2, 3), correction=0))
