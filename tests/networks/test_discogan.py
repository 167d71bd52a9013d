"""DiscoGAN's networks: sizes of the release, what an answer sees, running moments, tiles."""

import pytest
import torch
from torch import nn

from pictura.networks.discogan import DiscoCritic, DiscoGenerator, keep_statistics
from pictura.networks.tiling.streaming import stream


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_are_the_release_s() -> None:
    with torch.device("meta"):
        assert count(DiscoGenerator()) == 5_513_856
        assert count(DiscoGenerator(extra=True)) == 7_153_480
        assert count(DiscoCritic()) == 2_765_568


@pytest.mark.parametrize("extra", [False, True])
def test_shapes(extra: bool) -> None:
    x = torch.rand(2, 3, 64, 64)
    made = DiscoGenerator(4, extra)(x)
    assert made.shape == x.shape
    assert 0 <= made.min() <= made.max() <= 1
    (answer,), features = DiscoCritic(4)(x)
    assert answer.shape == (2, 1, 1, 1)
    assert [tuple(f.shape[1:]) for f in features] == [(8, 16, 16), (16, 8, 8), (32, 4, 4)]


def test_an_answer_is_of_94_pixels() -> None:
    critic = DiscoCritic(4).eval()
    x = torch.rand(1, 3, 160, 160, requires_grad=True)
    (answer,), _ = critic(x)
    answer[0, 0, answer.shape[2] // 2, answer.shape[3] // 2].backward()
    assert x.grad is not None
    assert int((x.grad.abs().sum((0, 1, 2)) > 0).sum()) == 94


def test_running_moments_can_be_kept() -> None:
    net, x = DiscoGenerator(4), torch.rand(2, 3, 64, 64)
    before = {name: buffer.clone() for name, buffer in net.named_buffers() if "running" in name}
    with keep_statistics(net):
        kept = net(x)
    assert all(torch.equal(net.get_buffer(name), buffer) for name, buffer in before.items())
    torch.testing.assert_close(net(x), kept)
    assert not any(torch.equal(net.get_buffer(name), buffer) for name, buffer in before.items())


@pytest.mark.parametrize("extra", [False, True])
def test_tiles_give_what_the_whole_gives(extra: bool) -> None:
    torch.manual_seed(0)
    net, x = DiscoGenerator(4, extra), torch.rand(1, 3, 300, 350)
    net(torch.rand(4, 3, 64, 64))
    net.eval()
    options = {"multiple": net.multiple, "smallest": net.smallest}
    whole = stream(x, net.parts(), **options)
    needed = int(4 * net.parts()[0].floats_per_pixel * (2 * net.radius + 96) ** 2)
    torch.testing.assert_close(stream(x, net.parts(), memory=needed, **options), whole, rtol=0, atol=1e-5)
