"""The published weights, where they are on this disk."""

import pytest
import torch

from pictura import encoders
from pictura.encoders import store
from pictura.encoders.magnitude import measure, noise_picture
from pictura.encoders.records import RECORDS

pytestmark = pytest.mark.usefixtures("weights")
LAST = {
    "vgg19-caffe": "relu5_1",
    "squeezenet1_1-caffe": "fire9",
    "resnet18-torchvision-to-layer3": "layer3.1",
    "compact": "relu5_1",
}


def load(name: str) -> encoders.Encoder:
    if store.weights_artifact(RECORDS[name]).find() is None:
        pytest.skip(f"the weights of {name} are neither in $PICTURA_WEIGHTS nor beside the repository")
    return encoders.load_encoder(name, dtype="float32")


@pytest.mark.parametrize("name", LAST)
def test_loads_to_its_last_layer(name: str) -> None:
    encoder = load(name)
    assert encoder.layers[-1] == LAST[name]
    found = encoder(torch.rand(1, 3, 48, 48), encoder.layers)
    assert all(response.isfinite().all() for response in found.values())


def test_recorded_sizes_are_of_these_weights_and_the_noise_picture_comes_near() -> None:
    encoder = load("vgg19-caffe")
    assert encoder.scales.keys() == set(encoder.layers)
    estimated = measure(encoder, [noise_picture()], encoder.layers)
    for layer, size in encoder.scales.items():
        assert 0.45 < estimated[layer] / size < 2.2, layer
