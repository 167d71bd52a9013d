"""The two networks with the weights that come with the package, each read once."""

from functools import cache
from pathlib import Path
from typing import TypeVar

from torch import nn

from pictura.networks.faces import FaceDetector, LandmarkNetwork
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.numbers import read_tensor

FOLDER = Path(__file__).parents[1] / "assets" / "faces"
Network = TypeVar("Network", bound=nn.Module)


@cache
def load_detector() -> FaceDetector:
    """Where faces may be."""
    return _load_weights(FaceDetector(), FOLDER / "detector.safetensors")


@cache
def load_landmark_network() -> LandmarkNetwork:
    """The 68 landmarks of a face."""
    return _load_weights(LandmarkNetwork(), FOLDER / "landmarks.safetensors")


def _load_weights(network: Network, path: Path) -> Network:
    with open_safetensors(path) as file:
        keys: list[str] = file.keys()
        network.load_state_dict({key: read_tensor(file, key, path, "reinstall pictura") for key in keys})
    return network.eval().requires_grad_(False)
