"""TensorBoard's events: each step once whatever happened, and nothing about them touches the training."""

import json
import struct
import sys

import pytest

from pictura import models
from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint, log, tensorboard

record_writer = pytest.importorskip("tensorboardX.record_writer", reason="the extra 'tensorboard' is not installed")
event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")


def files(folder):
    return sorted(folder.glob("events.out.tfevents.*"))


def records(path):
    """All events of a file; one that is torn or whose checksums are wrong fails."""
    content, found = path.read_bytes(), []
    while content:
        length, checksum = struct.unpack("<QI", content[:12])
        body, (after,) = content[12 : 12 + length], struct.unpack("<I", content[12 + length : 16 + length])
        assert checksum == record_writer.masked_crc32c(content[:8])
        assert after == record_writer.masked_crc32c(body)
        found.append(event_pb2.Event.FromString(body))
        content = content[16 + length :]
    return found


def told(folder):
    """(step, tag, value) of all files in order; an image's value is its PNG."""
    return [
        (event.step, value.tag, value.image.encoded_image_string or value.simple_value)
        for path in files(folder)
        for event in records(path)
        for value in event.summary.value
    ]


def steps(folder, tag):
    return [step for step, name, _ in told(folder) if name == tag]


def digests(folder, step):
    said = json.loads((folder / "checkpoints" / checkpoint.checkpoint_name(step) / "manifest.json").read_text())
    return {name: file["sha256"] for name, file in said["files"].items()}


def cut(path, many):
    path.write_bytes(path.read_bytes()[:-many])


def test_losses_pace_and_sheets(train):
    seen = []
    folder = train("duel", tensorboard=True, callback=seen.append)
    (path,) = files(folder)
    assert records(path)[0].file_version == "brain.Event:2"
    assert {tag for _, tag, _ in told(folder)} == {
        "loss/critic",
        "loss/adversarial",
        "loss/pixel",
        "pace/images_per_second",
        "samples",
    }
    for now in seen:
        there = {tag: value for step, tag, value in told(folder) if step == now.step}
        assert {f"loss/{name}": pytest.approx(value) for name, value in now.losses.items()}.items() <= there.items()
        assert there["pace/images_per_second"] == pytest.approx(now.images_per_second)
    sheets = {step: png for step, tag, png in told(folder) if tag == "samples"}
    assert sheets == {step: (folder / f"samples/step-{step:08d}.png").read_bytes() for step in (3, 6)}
    image = next(v.image for e in records(path) for v in e.summary.value if v.tag == "samples")
    assert (image.width, image.height) == (2 * 20 + 8, 4 * 20 + 8)


def test_what_is_saved_is_the_same_with_them(train):
    plain, told_of = train("duel", out="plain"), train("duel", out="told", tensorboard=True)
    assert files(plain) == []
    assert digests(plain, 6) == digests(told_of, 6)
    assert (plain / "bundle/model.safetensors").read_bytes() != b""
    one, other = (models.read_bundle(folder / "bundle").tensors for folder in (plain, told_of))
    assert all((other[name] == tensor).all() for name, tensor in one.items())


def test_a_resume_writes_no_step_twice(train):
    def killed(now):
        if now.step == 5:
            raise SystemExit  # after the checkpoint of step 4

    with pytest.raises(SystemExit):
        train("duel", tensorboard=True, callback=killed, show_every=5)
    folder = train("duel", tensorboard=True, resume=True, steps=8, show_every=5)
    for tag in ("loss/critic", "pace/images_per_second"):
        assert steps(folder, tag) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert steps(folder, "samples") == [5, 8]
    assert [line["step"] for line in log.read_log(folder / "log.jsonl")] == [1, 2, 3, 4, 5, 6, 7, 8]
    # What a TensorBoard that is running goes by: from which step on the new file is the one to believe.
    assert [e.step for p in files(folder) for e in records(p) if e.HasField("session_log")] == [1, 5]


def test_a_torn_file_is_gone_on_with(train):
    folder = train("duel", tensorboard=True, steps=4, show_every=100)
    (path,) = files(folder)
    cut(path, 9)
    train("duel", tensorboard=True, resume=True, steps=6)
    assert steps(folder, "loss/pixel")[:3] == [1, 2, 3]
    path.write_bytes(path.read_bytes() + bytes(500))  # zeros, as a power cut leaves them
    train("duel", tensorboard=True, resume=True, steps=8)
    assert steps(folder, "loss/pixel")[-2:] == [7, 8]


def test_a_start_anew_forgets_what_there_was(train):
    def killed(now):
        raise SystemExit  # before any checkpoint

    for _ in range(2):
        with pytest.raises(SystemExit):
            train("duel", tensorboard=True, callback=killed)
    folder = train("duel", tensorboard=True)
    assert len(files(folder)) == 1
    assert steps(folder, "loss/pixel") == [1, 2, 3, 4, 5, 6]


def test_it_may_be_asked_for_later(train):
    train("duel", steps=2)
    folder = train("duel", steps=4, resume=True, tensorboard=True)
    assert steps(folder, "loss/critic") == [3, 4]
    train("duel", steps=6, resume=True)
    assert steps(folder, "loss/critic") == [3, 4]


@pytest.mark.parametrize("sheets", [False, True])
def test_a_disk_that_refuses_them_ends_the_events_only(train, monkeypatch, sheets):
    """From the third step on the file takes nothing any more, be it losses or a sheet."""
    seen = []
    monkeypatch.setattr(tensorboard, "FLUSH_SECONDS", 0.0)
    write = record_writer.RecordWriter.write

    def full(self, data):
        event = event_pb2.Event.FromString(data)
        if event.step >= 3 and (not sheets or event.summary.value[0].tag == "samples"):
            raise OSError(28, "No space left on device")
        write(self, data)

    monkeypatch.setattr(record_writer.RecordWriter, "write", full)
    folder = train("duel", tensorboard=True, callback=seen.append)
    note = "TensorBoard logs could not be written (No space left on device): training continues without them"
    assert [now.note for now in seen] == ["", "", note, "", "", ""]
    assert seen[2].shown
    assert steps(folder, "loss/critic") == ([1, 2, 3] if sheets else [1, 2])
    assert digests(folder, 6) == digests(train("duel", out="whole"), 6)


def test_a_file_that_may_not_grow_ends_the_events_only(train, monkeypatch):
    """A real refusal, by the system, of what is in the file's buffer."""
    resource = pytest.importorskip("resource", reason="no such limits here")
    (limits, seen) = resource.getrlimit(resource.RLIMIT_FSIZE), []
    add = tensorboard.Events.add

    def limited(self, *arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            add(self, *arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(tensorboard, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(tensorboard.Events, "add", limited)
    train("duel", tensorboard=True, callback=seen.append)
    assert [bool(now.note) for now in seen] == [True] + [False] * 5
    assert "File too large" in seen[0].note
    assert seen[-1].step == 6


def test_a_folder_that_cannot_be_listed_is_told_and_not_in_the_way(train, monkeypatch):
    def refused(path, step):
        raise PermissionError(13, "Permission denied")

    seen = []
    train("duel", tensorboard=True, steps=2)
    monkeypatch.setattr(tensorboard, "_truncate", refused)
    train("duel", tensorboard=True, steps=4, resume=True, callback=seen.append)
    assert [now.step for now in seen if "Permission denied" in now.note] == [3]


def test_without_the_extra_it_says_what_to_install(train, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(PicturaError, match=r"requires tensorboardX: pip install 'pictura\[tensorboard\]'"):
        train("duel", tensorboard=True)
    assert not (tmp_path / "run").exists()
    train("duel")
