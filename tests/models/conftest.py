import pytest
import torch
from torch import nn

from pictura.models import Bundle, store


class Small(nn.Module):
    """A convolution, a norm that counts, and no more."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)


@pytest.fixture
def networks():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {"generator": Small(), "critic": nn.Conv2d(3, 1, 1)}


@pytest.fixture
def bundle(networks):
    about = {
        "title": "Night",
        "does": "Paints the night.",
        "data": "photos",
        "data_licence": "CC0",
        "licence": "MIT",
        "metric": {"PSNR": 30.125, "steps": 4},
    }
    return Bundle.of("toy", {"channels": 4, "layers": {"relu1_1": 0.5}}, networks, about)


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty package and an empty cache."""
    monkeypatch.setattr(store, "BUNDLED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv("PICTURA_MODELS", str(tmp_path / "cache"))
    return tmp_path


def same(one, other):
    """Equal tensors under equal keys."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
