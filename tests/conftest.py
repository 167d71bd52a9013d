"""What many tests share: one thread, made pictures, a tiny encoder, quick settings, the published weights."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pictura.encoders import Encoder
from pictura.encoders.records import FAMILIES
from pictura.methods.iterative.settings import Settings, build_settings

Draw = Callable[..., Tensor]
WEIGHTS = Path(__file__).parents[2] / "shared" / "weights"


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """The same sums in the same order on every machine, and no fight for its processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published weights from $PICTURA_WEIGHTS, else from beside the repository; what is in neither must be skipped."""
    if "PICTURA_WEIGHTS" not in os.environ and WEIGHTS.is_dir():
        monkeypatch.setenv("PICTURA_WEIGHTS", str(WEIGHTS))


@pytest.fixture(scope="session")
def draw() -> Draw:
    """A picture 1×3×H×W in [0, 1]: waves of colour and a few discs, another one for every seed."""

    def made(height: int = 40, width: int = 48, seed: int = 0) -> Tensor:
        number = torch.Generator().manual_seed(seed)
        y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
        pace, phase, pull = (torch.rand(3, 1, 1, generator=number) for _ in range(3))
        picture = 0.5 + 0.3 * torch.sin(3 + 12 * pace * x + 9 * pull * y + 6 * phase)
        for _ in range(4):
            top, left, radius, *colour = torch.rand(6, generator=number).tolist()
            inside = (y - top) ** 2 + (x - left) ** 2 < (0.1 + 0.2 * radius) ** 2
            picture = torch.where(inside, torch.tensor(colour).view(3, 1, 1), picture)
        return picture[None]

    return made


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """Four convolutions and two poolings named as in VGG; random weights, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        chain: list[tuple[str, nn.Module]] = []
        for block, before, channels in (("1_1", 3, 6), ("1_2", 6, 6), ("2_1", 6, 8), ("3_1", 8, 10)):
            if block in ("2_1", "3_1"):
                chain.append((f"pool{int(block[0]) - 1}", nn.MaxPool2d(2)))
            chain.append((f"conv{block}", nn.Conv2d(before, channels, 3, padding=1)))
            chain.append((f"relu{block}", nn.ReLU()))
        return Encoder(chain, FAMILIES["torchvision"], name="tiny", padding="replicate")


@pytest.fixture(scope="session")
def quick() -> Settings:
    """Three steps at one scale on the tiny encoder's layers; nothing that a test relies on is left to a default."""
    return build_settings(
        {
            "dtype": "float32",
            "loss": "wasserstein",
            "content_layers": {"relu2_1": 1.0},
            "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0},
            "content_weight": 0.1,
            "style_weight": 1.0,
            "tv_weight": 0.1,
            "optimizer": "adam",
            "learning_rate": 0.02,
            "init": "content",
            "steps": (3,),
            "averaging": 0.5,
            "smoothing": 0.0,
            "style_scale": 1.0,
            "denoise": 0.0,
            "seed": 0,
        }
    )
