"""The folder of a run deleted or replaced while it trains, and checkpoints of one step that differ."""

import shutil
import sys

import pytest
import torch

from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint
from pictura.training.checkpoint import Checkpoint, list_checkpoints, read_checkpoint, write_checkpoint
from pictura.training.run_folder import RunFolder

pytestmark = pytest.mark.kinds
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no open files")


def gone(folder):
    shutil.rmtree(folder)


def moved(folder):
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder):
    shutil.rmtree(folder)
    with RunFolder(folder).lock():
        pass


@posix
@pytest.mark.parametrize("act", [gone, moved, replaced])
def test_the_lock_notices(tmp_path, act):
    folder = RunFolder(tmp_path / "run")
    with folder.lock():
        folder.check_lock()
        act(folder.path)
        with pytest.raises(PicturaError, match="was removed or replaced while this training ran"):
            folder.check_lock()
    folder.check_lock()


@posix
@pytest.mark.parametrize("act", [gone, replaced])
def test_a_training_stops_and_writes_nothing_into_the_other_run(train, tmp_path, act):
    def disturb(progress):
        if progress.step == 3:
            act(tmp_path / "run")
            left.extend(sorted(tmp_path.rglob("*")))

    left = []
    with pytest.raises(PicturaError, match="removed or replaced"):
        train(callback=disturb)
    assert sorted(tmp_path.rglob("*")) == left


@posix
def test_who_waits_for_the_lock_of_a_folder_that_is_removed_gets_the_new_one(tmp_path, monkeypatch):
    folder, opened = RunFolder(tmp_path / "run"), []
    from pictura.runtime import files

    lock = files.lock_file

    def removed_in_between(file):
        opened.append(file)
        if len(opened) == 1:
            shutil.rmtree(folder.path)
        return lock(file)

    monkeypatch.setattr("pictura.training.run_folder.files.lock_file", removed_in_between)
    with folder.lock():
        assert len(opened) == 2
        folder.check_lock()


def made(value, step=4):
    return Checkpoint(step, {"model": {"w": torch.full((2,), value)}}, {"identity": {}})


def test_an_equal_checkpoint_is_left_alone(tmp_path):
    folder = write_checkpoint(made(1.0), tmp_path)
    before = (folder / checkpoint.MANIFEST).stat().st_ino
    assert write_checkpoint(made(1.0), tmp_path) == folder
    assert (folder / checkpoint.MANIFEST).stat().st_ino == before


@pytest.mark.parametrize("spoil", [lambda folder: None, lambda folder: (folder / checkpoint.MANIFEST).unlink()])
def test_another_checkpoint_of_the_step_is_compared_and_moved_aside(tmp_path, spoil):
    spoil(write_checkpoint(made(1.0), tmp_path))
    folder = write_checkpoint(made(2.0), tmp_path)
    assert read_checkpoint(folder).tensors["model"]["w"].tolist() == [2.0, 2.0]
    assert list_checkpoints(tmp_path) == [folder]
    assert (tmp_path / f"{folder.name}.other").is_dir()
    assert write_checkpoint(made(1.0), tmp_path) == folder
    assert (tmp_path / f"{folder.name}.other-1").is_dir()


@posix
def test_leftovers_of_a_killed_training_are_swept(tmp_path):
    folder = RunFolder(tmp_path / "run")
    (folder.path / "samples").mkdir(parents=True)
    (folder.path / "samples/.pictura-9-a.tmp").touch()
    with folder.lock():
        assert list((folder.path / "samples").iterdir()) == []
