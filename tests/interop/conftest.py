import pytest
import torch

from pictura.models import store


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty package and an empty cache."""
    monkeypatch.setattr(store, "BUNDLED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv("PICTURA_MODELS", str(tmp_path / "cache"))
    return tmp_path


def same(one, other):
    """Equal tensors under equal keys."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
