"""The slim network: what it costs, its doubled convolution, its styles."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pictura.networks.slim import SlimNet


def multiply_adds(network: nn.Module, side: int) -> float:
    """Of all convolutions, as torch counts them, for each pixel of a square picture."""
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 3, side, side))
    return counter.get_total_flops() / 2 / side**2


def test_costs_what_it_says() -> None:
    with torch.no_grad():
        assert multiply_adds(SlimNet(8), 64) == pytest.approx(17_600, rel=0.01)
    parameters = {n: p.numel() for n, p in SlimNet(8).named_parameters()}
    assert sum(parameters.values()) < 0.71e6  # eight styles in less than three megabytes
    assert sum(n for name, n in parameters.items() if "norm" in name) / 9 == pytest.approx(2 * 1_000, rel=0.2)


def test_styles_are_parameters_of_their_own() -> None:
    """A gradient through one style leaves the others and the photograph alone."""
    network = SlimNet(2, (4, 6, 8), 1)
    network(torch.rand(1, 3, 32, 32), torch.tensor([[0.0, 0.0, 1.0]])).square().mean().backward()
    weight = network.down3.norm.weight.grad
    assert weight is not None
    assert not weight[:2].any()
    assert weight[2].any()


def test_the_first_style_in_full_is_what_one_gets_unasked() -> None:
    torch.manual_seed(0)
    network = SlimNet(2, (4, 6, 8), 1).eval()
    for p in network.parameters():
        nn.init.normal_(p, std=0.3)
    x = torch.rand(2, 3, 32, 40)
    assert torch.allclose(network(x), network(x, torch.tensor([[0.0, 1.0, 0.0]] * 2)))
    assert not torch.allclose(network(x), network(x, torch.tensor([[0.0, 0.0, 1.0]] * 2)), atol=1e-3)


def test_a_flat_picture_is_finite_and_black_and_white_can_be_had() -> None:
    network = SlimNet(1, (4, 6, 8), 1).eval()
    assert network(torch.full((1, 3, 32, 32), 0.3)).isfinite().all()
    for value, extreme in ((-50.0, -0.05), (50.0, 1.05)):
        nn.init.constant_(network.last.bias, value)
        assert network(torch.rand(1, 3, 32, 32)).mean().item() == pytest.approx(extreme, abs=1e-3)


def test_from_the_photograph_to_the_style() -> None:
    torch.manual_seed(0)
    network, x = SlimNet(1, (4, 6, 8), 1).eval(), torch.rand(1, 3, 32, 40)
    photo, half, full = (network(x, torch.tensor([[1 - s, s]])) for s in (0.0, 0.5, 1.0))
    assert torch.equal(photo, x)
    assert not torch.allclose(full, x, atol=0.1)
    torch.testing.assert_close(half, (x + full) / 2)  # as long as the norms of both are the same
    torch.nn.init.normal_(network.down2.norm.weight)
    assert not torch.allclose(network(x, torch.tensor([[0.5, 0.5]])), half, atol=1e-3)
