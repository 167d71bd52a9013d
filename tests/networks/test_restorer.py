"""The restorer: the identity at first, strength, tiles."""

import torch
from torch import nn

from pictura.networks.restorer import Restorer
from pictura.networks.tiling.streaming import stream
from pictura.networks.translator import translate_image


def made() -> Restorer:
    torch.manual_seed(0)
    network = Restorer(4, 1).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return network


def test_the_identity_at_first_and_at_strength_zero() -> None:
    x = torch.rand(2, 3, 8, 10)
    assert torch.equal(Restorer(4, 1)(x), x)
    assert torch.equal(made()(x, None, 0.0), x)
    torch.testing.assert_close(made()(x, None, 0.5), (x + made()(x)) / 2)


def test_size() -> None:
    assert sum(p.numel() for p in Restorer().parameters()) < 0.27e6


def test_tiles_give_what_one_piece_gives() -> None:
    image = torch.rand(1, 3, 203, 161)
    whole = translate_image(image, made())
    assert whole.shape == image.shape
    inputs = torch.cat([image, image[:, :1]], 1)
    tiled = stream(inputs, made().parts(), memory=300_000, multiple=2, smallest=2)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


def test_its_radius_is_how_far_it_sees() -> None:
    network = made()
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    network(x)[0, :, 32, 32].sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1)).nonzero()
    assert (seen - 32).abs().max() <= network.receptive_radius
