"""Checkpoints: whole or not at all, found by looking, broken ones set aside; faults injected at every call."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

import pytest
import torch

from pictura.runtime import files
from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint, state
from pictura.training.checkpoint import BrokenCheckpoint, Checkpoint, flatten_state, unflatten_state
from pictura.training.run_folder import RunFolder


def example(step=2):
    shared = torch.arange(6.0).view(2, 3) + step
    tensors = {
        "a.weight": shared,
        "b.weight": shared,
        "c": torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last),
    }
    return Checkpoint(
        step, {"model": tensors, "ema": {}}, {"step": step, "rate": 0.1 + 0.2, "loss": [1e-17, True, None]}
    )


def test_round_trip(tmp_path):
    folder = checkpoint.write_checkpoint(example(), tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "model.safetensors", "state.json"]
    back = checkpoint.read_checkpoint(folder)
    assert (back.step, back.state) == (2, example().state)
    for name, tensor in example().tensors["model"].items():
        assert torch.equal(back.tensors["model"][name], tensor)


def test_nothing_is_written_twice(tmp_path):
    folder = checkpoint.write_checkpoint(example(), tmp_path)
    before = (folder / "state.json").stat().st_mtime_ns
    assert checkpoint.write_checkpoint(example(), tmp_path) == folder
    assert (folder / "state.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("harm", ["cut", "flip", "missing", "no manifest", "empty manifest", "folder"])
def test_broken_ones_are_set_aside_and_the_one_before_is_used(tmp_path, harm):
    checkpoint.write_checkpoint(example(2), tmp_path)
    newest = checkpoint.write_checkpoint(example(4), tmp_path)
    file = newest / "model.safetensors"
    content = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(content[:-1])
    elif harm == "flip":
        content[-1] ^= 1
        file.write_bytes(content)
    elif harm == "missing":
        file.unlink()
    elif harm == "no manifest":
        (newest / "manifest.json").unlink()
    elif harm == "empty manifest":
        (newest / "manifest.json").write_bytes(b"")
    else:
        shutil.rmtree(newest)
        newest.mkdir()
    with pytest.raises(BrokenCheckpoint):
        checkpoint.read_checkpoint(newest)
    found, said = checkpoint.load_newest(tmp_path)
    assert found is not None
    assert found.step == 2
    assert len(said) == 1
    assert "step-00000004" in said[0]
    assert (tmp_path / "step-00000004.broken").is_dir()
    assert [p.name for p in checkpoint.list_checkpoints(tmp_path)] == ["step-00000002"]


def test_all_broken(tmp_path):
    (tmp_path / "step-00000001").mkdir()
    (tmp_path / "step-00000001.broken").mkdir()
    found, said = checkpoint.load_newest(tmp_path)
    assert (found, len(said)) == (None, 1)
    assert (tmp_path / "step-00000001.broken-1").is_dir()


def test_rotation_keeps_the_newest(tmp_path):
    for step in (2, 4, 10, 100):
        checkpoint.write_checkpoint(example(step), tmp_path)
    checkpoint.remove_old(tmp_path, 2)
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["step-00000010", "step-00000100"]


class Faulty:
    """Calls that reach the disk, of which number `at` fails, or kills what is going on."""

    def __init__(self, monkeypatch, at, error):
        self.count, self.at, self.error = 0, at, error
        for owner, name in ((os, "fsync"), (Path, "open"), (Path, "rename"), (Path, "mkdir"), (Path, "stat")):
            monkeypatch.setattr(owner, name, self.wrapped(getattr(owner, name)))

    def wrapped(self, call):
        def checked(*args, **kwargs):
            self.count += 1
            if self.count == self.at:
                raise self.error
            return call(*args, **kwargs)

        return checked


class Killed(BaseException):
    pass


@pytest.mark.parametrize("kind", [OSError(errno.EIO, "broken"), OSError(errno.ENOSPC, "full"), Killed()])
def test_a_fault_at_any_call_leaves_the_old_or_the_new_state(tmp_path, kind):
    for at in range(1, 200):
        folder = RunFolder(tmp_path / str(at))
        checkpoint.write_checkpoint(example(2), folder.checkpoints)
        with pytest.MonkeyPatch.context() as monkeypatch, contextlib.suppress(PicturaError, Killed):
            faulty = Faulty(monkeypatch, at, kind)
            state.save_checkpoint(example(4), folder, keep=5)
        with folder.lock():
            pass  # what a new training does first
        found, said = checkpoint.load_newest(folder.checkpoints)
        assert (found.state, said) == (example(found.step).state, [])
        assert not list(folder.path.rglob(".*"))
        if faulty.count < at:
            break
    else:
        pytest.fail("the loop never came to a write without a fault")
    assert found.step == 4


def test_room_is_made_by_older_ones_and_the_newest_stays(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    for step in (2, 4, 6):
        state.save_checkpoint(example(step), folder, keep=3)
    monkeypatch.setattr(
        files, "free_bytes", lambda _: 10 if len(checkpoint.list_checkpoints(folder.checkpoints)) > 1 else 10**9
    )
    state.save_checkpoint(example(8), folder, keep=3)
    assert [p.name for p in checkpoint.list_checkpoints(folder.checkpoints)] == ["step-00000006", "step-00000008"]
    monkeypatch.setattr(files, "free_bytes", lambda _: 10)
    with pytest.raises(PicturaError, match="the disk or your quota is full"):
        state.save_checkpoint(example(10), folder, keep=3)
    assert checkpoint.load_newest(folder.checkpoints)[0].step == 8


@pytest.mark.parametrize(("number", "words"), [(errno.EROFS, "Read-only"), (errno.EACCES, "Permission denied")])
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, number, words):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PicturaError, match=words), RunFolder(tmp_path / "run").lock():
        pass


def test_a_file_in_the_folder_s_place(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(PicturaError, match="could not be written"), RunFolder(tmp_path / "run").lock():
        pass


def test_one_training_a_folder(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.lock(), pytest.raises(PicturaError, match="Another training is running"), folder.lock():
        pass
    with folder.lock():
        pass  # a lock file that lies there says nothing


def test_optimiser_states_survive_without_pickle():
    network = torch.nn.Linear(3, 2)
    for optimiser in (
        torch.optim.Adam(network.parameters(), amsgrad=True),
        torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9),
        torch.optim.LBFGS(network.parameters(), max_iter=2),
    ):

        def closure(optimiser=optimiser):
            optimiser.zero_grad()
            loss = network(torch.ones(1, 3)).square().sum()
            loss.backward()
            return loss

        optimiser.step(closure)
        tensors = {}
        before = optimiser.state_dict()
        after = unflatten_state(flatten_state(before, tensors, "x"), tensors)
        assert str(after) == str(before)
        type(optimiser)(network.parameters(), lr=0.1).load_state_dict(after)


def test_what_cannot_be_packed_is_told():
    with pytest.raises(TypeError, match=r"x\.a is a set"):
        flatten_state({"a": {1}}, {}, "x")


def test_what_a_kill_left_is_removed_by_the_next_start(tmp_path):
    folder = RunFolder(tmp_path)
    for left in (".pictura-1-ab.tmp", "samples/.pictura-1-ab.tmp", "bundle/.pictura-1-ab.tmp"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).touch()
    for left in (".step-00000002-1-ab.tmp", ".step-00000002-ab.trash"):
        (folder.checkpoints / left).mkdir(parents=True)
        (folder.checkpoints / left / "model.safetensors").touch()
    (tmp_path / "mine.tmp").touch()
    with folder.lock():
        assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["lock", "mine.tmp"]
        assert list(folder.checkpoints.iterdir()) == []
