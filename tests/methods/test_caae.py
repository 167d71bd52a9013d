"""CAAE: the published sizes, labels and prior, a step against the paper's losses in a row, whom they reach; its use."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.methods.caae import CAAE, PAPER, RELEASED, CAAESettings
from pictura.networks.caae import CodeCritic, FaceCritic, FaceEncoder, FaceGenerator
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.training.outline import outline_method
from pictura.training.recipes import read_recipe

from .recorded import build, check, copies, record


def faces(count: int = 3, side: int = 32) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_networks_are_as_large_as_the_release_s():
    networks = outline_method(CAAE, RELEASED).networks()
    assert {name: size(network) for name, network in networks.items()} == {
        "E": 18_234_034, "G": 19_948_195, "D_z": 6_001, "D_img": 8_677_137,
    }  # fmt: skip
    assert networks["G"].first.in_features == 150  # 50 + 10·5 + 2·25
    assert networks["D_img"].convolutions[1].in_channels == 36  # 16 + 10 + 2·5
    assert outline_method(CAAE, PAPER).networks()["G"].first.in_features == 100  # no genders


def test_shapes_and_ranges():
    E, G = FaceEncoder(64, 8, 10), FaceGenerator(64, 8, 10)
    z = E(2 * faces(2, 64) - 1)
    assert z.shape == (2, 10)
    assert z.abs().max() < 1
    made = G(z, torch.ones(2, 10), torch.ones(2, 2))
    assert made.shape == (2, 3, 64, 64)
    assert made.abs().max() < 1
    assert CodeCritic(10)(z).shape == FaceCritic(64)(made, torch.ones(2, 10), torch.ones(2, 2)).shape == (2, 1)


def test_labels_are_tiled():
    """The generator's input, and the maps that join behind the first layer of D_img."""
    seen: dict[str, Tensor] = {}

    def see(name: str) -> Any:
        return lambda _, given: seen.update({name: given[0].detach()})

    age, gender = 2 * F.one_hot(torch.tensor([3, 9]), 10).float() - 1, torch.tensor([[1.0, -1], [-1, 1]])
    G, D = FaceGenerator(32, 4, 50), FaceCritic(32)
    G.first.register_forward_pre_hook(see("G"))
    D.convolutions[1].register_forward_pre_hook(see("D"))
    z = torch.rand(2, 50)
    G(z, age, gender)
    torch.testing.assert_close(seen["G"], torch.cat([z, *[age] * 5, *[gender] * 25], 1))
    D(faces(2), age, gender)
    maps = seen["D"][:, 16:, 1:17, 1:17]  # inside the padding
    assert torch.equal(maps, torch.cat([age, *[gender] * 5], 1)[..., None, None].expand(2, 20, 16, 16))


@pytest.mark.parametrize("settings", ["released", "paper"])
def test_step(settings: str):
    s: CAAESettings = {"released": RELEASED, "paper": PAPER}[settings]
    method = build(CAAE, **s.model_dump(exclude={"side", "width", "code"}))
    net = copies(method)
    x, age, sex = 2 * faces() - 1, torch.tensor([4, 18, 90]), torch.tensor([0, 1, 1])
    label = torch.full((3, 10), -1.0)
    label[0, 0] = label[1, 3] = label[2, 9] = 1
    labels = [label, torch.tensor([[1.0, -1], [-1, 1], [-1, 1]])][: 2 if s.gender else 1]
    prior = torch.rand(3, 10, generator=torch.Generator().manual_seed(2)) * 2 - 1
    z = net["E"](x)
    made = net["G"](z, *labels)
    sigmoid = torch.sigmoid
    real, fake = net["D_img"](x, *labels), net["D_img"](made, *labels)
    D_img = -sigmoid(real).log().mean() - (1 - sigmoid(fake)).log().mean()
    D_z = -sigmoid(net["D_z"](prior)).log().mean() - (1 - sigmoid(net["D_z"](z))).log().mean()
    tv = ((made[:, :, 1:] - made[:, :, :-1]) ** 2).sum() + ((made[..., 1:] - made[..., :-1]) ** 2).sum()
    if settings == "released":
        EG = (x - made).abs().mean() - 1e-4 * sigmoid(fake).log().mean()
    else:
        EG = 100 * ((x - made) ** 2).mean() + 10 * tv / 2 / 32 / 3
        EG = EG - sigmoid(net["D_z"](z)).log().mean() - sigmoid(fake).log().mean()
    told = record(method, {"image": faces(), "label": torch.stack([age, sex], 1) if s.gender else age})
    assert len(told) == 3
    check(told[0], "autoencoder", EG, ("E", net["E"]), ("G", net["G"]))
    check(told[1], "D_z", D_z, ("D_z", net["D_z"]))
    check(told[2], "D_img", D_img, ("D_img", net["D_img"]))


def test_use():
    method = build(CAAE)
    face = faces(1, 48)
    codes = method.encode(torch.cat([face, face.flip(3)]))
    assert codes.shape == (2, 10)
    assert method.decode(codes).shape == (2, 3, 32, 32)
    young, old = (method.edit(face, attributes={"age": age}) for age in (5, 70))
    assert young.shape == face.shape
    assert not torch.equal(young, old)
    assert torch.equal(method.edit(face, attributes={"age": 5}, strength=0), face)
    bytes_ = (face * 255).to(torch.uint8)
    assert method.edit(bytes_, attributes={"age": 5}).dtype == torch.uint8
    half = method.edit(face, attributes={"age": 5}, strength=0.5)
    torch.testing.assert_close(half, (face + young) / 2)


def test_mistakes():
    method = build(CAAE)
    for attributes, message in (
        ({"agee": 5}, "edits age, not 'agee'.* Did you mean 'age'"),
        ({}, "needs an age"),
        ({"age": 130}, "0 to 100"),
        ({"age": float("nan")}, "must be a number"),
        ({"female": 1}, "edits age, not 'female'"),
    ):
        with pytest.raises(PicturaError, match=message):
            method.edit(faces(1), attributes=attributes)
    with pytest.raises(PicturaError, match="labels=age,gender"):
        record(build(CAAE, gender=True), {"image": faces(), "label": torch.tensor([1, 2, 3])})
    for wrong in ({"side": 100}, {"width": 6}):
        with pytest.raises(ValidationError, match="must be a"):
            CAAESettings(**wrong)


def test_recipes():
    assert validate_settings(CAAESettings, read_recipe("caae-paper")["method"]) == PAPER
    assert validate_settings(CAAESettings, read_recipe("caae")["method"]) == RELEASED
