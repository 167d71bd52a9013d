"""NaN in a loss, a weight, an average, and divergence: named, and never saved."""

import math

import pytest
import torch

from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint
from pictura.training.guard import BASELINE_STEPS, Guard
from pictura.training.players import EMA, PlayerState

from .conftest import built


def spoilt(monkeypatch, owner, name, at, spoil):
    """After call number `at` of a method, `spoil` it."""
    original, calls = getattr(owner, name), []

    def wrapped(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        calls.append(1)
        if len(calls) == at:
            return spoil(self, result)
        return result

    monkeypatch.setattr(owner, name, wrapped)


def loss_of_the_critic(monkeypatch):
    method = built("duel")

    def spoil(self, losses):
        return losses | {"critic": torch.tensor(math.nan)}

    spoilt(monkeypatch, type(method), "step", 6, spoil)
    return method, "the loss 'critic' is nan"


def loss_that_nobody_names(monkeypatch):
    method = built("duel")
    original = type(method).step

    def step(self, batch, update, generator):
        def spoiling(**losses):
            update(**{n: t * math.inf if len(seen) == 6 and n == "generator" else t for n, t in losses.items()})

        seen.append(1)
        return original(self, batch, spoiling, generator)

    seen = []
    monkeypatch.setattr(type(method), "step", step)
    return method, "the loss 'minimised by generator' is inf"


def one_weight(monkeypatch):
    method = built("duel")

    def spoil(self, _):
        method.generator.get_parameter("4.weight").data[0, 0, 0, 0] = math.nan

    spoilt(monkeypatch, PlayerState, "step", 12, spoil)  # two players: the sixth step's second
    return method, "the weight 'generator.4.weight' is not a number"


def one_average(monkeypatch):
    def spoil(self, _):
        self.tensors["0.bias"][0] = math.inf

    spoilt(monkeypatch, EMA, "update", 6, spoil)
    return built("duel"), "the averaged weight 'generator.0.bias' is not a number"


def one_moment(monkeypatch):
    method = built("duel")

    def spoil(self, _):
        self.optimizer.state[self.parameters[1]]["square_avg" if "square_avg" in keys(self) else "exp_avg_sq"][0] = (
            math.nan
        )

    def keys(player):
        return player.optimizer.state[player.parameters[1]]

    spoilt(monkeypatch, PlayerState, "step", 12, spoil)
    return method, "the optimizer's state 'generator.state.1.exp_avg_sq' is not a number"


@pytest.mark.parametrize("harm", [loss_of_the_critic, loss_that_nobody_names, one_weight, one_average, one_moment])
def test_nan_is_named_and_the_last_good_checkpoint_goes_on(train, harm):
    whole = train(out="whole")
    with pytest.MonkeyPatch.context() as monkeypatch:
        method, words = harm(monkeypatch)
        with pytest.raises(PicturaError, match=words) as told:
            train(method, out="run")
    assert "after step 6" in str(told.value)
    folder = whole.with_name("run")
    assert [p.name for p in checkpoint.list_checkpoints(folder / "checkpoints")] == ["step-00000002", "step-00000004"]
    assert not (folder / "bundle").exists()
    train(out="run", resume=True)
    files = [f"checkpoints/step-00000006/{name}.safetensors" for name in ("model", "ema", "optim", "method-0")]
    assert all((folder / file).read_bytes() == (whole / file).read_bytes() for file in files)


def test_divergence_of_a_training(train):
    with pytest.raises(PicturaError, match=r"Training stopped after step \d+: the loss 'blur' is"):
        train(built("blur", rate=50.0), steps=200, save_every=1000, show_every=1000)


def test_divergence_is_seen_before_it_is_infinite():
    guard, loss = Guard(), 0.1
    with pytest.raises(PicturaError, match=r"the loss 'a' is \d\.\d+e\+04; it was at most"):
        for step in range(1, 300):
            guard.check_losses(step, {"a": loss})
            loss *= 1.2


def test_a_spike_is_no_divergence():
    guard = Guard()
    for step in range(1, 300):
        guard.check_losses(step, {"a": 1.0, "small": 1e-6})
    guard.check_losses(300, {"a": 500.0, "small": 0.1})
    with pytest.raises(
        PicturaError, match=r"after step 301: the loss 'a' is 2e\+04; it was at most 1 during the first 10 steps"
    ):
        guard.check_losses(301, {"a": 2e4, "small": 1e-6})


def test_what_is_usual_is_learnt_in_the_beginning_only():
    guard = Guard()
    for step in range(1, BASELINE_STEPS + 50):
        guard.check_losses(step, {"a": float(step)})
    assert guard.state() == {"a": float(BASELINE_STEPS)}
    other = Guard()
    other.load_state(guard.state())
    with pytest.raises(PicturaError):
        other.check_losses(BASELINE_STEPS + 1, {"a": 1e4 * BASELINE_STEPS * 1.1})


def test_grown_weights():
    with pytest.raises(PicturaError, match=r"the weight 'w' has grown to 2e\+04"):
        Guard().check_tensors(1, "weight", {"v": torch.ones(3), "w": torch.full((2, 2), -2e4)})
    Guard().check_tensors(
        1, "optimizer's state", {"w": torch.full((2, 2), -2e4), "count": torch.tensor(3), "none": torch.ones(0)}
    )
