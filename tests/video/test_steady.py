"""Statistics of a shot, held while it is painted."""

import torch

from pictura import open_painter
from pictura.video.steady import Steady


def test_a_flat_shot_is_painted_by_each_frame_s_own_statistics() -> None:
    painter = open_painter("great-wave", "fast")
    steady = Steady(painter)
    flat, photo = torch.full((1, 3, 64, 64), 0.5), torch.rand(1, 3, 64, 64)
    assert steady.known(lambda: [flat, flat + 1 / 255]) == []
    assert torch.equal(steady(flat, []), painter(flat))
    assert len(steady.known(lambda: [flat, photo])) == 1
