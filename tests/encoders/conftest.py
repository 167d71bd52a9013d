"""Encoders with random weights, small enough for a test."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from pictura.encoders.encoder import Encoder
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.records import FAMILIES

Make = Callable[..., Encoder]


@pytest.fixture
def toy() -> Make:
    """conv1_1, relu1_1, pool1, conv2_1, relu2_1, with the same random weights every time."""

    def make(**settings: object) -> Encoder:
        torch.manual_seed(0)
        chain: list[tuple[str, nn.Module]] = [
            ("conv1_1", nn.Conv2d(3, 8, 3, padding=1)),
            ("relu1_1", nn.ReLU()),
            ("pool1", nn.MaxPool2d(2)),
            ("conv2_1", nn.Conv2d(8, 12, 3, padding=1)),
            ("relu2_1", nn.ReLU()),
        ]
        return Encoder(chain, FAMILIES["torchvision"], **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def whole() -> Make:
    """Any architecture, its weights random or, on the device ``meta``, absent."""

    def make(architecture: str, device: str = "cpu", **settings: object) -> Encoder:
        torch.manual_seed(0)
        with torch.device(device):
            network = ARCHITECTURES[architecture]()
        return Encoder(network.chain(), FAMILIES["torchvision"], name=architecture, **settings)  # type: ignore[arg-type]

    return make
