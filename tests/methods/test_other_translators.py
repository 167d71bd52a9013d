"""DualGAN, DiscoGAN, CoGAN: a step against the papers' losses in a row, whom each loss reaches, and that they learn."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.methods.cogan import DIGITS, CoGAN, CoGANSettings
from pictura.methods.discogan import PAPER as DISCOGAN_PAPER
from pictura.methods.discogan import DiscoGAN
from pictura.methods.dualgan import PAPER as DUALGAN_PAPER
from pictura.methods.dualgan import DualGAN, DualGANSettings
from pictura.runtime.errors import PicturaError
from pictura.training import recipes
from pictura.training.method import Method

from .recorded import batch, build, check, copies, learned, record


@pytest.mark.parametrize("gan", ["wgan", "wgan-gp", "classic"])
def test_dualgan_s_step(gan: str) -> None:
    method = build(DualGAN, gan=gan, dropout=False, n_critic=1, lambda_a=300.0, lambda_b=700.0, critic="patch")
    net, real_A, real_B = copies(method), *(2 * batch()[side] - 1 for side in "AB")
    G_A, G_B, D_A, D_B = (net[name] for name in ("G_A", "G_B", "D_A", "D_B"))
    fake_B, fake_A = G_A(real_A), G_B(real_B)
    answers = {"DA_real": D_A(real_B), "DA_fake": D_A(fake_B), "DB_real": D_B(real_A), "DB_fake": D_B(fake_A)}
    a = {name: answer[0] for name, answer in answers.items()}
    if gan == "classic":
        loss_D = sum(-torch.sigmoid(a[f"{d}_real"]).log().mean() for d in ("DA", "DB"))
        loss_D = loss_D + sum(-(1 - torch.sigmoid(a[f"{d}_fake"])).log().mean() for d in ("DA", "DB"))
        loss_G = -torch.sigmoid(a["DA_fake"]).log().mean() - torch.sigmoid(a["DB_fake"]).log().mean()
    else:
        loss_D = a["DA_fake"].mean() - a["DA_real"].mean() + a["DB_fake"].mean() - a["DB_real"].mean()
        loss_G = -a["DA_fake"].mean() - a["DB_fake"].mean()
    if gan == "wgan-gp":
        draws = torch.Generator().manual_seed(2)
        for D, real, fake in ((D_A, real_B, fake_B), (D_B, real_A, fake_A)):
            x = (real + torch.rand(2, 1, 1, 1, generator=draws) * (fake.detach() - real)).requires_grad_()
            (slope,) = torch.autograd.grad(D(x)[0].mean((1, 2, 3)).sum(), x, create_graph=True)
            loss_D = loss_D + 10 * ((slope.square().sum((1, 2, 3)).sqrt() - 1) ** 2).mean()
    loss_G = loss_G + 300 * (G_B(fake_B) - real_A).abs().mean() + 700 * (G_A(fake_A) - real_B).abs().mean()
    told = record(method, batch())
    check(told[0], "critics", loss_D, ("D_A", D_A), ("D_B", D_B))
    if gan == "wgan":  # clipped between the two updates
        with torch.no_grad():
            for parameter in (*D_A.parameters(), *D_B.parameters()):
                parameter.clamp_(-0.01, 0.01)
        loss_G = -D_A(fake_B)[0].mean() - D_B(fake_A)[0].mean()
        loss_G = loss_G + 300 * (G_B(fake_B) - real_A).abs().mean() + 700 * (G_A(fake_A) - real_B).abs().mean()
        assert all(torch.equal(p, q) for p, q in zip(D_A.parameters(), method.D_A.parameters(), strict=True))
    check(told[1], "generators", loss_G, ("G_A", G_A), ("G_B", G_B))
    assert len(told) == (3 if gan == "classic" else 2)


def test_dualgan_s_generators_wait_for_the_critics() -> None:
    method = build(DualGAN, n_critic=3)
    assert [[name for name, _, _ in record(method, batch())] for _ in range(6)] == [
        ["critics"], ["critics"], ["critics", "generators"],
    ] * 2  # fmt: skip


def feature_distance(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    return torch.stack([((r.mean(0) - f.mean(0)) ** 2).mean() for r, f in zip(real, fake, strict=True)]).sum()


@pytest.mark.parametrize("objective", ["discogan", "recongan", "gan"])
def test_discogan_s_steps(objective: str) -> None:
    method = build(DiscoGAN, objective=objective)
    x_A, x_B = batch()["A"], batch()["B"]
    both = objective == "discogan"
    net = copies(method)
    x_AB = net["G_AB"](x_A)
    (real,), features_B = net["D_B"](x_B)
    (fake,), features_AB = net["D_B"](x_AB)
    bce = F.binary_cross_entropy_with_logits
    loss_D = (bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))) / 2
    loss_G = 0.1 * bce(fake, torch.ones_like(fake)) + 0.9 * feature_distance(features_B, features_AB)
    if objective != "gan":
        loss_G = 0.99 * loss_G + 0.01 * ((net["G_BA"](x_AB) - x_A) ** 2).mean()
    if both:
        x_BA = net["G_BA"](x_B)
        (real,), features_A = net["D_A"](x_A)
        (fake,), features_BA = net["D_A"](x_BA)
        loss_D = loss_D + (bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))) / 2
        other = 0.1 * bce(fake, torch.ones_like(fake)) + 0.9 * feature_distance(features_A, features_BA)
        loss_G = loss_G + 0.99 * other + 0.01 * ((net["G_AB"](x_BA) - x_B) ** 2).mean()
    critics = [("D_B", net["D_B"]), *([("D_A", net["D_A"])] if both else [])]
    generators = [(name, net[name]) for name in ("G_AB", "G_BA") if name in net]
    (first,), (second,) = record(method, batch()), record(method, batch())
    check(first, "critics", loss_D, *critics)
    check(second, "generators", loss_G, *generators)
    assert method.directions == (("A2B", "B2A") if both else ("A2B",))


def test_discogan_s_schedules() -> None:
    method = build(DiscoGAN)
    method.steps = 9_999
    assert method.rate == 0.01
    method.steps = 10_000
    assert method.rate == 0.5
    method.steps, names = 0, []
    for _ in range(6):
        names += [name for name, _, _ in record(method, batch())]
    assert names == ["critics", "generators", "generators"] * 2
    assert {g["weight_decay"] for p in method.players(1).values() for g in p.optimizer.param_groups} == {1e-5}


def test_discogan_keeps_the_moments_of_real_pictures() -> None:
    method, seen = build(DiscoGAN), batch()
    with torch.no_grad():
        plain = copies(method)["G_AB"]
        plain(seen["A"])
        plain(seen["A"])
    record(method, seen)
    record(method, seen)  # here G_AB also paints G_BA's pictures
    for name, buffer in plain.named_buffers():
        if "running" in name:
            torch.testing.assert_close(method.G_AB.get_buffer(name), buffer)


@pytest.mark.parametrize("settings", [CoGAN.tiny(), DIGITS], ids=["pictures", "digits"])
def test_cogan_s_step(settings: CoGANSettings) -> None:
    torch.manual_seed(0)
    method = CoGAN(settings)
    for module in method.critics.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    net, draws, seen = copies(method), torch.Generator().manual_seed(2), batch(settings.size)
    uniform, tanh = settings.noise == "uniform", settings.layout == "pictures"
    x_A, x_B = (2 * seen[side] - 1 if tanh else seen[side] for side in "AB")

    def answers(z: Tensor) -> Tensor:
        """The softmax' logarithms: (real, generated) × domain × picture × (is generated, is real)."""
        fake_A, fake_B = net["generators"](z)
        y = [
            head(torch.cat(x))
            for head, x in zip(net["critics"].heads, [(x_A, fake_A), (x_B, fake_B)], strict=True)
        ]  # fmt: skip
        two = net["critics"].shared(torch.cat(y)).flatten(1).log_softmax(1)  # 4N×2
        return two.view(2, 2, 2, 2).transpose(0, 1)

    def code() -> Tensor:
        return 2 * torch.rand(2, 100, generator=draws) - 1 if uniform else torch.randn(2, 100, generator=draws)

    first = answers(code())
    loss_D = -first[0, ..., 1].mean() - first[1, ..., 0].mean()
    told = record(method, seen)
    net["generators"].load_state_dict(method.generators.state_dict())
    loss_G = -answers(code())[1, ..., 1].mean()
    check(told[0], "critics", loss_D, ("critics", net["critics"]))
    check(told[1], "generators", loss_G, ("generators", net["generators"]))


def test_cogan_finds_the_code_of_its_own_pictures() -> None:
    method = build(CoGAN, search_steps=60, starts=3, search_rate=0.1)
    for _ in range(30):
        method.pair(method._draw(8, torch.Generator().manual_seed(0)))  # moments of the norms
    for network in method.networks().values():
        network.eval().requires_grad_(False)
    z = method._draw(1, torch.Generator().manual_seed(5))
    x_A, x_B = (method._to_pixels(x) for x in method.pair(z))
    made = method.translate(x_A)
    others = [
        method._to_pixels(method.pair.paint(method._draw(1, torch.Generator().manual_seed(i)), 1)) for i in (6, 7)
    ]
    assert (made - x_B).square().mean() < 0.2 * min(float((x - x_B).square().mean()) for x in others)
    with torch.inference_mode():
        torch.testing.assert_close(method.translate(x_A), made)


@pytest.mark.parametrize("kind", [DualGAN, DiscoGAN, CoGAN])
def test_in_use(kind: type[Method]) -> None:
    method: Any = build(kind)
    for network in method.networks().values():
        network.eval()
    picture = torch.rand(1, 3, 33, 47)
    torch.testing.assert_close(method.translate(picture, strength=0.0), picture)
    assert not torch.equal(method.translate(picture), method.translate(picture, direction="B2A"))
    assert torch.equal(method.translate(picture, seed=3), method.translate(picture, seed=3))
    assert torch.equal(method.translate(picture, seed=4), method.translate(picture, seed=3)) == (kind is DiscoGAN)
    stored = (picture * 255).round().to(torch.uint8)
    made = method.translate(stored)
    assert (made.dtype, made.shape) == (torch.uint8, picture.shape)
    torch.testing.assert_close(made / 255, method.translate(stored / 255), rtol=0, atol=0.02)
    with pytest.raises(PicturaError, match="translates A2B and B2A, not 'C2D'"):
        method.translate(picture, direction="C2D")
    with pytest.raises(PicturaError, match="B2A"):
        build(DiscoGAN, objective="gan").translate(picture, direction="B2A")


@pytest.mark.parametrize(
    ("make", "size", "said"),
    [
        (lambda: build(DualGAN), 128, "set crop=64"),
        (lambda: build(DualGAN, critic="patch"), 72, "set crop=64"),
        (lambda: build(DiscoGAN), 48, "at least 64"),
        (lambda: build(CoGAN), 32, "set crop=64"),
    ],
)
def test_crops_that_the_networks_cannot_take(make: Callable[[], Method], size: int, said: str) -> None:
    with pytest.raises(PicturaError, match=said):
        make().check_crop(size)


def test_settings_that_there_are_no_networks_for() -> None:
    with pytest.raises(PicturaError, match="divisible by 256"):
        DualGAN(DualGANSettings(width=1, size=128))
    with pytest.raises(PicturaError, match="power of two"):
        CoGAN(CoGANSettings(width=8, size=96))
    with pytest.raises(PicturaError, match="at most 3"):
        CoGAN(CoGANSettings(width=8, size=16, own_critic_layers=4))
    with pytest.raises(PicturaError, match="28 pixels"):
        CoGAN(CoGANSettings(layout="digits"))
    with pytest.raises(PicturaError, match="batch of at least 2"):
        record(build(DiscoGAN, extra_layers=True), batch(count=1))


def test_recipes_and_the_papers_settings() -> None:
    for kind in (DualGAN, DiscoGAN, CoGAN):
        kind.Settings(**recipes.read_recipe(kind.name)["method"])
    assert DUALGAN_PAPER.gan == "wgan"
    assert DISCOGAN_PAPER.feature_weight == 0


LEARNERS: dict[str, tuple[Callable[[], Any], int, int]] = {
    "dualgan": (
        lambda: build(
            DualGAN, width=8, critic_width=16, critic="patch", gan="wgan-gp", n_critic=1, dropout=False,
            lambda_a=10.0, lambda_b=10.0, learning_rate=1e-3,
        ),
        120, 4,
    ),
    "discogan": (lambda: build(DiscoGAN, width=8, gan_curriculum=150), 300, 8),
    "cogan": (lambda: build(CoGAN, width=64, search_steps=60, learning_rate=1e-3, starts=4), 150, 8),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_two_tiny_domains_are_learned(name: str) -> None:
    """Each picture comes out in the light of the other domain."""
    make, steps, count = LEARNERS[name]
    for direction, (before, after) in learned(make(), steps, count).items():
        assert after < 0.6 * before, direction
