"""CoGAN's networks: the release's sizes, what is shared and what is each domain's own."""

import pytest
import torch
from torch import nn

from pictura.networks.cogan import digits_critics, digits_generators, picture_critics, picture_generators


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_of_the_digits_networks_are_the_release_s() -> None:
    with torch.device("meta"):
        assert count(digits_generators(channels=1)) == 7_842_694
        assert count(digits_critics(channels=1)) == 427_593


@pytest.mark.parametrize("size", [16, 64, 128])
def test_pictures_of_a_size(size: int) -> None:
    generators, critics = picture_generators(size, 32), picture_critics(size, 32)
    fakes = generators(torch.rand(2, 100))
    assert [x.shape for x in fakes] == [(2, 3, size, size)] * 2
    torch.testing.assert_close(generators.paint(torch.zeros(2, 100), 1).shape, fakes[1].shape)
    assert [x.shape for x in critics([fakes[0], fakes[1][:1]])] == [(2, 1, 1, 1), (1, 1, 1, 1)]


def test_digits_have_28_pixels() -> None:
    fakes = digits_generators()(torch.randn(2, 100))
    assert [x.shape for x in fakes] == [(2, 3, 28, 28)] * 2
    assert [x.shape for x in digits_critics()(fakes)] == [(2, 1, 1, 1)] * 2


def test_first_layers_of_generators_and_last_of_critics_are_the_same_tensors() -> None:
    generators, critics = picture_generators(64, 32, own=2), picture_critics(64, 32, own=2)
    assert len(generators.shared) == 4  # z to 4×4, and three of four doublings
    assert [len(head) for head in generators.heads] == [3, 3]  # the last doubling, a convolution, tanh
    assert len(critics.shared) == 5  # three of five convolutions, and both linear layers
    assert [len(head) for head in critics.heads] == [2, 2]
    z = torch.rand(2, 100)
    loss_A = generators(z)[0].sum() + critics([torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)])[0].sum()
    loss_A.backward()
    for pair in (generators, critics):
        assert all(p.grad is not None for p in pair.shared.parameters())
        assert all(p.grad is not None for p in pair.heads[0].parameters())
    assert all(p.grad is None for p in generators.heads[1].parameters())


def test_faces_of_the_release() -> None:
    """celeba.train.ptt: 1024×4×4 … 32×128×128; 5×5 filters in the first three convolutions, dropout in the last."""
    with torch.device("meta"):
        generators, critics = picture_generators(128, own=1), picture_critics(128, own=1)
    up = [m for m in generators.shared.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in up] == [1024, 512, 256, 128, 64, 32]
    own = [m for m in critics.heads[0].modules() if isinstance(m, nn.Conv2d)]
    down = [*own, *(m for m in critics.shared.modules() if isinstance(m, nn.Conv2d))]
    assert [(m.out_channels, m.kernel_size[0]) for m in down[:-2]] == [
        (32, 5), (64, 5), (128, 5), (256, 3), (512, 3), (1024, 3),
    ]  # fmt: skip
    assert [m.out_channels for m in down[-2:]] == [2048, 2]
    assert [m.p for m in critics.modules() if isinstance(m, nn.Dropout)] == [0.1, 0.3, 0.3, 0.5, 0.5]
