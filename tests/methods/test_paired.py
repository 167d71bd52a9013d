"""Ours, from pairs: what a step reaches, the balance, the doors."""

import pytest
import torch
from torch import Tensor

from pictura.methods.paired import Paired, PairedSettings
from pictura.runtime.errors import PicturaError


def open_paired(**settings: object) -> Paired:
    torch.manual_seed(0)
    made = Paired(Paired.tiny().model_copy(update=settings))
    made.prepare(torch.device("cpu"), torch.Generator())
    return made


def batch(side: int = 48) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {name: torch.rand(2, 3, side, side, generator=generator) for name in "AB"}


def train(method: Paired, steps: int = 1) -> dict[str, dict[str, Tensor]]:
    """The gradients of the last step's updates: player → network.parameter → gradient."""
    players, gradients = method.players(0), {}

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            parameters = players[name].optimizer.param_groups[0]["params"]
            loss.backward(inputs=parameters)
            gradients[name] = {
                f"{network}.{key}": p.grad.clone()
                for network, module in method.networks().items()
                for key, p in module.named_parameters()
                if p.grad is not None
            }
            players[name].optimizer.step()
            players[name].optimizer.zero_grad()

    for i in range(steps):
        method.step(batch(), update, torch.Generator().manual_seed(i))
    return gradients


@pytest.mark.parametrize("critic", ["compact", "patch"])
def test_each_loss_reaches_its_network_and_no_other(critic: str) -> None:
    gradients = train(open_paired(critic=critic))
    assert {key.split(".")[0] for key in gradients["generator"]} == {"generator"}
    assert {key.split(".")[0] for key in gradients["critic"]} == {"critic"}


def test_the_critic_s_gradient_is_the_share_that_was_asked_for() -> None:
    """With the weight 1 it is as large at the picture as that of the other terms."""
    method = open_paired()
    assert method.encoder is not None
    real_a, fake_b = batch()["A"], batch()["B"].requires_grad_()
    features = method.encoder(fake_b, list(method.settings.layers))
    reference = (fake_b - real_a).abs().mean()
    term = method.balance(method.critic(features, real_a)[0].mean(), fake_b, 0, reference)
    sizes = [torch.autograd.grad(one, fake_b, retain_graph=True)[0].norm() for one in (term, reference)]
    torch.testing.assert_close(*sizes)


def test_a_critic_sees_what_was_translated() -> None:
    method = open_paired()
    assert method.encoder is not None
    features = method.encoder(batch()["B"], list(method.settings.layers))
    answers = [method.critic(features, torch.full((2, 3, 48, 48), value)) for value in (0.0, 1.0)]
    assert not torch.equal(answers[0][0], answers[1][0])


def test_without_a_critic_there_is_none() -> None:
    for settings in ({"critic": "none"}, {"adversarial_weight": 0.0}):
        method = open_paired(**settings)
        assert list(method.networks()) == list(method.players(0)) == ["generator"]
        assert set(train(method)) == {"generator"}


def test_the_controllers_are_in_the_state() -> None:
    method = open_paired()
    train(method, 2)
    other = Paired(Paired.tiny())
    other.load_state(method.state())
    assert (other.steps, other.balance.scale) == (2, method.balance.scale)
    assert other.balance.scale > 0


def test_crops_that_are_too_small_are_refused() -> None:
    method = open_paired()
    with pytest.raises(PicturaError, match="paired needs crops of 43 pixels or more, not 32"):
        method.check_crop(32)  # three quarters of it have one position in relu5_1
    method.check_crop(43)
    open_paired(critic="none", feature_weight=0.0).check_crop(32)


def test_bad_input_is_told() -> None:
    with pytest.raises(PicturaError, match=r"no layer 'relu3_2'.* Did you mean"):
        Paired(PairedSettings(layers={"relu3_2": 1.0}))
    with pytest.raises(PicturaError, match="Call prepare"):
        method = Paired(Paired.tiny())
        method.step(batch(), lambda **_: None, torch.Generator())
    with pytest.raises(PicturaError, match="A2B, not 'B2A'"):
        open_paired().translate(torch.rand(1, 3, 32, 32), direction="B2A")


def test_it_is_used_as_it_was_trained() -> None:
    """Without noise where there was none, with it where there was."""
    picture = torch.rand(1, 3, 48, 48)
    for noise in (False, True):
        method = open_paired(noise=noise)
        made = [method.translate(picture, seed=seed) for seed in (0, 1)]
        assert torch.equal(*made) != noise
    method = open_paired()
    with torch.no_grad():
        direct = method.generator(picture, None).clamp(0, 1)
    torch.testing.assert_close(method.translate(picture), direct, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_it_learns_four_pairs() -> None:
    """Stripes of a direction become one of two colours: half of the distance is gone after a few steps."""
    method = open_paired(learning_rate=3e-3, adversarial_weight=0.3)
    rows = (torch.arange(48) // 6 % 2).float().view(1, 1, 48, 1).expand(1, 3, 48, 48)
    a = torch.cat([rows, rows.transpose(2, 3)])
    b = (
        torch.stack([torch.tensor([0.9, 0.2, 0.1]), torch.tensor([0.1, 0.3, 0.9])])
        .view(2, 3, 1, 1)
        .expand(2, 3, 48, 48)
    )
    players = method.players(0)

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            optimizer = players[name].optimizer
            optimizer.zero_grad()
            loss.backward(inputs=optimizer.param_groups[0]["params"])
            optimizer.step()

    before = (method.generator(a) - b).abs().mean()
    for i in range(80):
        method.step({"A": a, "B": b}, update, torch.Generator().manual_seed(i))
    assert (method.generator(a) - b).abs().mean() < before / 3
