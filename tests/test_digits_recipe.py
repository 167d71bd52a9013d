"""The recipe that makes pictures of scikit-learn's digits."""

import importlib.util
from pathlib import Path

import pytest
import torch

from pictura.picture import read

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
RECIPES = Path(__file__).parents[1] / "recipes" / "digits"


def load(name):
    spec = importlib.util.spec_from_file_location(name, RECIPES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_folder_for_each_digit(tmp_path):
    load("make").write_digits(tmp_path, 40)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert len(files) == 40
    assert sum(file.startswith("test") for file in files) == 8
    assert {file.split("/")[1] for file in files} == set("0123456789")
    picture = read(tmp_path / "train" / "0" / "0000.png")
    assert picture.size == (32, 32)
    assert picture.pixels.max() > 0.95
    assert picture.pixels[[0, -1]].max() < 0.05


def test_enlarging_keeps_black_grey_and_white():
    flat = torch.tensor([0.0, 0.5, 1.0]).view(3, 1, 1, 1).expand(-1, -1, 8, 8)
    middle = load("make").enlarge(flat)[..., 16, 16].flatten()
    torch.testing.assert_close(middle, torch.tensor([0.0, 0.5, 1.0]), atol=0.01, rtol=0)
