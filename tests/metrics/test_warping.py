"""The flow of what moves, what is hidden, and the error that is left; by pictures whose motion is known."""

import pytest
import torch

import pictura
from pictura.metrics.flow import optical_flow, warp
from pictura.metrics.warping import visible, warp_error
from pictura.runtime.errors import PicturaError


def texture(height=72, width=96, right=0.0, down=0.0):
    """Waves that have moved by so many pixels."""
    y, x = torch.meshgrid(torch.arange(height).float(), torch.arange(width).float(), indexing="ij")
    x, y = x - right, y - down
    planes = [torch.sin(x / a + y / b) * torch.cos(y / c - x / 9) for a, b, c in ((5, 7, 6), (4, 9, 8), (7, 5, 9))]
    return 0.5 + 0.4 * torch.stack(planes)[None]


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, -2), (0.4, 1.7), (-6, 5)])
def test_the_flow_of_a_shift(right, down):
    flow = optical_flow(texture(), texture(right=right, down=down))
    inner = flow[..., 12:-12, 12:-12]
    expected = torch.tensor([right, down]).float().view(1, 2, 1, 1)
    assert (inner - expected).abs().mean() < 0.05


def test_warping_brings_back():
    there = torch.tensor([3.0, -2.0]).view(1, 2, 1, 1).expand(1, 2, 72, 96)
    back = warp(texture(right=3, down=-2), there)
    torch.testing.assert_close(back[..., 4:-4, 4:-4], texture()[..., 4:-4, 4:-4], atol=1e-5, rtol=0)


def test_what_is_hidden_and_edges_do_not_count():
    """A square that moves by 6: there and back differ where it hides something; its edge is one of motion."""
    forward, backward = torch.zeros(1, 2, 40, 40), torch.zeros(1, 2, 40, 40)
    forward[:, 0, 10:20, 10:20], backward[:, 0, 10:20, 16:26] = 6, -6
    seen = visible(forward, backward)[0, 0]
    assert seen[15, 13] and seen[30, 30]
    assert not seen[15, 22], "the square will hide it"
    assert not seen[15, 20] and not seen[10, 15], "edges"


def test_the_error_by_hand():
    frame, following = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.7)
    flow, seen = torch.zeros(1, 2, 8, 8), torch.ones(1, 1, 8, 8, dtype=torch.bool)
    following[..., 0, 0] = 1
    seen[..., 0, 0] = False
    assert warp_error(frame, following, flow, seen) == pytest.approx(0.04)


def test_flicker_of_a_video():
    """Frames that change by themselves by 0.1 have an error of 0.01; those that move with the video next to none."""
    real = [texture(right=2 * t) for t in range(4)]
    flicker = [(frame + 0.05 * (-1) ** t).clamp(0, 1) for t, frame in enumerate(real)]
    (steady,) = pictura.measure([1 - frame for frame in real], real, "warp")
    (shaken,) = pictura.measure(flicker, real, "warp")
    assert steady.value < 1e-4 and shaken.value == pytest.approx(0.01, rel=0.05)
    assert (shaken.pictures, len(shaken.values)) == (4, 3)
    assert "Lucas–Kanade" in shaken.note and "B's own error is" in shaken.note


def test_what_is_no_video():
    with pytest.raises(PicturaError, match="warp compares frames in a row: give folders of two and more"):
        pictura.measure([texture()], [texture()], "warp")
    with pytest.raises(PicturaError, match="The frame '1' has another size than others"):
        pictura.measure([texture(), texture(40)], [texture(), texture(40)], "warp")
