"""The normalised network of the papers: mean responses of 1, the same function."""

import pytest
import torch
from torch import Tensor, nn

from pictura import encoders
from pictura.encoders import store
from pictura.encoders.normalize import normalize_filters
from pictura.encoders.records import RECORDS
from pictura.networks.vgg import CONVOLUTIONS

WIDTHS = (6, 8, 10, 12, 12)


def chain() -> list[tuple[str, nn.Module]]:
    """VGG-11 with few channels, random weights and biases."""
    layers: list[tuple[str, nn.Module]] = []
    before = 3
    for block, (count, channels) in enumerate(zip(CONVOLUTIONS["vgg11"], WIDTHS, strict=True), start=1):
        for i in range(1, count + 1):
            layers += [(f"conv{block}_{i}", nn.Conv2d(before, channels, 3, padding=1)), (f"relu{block}_{i}", nn.ReLU())]
            before = channels
        layers.append((f"pool{block}", nn.MaxPool2d(2)))
    return layers


@torch.no_grad()
def responses(layers: list[tuple[str, nn.Module]], x: Tensor) -> dict[str, Tensor]:
    found = {}
    for name, layer in layers:
        x = layer(x)
        found[name] = x
    return found


def means_over(layers: list[tuple[str, nn.Module]], pictures: Tensor) -> dict[str, Tensor]:
    found = responses(layers, pictures)
    return {n: f.relu().mean((0, 2, 3)) for n, f in found.items() if n.startswith("conv")}


@pytest.fixture
def pictures(draw) -> Tensor:
    return torch.cat([draw(32, 64, seed) for seed in range(3)])


def test_mean_responses_become_1(pictures: Tensor) -> None:
    torch.manual_seed(0)
    network = chain()
    before = means_over(network, pictures)
    normalize_filters(network, before)
    for name, mean in means_over(network, pictures).items():
        fires = before[name] > 0
        assert fires.any(), name
        torch.testing.assert_close(mean[fires], torch.ones(int(fires.sum())), rtol=1e-4, atol=0)


def test_the_function_stays_up_to_the_channels_scales(pictures: Tensor) -> None:
    torch.manual_seed(0)
    # In double precision: a filter that hardly ever fires is divided by so little that rounding shows.
    network, pictures = [(name, layer.double()) for name, layer in chain()], pictures.double()
    means, original = means_over(network, pictures), responses(network, pictures)
    normalize_filters(network, means)
    for name, found in responses(network, pictures).items():
        if name.startswith("relu"):
            mean = means[name.replace("relu", "conv")]
            expected = original[name] / torch.where(mean > 0, mean, 1.0).view(1, -1, 1, 1)
            assert (found - expected).norm() < 1e-5 * expected.norm(), name


def test_a_filter_that_never_fires_keeps_its_scale(pictures: Tensor) -> None:
    torch.manual_seed(0)
    network = chain()
    first = network[0][1]
    with torch.no_grad():
        first.bias[2] = -100
    weight = first.weight[2].clone()
    normalize_filters(network, means_over(network, pictures))
    assert torch.equal(first.weight[2], weight)
    assert all(p.isfinite().all() for _, layer in network for p in layer.parameters())


@pytest.mark.usefixtures("weights")
def test_the_papers_network_has_mean_responses_near_1(draw) -> None:
    if store.weights_artifact(RECORDS["vgg19-normalised"]).find() is None:
        pytest.skip("the weights of VGG-19 are neither in $PICTURA_WEIGHTS nor beside the repository")
    encoder = encoders.load_encoder("vgg19-normalised", dtype="float32")
    for name, f in encoder(draw(64, 64), ["relu1_1", "relu3_1", "relu5_1"]).items():
        assert 0.1 < f.mean().item() < 10, name  # a drawn picture, not the photographs it was measured on
