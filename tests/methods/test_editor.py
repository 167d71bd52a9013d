"""The editor: what its parts do, a step against its losses in a row, each lever, its use; and that it learns."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import load_encoder
from pictura.methods.editor import EditorMethod, EditorSettings
from pictura.methods.editor import method as editor
from pictura.methods.editor.objective import draw_wrong, line_loss, patch_critic_loss, patch_loss
from pictura.networks.editor import Editor, class_basis, coordinates, edit_picture, warp
from pictura.runtime.errors import PicturaError

from .recorded import build, record


def faces(count: int = 4, side: int = 32) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def compact() -> Any:
    return load_encoder("compact", dtype="float32")


def prepared(compact: Any, **changes: Any) -> EditorMethod:
    method: EditorMethod = build(EditorMethod, **changes)
    method.encoder = compact
    return method


# The network


def test_warp():
    x = faces(2)
    for mode in ("bilinear", "bicubic"):
        torch.testing.assert_close(warp(x, torch.zeros(2, 2, 4, 4), mode), x, rtol=0, atol=1e-5)
    flow = torch.zeros(2, 2, 4, 4)
    flow[:, 0] = 2 / 32  # a pixel, in half sides
    torch.testing.assert_close(warp(x, flow)[..., :-1], x[..., 1:], rtol=0, atol=1e-4)
    flow = flow.flip(1)
    torch.testing.assert_close(warp(x, flow)[..., :-1, :], x[..., 1:, :], rtol=0, atol=1e-4)


def test_strength_is_a_factor_and_the_residual_may_be_smaller():
    x, flow, residual = faces(1, 40), torch.zeros(1, 2, 4, 4), torch.full((1, 3, 8, 8), 0.1)
    torch.testing.assert_close(edit_picture(x, flow, residual, 0.5), x + 0.05)
    torch.testing.assert_close(edit_picture(x, flow, residual, -1), x - 0.1)


def test_classes_differ_and_neighbours_less():
    basis = class_basis(10)
    assert class_basis(2).shape == (2, 5)
    distance = torch.cdist(basis, basis)
    assert (distance[0, 1:] > 0.5).all()
    assert (distance[0].diff() > 0).all()
    torch.manual_seed(0)
    network, x = Editor(10, (4, 8, 8), 1), faces(1)
    for one, other in zip(network(x, torch.eye(10)[:1]), network(x, torch.eye(10)[9:]), strict=True):
        assert not torch.allclose(one, other)
    flow, residual = network(x, torch.eye(10)[:1])
    assert flow.shape == (1, 2, 4, 4)
    assert residual.shape == (1, 3, 32, 32)


def test_coordinates_are_those_of_an_upright_face():
    planes = coordinates(torch.zeros(2, 7, 3, 5))
    assert planes[0, 0, 0].tolist() == [1, 0.5, 0, 0.5, 1]
    assert planes[1, 1, :, 0].tolist() == [-1, 0, 1]


# A step


def wanted_losses(method: EditorMethod, batch: dict[str, Tensor], c: Tensor, wanted: Tensor, wrong: Tensor) -> Any:
    """The losses of generator, critic and critic of patches, for scale 1 and one picture that stays what it is."""
    s, x = method.settings, batch["image"]
    G, D, P, phi = *map(copy.deepcopy, (method.network, method.heads, method.patches)), method.encoder
    layers = list(s.layers)
    real = phi(x, layers)
    D.measure(real)
    flow, residual = G(x, wanted)
    fake = warp(x, flow) + residual
    made = {layer: f[1:] for layer, f in phi(fake, layers).items()}

    def judge(answers: list[Tensor], shares: Tensor) -> list[Tensor]:
        return [s.gain * (a[:, 0] + torch.einsum("nkhw,nk->nhw", a[:, 1:], shares)) for a in answers]

    def entropy(answers: list[Tensor], shares: Tensor) -> Tensor:
        logs = [F.log_softmax(10 * a[:, 1:].mean((2, 3)), 1) for a in answers[1:]]
        return -sum((shares * log).sum(1).mean() for log in logs) / 3

    def ask(features: dict[str, Tensor]) -> list[Tensor]:
        answers: list[Tensor] = D(features, coordinates(features["relu2_1"]))
        return answers

    answers = ask(made)
    adversarial = -sum(w * a.mean() for w, a in zip(s.layers.values(), judge(answers, wanted[1:]), strict=True))
    adversarial = adversarial / sum(s.layers.values()) + s.class_weight * entropy(answers, wanted[1:])
    slope = torch.autograd.grad(adversarial, fake, retain_graph=True)[0].norm()
    content = torch.zeros(())
    for layer in ("relu3_1", "relu4_1"):
        f, p = made[layer].flatten(2), real[layer][1:].flatten(2)
        f, p = ((y - y.mean(2, keepdim=True)) / (y.std(2, correction=0, keepdim=True) + 1e-3) for y in (f, p))
        content = content + (1 - (f * p).mean()) / 2
    change = F.avg_pool2d(fake - x, 8)
    counts = F.conv2d(F.pad(torch.ones(1, 1, *x.shape[-2:]), (2,) * 4), torch.ones(1, 1, 5, 5))
    rough = (flow[..., 1:] - flow[..., :-1]).abs().mean() + (flow[..., 1:, :] - flow[..., :-1, :]).abs().mean()
    lightness = [y.mean(1)[:, None] for y in (fake, x)]
    fine = [y - F.conv2d(F.pad(y, (2,) * 4), torch.ones(1, 1, 5, 5)) / counts for y in lightness]
    like_a_photo = ((P(2 * fake[1:] - 1)[0] - 1) ** 2).mean()
    patch_slope = torch.autograd.grad(like_a_photo, fake, retain_graph=True)[0].norm()
    generator = (
        adversarial / slope / math.sqrt(fake.numel())
        + s.content_weight * content
        + s.own_weight * ((fake[0] - x[0]) ** 2).mean()
        + s.flow_weight * rough
        + s.colour_weight * ((change - change.mean(1, keepdim=True)) ** 2).mean()
        + s.line_weight * ((fine[0].abs() - fine[1].abs()).relu() ** 2).mean()
        + s.patch_weight * like_a_photo / patch_slope / math.sqrt(fake.numel())
    )
    both = ask({layer: torch.cat([real[layer], f.detach()]) for layer, f in made.items()})
    r, m = [a[:4] for a in both], [a[4:] for a in both]
    critic = torch.zeros(())
    for right, edited, other in zip(judge(r, c), judge(m, wanted[1:]), judge(r, wrong), strict=True):
        critic = critic + (1 - right).relu().mean() / 4
        critic = critic + 0.75 * (1 + edited).relu().mean() / 4 + 0.25 * (1 + other).relu().mean() / 4
    critic = critic + s.class_weight * (entropy(r, c) + 0.5 * entropy(m, c[1:]))
    patches = (((P(2 * x - 1)[0] - 1) ** 2).mean() + (P(2 * fake[1:] - 1)[0] ** 2).mean()) / 2
    return generator.detach(), critic.detach(), patches.detach()


def test_step(compact):
    method = prepared(compact, kind="binary", rescale=(1.0, 1.0), colour_weight=3.0, class_weight=0.7, gain=4.0)
    batch = {"image": faces(), "label": torch.tensor([0, 1, 1, 0])}
    c = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    generator, critic, patches = wanted_losses(method, batch, c, torch.cat([c[:1], 1 - c[1:]]), 1 - c)
    (first, loss_g, gradients), (second, loss_d, of_critic), (third, loss_p, of_patches) = record(method, batch)
    assert (first, second, third) == ("generator", "critic", "patches")
    torch.testing.assert_close(loss_g, generator, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss_d, critic, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss_p, patches, rtol=1e-4, atol=1e-5)
    assert {name.partition(".")[0] for name in of_patches} == {"patches"}
    assert {name.partition(".")[0] for name in gradients} == {"generator"}
    assert {name.partition(".")[0] for name in of_critic} == {"critic"}
    assert all(g.abs().max() > 0 for name, g in gradients.items() if "norm" in name)  # the condition reaches every norm


def test_the_critic_learns_alone_at_first(compact):
    method = prepared(compact, warmup=2)
    batch = {"image": faces(), "label": torch.tensor([3, 30, 50, 80])}
    assert [[player for player, _, _ in record(method, batch)] for _ in range(3)] == [
        ["critic"], ["critic"], ["generator", "critic", "patches"],
    ]  # fmt: skip


def test_pictures_are_small_at_first(compact, monkeypatch):
    method, sides = prepared(compact, small_side=32, small_steps=1), []
    seen = editor.edit_picture
    monkeypatch.setattr(editor, "edit_picture", lambda x, *rest: sides.append(x.shape[-1]) or seen(x, *rest))
    for _ in range(2):
        record(method, {"image": faces(side=48), "label": torch.tensor([3, 30, 50, 80])})
    assert sides == [32, 48]


def test_content_is_held_at_its_target(compact):
    batch = {"image": faces(), "label": torch.tensor([3, 30, 50, 80])}
    weights = {}
    for target in (0.01, 0.99):
        method = prepared(compact, target=target)
        record(method, batch)
        weights[target] = method.content.weight
    assert weights[0.01] > method.settings.content_weight > weights[0.99]


def test_wrong_classes_are_none_of_the_right_ones_nor_their_neighbours():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        turned = draw_wrong(torch.eye(10), generator).argmax(1)
        apart = (turned - torch.arange(10)) % 10
        assert ((apart >= 2) & (apart <= 8)).all()
    assert torch.equal(draw_wrong(torch.eye(2), generator), torch.eye(2).flip(1))


def test_the_flow_has_a_rate_of_its_own():
    rates = {
        group["lr"] for group in build(EditorMethod, learning_rate=1e-3).players(0)["generator"].optimizer.param_groups
    }
    assert rates == {1e-3, 0.3e-3}


# Its use


def test_use():
    method = build(EditorMethod)
    assert method.attributes == ("age",)
    face = faces(1, 50)[..., :41]
    old = method.edit(face, attributes={"age": 70.0})
    assert old.shape == face.shape
    assert method.edit(face, attributes={"age": 70.0}, strength=0) is face
    assert not torch.equal(old, method.edit(face, attributes={"age": 20.0}))
    assert not torch.equal(old, method.edit(face, attributes={"age": 70.0}, strength=1.5))
    assert method.edit((face * 255).to(torch.uint8), attributes={"age": 70.0}).dtype == torch.uint8
    assert len(method.face) == 5


def test_a_binary_attribute_s_number_is_a_strength():
    method = build(EditorMethod, kind="binary", attribute="glasses")
    face = 0.5 * faces(1) + 0.25
    once = method.edit(face, attributes={"glasses": 1.0})
    assert torch.equal(method.edit(face, attributes={"glasses": 0.5}, strength=2.0), once)
    assert not torch.equal(method.edit(face, attributes={"glasses": -1.0}), once)
    assert torch.equal(method.edit(face, attributes={"glasses": 0.0}), face)


def test_mistakes():
    method = build(EditorMethod)
    for attributes, message in (
        ({"smile": 1.0}, "edits age, not 'smile'"),
        ({}, "Say what is to be edited: this model edits age"),
        ({"age": 130.0}, "a number of years, 0 to 100, not 130"),
        ({"age": float("nan")}, "must be a number"),
    ):
        with pytest.raises(PicturaError, match=message):
            method.edit(faces(1), attributes=attributes)
    with pytest.raises(PicturaError, match="strength must be a number"):
        method.edit(faces(1), attributes={"age": 3.0}, strength=float("inf"))
    with pytest.raises(PicturaError, match=r"needs crops of \d+ pixels or more"):
        method.check_crop(16)
    with pytest.raises(PicturaError, match="no option 'seed'"):
        method.edit(faces(1), attributes={"age": 3.0}, seed=1)


def test_a_drawn_line_costs_more_than_as_much_in_faint_ones():
    x = torch.full((1, 3, 32, 32), 0.5)
    line, wrinkles = x.clone(), x.clone()
    line[..., 16, :] -= 0.4
    wrinkles[..., 2:32:4, :] -= 0.05  # eight lines of an eighth of the contrast
    assert line_loss(line, x) > 5 * line_loss(wrinkles, x) > 0
    assert line_loss(x, line) == 0  # what is smoothed


def test_the_critic_of_patches_has_its_own_loss_and_no_other():
    method = build(EditorMethod, patch_weight=1.0)
    assert set(method.networks()) == {"generator", "critic", "patches"}
    assert set(build(EditorMethod, patch_weight=0.0).networks()) == {"generator", "critic"}
    real, fake = faces(2), faces(2).flip(0).requires_grad_()
    patch_critic_loss(method.patches, real, fake.detach()).backward()
    assert all(p.grad is not None for p in method.patches.parameters()) and fake.grad is None
    answers = method.patches(2 * fake - 1)[0]
    assert torch.allclose(patch_loss(method.patches, fake), (answers - 1).square().mean())


# That it learns


def made_faces(label: int, generator: torch.Generator) -> Tensor:
    """A light disc on grey with two dark eyes, and a dark bar for a mouth, low and wide if the label says so."""
    picture = torch.full((3, 32, 32), 0.4) + 0.1 * torch.rand(3, 1, 1, generator=generator)
    y, x = torch.meshgrid(*[torch.arange(32.0)] * 2, indexing="ij")
    picture[:, (x - 16) ** 2 + (y - 16) ** 2 < 190] = 0.8
    for eye in (11, 21):
        picture[:, 11:14, eye - 1 : eye + 2] = 0.1
    wide = 7 if label else 3
    picture[:, 20 : 24 if label else 22, 16 - wide : 16 + wide] = 0.15
    return (picture + 0.02 * torch.randn(3, 32, 32, generator=generator)).clamp(0, 1)


@pytest.mark.slow
def test_it_learns_a_wide_mouth(compact):
    settings = EditorSettings(
        widths=(12, 24, 32), blocks=2, deep=0, critic_width=48, warmup=25, side=32, rescale=(0.9, 1.1),
        learning_rate=1e-3, target=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    method = EditorMethod(settings)
    method.encoder = compact
    players = method.players(0)
    generator = torch.Generator().manual_seed(0)

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            optimizer = players[name].optimizer
            loss.backward(inputs=[p for group in optimizer.param_groups for p in group["params"]])
            optimizer.step()
            optimizer.zero_grad()

    labels = torch.tensor([0, 1] * 4)
    for _ in range(110):
        order = labels[torch.randperm(8, generator=generator)]
        image = torch.stack([made_faces(int(label), generator) for label in order])
        method.step({"image": image, "label": order}, update, generator)

    def corners(x: Tensor) -> float:
        """Light at the ends of a wide mouth."""
        return float(x[..., 20:24, [9, 10, 21, 22]].mean())

    plain, wide = (torch.stack([made_faces(label, generator) for _ in range(4)]) for label in (0, 1))
    made = torch.cat([method.edit(x[None], attributes={"smiling": 1.0}) for x in plain])
    back = torch.cat([method.edit(x[None], attributes={"smiling": -1.0}) for x in wide])
    assert corners(made) < corners(plain) - 0.1
    assert corners(back) > corners(wide) + 0.1
    same = torch.cat([method.edit(x[None], attributes={"smiling": -1.0}) for x in plain])
    assert (same - plain).abs().mean() < (made - plain).abs().mean()
