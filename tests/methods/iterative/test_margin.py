"""A border is painted along, and nobody sees it."""

import pytest
import torch

import pictura
from pictura.methods.iterative.margin import Margin


@pytest.mark.parametrize("size", [(60, 100), (100, 60), (1, 9), (2, 300)])
def test_what_is_added_is_cut_off(size):
    margin = Margin(1 / 20, size)
    image = torch.rand(1, 3, *size)
    added = margin.add(image)
    assert added.shape[-2:] == margin.outer
    assert margin.pixels == min(round(max(size) / 20), min(size) - 1)
    assert torch.equal(margin.cut(added), image)


def test_it_is_mirrored(draw):
    image = draw(40, 50)
    added = Margin(0.1, (40, 50)).add(image)
    assert torch.equal(added[..., 5:-5, :5], image[..., 1:6].flip(-1))


@pytest.mark.parametrize("margin", [0.0, 0.125])
def test_steps_speak_of_the_picture_alone(margin, draw):
    steps = []
    painted = pictura.stylize(
        draw(60, 80), "starry-night", init="content", steps=(1, 1), size=192, margin=margin, callback=steps.append
    )
    assert painted.shape[-2:] == (144, 192)
    assert [step.size for step in steps] == [(102, 136), (144, 192)]
    assert all(step.picture().shape[-2:] == (144, 192) for step in steps)


def test_with_a_border_edges_are_painted_otherwise_and_the_middle_alike(draw):
    words = {"init": "content", "steps": (8,), "size": 128, "smoothing": 0.0}
    without, with_one = (pictura.stylize(draw(96, 128), "starry-night", margin=m, **words) for m in (0.0, 1 / 16))
    changed = (without - with_one).abs().mean(1)[0]
    middle = changed[32:-32, 32:-32].mean()
    assert torch.cat([changed[0], changed[-1], changed[:, 0], changed[:, -1]]).mean() > 1.5 * middle
