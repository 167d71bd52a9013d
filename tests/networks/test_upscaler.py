"""Johnson's networks by their published sizes; ours by what it starts from."""

import pytest
import torch

from pictura.networks.layers.resize import Bicubic
from pictura.networks.upscaler import JohnsonUpscaler, Upscaler


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("scale", "count", "side"), [(4, 401_859, 72), (8, 438_915, 36)])
def test_johnson(scale, count, side):
    network = JohnsonUpscaler(scale).eval()
    assert parameters(network) == count
    with torch.no_grad():
        made = network(torch.rand(1, 3, side, side))
    assert made.shape == (1, 3, 288, 288)
    assert -0.1 < made.min() < made.max() < 1.1


@pytest.mark.parametrize("scale", [4, 8])
def test_ours_is_small(scale):
    network = Upscaler(scale)
    assert parameters(network) < 500_000
    assert set(network.state_dict()) == set(dict(network.named_parameters()))  # the bicubic kernels are not stored


def test_ours_begins_as_bicubic(draw):
    small = draw(9, 11)
    assert torch.equal(Upscaler(4, 8, 2)(small), Bicubic(4)(small))


@pytest.mark.parametrize("kind", [Upscaler, JohnsonUpscaler])
def test_margin_is_how_far_a_result_sees(kind):
    network = kind(4, 4, 2).eval()
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.3)
    x = torch.rand(1, 3, 61, 1, requires_grad=True)
    network(x)[..., 120:124, :].sum().backward()  # what replaces pixel 30
    seen = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert 30 - network.receptive_radius <= seen.min() <= seen.max() <= 30 + network.receptive_radius
