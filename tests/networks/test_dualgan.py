"""DualGAN's networks against the release: TensorFlow's padding, every layer in a row, what a patch sees."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.networks.dualgan import DualCritic, DualGenerator, SameConv, SameUpConv, same_padding
from pictura.networks.tiling.streaming import stream


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_are_the_release_s() -> None:
    with torch.device("meta"):
        assert count(DualGenerator()) == 30_627_907
        assert count(DualCritic()) == 3_949_441
        assert count(DualCritic(kind="patch")) == 3_921_281


@pytest.mark.parametrize(("side", "kernel", "pads"), [(8, 3, (0, 1)), (8, 5, (1, 2)), (7, 3, (1, 1)), (1, 3, (1, 1))])
def test_same_padding_is_lopsided_at_even_sides(side: int, kernel: int, pads: tuple[int, int]) -> None:
    assert same_padding(side, kernel) == pads


@pytest.mark.parametrize("kernel", [3, 5])
def test_up_is_the_transpose_of_down(kernel: int) -> None:
    """⟨conv x, y⟩ = ⟨x, convᵀ y⟩, which is how TensorFlow defines the transposed convolution."""
    down, up = SameConv(2, 3, kernel).double(), SameUpConv(3, 2, kernel).double()
    up.weight.data = down.weight.data
    x, y = torch.randn(1, 2, 8, 12).double(), torch.randn(1, 3, 4, 6).double()
    torch.testing.assert_close((down(x) * y).sum(), (x * up(y)).sum())
    first = (0, 1)[kernel == 5]  # zeros before the first pixel
    window = F.pad(x, [9] * 4)[0, :, 9 - first : 9 - first + kernel, 9 - first : 9 - first + kernel]
    torch.testing.assert_close(down(x)[0, :, 0, 0], (down.weight * window).sum((1, 2, 3)))


def norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-6).sqrt() * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)


def test_generator_in_a_row() -> None:
    torch.manual_seed(0)
    net, x = DualGenerator(4, 3), torch.rand(2, 3, 32, 24)
    w = net.state_dict()

    def down(y: Tensor, name: str, pads: tuple[int, int]) -> Tensor:
        return F.conv2d(F.pad(y, pads * 2), w[f"{name}.weight"], w[f"{name}.bias"], stride=2)

    def up(y: Tensor, name: str, pad: int) -> Tensor:
        z = F.conv_transpose2d(y.relu(), w[f"{name}.weight"], w[f"{name}.bias"], stride=2)
        return z[..., pad : pad + 2 * y.shape[2], pad : pad + 2 * y.shape[3]]

    e1 = down(x, "first", (1, 2))
    e2 = norm(down(F.leaky_relu(e1, 0.2), "downs.0", (0, 1)), w["down_norms.0.weight"], w["down_norms.0.bias"])
    e3 = norm(down(F.leaky_relu(e2, 0.2), "downs.1", (0, 1)), w["down_norms.1.weight"], w["down_norms.1.bias"])
    d1 = norm(up(e3, "ups.0", 0), w["up_norms.0.weight"], w["up_norms.0.bias"])
    d2 = norm(up(torch.cat([d1, e2], 1), "ups.1", 0), w["up_norms.1.weight"], w["up_norms.1.bias"])
    wanted = torch.tanh(up(torch.cat([d2, e1], 1), "last", 1))
    torch.testing.assert_close(net(x), wanted, rtol=1e-4, atol=1e-5)


def test_a_bottleneck_of_one_position_knows_nothing() -> None:
    net = DualGenerator(4, 3)
    one = net.down_norms[-1](torch.randn(1, 16, 1, 1))
    torch.testing.assert_close(one.flatten(), net.down_norms[-1].bias, rtol=0, atol=1e-3)


def test_a_patch_is_of_129_pixels() -> None:
    critic = DualCritic(2, "patch")
    for layer in critic.norms:
        layer.forward = lambda x: x  # it looks at the whole picture
    x = torch.rand(1, 3, 256, 256, requires_grad=True)
    (answer,) = critic(x)
    assert answer.shape == (1, 1, 4, 4)
    answer[0, 0, 1, 1].backward()
    assert x.grad is not None
    assert int((x.grad.abs().sum((0, 1, 2)) > 0).sum()) == 129


def test_a_global_critic_gives_one_answer() -> None:
    (answer,) = DualCritic(2, size=64)(torch.rand(2, 3, 64, 64))
    assert answer.shape == (2, 1, 1, 1)


@pytest.mark.parametrize(("size", "levels"), [((64, 256), 3), ((1, 1), 2), ((131, 277), 4)])
def test_tiles_give_what_the_whole_gives(size: tuple[int, int], levels: int) -> None:
    """With dropout, which is a function of the noise."""
    torch.manual_seed(0)
    net, x = DualGenerator(4, levels, dropout=True).eval(), torch.rand(1, 3, *size)
    x = torch.cat([x, torch.randint(256, (1, 1, *size)) / 255], 1)
    whole = stream(x, net.parts(), multiple=net.multiple)
    memory = int(1.8e6 if levels == 4 else 3.4e5)  # less than the whole takes
    torch.testing.assert_close(stream(x, net.parts(), memory=memory, multiple=net.multiple), whole, rtol=0, atol=1e-5)
    if size[0] % net.multiple == 0:
        forward = net(2 * x[:, :3] - 1, x[:, 3:])
        torch.testing.assert_close((forward + 1) / 2, whole, rtol=0, atol=1e-5)
        assert not torch.equal(net(2 * x[:, :3] - 1), forward)
