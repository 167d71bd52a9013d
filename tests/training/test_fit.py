"""The loop: what it leaves, what it refuses, and that each of its settings does what it says."""

import json
import os
import random
import re
import signal
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from pictura import models
from pictura.methods import find_method, open_method
from pictura.runtime import device, seeds
from pictura.runtime.errors import PicturaError
from pictura.runtime.signals import Stopped
from pictura.training import checkpoint, log
from pictura.training.average import EMA
from pictura.training.plot import draw_losses

from .conftest import built
from .made import Made


def weights(folder, step):
    return checkpoint.read_checkpoint(folder / "checkpoints" / checkpoint.checkpoint_name(step)).tensors["model"]


def same(one, other, **close):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], **({"rtol": 0, "atol": 0} | close))


def test_what_a_training_leaves(train):
    told = []
    folder = train("duel", callback=told.append, keep=2)
    assert sorted(p.name for p in folder.iterdir()) == [
        "bundle",
        "checkpoints",
        "lock",
        "log.jsonl",
        "losses.svg",
        "samples",
        "settings.json",
    ]
    assert [p.name for p in checkpoint.list_checkpoints(folder / "checkpoints")] == ["step-00000004", "step-00000006"]
    with Image.open(folder / "samples" / "step-00000003.png") as sheet:
        # Four samples below each other, two columns, cells of 12 pixels with 8 between.
        assert sheet.size == (2 * 20 + 8, 4 * 20 + 8)
    lines = log.read_log(folder / "log.jsonl")
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert set(lines[0]["losses"]) == {"critic", "adversarial", "pixel"}
    svg = ET.parse(folder / "losses.svg").getroot()
    assert len(svg.findall("{*}polyline")) == 3
    said = json.loads((folder / "settings.json").read_text())
    assert said["identity"]["method settings"] == {"width": 4, "rate": 0.002, "ema": 0.9}
    assert [now.step for now in told] == [1, 2, 3, 4, 5, 6]
    assert [now.step for now in told if now.saved] == [2, 4, 6]
    assert [now.step for now in told if now.shown] == [3, 6]
    assert told[2].left > 0
    assert told[-1].left == 0
    assert all(now.images_per_second > 0 for now in told)


def test_it_learns(train):
    told = []
    train(built("blur", rate=0.3), steps=60, save_every=100, show_every=100, callback=told.append)
    assert told[-1].losses["blur"] < 0.2 * told[0].losses["blur"]


def test_the_bundle_is_what_the_method_has_become(train):
    method = built("duel")
    folder = train(method)
    bundle = models.read_bundle(folder / "bundle")
    assert (bundle.method, bundle.about["step"]) == ("duel", 6)
    picture = torch.rand(1, 3, 9, 14)
    torch.testing.assert_close(open_method(bundle).translate(picture), method.translate(picture))
    assert not any(module.training for network in method.networks().values() for module in network.modules())
    # It has the averaged weights, the checkpoint the last ones beside them.
    average = checkpoint.read_checkpoint(folder / "checkpoints/step-00000006").tensors["ema"]
    assert torch.equal(bundle.tensors["generator.0.weight"], average["generator.0.weight"])
    assert not torch.equal(bundle.tensors["generator.0.weight"], weights(folder, 6)["generator.0.weight"])
    assert torch.equal(bundle.tensors["critic.0.weight"], weights(folder, 6)["critic.0.weight"])


def test_the_method_has_its_own_networks_again(train):
    method = built("duel")
    before = method.networks()
    train(method)
    assert all(network is method.networks()[name] for name, network in before.items())


def test_global_generators_are_left_alone(train):
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    train("duel")
    assert states[:2] == (random.getstate(), np.random.get_state()[1].tolist())
    assert torch.equal(states[2], torch.get_rng_state())


def test_what_happened_before_in_the_process_does_not_count(train):
    one = train("duel", out="one")
    torch.rand(3)
    same(weights(one, 6), weights(train("duel", out="other"), 6))


def test_resume_with_more_steps_is_a_longer_training(train):
    train("duel", out="a", steps=4)
    folder = train("duel", out="a", steps=6, resume=True, save_every=3, show_every=1, keep=9)
    same(weights(folder, 6), weights(train("duel", out="b"), 6))
    assert [line["step"] for line in log.read_log(folder / "log.jsonl")] == [1, 2, 3, 4, 5, 6]
    assert models.read_bundle(folder / "bundle").about["step"] == 6


def test_resume_without_a_checkpoint_starts(train):
    told = []
    train("duel", resume=True, callback=told.append)
    assert told[0].note == "no checkpoint is there: starting at step 1"
    assert told[-1].step == 6


def test_resume_of_a_finished_training_writes_its_bundle_again(train):
    folder = train("duel")
    before = (folder / "bundle/model.safetensors").read_bytes()
    (folder / "bundle/model.safetensors").unlink()
    train("duel", resume=True)
    assert (folder / "bundle/model.safetensors").read_bytes() == before


def test_resume_passes_over_a_broken_checkpoint(train):
    told = []
    whole = train("duel", out="whole")
    folder = train("duel", steps=4)
    (folder / "checkpoints/step-00000004/optim.safetensors").write_bytes(b"none")
    train("duel", resume=True, callback=told.append)
    assert "step-00000004' is broken, optim.safetensors is not what was written" in told[0].note
    assert told[1].note == "going on after step 2"
    same(weights(folder, 6), weights(whole, 6))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 3}, "batch was 2 and is now 3"),
        ({"seed": 1, "clip": 0.5}, "seed was 0 and is now 1; clip was null and is now 0.5"),
        ({"data": Made(seed=9)}, "data was b76127d4.* and is now "),
        ({"method": "blur"}, "method was duel and is now blur"),
        ({"method": replace}, "rate was 0.002 and is now 0.1"),
        ({"precision": "bf16-mixed"}, "precision was 32-true and is now bf16-mixed"),
        ({"steps": 1}, "has taken 2 steps: ask for more"),
    ],
)
def test_resume_with_something_else_is_refused(train, changes, words):
    folder = train("duel", steps=2)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    method = changes.pop("method", "duel")
    method = built("duel", rate=0.1) if method is replace else method
    with pytest.raises(PicturaError, match=words):
        train(method, resume=True, **({"steps": 4} | changes))
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_auto_precision_stays_what_it_was(train, monkeypatch):
    monkeypatch.setattr(device, "fast_bfloat16", lambda _: True)
    folder = train("blur", steps=2, precision="auto")
    monkeypatch.setattr(device, "fast_bfloat16", lambda _: False)  # resumed on another machine
    train("blur", steps=4, precision="auto", resume=True)
    assert json.loads((folder / "settings.json").read_text())["identity"]["precision"] == "bf16-mixed"


def test_a_folder_with_a_training_is_left_alone(train):
    train("duel", steps=2)
    with pytest.raises(PicturaError, match="holds a training: add --resume to go on, or choose a new folder"):
        train("duel", steps=2)


def test_data_that_do_not_do(train):
    with pytest.raises(PicturaError, match="duel learns from images data, and these are paired"):
        train("duel", data=Made("paired"))
    with pytest.raises(PicturaError, match="The data set is empty"):
        train("duel", data=Made(count=0))


def test_device_that_is_not_there(train):
    if torch.backends.mps.is_available():
        pytest.skip("it is there")
    with pytest.raises(PicturaError, match="The device 'mps' is not on this machine"):
        train("duel", device="mps")


def test_signal_in_the_same_process(train):
    def callback(now):
        if now.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped:
        train("duel", callback=callback, save_every=100)
    assert (stopped.value.number, stopped.value.step) == (signal.SIGTERM, 4)
    assert checkpoint.read_checkpoint(stopped.value.saved).step == 4
    assert signal.getsignal(signal.SIGTERM) is handler
    folder = train("duel", resume=True, save_every=100)
    same(weights(folder, 6), weights(train("duel", out="whole"), 6))


def test_two_accumulated_batches_are_one_of_twice_the_size(train):
    one = train("blur", out="one", batch=2, accumulate=2)
    other = train("blur", out="other", batch=4)
    same(weights(one, 6), weights(other, 6), rtol=1e-5, atol=1e-7)
    with pytest.raises(AssertionError):
        same(weights(one, 6), weights(train("blur", out="third", batch=2), 6), rtol=1e-5, atol=1e-7)


def test_players_accumulate_apart(train):
    """A generator's loss goes through the critic and leaves nothing there: one step at a rate of 0 for one player."""
    method = built("duel")
    players = type(method).players

    def still(self):
        found = players(self)
        found["critic"].optimizer.param_groups[0]["lr"] = 0.0
        return found

    method.players = lambda: still(method)
    before = {name: t.clone() for name, t in method.critic.state_dict().items()}
    train(method, accumulate=3)
    same(method.critic.state_dict(), before)


def test_clipping_bounds_the_step(train):
    method = built("blur", rate=1.0)
    before = {name: t.clone() for name, t in method.blurrer.state_dict().items()}
    train(method, steps=1, clip=1e-3)
    moved = [(t - before[name]).square().sum() for name, t in method.blurrer.state_dict().items()]
    assert float(torch.stack(moved).sum().sqrt()) == pytest.approx(1e-3, rel=1e-3)


def test_schedules_are_followed(train):
    folder = train("duel")
    state = checkpoint.read_checkpoint(folder / "checkpoints/step-00000006").state["players"]["generator"]["optimiser"]
    (groups,) = [value for name, value in state["items"] if name == "param_groups"]
    assert dict(groups[0]["items"])["lr"] == pytest.approx(2e-3 / 1.5)  # the sixth step is number 5


def test_average_is_the_textbook_s():
    network = torch.nn.Linear(1, 1, bias=False)
    average, expected = EMA(network, 0.5), float(network.weight.detach())
    for n in range(12):
        network.weight.data.fill_(float(n))
        average.update()
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
    assert float(average.tensors["weight"]) == pytest.approx(expected)
    with average.use_ema():
        assert float(network.weight.detach()) == pytest.approx(expected)
    assert float(network.weight.detach()) == 11


def test_bfloat16_computes_but_is_not_what_is_kept(train):
    seen = []
    method = built("blur")
    method.blurrer[0].register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    folder = train(method, precision="bf16-mixed", steps=2)
    assert seen[0] == (torch.float32, torch.bfloat16)  # pictures are not rounded
    assert {t.dtype for t in weights(folder, 2).values()} == {torch.float32}


def test_networks_and_pictures_are_in_channels_last(train):
    seen = []
    method = built("blur")

    def look(module, inputs):
        seen.append([t.is_contiguous(memory_format=torch.channels_last) for t in (inputs[0], module.weight)])

    method.blurrer[0].register_forward_pre_hook(look)
    train(method, steps=2)
    assert seen[0] == [True, True]


def test_update_of_a_player_that_is_none(train):
    method = built("blur")
    method.step = lambda batch, update, generator: update("generater", torch.zeros(()))
    with pytest.raises(KeyError, match="the players are blurrer"):
        train(method)


def test_a_log_that_is_too_long_is_thinned(tmp_path):
    kept = log.Log(tmp_path / "log.jsonl", steps=6000)
    for step in range(1, 10):
        kept.add(step, {"a": float(step)}, 0.1, 1.0)
    assert [(line["step"], line["losses"]["a"]) for line in log.read_log(kept.path)] == [(3, 2.0), (6, 5.0), (9, 8.0)]


def test_a_torn_log_is_read_and_gone_on_with(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1, "losses": {}}\n{"step": 2, "losses": {}}\n{"step": 3, "lo')
    kept = log.Log(path, 10)
    kept.begin(1)
    kept.add(2, {"a": 1.0}, 0.1, 1.0)
    assert [line["step"] for line in log.read_log(path)] == [1, 2]


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [1e-9, 1.0, 1e9], [-1.0, 3.0, 0.0]])
def test_plots_of_all_sorts_of_losses(values):
    text = draw_losses([{"step": i + 1, "losses": {"a<b>": v}} for i, v in enumerate(values)])
    svg = ET.fromstring(text)
    assert len(svg.findall("{*}polyline")) == bool(values)
    assert not re.search("nan|inf", text)


def test_first_weights_are_the_seed_s():
    same(built("duel", seed=3).generator.state_dict(), built("duel", seed=3).generator.state_dict())
    with seeds.preserve_random_state():
        torch.manual_seed(0)
        assert find_method("duel") is type(built("duel"))
