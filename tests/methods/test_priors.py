"""AE, VAE, GAN, CGAN, VAE/GAN and ALI: a step beside a straight-line evaluation, counts, samples; that they learn."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from pictura.methods.ali import ALI, BIGAN, ALISettings
from pictura.methods.autoencoder import Autoencoder
from pictura.methods.cgan import CGAN, CGANSettings
from pictura.methods.cogan import CoGAN
from pictura.methods.gan import GAN, GANSettings
from pictura.methods.vae import PAPER as VAE_PAPER
from pictura.methods.vae import VAE, VAESettings
from pictura.methods.vaegan import PAPER as VAEGAN_PAPER
from pictura.methods.vaegan import VAEGAN, VAEGANSettings, balance_steps
from pictura.runtime.errors import PicturaError
from pictura.training import recipes
from pictura.training.method import Method

from .recorded import build, check, copies, record

BCE = F.binary_cross_entropy_with_logits


def batch(size: int = 16, count: int = 4) -> dict[str, Tensor]:
    image = torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))
    return {"image": image, "label": torch.arange(count) % 2}


def grey(images: Tensor) -> Tensor:
    return images.sum(1, keepdim=True) / 3


def game(real: Tensor, fake: Tensor) -> Tensor:
    return BCE(real, torch.ones_like(real)) + BCE(fake, torch.zeros_like(fake))


@pytest.mark.parametrize("layout", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_vae_s_step(layout: str, likelihood: str) -> None:
    method = build(VAE, layout=layout, likelihood=likelihood, sigma=0.3)
    net, x = copies(method), grey(batch()["image"])
    mean, log_variance = net["E"](x)[:, :6], net["E"](x)[:, 6:]
    std = (log_variance / 2).exp()
    y = torch.sigmoid(net["G"](mean + std * torch.randn(4, 6, generator=torch.Generator().manual_seed(2))))
    if likelihood == "bernoulli":
        loss = -(x * y.log() + (1 - x) * (1 - y).log()).sum() / 4
    else:
        loss = -Normal(y, 0.3).log_prob(x).sum() / 4
    loss = loss + kl_divergence(Normal(mean, std), Normal(0.0, 1.0)).sum() / 4
    (told,) = record(method, batch())
    check(told, "coders", loss, ("E", net["E"]), ("G", net["G"]))


def test_autoencoder_s_step() -> None:
    method = build(Autoencoder)
    net, x = copies(method), grey(batch()["image"])
    loss = BCE(net["G"](net["E"](x)), x, reduction="sum") / 4
    (told,) = record(method, batch())
    check(told, "coders", loss, ("E", net["E"]), ("G", net["G"]))
    assert method.encode(batch()["image"]).shape == (4, 6)


@pytest.mark.parametrize("kind", ["log", "wgan-gp"])
def test_gan_s_step(kind: str) -> None:
    changes: dict[str, Any] = {"adversarial": "wasserstein", "penalty": 10.0, "norm": "none"} if kind != "log" else {}
    method = build(GAN, **changes)
    net, draws, x = copies(method), torch.Generator().manual_seed(2), 2 * batch()["image"] - 1
    D = net["D"]
    fake = net["G"](torch.randn(4, 5, generator=draws))
    if kind == "log":
        of_D = game(D(x), D(fake.detach()))
        of_G = BCE(D(fake), torch.ones(4, 1, 1, 1))
    else:
        mixed = (x + torch.rand(4, 1, 1, 1, generator=draws) * (fake.detach() - x)).requires_grad_()
        (slope,) = torch.autograd.grad(D(mixed).sum(), mixed, create_graph=True)
        of_D = D(fake.detach()).mean() - D(x).mean() + 10 * ((slope.square().sum((1, 2, 3)).sqrt() - 1) ** 2).mean()
        of_G = -D(fake).mean()
    first, second = record(method, batch())
    check(first, "D", of_D, ("D", D))
    check(second, "G", of_G, ("G", net["G"]))
    assert [name for name, _, _ in record(build(GAN, critic_steps=3), batch())] == ["D", "D", "D", "G"]


@pytest.mark.parametrize("layout", ["mlp", "conv"])
def test_cgan_s_step(layout: str) -> None:
    method = build(CGAN, layout=layout)
    for module in [*method.G.modules(), *method.D.modules()]:
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    net, x = copies(method), 2 * grey(batch()["image"]) - 1
    y = torch.eye(2)[batch()["label"]]
    z = torch.rand(4, 5, generator=torch.Generator().manual_seed(2))
    if layout == "mlp":
        fake = net["G"](z, y)
        real_answer, fake_answer, of_G = net["D"](x, y), net["D"](fake.detach(), y), net["D"](fake, y)
    else:
        maps = y.view(4, 2, 1, 1) * torch.ones(4, 2, 16, 16)
        D = net["D"].layers
        fake = net["G"].layers(torch.cat([z, y], 1).view(4, 7, 1, 1))
        real_answer, fake_answer = D(torch.cat([x, maps], 1)), D(torch.cat([fake.detach(), maps], 1))
        of_G = D(torch.cat([fake, maps], 1))
    first, second = record(method, batch())
    check(first, "D", game(real_answer, fake_answer), ("D", net["D"]))
    check(second, "G", BCE(of_G, torch.ones_like(of_G)), ("G", net["G"]))


@pytest.mark.parametrize("fakes", ["prior", "both"])
@pytest.mark.parametrize("gan", ["saturating", "log"])
def test_vaegan_s_step(fakes: str, gan: str) -> None:
    """Each network has its own terms: no term of the GAN in the encoder's, no likelihood in the critic's."""
    method = build(VAEGAN, fakes=fakes, gan=gan, balance=False)
    net, draws, x = copies(method), torch.Generator().manual_seed(2), 2 * batch()["image"] - 1
    mean, log_variance = net["Enc"](x).chunk(2, 1)
    z = mean + (log_variance / 2).exp() * torch.randn(4, 5, generator=draws)
    back, fake = net["Dec"](z), net["Dec"](torch.randn(4, 5, generator=draws))

    def judge(images: Tensor) -> tuple[Tensor, Tensor]:
        features = net["Dis"].eyes(images)
        return net["Dis"].mind(features), features

    (d_x, l_x), (d_back, l_back), (d_fake, _) = judge(x), judge(back), judge(fake)
    prior = -(1 + log_variance - mean**2 - log_variance.exp()).sum() / 2 / 4
    llike = ((l_x - l_back) ** 2).sum() / 2 / 4
    shown = torch.cat([d_fake, d_back]) if fakes == "both" else d_fake
    L_GAN = torch.sigmoid(d_x).log().mean() + (1 - torch.sigmoid(shown)).log().mean()
    told = {name: (name, loss, gradients) for name, loss, gradients in record(method, batch())}
    check(told["Enc"], "Enc", prior + llike, ("Enc", net["Enc"]))
    check(told["Dis"], "Dis", -L_GAN, ("Dis", net["Dis"]))
    of_GAN = (1 - torch.sigmoid(shown)).log().mean() if gan == "saturating" else -torch.sigmoid(shown).log().mean()
    check(told["Dec"], "Dec", 1e-2 * llike + 0.99 * of_GAN, ("Dec", net["Dec"]))


def test_the_balance_of_vaegan() -> None:
    margin = 0.35
    assert balance_steps(0.68, 0.68, margin) == (True, True)
    assert balance_steps(0.2, 0.68, margin) == balance_steps(0.68, 0.2, margin) == (False, True)
    assert balance_steps(0.68, 1.1, margin) == balance_steps(1.1, 0.68, margin) == (True, False)
    assert balance_steps(0.2, 1.1, margin) == (True, True)
    assert balance_steps(0.34, 1.02, margin) == (True, True)
    method = build(VAEGAN, margin=0.6)
    bias = method.Dis.mind[-1].bias
    nn.init.constant_(bias, 3.0)  # the critic takes all for real
    assert [name for name, _, _ in record(method, batch())] == ["Enc", "Dec", "Dis"]  # both are beyond their bounds
    nn.init.constant_(bias, 1.2)
    assert [name for name, _, _ in record(method, batch())] == ["Enc", "Dis"]


@pytest.mark.parametrize("stochastic", [True, False])
@pytest.mark.parametrize("layout", ["conv", "mlp"])
def test_ali_s_step(stochastic: bool, layout: str) -> None:
    method = build(ALI, stochastic=stochastic, layout=layout, width=8, channels=1)
    net, draws, x = copies(method), torch.Generator().manual_seed(2), grey(batch()["image"])
    z = torch.randn(4, 5, generator=draws)
    code = net["E"](x)
    if stochastic:
        code = code[:, :5] + (code[:, 5:] / 2).exp() * torch.randn(4, 5, generator=draws)
    of_x = net["D"](x, code)
    of_z = net["D"](torch.sigmoid(net["G"](z)), z)
    told = {name: (name, loss, gradients) for name, loss, gradients in record(method, batch())}
    check(told["D"], "D", game(of_x, of_z), ("D", net["D"]))
    check(told["EG"], "EG", game(of_z, of_x), ("E", net["E"]), ("G", net["G"]))


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_counts() -> None:
    """/shared/reference: the released networks, counted."""
    with torch.device("meta"):
        vae, gan = VAE(VAESettings()), GAN(GANSettings())
        vaegan, paper = VAEGAN(VAEGANSettings()), VAEGAN(VAEGAN_PAPER)
    assert sum(map(count, vae.networks().values())) == 652_824
    assert (count(gan.G), count(gan.D)) == (3_576_704, 2_765_568)
    assert count(vaegan.Enc) == 17_808_960 + 262_400
    assert count(paper.Enc) == 34_588_224 + 524_544
    assert (count(vaegan.Dec), count(vaegan.Dis)) == (4_693_155, 10_953_857)
    assert VAE_PAPER.width == 500


def test_layouts_of_the_papers() -> None:
    """ALI's faces and BiGAN's digits take their sizes; VAE/GAN's features are 256 maps of 8×8."""
    with torch.device("meta"):
        for settings in (ALISettings(), BIGAN):
            method = ALI(settings)
            x = torch.zeros(2, settings.channels, settings.size, settings.size)
            z = torch.zeros(2, settings.code)
            assert method.G(z).shape == x.shape
            assert method.E(x).shape == (2, settings.code * (2 if settings.stochastic else 1))
            assert method.D(x, z).shape == (2, 1)
        assert VAEGAN(VAEGANSettings()).Dis(torch.zeros(2, 3, 64, 64))[1].shape == (2, 256, 8, 8)
    with pytest.raises(PicturaError, match="64 pixels, not 32"):
        ALI(ALISettings(size=32))
    with pytest.raises(PicturaError, match="set size=64"):
        VAEGAN(VAEGANSettings(size=60))
    with pytest.raises(PicturaError, match="set size=32"):
        GAN(GANSettings(size=30))


@pytest.mark.parametrize("kind", [VAE, GAN, CGAN, VAEGAN, ALI, CoGAN])
def test_samples(kind: type[Method]) -> None:
    method: Any = build(kind)
    record(method, batch() | {side: torch.rand(4, 3, 64, 64) for side in "AB"})
    for network in method.networks().values():
        network.eval()

    def sample(seed: int, **options: Any) -> Tensor:
        return method.sample(5, generator=torch.Generator().manual_seed(seed), **options)

    made = sample(0)
    size = method.settings.size
    assert made.shape == (5, 3, size, size)
    assert bool(((made >= 0) & (made <= 1)).all())
    assert torch.equal(made, sample(0))
    assert not torch.equal(made, sample(1))
    with pytest.raises(PicturaError, match="at least 1, got 0"):
        method.sample(0, generator=torch.Generator())
    with pytest.raises(PicturaError, match="only" if method.labels else "has no labels"):
        sample(0, label="seven")
    for label in method.labels:
        assert not torch.equal(sample(0, label=label)[:2], sample(0)[:2])


def test_labels_of_samples() -> None:
    """All in turn, or one; CoGAN's are its domains, the two pictures of a code side by side."""
    method = build(CGAN)
    for network in method.networks().values():
        network.eval()
    z = torch.rand(3, 5, generator=torch.Generator().manual_seed(0))
    for label, numbers in ((None, [0, 1, 0]), ("b", [1, 1, 1])):
        with torch.no_grad():
            wanted = (method.G(z, torch.eye(2)[numbers]) + 1) / 2
        made = method.sample(3, generator=torch.Generator().manual_seed(0), label=label)
        torch.testing.assert_close(made, wanted.expand(-1, 3, -1, -1))
    surer = CGAN(method.settings.model_copy(update={"truncation": 0.5}))
    surer.G.load_state_dict(method.G.state_dict())
    surer.G.eval()
    with torch.no_grad():
        wanted = (method.G(z / 2, torch.eye(2)[[0, 1, 0]]) + 1) / 2
    torch.testing.assert_close(surer.sample(3, generator=torch.Generator().manual_seed(0))[:, :1], wanted)
    with pytest.raises(PicturaError, match="from 0 to 2, the model 2 names"):
        record(method, batch() | {"label": torch.tensor([0, 1, 2, 0])})
    with pytest.raises(PicturaError, match="one label a picture"):
        record(method, batch() | {"label": torch.zeros(4, 2, dtype=torch.long)})
    pair = build(CoGAN)
    pair.pair.eval()
    both = pair.sample(4, generator=torch.Generator().manual_seed(0))
    for domain in "AB":
        alone = pair.sample(2, generator=torch.Generator().manual_seed(0), label=domain)
        torch.testing.assert_close(both["AB".index(domain) :: 2], alone)


def test_recipes() -> None:
    for name in recipes.recipe_names():
        kinds = {kind.name: kind for kind in (VAE, GAN, CGAN, VAEGAN, ALI)}
        if (kind := kinds.get(name.partition("-")[0])) is not None:
            kind.Settings(**recipes.read_recipe(name)["method"])


def domains(count: int = 16) -> dict[str, Tensor]:
    """Discs, dark for label 0 and light for 1, in different places on grey."""
    draws = torch.Generator().manual_seed(3)
    y, x = torch.meshgrid(*[torch.arange(16.0)] * 2, indexing="ij")
    places = 4 + 8 * torch.rand(count, 2, generator=draws)
    label = torch.arange(count) % 2
    discs = torch.stack([((x - a).square() + (y - b).square() < 9).float() for a, b in places])
    image = 0.5 + discs * (0.8 * label[:, None, None] - 0.4)
    return {"image": image[:, None].expand(-1, 3, -1, -1), "label": label}


def train(method: Method, seen: dict[str, Tensor], steps: int) -> None:
    players = method.players(steps)

    def update(**losses: Tensor) -> None:
        parameters = {name: list(players[name].module.parameters()) for name in losses}
        found = {n: torch.autograd.grad(loss, parameters[n], retain_graph=True) for n, loss in losses.items()}
        for name, gradients in found.items():
            for parameter, gradient in zip(parameters[name], gradients, strict=True):
                parameter.grad = gradient
            players[name].optimizer.step()

    for step in range(steps):
        method.step(seen, update, torch.Generator().manual_seed(step))
    for network in method.networks().values():
        network.eval().requires_grad_(False)


@pytest.mark.slow
def test_coders_learn() -> None:
    seen = domains()
    for kind, changes in ((Autoencoder, {}), (VAE, {"likelihood": "gaussian", "sigma": 0.1})):
        method = build(kind, width=64, learning_rate=3e-3, **changes)
        train(method, seen, 200)
        error = (method.decode(method.encode(seen["image"])) - seen["image"]).square().mean()
        assert error < 0.5 * seen["image"].var(0).mean(), kind.__name__


@pytest.mark.slow
def test_cgan_paints_what_was_asked_for() -> None:
    method = build(CGAN, width=8, learning_rate=1e-3, noise="normal")
    train(method, domains(), 500)
    dark, light = (
        method.sample(8, generator=torch.Generator().manual_seed(0), label=label).flatten(1) for label in "ab"
    )
    assert dark.mean() < 0.48  # a disc is a tenth of the picture
    assert light.mean() > 0.515


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        CGANSettings(labels=())
