"""The paper's network and that of pytorch/examples: counts, keys, geometry, and a published file's picture."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.johnson import ExamplesNet, JohnsonNet, drop_unused_keys
from pictura.networks.layers.norm import InstanceNorm
from pictura.networks.tiling.streaming import stream

NETWORKS = {
    "paper": lambda c: JohnsonNet(c),
    "instance": lambda c: JohnsonNet(c, "instance"),
    "examples": lambda c: ExamplesNet(c),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("channels", "count"), [(32, 1_679_235), (16, 424_899)])
def test_number_of_parameters(name: str, channels: int, count: int) -> None:
    with torch.device("meta"):
        network = NETWORKS[name](channels)
    assert sum(p.numel() for p in network.parameters()) == count


def test_the_papers_sides() -> None:
    network = JohnsonNet(2).eval()
    with torch.no_grad():
        start = network.start(torch.rand(1, 3, 256, 256))
        sides = [start.shape[-1], network.start[0](torch.rand(1, 3, 256, 256)).shape[-1]]
        for block in network.blocks:
            start = block(start)
            sides.append(start.shape[-1])
        sides.append(network.end(start).shape[-1])
    assert sides == [84, 336, 80, 76, 72, 68, 64, 256]


def test_the_papers_layers() -> None:
    """c9s1-32, d64, d128, R128 ×5, u64, u32, c9s1-3: kernel, stride, padding and width of each convolution."""
    convolutions = [m for m in JohnsonNet().modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    found = [(m.kernel_size[0], m.stride[0], m.padding[0], m.out_channels) for m in convolutions]
    assert found[:3] == [(9, 1, 4, 32), (3, 2, 1, 64), (3, 2, 1, 128)]
    assert found[3:13] == [(3, 1, 0, 128)] * 10
    assert found[13:] == [(3, 2, 1, 64), (3, 2, 1, 32), (9, 1, 4, 3)]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in JohnsonNet().modules()) == 15


def test_the_papers_pixels_are_between_0_and_1() -> None:
    network = JohnsonNet(4).eval()
    nn.init.constant_(network.end[-1].bias, 30.0)
    assert network(torch.rand(1, 3, 44, 48)).max() <= 1


def test_the_examples_keys_and_shapes() -> None:
    with torch.device("meta"):
        state = ExamplesNet().state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert len(shapes) == 62
    assert shapes["conv1.conv2d.weight"] == (32, 3, 9, 9)
    assert shapes["res3.conv2.conv2d.weight"] == (128, 128, 3, 3)
    assert shapes["res5.in2.bias"] == (128,)
    assert shapes["deconv1.conv2d.weight"] == (64, 128, 3, 3)
    assert shapes["deconv2.conv2d.weight"] == (32, 64, 3, 3)
    assert shapes["deconv3.conv2d.weight"] == (3, 32, 9, 9)
    assert shapes["in5.weight"] == (32,)


def test_statistics_that_old_files_tracked_are_left_out() -> None:
    network = ExamplesNet(2)
    published = network.state_dict() | {"in1.running_mean": torch.zeros(2), "in1.running_var": torch.ones(2)}
    network.load_state_dict(drop_unused_keys(published))


def evaluated(tensors: dict[str, Tensor], x: Tensor) -> Tensor:
    """The published architecture written down anew, functions only, 0..255 in and out."""

    def convolution(key: str, y: Tensor, stride: int = 1, *, larger: bool = False) -> Tensor:
        if larger:
            y = y.repeat_interleave(2, 2).repeat_interleave(2, 3)
        kernel = tensors[f"{key}.conv2d.weight"].float()
        y = F.pad(y, (kernel.shape[2] // 2,) * 4, "reflect")
        return F.conv2d(y, kernel, tensors[f"{key}.conv2d.bias"].float(), stride)

    def norm(key: str, y: Tensor) -> Tensor:
        spread, mean = torch.var_mean(y, (2, 3), correction=0, keepdim=True)
        weight, bias = (tensors[f"{key}.{what}"].float()[:, None, None] for what in ("weight", "bias"))
        return (y - mean) / (spread + 1e-5).sqrt() * weight + bias

    for i, stride in ((1, 1), (2, 2), (3, 2)):
        x = norm(f"in{i}", convolution(f"conv{i}", x, stride)).relu()
    for i in range(1, 6):
        inner = norm(f"res{i}.in1", convolution(f"res{i}.conv1", x)).relu()
        x = x + norm(f"res{i}.in2", convolution(f"res{i}.conv2", inner))
    for i in (1, 2):
        x = norm(f"in{i + 3}", convolution(f"deconv{i}", x, larger=True)).relu()
    return convolution("deconv3", x)


def test_a_published_file_gives_the_published_picture(weights, draw) -> None:
    path = Path(os.environ.get("PICTURA_WEIGHTS", "")) / "fns_candy.safetensors"
    if not path.is_file():
        pytest.skip(f"no {path.name} in $PICTURA_WEIGHTS")
    tensors = load_file(path)
    network = ExamplesNet().eval()
    network.load_state_dict({key: tensor.float() for key, tensor in drop_unused_keys(tensors).items()})
    photo = draw(76, 100)
    with torch.no_grad():
        found, expected = network(photo), evaluated(tensors, 255 * photo) / 255
    assert expected.min() < 0 < 1 < expected.max()  # it overshoots, hence the clamp
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(1, 1), (5, 2), (41, 67)])
def test_any_size_and_finite(name: str, size: tuple[int, int]) -> None:
    network = NETWORKS[name](2).eval()
    for value in (torch.zeros(1, 3, *size), torch.rand(1, 3, *size)):
        made = stream(value, network.parts(), multiple=network.multiple, smallest=network.smallest)
        assert made.shape == value.shape
        assert made.isfinite().all()


def test_norms_know_how_far_their_responses_reach_beyond_the_picture() -> None:
    network, seen = JohnsonNet(2, "instance").eval(), []
    for site in network.modules():
        if isinstance(site, InstanceNorm):
            site.register_forward_pre_hook(lambda site, x: seen.append((x[0].shape[-1] - 2 * site.margin, site.margin)))
    network(torch.rand(1, 3, 64, 64))
    assert [side for side, _ in seen] == [64, 32, 16, *[16] * 10, 32, 64]
    assert seen[0][1] == 40
