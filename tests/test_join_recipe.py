"""The recipe that joins two one-sided models into one of both directions."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pictura.methods import build_method, find_method, open_method
from pictura.models import Bundle
from pictura.runtime.errors import PicturaError

PATH = Path(__file__).parents[1] / "recipes" / "translation" / "join.py"
spec = importlib.util.spec_from_file_location("join", PATH)
assert spec is not None
assert spec.loader is not None
recipe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recipe)


def one_sided(seed: int, **changes: object) -> Bundle:
    torch.manual_seed(seed)
    kind = find_method("one_sided")
    method = build_method(kind, kind.Settings(**{"widths": (3, 7, 12)} | changes))
    for parameter in method.deployed_networks()["generator"].parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return Bundle.of("one_sided", method.settings.model_dump(mode="json"), method.deployed_networks())


def test_each_direction_is_one_of_the_models(draw) -> None:
    sides = [one_sided(0), one_sided(1)]
    joined, photo = open_method(recipe.join(sides)), draw(40, 56)
    assert joined.directions == ("A2B", "B2A")
    for direction, side in zip(joined.directions, sides, strict=True):
        alone = open_method(side).translate(photo, seed=3)
        torch.testing.assert_close(joined.translate(photo, direction=direction, seed=3), alone)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(PicturaError, match="no one-sided model with blocks=4 and ground=1 and full_strength=1"):
        recipe.join([one_sided(0), one_sided(1, ground=4)])
    with pytest.raises(PicturaError, match=r"does not fit|shape"):
        recipe.join([one_sided(0), one_sided(1, widths=(6, 14, 24))])
    with pytest.raises(PicturaError, match="no one-sided model"):
        recipe.join([replace(one_sided(0), method="paired"), one_sided(1)])
