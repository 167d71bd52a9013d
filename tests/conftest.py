"""What many tests share: one thread, made pictures, a tiny encoder, quick settings, the published weights."""

import math
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
def draw_face() -> Draw:
    """A drawn face 1×3×side×side in [0, 1] that the detector finds, tilted clockwise by radians."""

    def drawn(side: int = 200, tilt: float = 0.0) -> Tensor:
        centre = (torch.arange(side) + 0.5) / side - 0.5
        y, x = torch.meshgrid(centre, centre, indexing="ij")
        u, v = math.cos(tilt) * x + math.sin(tilt) * y, math.cos(tilt) * y - math.sin(tilt) * x
        picture = torch.full((3, side, side), 0.55)
        # Middle (x mirrored where not 0), radii, softness, opacity, colour.
        for cx, cy, rx, ry, soft, opacity, colour in (
            (0.0, -0.08, 0.26, 0.3, 0.03, 1.0, (0.22, 0.15, 0.1)),  # hair
            (0.0, 0.4, 0.1, 0.2, 0.03, 1.0, (0.7, 0.52, 0.42)),  # neck
            (0.0, 0.03, 0.21, 0.285, 0.03, 1.0, (0.86, 0.68, 0.57)),  # face
            (0.0, -0.25, 0.24, 0.12, 0.15, 0.9, (0.22, 0.15, 0.1)),  # fringe
            (0.088, -0.035, 0.055, 0.03, 0.3, 0.35, (0.45, 0.3, 0.25)),  # socket
            (0.088, -0.03, 0.038, 0.017, 0.15, 1.0, (0.95, 0.94, 0.92)),  # white
            (0.088, -0.03, 0.016, 0.017, 0.15, 1.0, (0.15, 0.1, 0.08)),  # iris
            (0.088, -0.083, 0.052, 0.009, 0.3, 1.0, (0.25, 0.17, 0.12)),  # brow
            (0.088, -0.047, 0.042, 0.006, 0.4, 1.0, (0.25, 0.17, 0.12)),  # lid
            (0.0, 0.03, 0.012, 0.08, 0.6, 0.3, (0.55, 0.38, 0.32)),  # nose
            (0.0, 0.085, 0.04, 0.022, 0.5, 0.25, (0.6, 0.4, 0.34)),
            (0.02, 0.093, 0.011, 0.006, 0.4, 0.8, (0.35, 0.2, 0.17)),  # nostril
            (0.0, 0.17, 0.08, 0.02, 0.3, 0.9, (0.72, 0.36, 0.34)),  # lips
            (0.0, 0.17, 0.08, 0.005, 0.3, 1.0, (0.38, 0.16, 0.15)),
        ):
            for mirrored in {cx, -cx}:
                inside = torch.sigmoid((1 - torch.hypot((u - mirrored) / rx, (v - cy) / ry)) / soft)
                picture = torch.lerp(picture, torch.tensor(colour).view(3, 1, 1), opacity * inside)
        return picture[None]

    return drawn


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
