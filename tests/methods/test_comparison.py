"""The baselines of CycleGAN's comparison on its networks: BiGAN, pixel loss + GAN, feature loss + GAN."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.encoders import load_encoder
from pictura.methods.bigan import BiGAN, BiGANSettings
from pictura.methods.content_gan import PAPER_FEATURES, ContentGAN, ContentGANSettings
from pictura.runtime.errors import PicturaError
from pictura.training import recipes
from pictura.training.method import Method

from .recorded import batch, build, check, copies, learned, record


def off(answers: list[Tensor], target: float) -> Tensor:
    (answer,) = answers
    return F.mse_loss(answer, torch.full_like(answer, target))


def test_bigan_s_step() -> None:
    method = build(BiGAN, pool=0)
    net, real_A, real_B = copies(method), *(2 * batch()[side] - 1 for side in "AB")
    G, E, D = net["G"], net["E"], net["D"]
    fake_B, fake_A = G(real_A), E(real_B)
    of_G, of_E = torch.cat([real_A, fake_B], 1), torch.cat([fake_A, real_B], 1)
    loss_D = (off(D(of_G.detach()), 1) + off(D(of_E.detach()), 0)) / 2
    told = record(method, batch())
    check(told[0], "D", loss_D, ("D", D))
    check(told[1], "GE", off(D(of_G), 0) + off(D(of_E), 1), ("G", G), ("E", E))


def test_bigan_s_pools_hold_pairs() -> None:
    method = build(BiGAN, pool=2)
    record(method, batch())
    assert [[image.shape for image in pool.images] for pool in method.pools.values()] == [[(6, 64, 64)] * 2] * 2
    real_A = 2 * batch()["A"] - 1
    torch.testing.assert_close(method.pools["real_AB"].images[0][:3], real_A[0])
    other = build(BiGAN, pool=2)
    other.load_state(method.state())
    assert torch.equal(other.pools["fake_AB"].images[1], method.pools["fake_AB"].images[1])


@pytest.mark.parametrize("content", ["pixel", "feature"])
def test_content_gan_s_step(content: str) -> None:
    method = build(ContentGAN, pool=0, content=content, resize=48)
    method.prepare(torch.device("cpu"), torch.Generator())
    net, real_A, real_B = copies(method), *(2 * batch()[side] - 1 for side in "AB")
    G, D = net["G"], net["D"]
    fake_B = G(real_A)
    loss_G = off(D(fake_B), 1)
    if content == "pixel":
        loss_G = loss_G + 10 * F.l1_loss(fake_B, real_A)
    else:
        small = [F.interpolate((x + 1) / 2, (48, 48), mode="bilinear", align_corners=True) for x in (fake_B, real_A)]
        encoder = load_encoder("compact")
        fake, real = (encoder(x, ["relu4_2"])["relu4_2"].float() for x in small)
        loss_G = loss_G + 10 * F.l1_loss(fake, real.detach())
    told = record(method, batch())
    check(told[0], "D", (off(D(real_B), 1) + off(D(fake_B.detach()), 0)) / 2, ("D", D))
    check(told[1], "G", loss_G, ("G", G))


@pytest.mark.parametrize("kind", [BiGAN, ContentGAN])
def test_in_use(kind: type[Method]) -> None:
    method: Any = build(kind)
    picture = torch.rand(1, 3, 33, 47)
    torch.testing.assert_close(method.translate(picture, strength=0.0), picture)
    assert method.translate(picture).shape == picture.shape
    with pytest.raises(PicturaError, match="A2B"):
        method.translate(picture, direction="A2C")


def test_what_there_is_not() -> None:
    with pytest.raises(PicturaError, match="larger than the crop"):
        build(BiGAN, critic="patch142").check_crop(32)
    with pytest.raises(PicturaError, match="divisible by 4"):
        build(ContentGAN).check_crop(62)
    with pytest.raises(PicturaError, match="relu9_1"):
        build(ContentGAN, layer="relu9_1").prepare(torch.device("cpu"), torch.Generator())
    with pytest.raises(PicturaError, match=r"Call prepare\(\)"):
        record(build(ContentGAN), batch())


def test_recipes_and_the_paper_s_features() -> None:
    BiGANSettings(**recipes.read_recipe("bigan")["method"])
    ContentGANSettings(**recipes.read_recipe("content_gan")["method"])
    assert (PAPER_FEATURES.encoder, PAPER_FEATURES.layer, PAPER_FEATURES.resize) == ("vgg16", "relu4_2", 224)


SMALL = {"generator_width": 8, "critic_width": 8, "learning_rate": 1e-3, "decay_steps": 0}
LEARNERS: dict[str, Callable[[], Any]] = {
    "bigan": lambda: build(BiGAN, **SMALL),
    "content_gan": lambda: build(ContentGAN, content="pixel", content_weight=0.5, **SMALL),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_two_tiny_domains_are_learned(name: str) -> None:
    """Pictures come out lighter or darker, towards the other domain."""
    for direction, (before, after) in learned(LEARNERS[name](), 150, 2).items():
        assert after < 0.5 * before, direction
