"""CycleGAN: a step against a plain loop of the paper's losses, ablations, pools, directions, what it overfits."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.methods import open_method
from pictura.methods.cyclegan import PAPER, RELEASED, CycleGAN, CycleGANSettings
from pictura.models import Bundle
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.training.recipes import read_recipe
from pictura.training.settings import TrainSettings

from .straight import Straight, batch, optimizers_of, stepped, weights


def built(**changes) -> CycleGAN:
    torch.manual_seed(0)
    method = CycleGAN(CycleGAN.tiny().model_copy(update={"learning_rate": 1e-2, "optimizer": "sgd"} | changes))
    for network in (method.G_A, method.G_B):  # at 0.02 a network of two channels is nearly silent
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight)
    return method


def judged(kind: str, answers: Tensor, real: bool) -> Tensor:
    """Mean squares, or cross entropy, to a target for every patch."""
    target = torch.full_like(answers, float(real))
    return (
        F.mse_loss(answers, target) if kind == "least_squares" else F.binary_cross_entropy_with_logits(answers, target)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"adversarial": "log", "identity": 0.0},
        {"cycle": "forward", "lambda_a": 5.0},
        {"cycle": "backward", "lambda_b": 5.0},
        {"cycle": "none"},
        {"adversarial": "none"},
    ],
    ids=str,
)
def test_steps_are_those_of_a_plain_loop(changes) -> None:
    method = built(pool=0, **changes)
    s = method.settings
    groups = {"G": ("G_A", "G_B")} | ({"D": ("D_A", "D_B")} if s.adversarial != "none" else {})
    straight = Straight(method, groups, 1e-2)
    first, optimizers, pictures = weights(method), optimizers_of(method), batch()
    for seed in range(2):
        told = stepped(method, pictures, seed, optimizers)
        real_A, real_B = 2 * pictures["A"] - 1, 2 * pictures["B"] - 1
        G_A, G_B = straight.networks["G_A"], straight.networks["G_B"]
        fake_B, fake_A = G_A(real_A), G_B(real_B)
        terms = {}
        if s.adversarial != "none":
            D_A, D_B = straight.networks["D_A"], straight.networks["D_B"]
            terms["G_A"] = judged(s.adversarial, D_A(fake_B)[0], True)
            terms["G_B"] = judged(s.adversarial, D_B(fake_A)[0], True)
        if s.cycle in ("both", "forward"):
            terms["cycle_A"] = F.l1_loss(G_B(fake_B), real_A) * s.lambda_a
        if s.cycle in ("both", "backward"):
            terms["cycle_B"] = F.l1_loss(G_A(fake_A), real_B) * s.lambda_b
        if s.identity:
            terms["idt_A"] = F.l1_loss(G_A(real_B), real_B) * s.lambda_b * s.identity
            terms["idt_B"] = F.l1_loss(G_B(real_A), real_A) * s.lambda_a * s.identity
        for name, term in terms.items():
            torch.testing.assert_close(told[name], term.detach(), rtol=1e-4, atol=1e-6)
        straight.minimize("G", sum(terms.values()))
        if s.adversarial != "none":
            of_D_A = (
                judged(s.adversarial, D_A(real_B)[0], True) + judged(s.adversarial, D_A(fake_B.detach())[0], False)
            ) / 2
            of_D_B = (
                judged(s.adversarial, D_B(real_A)[0], True) + judged(s.adversarial, D_B(fake_A.detach())[0], False)
            ) / 2
            torch.testing.assert_close(told["D_A"] + told["D_B"], (of_D_A + of_D_B).detach(), rtol=1e-4, atol=1e-6)
            straight.minimize("D", of_D_A + of_D_B)
        assert set(told) == {*terms, *(["D_A", "D_B"] if s.adversarial != "none" else [])}
    straight.compare(method, first)


def test_each_loss_reaches_its_networks() -> None:
    method, reached = built(), []

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            networks = method.networks()
            own = [p for n in networks if n[0] == name for p in networks[n].parameters()]
            gradients = torch.autograd.grad(loss, own, retain_graph=True, allow_unused=True)
            assert all(g is not None for g in gradients)
            if name == "D":
                others = [p for n in networks if n[0] == "G" for p in networks[n].parameters()]
                assert not any(g is not None for g in torch.autograd.grad(loss, others, allow_unused=True))
            reached.append(name)

    method.step(batch(), update, torch.Generator())
    assert reached == ["G", "D"]


def test_critics_see_old_fakes() -> None:
    """With a full pool of another picture, half of the critics' fakes are that one."""
    method, seen = built(pool=1), list[Tensor]()
    optimizers = optimizers_of(method)
    for pool in method.pools.values():
        pool.images = [torch.full((3, 32, 32), 7.0)]
    method.D_A.register_forward_pre_hook(lambda _, x: seen.append(x[0].detach().clone()))
    stepped(method, batch(count=4), 0, optimizers)
    real, fakes = seen[1], seen[2]  # the first was the generator's turn
    assert torch.equal(real, 2 * batch(count=4)["B"] - 1)
    assert (fakes == 7).all((1, 2, 3)).any()
    assert not (fakes == 7).all()
    other = built(pool=1)
    other.load_state(method.state())
    assert other.steps == 1
    assert all(
        torch.equal(a, b) for a, b in zip(other.pools["fake_A"].images, method.pools["fake_A"].images, strict=True)
    )


def test_networks_and_settings_of_the_papers() -> None:
    with torch.device("meta"):
        method = CycleGAN(RELEASED)
    assert sum(p.numel() for net in method.networks().values() for p in net.parameters()) == 28_285_832
    assert (RELEASED.identity, PAPER.identity) == (0.5, 0.0)
    assert (RELEASED.lambda_a, RELEASED.lambda_b, RELEASED.pool, RELEASED.adversarial) == (10, 10, 50, "least_squares")
    player = built(learning_rate=2e-4, optimizer="adam").players(200)["G"]
    assert (player.optimizer.param_groups[0]["lr"], player.optimizer.param_groups[0]["betas"]) == (2e-4, (0.5, 0.999))
    assert [player.schedule(step) for step in (0, 99, 100, 150)] == [1, 1, 1, 0.5]
    assert validate_settings(CycleGANSettings, read_recipe("cyclegan-paper")["method"]) == PAPER
    assert validate_settings(CycleGANSettings, read_recipe("cyclegan")["method"]) == RELEASED
    for name in ("cyclegan", "cyclegan-paper", "cyclegan-small"):
        recipe = read_recipe(name)
        crop = validate_settings(TrainSettings, recipe["train"]).crop
        with torch.device("meta"):
            CycleGAN(validate_settings(CycleGANSettings, recipe["method"])).check_crop(crop)


def test_a_model_of_one_direction() -> None:
    method = built(directions="A2B")
    bundle = Bundle.of("cyclegan", method.settings.model_dump(mode="json"), method.deployed_networks())
    assert {key.split(".")[0] for key in bundle.tensors} == {"G_A"}
    opened = open_method(bundle)
    picture = torch.rand(1, 3, 20, 33)
    assert opened.directions == ("A2B",)
    assert torch.equal(opened.translate(picture), method.translate(picture))
    with pytest.raises(PicturaError, match="translates A2B, not 'B2A'"):
        opened.translate(picture, direction="B2A")


def test_both_directions() -> None:
    method, picture = built(), torch.rand(1, 3, 20, 33)
    both = [method.translate(picture, direction=one) for one in method.directions]
    assert torch.equal(both[0], method.translate(picture))
    assert not torch.allclose(both[0], both[1], atol=1e-2)
    torch.testing.assert_close(method.translate(picture, strength=0.0), picture)


@pytest.mark.parametrize("generator", ["resnet_6", "translator"])
@pytest.mark.parametrize("size", [(33, 57), (333, 517)])
def test_any_size_in_the_same_out(generator: str, size: tuple[int, int]) -> None:
    made = built(generator=generator).translate(torch.rand(1, 3, *size))
    assert made.shape == (1, 3, *size)


def test_ours_in_the_papers_places() -> None:
    """The translator and the compact critic take a step; the critics' eyes are theirs, and stay."""
    method = built(generator="translator", critic="compact", adversarial="hinge", balance=0.5)
    assert not any("encoder" in key for network in method.networks().values() for key in network.state_dict())
    with pytest.raises(PicturaError, match="Call prepare"):
        stepped(method, batch(64), 0, optimizers_of(method))
    method.prepare(torch.device("cpu"), torch.Generator())
    first = weights(method)
    told = stepped(method, batch(64), 0, optimizers_of(method))
    assert all(loss.isfinite() for loss in told.values())
    assert any(not torch.equal(t, first[key]) for key, t in weights(method).items() if key.startswith("D_A"))
    assert not torch.allclose(method.translate(batch(64)["A"][:1]), batch(64)["A"][:1], atol=0.02)


def test_bad_settings_are_told() -> None:
    with pytest.raises(PicturaError, match="nothing to learn"):
        built(adversarial="none", cycle="none")
    with pytest.raises(PicturaError, match="critic patch142 is larger than the crop"):
        built(critic="patch142").check_crop(32)


@pytest.mark.slow
def test_it_learns_to_turn_one_domain_into_another() -> None:
    """Dark blobs on green against the same on red: the colours change places, and the blobs stay.

    Without the identity loss dark and light change places, too: nothing else says which is which.
    """

    def domain(count: int, channel: int, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        blobs = F.interpolate(torch.rand(count, 1, 6, 6, generator=generator), size=32, mode="bicubic").clamp(0, 1)
        picture = torch.full((count, 3, 32, 32), 0.2) * blobs
        picture[:, channel : channel + 1] = 0.2 + 0.7 * blobs
        return picture

    torch.manual_seed(0)
    changes = {"generator_width": 8, "critic_width": 16, "learning_rate": 1e-3, "identity": 0.5, "pool": 50}
    method = CycleGAN(CycleGAN.tiny().model_copy(update=changes))
    optimizers = optimizers_of(method)
    for step in range(150):
        stepped(method, {"A": domain(4, 1, 2 * step), "B": domain(4, 0, 2 * step + 1)}, step, optimizers)
    unseen = domain(4, 1, 10**6)
    made = torch.cat([method.translate(picture[None]) for picture in unseen])
    assert made[:, 0].mean() > made[:, 1].mean() + 0.2  # red, where it was green
    light = torch.stack([unseen[:, 1].flatten(), made[:, 0].flatten()])
    assert torch.corrcoef(light)[0, 1] > 0.7


def test_what_differs_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "translation-methods.md").read_text(encoding="utf-8")
    paper, released = PAPER.model_dump(), RELEASED.model_dump()
    differing = [name for name in paper if paper[name] != released[name]]
    assert differing
    assert all(f"| `{name}`" in page for name in differing)
