"""A border is painted along, and nobody sees it."""

import pytest
import torch

import pictura
from pictura.methods.iterative import objective
from pictura.methods.iterative.margin import Margin
from pictura.methods.iterative.run import IterativeStylizer
from pictura.tasks.legible import EMPHASIS


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


@pytest.mark.parametrize(("margin", "has_content", "counted"), [(1 / 64, 1, True), (0.0, 1, False), (1 / 64, 0, False)])
def test_with_a_border_features_at_the_edges_count(margin, has_content, counted, monkeypatch):
    monkeypatch.setattr(objective, "PerceptualLoss", lambda *_, borders, **__: borders)
    settings = pictura.preset("balanced").with_changes(margin=margin)
    assert objective.open_loss(None, settings, {}, has_content=bool(has_content)) is counted


@pytest.mark.parametrize("margin", [0.0, 1 / 64])
def test_what_is_to_stay_legible_keeps_its_weight_in_a_large_picture(margin, draw, monkeypatch):
    given = []
    monkeypatch.setattr(IterativeStylizer, "paint", lambda self: given.append(self.emphasis) or self.start)
    protect = torch.zeros(1, 1, 80, 120)
    protect[..., 20:60, 30:90] = 1
    pictura.stylize(draw(80, 120), "starry-night", init="content", size=1200, margin=margin, protect=protect)
    assert float(given[0].min()) == 1
    assert float(given[0].max()) == EMPHASIS
