"""Johnson's networks by their published sizes; ours by what it starts from."""

import pytest
import torch

from pictura.networks.upscaler import Bicubic, JohnsonUpscaler, Upscaler
from pictura.picture.degrade import imresize


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


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_is_imresize_within_the_border(draw, scale):
    small = draw(12, 15)
    expected = imresize(small, (12 * scale, 15 * scale))
    edge = 2 * scale
    assert (Bicubic(scale)(small) - expected)[..., edge:-edge, edge:-edge].abs().max() < 1e-5


def test_ours_begins_as_bicubic(draw):
    small = draw(9, 11)
    assert torch.equal(Upscaler(4, 8, 2)(small), Bicubic(4)(small))


def test_bicubic_stays_exact_beside_half_precision(draw):
    small, bicubic = draw(9, 11), Bicubic(4)
    with torch.autocast("cpu", torch.bfloat16):
        made = bicubic(small)
    assert made.dtype == torch.float32
    assert torch.equal(made, bicubic(small))


@pytest.mark.parametrize("kind", [Upscaler, JohnsonUpscaler])
def test_margin_is_how_far_a_result_sees(kind):
    network = kind(4, 4, 2).eval()
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.3)
    x = torch.rand(1, 3, 61, 1, requires_grad=True)
    network(x)[..., 120:124, :].sum().backward()  # what replaces pixel 30
    seen = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert 30 - network.receptive_radius <= seen.min() <= seen.max() <= 30 + network.receptive_radius
