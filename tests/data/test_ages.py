"""Ages in years, their groups and shares."""

import pytest
import torch

from pictura.data.ages import AGE_GROUPS, age_group, age_shares, draw_ages


def test_groups_are_the_paper_s():
    ages = torch.tensor([0, 5, 6, 10, 11, 15, 16, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61, 70, 71, 116])
    assert age_group(ages).tolist() == [group for group in range(10) for _ in range(2)]
    assert age_group(torch.tensor([5.9, 20.5])).tolist() == [0, 3]


def test_shares_go_from_one_group_to_the_next():
    shares = age_shares(torch.tensor([0.0, 2.5, 8.0, 40.5, 65.5, 100.0]))
    assert shares.shape == (6, 10)
    torch.testing.assert_close(shares.sum(1), torch.ones(6))
    assert shares[0, 0] == shares[1, 0] == shares[2, 1] == shares[4, 8] == shares[5, 9] == 1
    assert shares[3].tolist() == pytest.approx([0, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0])
    middles = torch.tensor([(first + last) / 2 for first, last in AGE_GROUPS])
    years = torch.arange(3, 80)
    torch.testing.assert_close(age_shares(years) @ middles, years.float())  # whole numbers, as labels are


def test_drawn_ages_are_of_all_groups_alike():
    years = draw_ages(2000, torch.Generator().manual_seed(0))
    counts = age_group(years).bincount(minlength=10)
    assert counts.min() > 150
    assert torch.equal(years, draw_ages(2000, torch.Generator().manual_seed(0)))
