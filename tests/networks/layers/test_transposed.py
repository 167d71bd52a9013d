"""The transposed convolution by matrices is torch's, forward and backward."""

import pytest
import torch
from torch import nn

from pictura.networks.layers.transposed import TransposedConv


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel", "padding", "output_padding"), [(4, 1, 0), (3, 1, 1), (5, 2, 1)])
def test_it_is_torch_s(kernel: int, padding: int, output_padding: int, bias: bool) -> None:
    torch.manual_seed(0)
    ours = TransposedConv(6, 4, kernel, 2, padding, output_padding, bias=bias)
    theirs = nn.ConvTranspose2d(6, 4, kernel, 2, padding, output_padding, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    for height, width in ((1, 1), (3, 5), (8, 8), (9, 9)):
        x = torch.randn(2, 6, height, width, requires_grad=True)
        made = [layer(x) for layer in (ours, theirs)]
        torch.testing.assert_close(*made)
        weights = torch.randn_like(made[0])
        gradients = [
            torch.autograd.grad((y * weights).sum(), (x, *layer.parameters()))
            for y, layer in zip(made, (ours, theirs), strict=True)
        ]
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
