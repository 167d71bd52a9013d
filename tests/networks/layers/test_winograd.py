"""The fast convolution of wide layers against torch's own, in its results and both gradients."""

import pytest
import torch
from torch import nn

from pictura.networks.layers.winograd import WIDE, WideConv


@pytest.mark.parametrize("size", [(6, 6), (10, 14), (9, 3), (13, 8)])
def test_results_and_gradients_are_torchs(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    fast, plain = WideConv(WIDE, WIDE + 8).double(), nn.Conv2d(WIDE, WIDE + 8, 3).double()
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(2, WIDE, *size, dtype=torch.float64)
    found = []
    for layer in (fast, plain):
        y = layer(given := x.clone().requires_grad_())
        y.mul(torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view(y.shape)).sum().backward()
        found.append((y, given.grad, layer.weight.grad, layer.bias.grad))
    assert not torch.equal(found[0][0], found[1][0])  # another way of computing it
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_float32_stays_near() -> None:
    torch.manual_seed(0)
    layer = WideConv(WIDE, WIDE)
    x = torch.randn(1, WIDE, 18, 18)
    with torch.no_grad():
        exact = nn.functional.conv2d(x.double(), layer.weight.double(), layer.bias.double())
    assert (layer(x) - exact).abs().max() < 1e-4 * exact.std()


def test_without_gradient_it_is_torchs_to_the_bit() -> None:
    layer, x = WideConv(WIDE, WIDE), torch.randn(1, WIDE, 9, 9)
    with torch.no_grad():
        assert torch.equal(layer(x), nn.functional.conv2d(x, layer.weight, layer.bias))
