"""What the translation recipe measures, on pictures made here."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

from pictura.methods.one_sided import OneSidedSettings
from pictura.training import recipes

FOLDER = Path(__file__).parents[1] / "recipes" / "translation"


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a part of the recipe by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    torch.manual_seed(0)
    return import_module


def test_a_mesh_is_told_from_brushwork(recipe: Callable[[str], ModuleType]) -> None:
    measure = recipe("measure")
    photo = torch.full((1, 3, 128, 128), 0.5)
    stripes = photo + 0.1 * torch.sin(torch.arange(128.0) * 2 * torch.pi / 8)
    strokes = photo + torch.nn.functional.avg_pool2d(torch.randn(1, 3, 128, 128), 3, 1, 1)
    assert measure.mesh([photo], [stripes]) > 0.5
    assert measure.mesh([photo], [strokes]) < 0.25


def test_the_shipped_settings_are_settings() -> None:
    OneSidedSettings(**recipes.read_recipe("one_sided")["method"])
