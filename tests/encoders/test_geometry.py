"""Strides, receptive fields and smallest sides: against the known numbers, and against what the networks do."""

import pytest
import torch
from torch import nn

VGG19 = {  # layer: stride, receptive field, smallest side
    "relu1_1": (1, 3, 1),
    "relu2_1": (2, 10, 2),
    "relu3_1": (4, 24, 4),
    "relu4_1": (8, 68, 8),
    "relu4_2": (8, 84, 8),
    "relu5_1": (16, 156, 16),
}


@pytest.mark.parametrize("layer", VGG19)
def test_vgg19(whole, layer: str) -> None:
    encoder = whole("vgg19", "meta")
    assert (encoder.stride(layer), encoder.receptive_field(layer), encoder.smallest([layer])) == VGG19[layer]


def test_smallest_is_for_the_deepest_of_several(whole) -> None:
    assert whole("vgg19", "meta").smallest(["relu5_1", "relu1_1"]) == 16


def all_positive(encoder: nn.Module) -> None:
    """So that nothing is cut off and nothing cancels: every pixel within reach has a gradient."""
    for parameter in encoder.parameters():
        nn.init.constant_(parameter, 0.1)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("vgg11", "relu3_2"),
        ("compact", "relu4_1"),
        ("resnet18", "layer2.1"),
        ("resnet50", "layer2.0"),
        ("densenet121", "transition1"),
        ("squeezenet1_1", "fire5"),
    ],
)
def test_reach_and_step_of_the_gradient(whole, name: str, layer: str) -> None:
    encoder = whole(name, pooling="average")
    all_positive(encoder)
    x = torch.full((1, 3, 24, 192), 0.9, requires_grad=True)
    response = encoder(x, [layer])[layer]
    column = response.shape[-1] // 2
    starts = []
    for i in (column, column + 1):
        (gradient,) = torch.autograd.grad(response[..., i].sum(), x, retain_graph=True)
        reached = gradient.abs().sum((0, 1, 2)).nonzero()
        assert reached.max() - reached.min() + 1 == encoder.receptive_field(layer)
        starts.append(int(reached.min()))
    assert starts[1] - starts[0] == encoder.stride(layer)


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
@pytest.mark.parametrize("name", ["vgg11", "resnet18", "squeezenet1_1", "compact"])
def test_smallest_side_runs_and_one_less_does_not(whole, name: str, padding: str) -> None:
    encoder = whole(name, padding=padding)
    run = nn.Sequential(*encoder.stages)
    side = encoder.smallest([encoder.layers[-1]])
    assert run(torch.rand(1, 3, side, side)).numel() > 0
    if side > 1:
        with pytest.raises(RuntimeError):
            run(torch.rand(1, 3, side - 1, side - 1))
