"""The loop: what it leaves, what it refuses, and that each of its settings does what it says."""

import json
import os
import random
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
    assert told[0].note == "no checkpoint found, starting at step 1"
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
    assert "step-00000004' is damaged (optim.safetensors is not what was written); moved to" in told[0].note
    assert told[1].note == "resuming after step 2"
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
        ({"steps": 1}, "already has 2 steps; set steps above 2"),
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
    with pytest.raises(PicturaError, match="already contains a run; resume it with --resume or choose a new folder"):
        train("duel", steps=2)


def test_data_that_do_not_do(train):
    with pytest.raises(PicturaError, match="duel expects images data, got paired"):
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


def test_first_weights_are_the_seed_s():
    same(built("duel", seed=3).generator.state_dict(), built("duel", seed=3).generator.state_dict())
    with seeds.preserve_random_state():
        torch.manual_seed(0)
        assert find_method("duel") is type(built("duel"))
