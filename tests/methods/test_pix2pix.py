"""pix2pix: a step against a plain loop of the paper's losses, objectives, noise, sides, what it overfits."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pictura.methods.pix2pix import PAPER, RELEASED, Pix2Pix, Pix2PixSettings
from pictura.networks.layers.dropout import draw_noise
from pictura.networks.unet import UNet
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.training.fit import fit
from pictura.training.recipes import read_recipe
from pictura.training.settings import TrainSettings

from .straight import Straight, batch, optimizers_of, stepped, weights


def built(**changes) -> Pix2Pix:
    torch.manual_seed(0)
    method = Pix2Pix(Pix2Pix.tiny().model_copy(update={"learning_rate": 1e-2, "optimizer": "sgd"} | changes))
    for module in method.G.modules():  # at 0.02 a network of two channels is nearly silent
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
    return method


def cross_entropy(answers: torch.Tensor, real: bool) -> torch.Tensor:
    """What the paper's D minimizes, with a target for every patch."""
    return F.binary_cross_entropy(torch.sigmoid(answers), torch.full_like(answers, float(real)))


@pytest.mark.parametrize("objective", ["L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN"])
def test_steps_are_those_of_a_plain_loop(objective: str) -> None:
    method = built(objective=objective)
    straight = Straight(method, {name: (name,) for name in method.networks()}, 1e-2)
    first, optimizers, pictures = weights(method), optimizers_of(method), batch()
    for seed in range(2):
        told = stepped(method, pictures, seed, optimizers)
        real_A, real_B = 2 * pictures["A"] - 1, 2 * pictures["B"] - 1
        G, D = straight.networks["G"], straight.networks.get("D", nn.Identity())
        fake_B = G(real_A, draw_noise(real_A, torch.Generator().manual_seed(seed)))

        def judged(x: torch.Tensor, real_A=real_A, D=D) -> torch.Tensor:
            return D(torch.cat([real_A, x], 1) if "cGAN" in objective else x)[0]

        if "GAN" in objective:
            loss_D = (cross_entropy(judged(real_B), True) + cross_entropy(judged(fake_B.detach()), False)) / 2
            torch.testing.assert_close(told["D"], loss_D.detach())
            straight.minimize("D", loss_D)
        loss_G = torch.zeros(())
        if "L1" in objective:
            loss_G = loss_G + 100 * (real_B - fake_B).abs().mean()
        if "GAN" in objective:
            loss_G = loss_G + cross_entropy(judged(fake_B), True)
        torch.testing.assert_close(told.get("G_L1", 0) + told.get("G_GAN", 0), loss_G.detach())
        straight.minimize("G", loss_G)
    straight.compare(method, first)


def test_each_loss_reaches_its_network() -> None:
    method, reached = built(), []

    def update(**losses: torch.Tensor) -> None:
        for name, loss in losses.items():
            own, other = (list(method.networks()[n].parameters()) for n in (name, "D" if name == "G" else "G"))
            assert all(g is not None and g.any() for g in torch.autograd.grad(loss, own, retain_graph=True))
            if name == "D":  # of the generator's pictures it sees, D's loss takes no gradient back
                assert not any(g is not None for g in torch.autograd.grad(loss, other, allow_unused=True))
            reached.append(name)

    # Biases before a norm have no gradient: without any.
    for part in (method.G, method.D):
        for module in part.modules():
            if hasattr(module, "norm") and module.norm is not None:
                assert module.convolution.bias is None
    method.step(batch(), update, torch.Generator())
    assert reached == ["D", "G"]


def test_networks_by_their_names() -> None:
    with torch.device("meta"):
        methods = {
            name: Pix2Pix(Pix2PixSettings(generator=name))
            for name in ("unet_256", "unet_128", "encoder_decoder", "resnet_6", "resnet_9", "translator")
        }
    counts = {name: sum(p.numel() for p in method.G.parameters()) for name, method in methods.items()}
    assert counts["unet_256"] == 54_413_955 and counts["unet_128"] == 41_828_995
    # phillipi's 39,080,963 has a bias in front of each of the 13 norms, too.
    assert counts["encoder_decoder"] == 39_080_963 - (54_419_459 - 54_413_955)
    assert counts["resnet_9"] == 11_383_427 and counts["resnet_6"] == 7_841_411
    assert counts["translator"] < 1.6e6
    assert sum(p.numel() for p in methods["unet_256"].D.parameters()) == 2_768_705


def test_dropout_where_paper_and_release_have_it() -> None:
    def places(**changes) -> list[int]:
        with torch.device("meta"):
            network = Pix2Pix(Pix2PixSettings(**changes)).G
        assert isinstance(network, UNet)
        return sorted(len(network.ups) - int(level) for level in network.dropouts)

    assert places() == [2, 3, 4]
    assert places(generator="unet_128") == [2, 3]
    assert places(dropout="paper") == [1, 2, 3] == places(dropout="paper", generator="unet_128")
    assert places(dropout="none") == []


def test_settings_of_paper_and_release() -> None:
    assert RELEASED.objective == PAPER.objective == "L1+cGAN"
    rates = {}
    for name, settings in {"paper": PAPER, "released": RELEASED}.items():
        player = Pix2Pix(settings.model_copy(update=Pix2Pix.tiny().model_dump(include={"generator"}))).players(100)["G"]
        group = player.optimizer.param_groups[0]
        assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))
        rates[name] = None if player.schedule is None else [player.schedule(step) for step in (0, 50, 75)]
    assert rates == {"paper": None, "released": [1.0, 1.0, 0.5]}
    assert validate_settings(Pix2PixSettings, read_recipe("pix2pix-paper")["method"]) == PAPER
    assert validate_settings(Pix2PixSettings, read_recipe("pix2pix")["method"]) == RELEASED
    for name in ("pix2pix", "pix2pix-paper", "pix2pix-small"):
        recipe = read_recipe(name)
        crop = validate_settings(TrainSettings, recipe["train"]).crop
        with torch.device("meta"):
            Pix2Pix(validate_settings(Pix2PixSettings, recipe["method"])).check_crop(crop)


def test_noise_is_dropout_and_its_seed() -> None:
    method = built()
    picture = torch.rand(1, 3, 33, 57)
    assert torch.equal(method.translate(picture), method.translate(picture))
    assert not torch.allclose(method.translate(picture), method.translate(picture, seed=1), atol=1e-3)
    quiet = built(dropout="none")
    assert torch.equal(quiet.translate(picture), quiet.translate(picture, seed=1))
    torch.testing.assert_close(method.translate(picture, strength=0.0), picture)


@pytest.mark.parametrize("generator", ["unet_128", "resnet_6", "translator"])
@pytest.mark.parametrize("size", [(33, 57), (333, 517)])
def test_any_size_in_the_same_out(generator: str, size: tuple[int, int]) -> None:
    method = built(generator=generator)
    stored = torch.randint(256, (1, 3, *size), dtype=torch.uint8)
    made = method.translate(stored)
    assert made.shape == stored.shape and made.dtype == torch.uint8


@pytest.mark.parametrize(
    ("changes", "crop", "said"),
    [
        ({"generator": "unet_256"}, 128, "unet_256 takes crops whose side is divisible by 256 and .* not 128"),
        ({"generator": "unet_128"}, 192, "divisible by 128"),
        ({"critic": "patch286"}, 64, "The critic patch286 is larger than the crop: it needs 96 pixels, not 64"),
        ({"critic": "compact"}, 24, "The critic compact is larger than the crop"),
        ({"generator": "resnet_6"}, 66, "divisible by 4"),
    ],
)
def test_crops_that_do_not_fit_are_refused_before_the_first_step(changes, crop, said, tmp_path: Path) -> None:
    from ..training.made import Made

    settings = TrainSettings(steps=1, batch=1, crop=crop, device="cpu", precision="32-true")
    with pytest.raises(PicturaError, match=said):
        fit(built(**changes), Made("paired", size=crop), tmp_path / "run", settings)
    assert not (tmp_path / "run").exists()
    built(critic="patch286", objective="L1").check_crop(64)  # no critic, no patch


def test_a_balanced_critic_s_gradient_is_a_share_of_l1_s() -> None:
    method = built(critic="compact", adversarial="hinge", balance=0.5)
    method.prepare(torch.device("cpu"), torch.Generator())
    fake = torch.rand(1, 3, 64, 64, requires_grad=True)
    l1 = 100 * fake.abs().mean()
    adversarial = -method.D(fake, torch.rand(1, 3, 64, 64))[0].mean()
    sizes = [
        torch.autograd.grad(term, fake, retain_graph=True)[0].norm()
        for term in (method._balance_term(adversarial, fake, l1), l1)
    ]
    torch.testing.assert_close(sizes[0], 0.5 * sizes[1], rtol=1e-3, atol=0)


@pytest.mark.slow
def test_it_overfits_four_pairs() -> None:
    """Squares of one colour become discs of another; from far worse than the mean picture to near the truth."""
    torch.manual_seed(0)
    grid = torch.linspace(-1, 1, 64)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    sides, discs = [], []
    for i in range(4):
        cy, cx = (i // 2) - 0.5, (i % 2) - 0.5
        square = ((x - cx).abs() < 0.4) & ((y - cy).abs() < 0.4)
        disc = (x - cx) ** 2 + (y - cy) ** 2 < 0.16
        sides.append(torch.stack([square, ~square, square]).float())
        discs.append(torch.stack([disc, disc, ~disc]).float() * 0.8 + 0.1)
    pairs = {"A": torch.stack(sides), "B": torch.stack(discs)}
    method = Pix2Pix(Pix2Pix.tiny().model_copy(update={"generator_width": 8, "learning_rate": 1e-3}))
    optimizers = optimizers_of(method)
    for step in range(150):
        stepped(method, pairs, step, optimizers)
    made = torch.cat([method.translate(picture[None]) for picture in pairs["A"]])
    mean = (pairs["B"].mean(0) - pairs["B"]).abs().mean()
    assert (made - pairs["B"]).abs().mean() < 0.4 * mean


def test_what_differs_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "translation-methods.md").read_text(encoding="utf-8")
    paper, released = PAPER.model_dump(), RELEASED.model_dump()
    differing = [name for name in paper if paper[name] != released[name]]
    assert differing
    assert all(f"| `{name}`" in page for name in differing)
