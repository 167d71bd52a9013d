"""Strokes follow what is filmed: less flicker where it moves, nothing carried over where it does not belong."""

import pytest
import torch

from pictura import read
from pictura.picture.resize import resize
from pictura.video.following import Follower, find_flow
from pictura.video.steady import ORDINARY

HEIGHT, WIDTH = 64, 96


@pytest.fixture(scope="module")
def pan():
    """Eight frames of a camera that turns by two pixels a frame."""
    torch.set_num_threads(1)
    photo = resize(read(ORDINARY).tensor(), (80, 120))
    return [photo[..., 8 : 8 + HEIGHT, 2 * i : 2 * i + WIDTH].contiguous() for i in range(8)]


def test_the_flow_is_the_way_back(pan):
    flow, trusted = find_flow(pan[1], pan[0])
    sure = (trusted > 0.5).expand_as(flow)
    assert sure[:, :1].float().mean() > 0.4
    across, down = (flow[:, i][sure[:, i]].mean().item() for i in (0, 1))
    assert across == pytest.approx(2, abs=0.2)
    assert down == pytest.approx(0, abs=0.2)


def test_noise_of_the_painter_falls_and_the_picture_stays(pan):
    """With a share of a half the noise's variance falls to a third."""
    number, follower = torch.Generator().manual_seed(0), Follower(0.5)
    for filmed in pan:
        noise = 0.1 * torch.randn(filmed.shape, generator=number)
        made = follower.follow(filmed, 1 - filmed + noise)
    off = made - (1 - filmed)
    _, trusted = find_flow(pan[-1], pan[-2])
    seen = (trusted > 0.7).expand_as(off)
    assert off[seen].std() < 0.75 * noise[seen].std()
    assert off[seen].mean().abs() < 0.01


def test_what_was_not_there_takes_nothing_over(pan):
    follower = Follower(0.9)
    follower.follow(pan[0], torch.zeros_like(pan[0]))
    other = pan[0].flip(2)
    made = follower.follow(other, torch.ones_like(other))
    assert made.mean() > 0.93
    follower.begin_anew()
    painted = 1 - pan[1]
    assert follower.follow(pan[1], painted) is painted


def test_where_nothing_is_painted_the_video_stays(pan):
    follower = Follower(0.5)
    for filmed in pan[:3]:
        painted = filmed.clone()
        painted[..., : WIDTH // 2] = 1 - filmed[..., : WIDTH // 2]
        made = follower.follow(filmed, painted)
        assert torch.equal(made[..., WIDTH // 2 :], filmed[..., WIDTH // 2 :])
    assert not torch.equal(made[..., : WIDTH // 2], painted[..., : WIDTH // 2])


def test_light_that_changes_is_not_held_back(pan):
    """A cut that nobody found: what looks otherwise is not trusted."""
    follower = Follower(0.9)
    follower.follow(pan[0], pan[0] * 0.5)
    dark = pan[0] * 0.2
    torch.testing.assert_close(follower.follow(dark, dark * 0.5), dark * 0.5, atol=0.1, rtol=0)
