"""Ours, from one side: what a step reaches, the controllers, the doors."""

import pytest
import torch
from torch import Tensor

from pictura.methods.one_sided import OneSided, OneSidedSettings, decay_late, drawn_on_flats
from pictura.runtime.errors import PicturaError


@pytest.fixture(params=["compact", "patch"])
def method(request: pytest.FixtureRequest) -> OneSided:
    torch.manual_seed(0)
    made = OneSided(OneSided.tiny().model_copy(update={"critic": request.param}))
    made.prepare(torch.device("cpu"), torch.Generator())
    return made


def batch() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {side: torch.rand(2, 3, 48, 48, generator=generator) for side in "AB"}


def taken(method: OneSided, steps: int = 1) -> list[dict[str, Tensor]]:
    players = method.players(0)

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            optimizer = players[name].optimizer
            loss.backward(inputs=optimizer.param_groups[0]["params"])
            optimizer.step()
            optimizer.zero_grad()

    return [method.step(batch(), update, torch.Generator().manual_seed(i)) for i in range(steps)]


def test_the_adversarial_gradient_is_of_one_size(method: OneSided) -> None:
    fake = batch()["A"].requires_grad_()
    features_a, features_fake, _ = method._encode(batch()["A"], fake, batch()["B"], 1.0)
    losses = method._generator_losses(fake, features_fake, features_a)
    (gradient,) = torch.autograd.grad(losses["adversarial"], fake)
    assert float(gradient.norm()) == pytest.approx(fake.numel() ** -0.5, rel=1e-3)


def test_content_s_weight_moves_towards_the_target(method: OneSided) -> None:
    first = method.content_weight
    weights = [float(losses["λ"]) for losses in taken(method, 2)]
    assert weights[1] < weights[0] < first  # still the photograph: content may go further
    method.content_weight = first
    method._control_content(torch.tensor(0.9 * first))
    assert method.content_weight > first


def test_only_the_generator_and_the_critic_move(method: OneSided) -> None:
    assert method.encoder is not None
    before = {key: t.clone() for key, t in method.encoder.state_dict().items()}
    own = {key: t.clone() for key, t in method.network.state_dict().items()}
    taken(method)
    assert all(torch.equal(t, before[key]) for key, t in method.encoder.state_dict().items())
    assert any(not torch.equal(t, own[key]) for key, t in method.network.state_dict().items())


def test_the_controllers_are_in_the_state(method: OneSided) -> None:
    taken(method, 2)
    other = OneSided(OneSided.tiny())
    other.load_state(method.state())
    assert (other.steps, other.balance.scale, other.content_weight) == (2, method.balance.scale, method.content_weight)


def test_strength_seed_and_types(method: OneSided) -> None:
    for parameter in method.network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    picture = torch.rand(1, 3, 33, 47)
    torch.testing.assert_close(method.translate(picture, strength=0.0), picture)
    assert torch.equal(method.translate(picture), method.translate(picture))
    assert not torch.equal(method.translate(picture, seed=1), method.translate(picture))
    stored = (picture * 255).round().to(torch.uint8)
    made = method.translate(stored)
    assert made.dtype == torch.uint8
    torch.testing.assert_close(made / 255, method.translate(stored / 255), rtol=0, atol=0.003)


def test_a_flat_sky_may_change_its_light_and_have_strokes_but_no_trunk() -> None:
    sky = torch.full((1, 3, 32, 32), 0.5)
    strokes = sky - 0.3 + 0.2 * (torch.arange(32) % 2 - 0.5)
    trunk = sky.clone()
    trunk[..., 8:16] = 0.1
    assert drawn_on_flats(strokes, sky) == 0
    assert drawn_on_flats(trunk, trunk) == 0
    # Two of the three steps of a row are 0.4, of which 0.02 is nothing; of the seven of a row blurred less, too.
    assert float(drawn_on_flats(trunk, sky)) == pytest.approx(0.38**2 * (2 / 3 + 2 / 7), rel=1e-5)
    # As red, in light that is the same: also a trunk; twice the step that was there: none.
    red = sky.clone()
    red[:, 0, :, 8:16] = 0.1
    assert float(drawn_on_flats(red, sky)) == pytest.approx(0.38**2 * (2 / 3 + 2 / 7) / 3, rel=1e-5)
    assert drawn_on_flats(0.5 + 2 * (red - 0.5), red) == 0
    drop = sky.clone()
    drop[..., 8:12], drop[..., 12:16] = 0.3, 0.7  # which is nothing to the wider blur
    assert drawn_on_flats(drop, sky) > 0.02


def test_bad_input_is_told() -> None:
    with pytest.raises(PicturaError, match=r"no layer 'relu3_2'.* Did you mean"):
        OneSided(OneSidedSettings(layers={"relu3_2": 1.0}))
    with pytest.raises(PicturaError, match="Call prepare"):
        taken(OneSided(OneSided.tiny()))


def test_rates_fall_in_the_second_half() -> None:
    factor = decay_late(100)
    assert factor is not None
    assert [round(factor(step), 3) for step in (0, 50, 75, 100, 200)] == [1.0, 1.0, 0.5, 0.05, 0.05]
    assert decay_late(0) is None
