"""Files of junyanz/pytorch-CycleGAN-and-pix2pix: his networks, laid out anew as his keys say, and ours agree."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pictura.interop.converting import convert_weights, load_critic
from pictura.methods import open_method
from pictura.runtime.errors import PicturaError


def normed(kind: str, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.InstanceNorm2d(channels)


class Named(nn.Module):
    """All under one name, ``model`` or ``net``, as in his files."""

    def __init__(self, layers: list[nn.Module], name: str = "model") -> None:
        super().__init__()
        self.name = name
        self.add_module(name, nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        return self.get_submodule(self.name)(x)


class Block(nn.Module):
    def __init__(self, w: int, kind: str, dropout: bool) -> None:
        super().__init__()
        bias = kind == "instance"
        self.conv_block = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(w, w, 3, bias=bias), normed(kind, w), nn.ReLU()),
            *([nn.Dropout(0.5)] if dropout else []),
            *(nn.ReflectionPad2d(1), nn.Conv2d(w, w, 3, bias=bias), normed(kind, w)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


def resnet(blocks: int, kind: str, w: int, dropout: bool = False) -> nn.Module:
    bias = kind == "instance"
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, w, 7, bias=bias), normed(kind, w), nn.ReLU()]
    for c in (w, 2 * w):
        layers += [nn.Conv2d(c, 2 * c, 3, 2, 1, bias=bias), normed(kind, 2 * c), nn.ReLU()]
    layers += [Block(4 * w, kind, dropout) for _ in range(blocks)]
    for c in (4 * w, 2 * w):
        up = nn.ConvTranspose2d(c, c // 2, 3, 2, padding=1, output_padding=1, bias=bias)
        layers += [up, normed(kind, c // 2), nn.ReLU()]
    return Named([*layers, nn.ReflectionPad2d(3), nn.Conv2d(w, 3, 7), nn.Tanh()])


class Level(nn.Module):
    """One level of his U-Net around the next; the activations in place, as there."""

    def __init__(self, outer: int, inner: int, kind: str, inside: nn.Module | None, outermost: bool = False) -> None:
        super().__init__()
        bias = kind == "instance"
        self.outermost = outermost
        down = nn.Conv2d(3 if outermost else outer, inner, 4, 2, 1, bias=bias)
        read = inner if inside is None else 2 * inner
        if outermost:
            layers = [down, inside, nn.ReLU(True), nn.ConvTranspose2d(read, 3, 4, 2, 1), nn.Tanh()]
        elif inside is None:
            up = nn.ConvTranspose2d(read, outer, 4, 2, 1, bias=bias)
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up, normed(kind, outer)]
        else:
            up = nn.ConvTranspose2d(read, outer, 4, 2, 1, bias=bias)
            layers = [
                nn.LeakyReLU(0.2, True),
                down,
                normed(kind, inner),
                inside,
                nn.ReLU(True),
                up,
                normed(kind, outer),
            ]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    def __init__(self, levels: int, kind: str, w: int) -> None:
        super().__init__()
        level = Level(8 * w, 8 * w, kind, None)
        for _ in range(levels - 5):
            level = Level(8 * w, 8 * w, kind, level)
        for factor in (4, 2, 1):
            level = Level(factor * w, 2 * factor * w, kind, level)
        self.model = Level(3, w, kind, level, outermost=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def critic(strides: int, kind: str, w: int, inputs: int) -> nn.Module:
    bias = kind == "instance"
    if strides == 0:
        layers = [nn.Conv2d(inputs, w, 1), nn.LeakyReLU(0.2), nn.Conv2d(w, 2 * w, 1, bias=bias), normed(kind, 2 * w)]
        return Named([*layers, nn.LeakyReLU(0.2), nn.Conv2d(2 * w, 1, 1, bias=bias)], "net")
    layers, before = [nn.Conv2d(inputs, w, 4, 2, 1), nn.LeakyReLU(0.2)], w
    for n in range(1, strides + 1):
        after = w * min(2**n, 8)
        convolution = nn.Conv2d(before, after, 4, 2 if n < strides else 1, 1, bias=bias)
        layers, before = [*layers, convolution, normed(kind, after), nn.LeakyReLU(0.2)], after
    return Named([*layers, nn.Conv2d(before, 1, 4, 1, 1)])


def strong(network: nn.Module) -> nn.Module:
    torch.manual_seed(2)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.3)
            nn.init.normal_(module.bias, 0, 0.3)
    return network.train()  # he tests with the picture's own statistics


GENERATORS = {
    "resnet_9 instance": (lambda: resnet(9, "instance", 4), 48),
    "resnet_6 instance": (lambda: resnet(6, "instance", 4), 36),
    "resnet_9 batch": (lambda: resnet(9, "batch", 4), 140),
    "resnet_6 batch": (lambda: resnet(6, "batch", 3), 104),
    "unet_256 batch": (lambda: UNet(8, "batch", 2), 82),
    "unet_128 batch": (lambda: UNet(7, "batch", 2), 70),
    "unet_256 instance": (lambda: UNet(8, "instance", 2), 32),
    "unet_128 instance": (lambda: UNet(7, "instance", 2), None),
}


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("project", ["pytorch-cyclegan", "pytorch-pix2pix"])
def test_generators_compute_what_his_do(name: str, project: str, tmp_path: Path) -> None:
    build, entries = GENERATORS[name]
    theirs = strong(build())
    state = theirs.state_dict()
    assert entries in (None, len(state))
    torch.save(state, tmp_path / "latest_net_G.pth")
    bundle = convert_weights(tmp_path / "latest_net_G.pth", project)
    method = open_method(bundle)
    kind, norm = name.split()
    assert (method.settings.generator, method.settings.norm) == (kind, norm)
    assert method.directions == ("A2B",)
    network = method.generators["A2B"]
    x = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        wanted = theirs(x)
        torch.testing.assert_close(network(x), wanted, rtol=0, atol=1e-5)
    assert wanted.std() > 0.1


def test_dropout_of_a_resnet_shows_and_of_a_unet_does_not(tmp_path: Path) -> None:
    found = {}
    for name, network in {
        "on": resnet(6, "batch", 2, True),
        "off": resnet(6, "batch", 2),
        "u": UNet(7, "batch", 1),
    }.items():
        torch.save(network.state_dict(), tmp_path / "G.pth")
        for project in ("pytorch-cyclegan", "pytorch-pix2pix"):
            bundle = convert_weights(tmp_path / "G.pth", project)
            found[name, project] = open_method(bundle).settings.dropout
            assert ("no file shows it" in bundle.about["does"]) == (name == "u")
    assert [found["on", p] for p in ("pytorch-cyclegan", "pytorch-pix2pix")] == ["released", "released"]
    assert [found["off", p] for p in ("pytorch-cyclegan", "pytorch-pix2pix")] == ["none", "none"]
    assert [found["u", p] for p in ("pytorch-cyclegan", "pytorch-pix2pix")] == ["none", "released"]


@pytest.mark.parametrize("zipped", [True, False])
def test_early_files_and_parallel_ones(zipped: bool, tmp_path: Path) -> None:
    """Instance norm of torch 0.4 kept statistics that nobody used; DataParallel puts a prefix before each key."""
    theirs = strong(resnet(6, "instance", 3))
    early = {}
    for place in (2, 5, 8, 17, 20):
        early |= {f"model.{place}.running_mean": torch.full((12,), 9.0), f"model.{place}.running_var": torch.ones(12)}
        early[f"model.{place}.num_batches_tracked"] = torch.tensor(7)
    state = {f"module.{key}": tensor for key, tensor in (theirs.state_dict() | early).items()}
    torch.save(state, tmp_path / "latest_net_G_A.pth", _use_new_zipfile_serialization=zipped)
    network = open_method(convert_weights(tmp_path / "latest_net_G_A.pth", "pytorch-cyclegan")).generators["A2B"]
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(network(x), theirs(x), rtol=0, atol=1e-5)


def test_a_folder_of_both_directions(tmp_path: Path) -> None:
    both = [strong(resnet(6, "instance", 2)), resnet(6, "instance", 2)]
    for name in ("latest", "95"):
        for side, network in zip("AB", both, strict=True):
            torch.save(network.state_dict(), tmp_path / f"{name}_net_G_{side}.pth")
    method = open_method(convert_weights(tmp_path, "pytorch-cyclegan"))
    assert method.directions == ("A2B", "B2A")
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        for direction, network in zip(method.directions, both, strict=True):
            torch.testing.assert_close(method.generators[direction](x), network(x), rtol=0, atol=1e-5)
    torch.save(resnet(9, "instance", 2).state_dict(), tmp_path / "latest_net_G_B.pth")
    with pytest.raises(PicturaError, match="two kinds"):
        convert_weights(tmp_path, "pytorch-cyclegan")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PicturaError, match="holds no pairs"):
        convert_weights(tmp_path / "empty", "pytorch-cyclegan")


@pytest.mark.parametrize("strides", range(6))
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_critics_answer_as_his_do(strides: int, norm: str, tmp_path: Path) -> None:
    theirs = strong(critic(strides, norm, 2, 6))
    save_file(theirs.state_dict(), tmp_path / "latest_net_D.safetensors")
    ours = load_critic(tmp_path / "latest_net_D.safetensors")
    x, condition = torch.rand(1, 3, 128, 128) * 2 - 1, torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(x, condition)[0], theirs(torch.cat([condition, x], 1)), rtol=1e-4, atol=1e-5)
    with pytest.raises(PicturaError, match="is a critic"):
        convert_weights(tmp_path / "latest_net_D.safetensors", "pytorch-pix2pix")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.4.weight": None}, r"is missing 'model\.4\.weight', which a resnet_6 has"),
        ({"model.1.weight": None}, r"has no filters 'model\.1\.weight'"),
        ({"fc.weight": torch.zeros(1, 1)}, r"contains 'fc\.weight', which a resnet_6"),
        ({"model.4.weight": torch.zeros(5, 2, 3, 3)}, r"shape \(5, 2, 3, 3\) where a resnet_6 of its width"),
        ({"model.1.weight": torch.zeros(2, 1, 7, 7)}, "makes 3 channels of 1"),
        ({"model.1.bias": torch.full((2,), float("nan"))}, "contains NaN or infinity"),
        ({"model.15.conv_block.1.weight": None, "model.15.conv_block.5.weight": None}, "cut short|ResNet of 5 blocks"),
    ],
)
def test_damaged_files_are_refused(change, said, tmp_path: Path) -> None:
    state = resnet(6, "instance", 2).state_dict() | change
    if change.get("model.15.conv_block.1.weight", 0) is None:
        state |= {key: None for key in state if key.startswith("model.15.")}
    save_file({key: tensor for key, tensor in state.items() if tensor is not None}, tmp_path / "G.safetensors")
    with pytest.raises(PicturaError, match=said):
        convert_weights(tmp_path / "G.safetensors", "pytorch-cyclegan")


def test_other_files_are_refused(tmp_path: Path) -> None:
    for number, state in enumerate(
        ({"weight": torch.zeros(3)}, {"model.0.weight": torch.zeros(4)}, UNet(6, "batch", 1).state_dict())
    ):
        path = tmp_path / f"{number}.safetensors"
        save_file(dict(state), path)
        with pytest.raises(PicturaError, match=r"no network of pytorch-CycleGAN|U-Net of 6 levels"):
            convert_weights(path, "pytorch-pix2pix")
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(PicturaError, match="neither a safetensors file nor"):
        convert_weights(tmp_path / "text.pth", "pytorch-pix2pix")
    save_file(resnet(6, "instance", 2).state_dict(), tmp_path / "latest_net_G.safetensors")
    with pytest.raises(PicturaError, match="is a generator"):
        load_critic(tmp_path / "latest_net_G.safetensors")
