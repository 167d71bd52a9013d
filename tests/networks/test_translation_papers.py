"""The networks of pix2pix and CycleGAN: published counts, geometry, patches, first weights, noise, tiles."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pictura.networks.layers.dropout import NoiseDropout, draw_noise
from pictura.networks.layers.norm import BatchNorm, InstanceNorm
from pictura.networks.patchgan import PATCHES, PatchGAN
from pictura.networks.resnet_generator import ResNetGenerator
from pictura.networks.tiling.streaming import stream
from pictura.networks.unet import UNet

# Every figure: junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py, rebuilt and counted.
COUNTS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "unet_256 batch": (lambda: UNet(8), 54_413_955),
    "unet_128 batch": (lambda: UNet(7), 41_828_995),
    "unet_256 instance": (lambda: UNet(8, "instance"), 54_409_603),
    "unet_128 instance": (lambda: UNet(7, "instance"), 41_825_667),
    "unet_256 grey to two": (lambda: UNet(8, inputs=1, outputs=2), 54_409_858),
    "resnet_9 instance": (lambda: ResNetGenerator(9), 11_378_179),
    "resnet_6 instance": (lambda: ResNetGenerator(6), 7_837_699),
    "resnet_9 batch": (lambda: ResNetGenerator(9, "batch"), 11_383_427),
    "resnet_6 batch": (lambda: ResNetGenerator(6, "batch"), 7_841_411),
    "resnet_9 of 32": (lambda: ResNetGenerator(9, width=32), 2_850_563),
    "pixel 6 batch": (lambda: PatchGAN(0, "batch", inputs=6), 9_024),
    "pixel 3 instance": (lambda: PatchGAN(0), 8_705),
    "patch16 6 batch": (lambda: PatchGAN(1, "batch", inputs=6), 139_585),
    "patch34 6 batch": (lambda: PatchGAN(2, "batch", inputs=6), 666_433),
    "patch70 6 batch": (lambda: PatchGAN(3, "batch", inputs=6), 2_768_705),
    "patch70 3 batch": (lambda: PatchGAN(3, "batch"), 2_765_633),
    "patch70 3 instance": (lambda: PatchGAN(3), 2_764_737),
    "patch142 6 batch": (lambda: PatchGAN(4, "batch", inputs=6), 6_964_033),
    "patch286 6 batch": (lambda: PatchGAN(5, "batch", inputs=6), 11_159_361),
    "patch286 3 instance": (lambda: PatchGAN(5), 11_154_369),
}


@pytest.mark.parametrize("name", COUNTS)
def test_number_of_parameters(name: str) -> None:
    build, count = COUNTS[name]
    with torch.device("meta"):
        network = build()
    assert sum(p.numel() for p in network.parameters()) == count
    assert not list(network.buffers())  # nothing runs along: statistics are those of the pictures at hand


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_first_weights(norm) -> None:
    network = UNet(5, norm, width=8)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert module.weight.detach().std() == pytest.approx(0.02, rel=0.2)
            assert module.bias is None or not module.bias.any()
        if isinstance(module, BatchNorm):
            assert module.weight.detach().mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("patch", "side"), [("pixel", 256), ("patch16", 126), ("patch34", 62), ("patch70", 30)])
def test_answers_of_256_pixels(patch: str, side: int) -> None:
    network = PatchGAN(PATCHES[patch], inputs=6, width=2)
    (answers,) = network(torch.rand(1, 3, 256, 256), torch.rand(1, 3, 256, 256))
    assert answers.shape == (1, 1, side, side)


@pytest.mark.parametrize(
    ("patch", "field"), [("pixel", 1), ("patch16", 16), ("patch34", 34), ("patch70", 70), ("patch142", 142)]
)
def test_patch_by_what_an_answer_depends_on(patch: str, field: int) -> None:
    assert support(PatchGAN(PATCHES[patch], "batch", width=2), 256) == field


def test_the_largest_patch() -> None:
    assert support(PatchGAN(PATCHES["patch286"], "batch", width=2), 640) == 286


def support(network: PatchGAN, side: int) -> int:
    """Side of the square of pixels with a gradient from the middle answer; norms aside, through which all matter."""
    for layer in network.layers:
        layer.norm = None
    x = torch.rand(1, 3, side, side, requires_grad=True)
    (answers,) = network(x)
    middle = answers.shape[-1] // 2
    answers[0, 0, middle, middle].backward()
    rows, columns = (x.grad.abs().sum((0, 1, axis)).nonzero().flatten() for axis in (3, 2))
    assert rows[-1] - rows[0] == columns[-1] - columns[0]
    return int(rows[-1] - rows[0]) + 1


@pytest.mark.parametrize("patch", PATCHES)
def test_the_smallest_picture_of_a_critic(patch: str) -> None:
    network = PatchGAN(PATCHES[patch], width=2)
    (answers,) = network(torch.rand(1, 3, network.smallest, network.smallest))
    assert min(answers.shape) == 1
    if patch != "pixel":
        with pytest.raises(RuntimeError):
            network(torch.rand(1, 3, network.smallest // 3, network.smallest // 3))


@pytest.mark.parametrize("network", [UNet(8, width=1), UNet(7, width=1, skips=False), ResNetGenerator(2, width=2)])
def test_shapes_and_range(network: nn.Module) -> None:
    made = network(torch.rand(2, 3, 256, 512) * 2 - 1)
    assert made.shape == (2, 3, 256, 512)
    assert made.abs().max() <= 1


def test_the_innermost_map_is_not_normalised() -> None:
    network = UNet(5, width=2)
    assert [down.norm is None for down in network.downs] == [True, False, False, False, True]
    assert [up.norm is None for up in network.ups] == [True, False, False, False, False]
    seen: list[Tensor] = []
    network.downs[-1].register_forward_hook(lambda _, x, y: seen.append(y.clone()))
    network(torch.rand(1, 3, 32, 32))
    assert seen[0].shape == (1, 16, 1, 1) and seen[0].abs().min() > 0


def test_batch_norm_is_that_of_the_batch_in_use_too() -> None:
    x = torch.randn(3, 4, 5, 6)
    ours, theirs = BatchNorm(4).eval(), nn.BatchNorm2d(4).train()
    for norm in (ours, theirs):
        nn.init.constant_(norm.weight, 1.5)
        nn.init.constant_(norm.bias, 0.2)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours(x[:1]), nn.InstanceNorm2d(4)(x[:1]) * 1.5 + 0.2)
    assert InstanceNorm(4, affine=False).state_dict() == {}


def test_dropout_is_noise_of_its_position() -> None:
    noise = draw_noise(torch.empty(2, 3, 256, 192), torch.Generator().manual_seed(0))
    layers = [NoiseDropout(16, 2), NoiseDropout(16, 3), NoiseDropout(4, 2)]
    masks = [layer.mask(noise, 70).float() for layer in layers]
    assert masks[0].shape == (2, 70, 16, 12)
    for mask in masks:
        assert set(mask.unique().tolist()) == {0, 1}
        assert mask.mean() == pytest.approx(0.5, abs=0.01)
        channels = mask.transpose(0, 1).flatten(1)
        between = torch.corrcoef(channels)[~torch.eye(70, dtype=torch.bool)]
        assert between.abs().max() < 0.3  # 384 positions or more: six standard errors
    assert (masks[0] == masks[1]).float().mean() == pytest.approx(0.5, abs=0.02)
    assert torch.equal(layers[0].mask(noise[..., 32:96, 16:], 70), masks[0][..., 2:6, 1:].int())
    x = torch.ones(2, 70, 16, 12)
    assert torch.equal(layers[0](x, noise), 2 * masks[0])
    assert torch.equal(layers[0](x, None), x)


def strong(network: nn.Module) -> nn.Module:
    """Weights with which a difference would be seen."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
    return network.eval()


# With the bytes in which maps are kept and tiles are small.
TILED: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "unet": (lambda: UNet(5, width=4, dropout=(1, 2)), 1_300_000),
    "unet instance": (lambda: UNet(5, "instance", width=4), 1_300_000),
    "encoder-decoder": (lambda: UNet(5, width=4, skips=False), 1_300_000),
    "unet of three": (lambda: UNet(3, width=4, dropout=(1, 2)), 1_100_000),
    "resnet": (lambda: ResNetGenerator(2, width=3), 1_200_000),
    "resnet with dropout": (lambda: ResNetGenerator(2, "batch", width=3, dropout=True), 1_200_000),
}


def noisy_picture() -> Tensor:
    picture = torch.rand(1, 3, 205, 331, generator=torch.Generator().manual_seed(0))
    return torch.cat([picture, draw_noise(picture, torch.Generator().manual_seed(1))], 1)


@pytest.mark.parametrize("name", TILED)
def test_tiles_give_what_one_piece_gives(name: str) -> None:
    build, memory = TILED[name]
    check_tiles(strong(build()), 1, memory)


@pytest.mark.parametrize("name", ["unet of three", "resnet", "resnet with dropout"])
def test_tiles_of_which_no_map_is_kept(name: str) -> None:
    """A thousandth of the width, and of the memory: tiles are the same, but no map fits any more."""
    check_tiles(strong(TILED[name][0]()), 1000, 2_400_000)


def check_tiles(network: nn.Module, less: int, memory: int) -> None:
    picture, calls = noisy_picture(), list[int]()
    sizes = {"multiple": network.multiple, "smallest": network.smallest}
    whole = stream(picture, network.parts(), **sizes)
    up = next(m for m in network.modules() if isinstance(m, nn.ConvTranspose2d))
    up.register_forward_hook(lambda *_: calls.append(1))
    parts = [replace(part, floats_per_pixel=part.floats_per_pixel / less) for part in network.parts()]
    tiled = stream(picture, parts, memory=memory // less, **sizes)
    assert len(calls) > 1
    assert whole.std() > 0.1
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", TILED)
def test_parts_are_the_network(name: str) -> None:
    network = strong(TILED[name][0]())
    picture, generator = torch.rand(1, 3, 64, 96), torch.Generator().manual_seed(3)
    noise = draw_noise(picture, generator)
    with torch.no_grad():
        direct = (network(2 * picture - 1, noise) + 1) / 2
        without = (network(2 * picture - 1) + 1) / 2
    streamed = stream(torch.cat([picture, noise], 1), network.parts(), multiple=network.multiple)
    torch.testing.assert_close(streamed, direct, rtol=0, atol=1e-5)
    torch.testing.assert_close(stream(picture, network.parts(), multiple=network.multiple), without, rtol=0, atol=1e-5)
    drops = any(isinstance(module, NoiseDropout) for module in network.modules())
    assert torch.allclose(direct, without, atol=1e-3) != drops


@pytest.mark.parametrize("network", [UNet(5, width=2), ResNetGenerator(1, width=2)])
@pytest.mark.parametrize("size", [(1, 1), (5, 2), (33, 57)])
def test_any_size_and_finite(network: nn.Module, size: tuple[int, int]) -> None:
    for picture in (torch.zeros(1, 3, *size), torch.rand(1, 3, *size)):
        made = stream(picture, network.parts(), multiple=network.multiple, smallest=network.smallest)
        assert made.shape == picture.shape
        assert made.isfinite().all()
