"""Pictures too large for memory: painted in files, stopped at any moment, gone on with."""

import json

import pytest
import torch

from pictura.methods.iterative import stored
from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.pixels import Pixels
from pictura.methods.iterative.run import Interrupted, IterativeStylizer
from pictura.methods.iterative.stored import InMemory, StoredPixels, open_workspace, store_content
from pictura.methods.iterative.tiled import TILE_SHARE, TiledObjective, memory_per_pixel
from pictura.picture.resize import from_float, to_float
from pictura.runtime.errors import PicturaError
from pictura.style.sources import ImageStyle

SIZE = (75, 101)


@pytest.fixture
def roughen(draw):
    """A picture without flat parts, whose gradients would be all rounding."""

    def made(height, width, seed):
        noise = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
        return to_float(from_float((draw(height, width, seed=seed) + 0.1 * noise).clamp(0, 1), torch.uint8))

    return made


@pytest.fixture
def paint(encoder, quick, draw, roughen):
    """Paint a made picture in files of a folder, from coarse to fine."""
    settings = quick.with_changes(steps=(3, 2), scale_factor=2.0, smoothing=0.02, averaging=0.5)
    content = roughen(150, 202, seed=1)
    style = ImageStyle([draw(64, 50, seed=2)], encoder, list(settings.style_layers))

    # Tiles of 72 pixels, of which 48 count: neither scale fits.
    small = memory_per_pixel(encoder) * 72**2 / TILE_SHARE

    def run(folder, callback=None, stop=None, memory=small, **changes):
        changed = settings.with_changes(**changes)
        stylizer = IterativeStylizer(
            encoder,
            changed,
            style.at,
            (150, 202),
            content,
            content,
            callback,
            stop,
            None,
            memory,
            folder,
        )
        return to_float(stylizer.paint())

    return run


def test_a_step_is_adams(encoder, quick, draw, roughen, tmp_path):
    """After one step the pixels are those of the step in one piece, to the thousandth of their range."""
    settings = quick.with_changes(smoothing=0.0, learning_rate=0.03)
    style = ImageStyle([draw(64, 50, seed=2)], encoder, list(settings.style_layers)).at(64)
    content, start = roughen(*SIZE, seed=1), roughen(*SIZE, seed=3).half().float()  # as it is stored
    pixels = Pixels(start, settings)
    files = StoredPixels.start(tmp_path, 0, SIZE, settings, InMemory(start, None))
    reading = store_content(tmp_path / "0-content.plane", content, SIZE)

    losses = pixels.step(StyleObjective(encoder, settings, style, content))
    found = files.step(TiledObjective(encoder, settings, style, reading, SIZE, 0.0, None, memory=1e5))

    assert found == pytest.approx(losses, rel=1e-2)
    x = torch.cat([files.plane("x", channel) for channel in range(3)], dim=1)
    # Where a gradient is rounding its sign, and so Adam's first move, may be another.
    assert ((x - pixels.x).abs() > 1e-3).float().mean() < 1e-3


def test_in_files_as_in_memory(paint, tmp_path):
    whole = paint(None, memory=float("inf"), smoothing=0.0)
    tiled = paint(tmp_path / "work", smoothing=0.0)
    assert (whole - tiled).abs().mean() < 0.01
    assert (whole - tiled).abs().max() < 0.1


def test_a_stopped_run_goes_on(paint, tmp_path):
    """Stopped after whichever step, the picture becomes what it would have been, to the bit."""
    wanted = paint(tmp_path / "whole")
    steps = []
    paint(tmp_path / "counted", callback=lambda step: steps.append(step.step))
    for last in steps[:-1]:
        folder, seen = tmp_path / f"stopped-{last}", []
        with pytest.raises(Interrupted):
            paint(folder, seen.append, stop=lambda seen=seen, last=last: seen[-1].step == last)
        torch.testing.assert_close(paint(folder, seen.append), wanted, rtol=0, atol=0)
        assert [step.step for step in seen] == steps  # none twice


def test_a_run_killed_within_a_step_goes_on(paint, tmp_path, monkeypatch):
    wanted = paint(tmp_path / "whole")
    writing, calls = stored.PlaneFile.write, []

    def killed(self, rows, values):
        calls.append(rows)
        if len(calls) == 13:
            raise RuntimeError("killed")
        writing(self, rows, values)

    monkeypatch.setattr(stored.PlaneFile, "write", killed)
    with pytest.raises(RuntimeError, match="killed"):
        paint(tmp_path / "killed")
    assert json.loads((tmp_path / "killed" / "state.json").read_text())["step"] > 0
    torch.testing.assert_close(paint(tmp_path / "killed"), wanted, rtol=0, atol=0)


def test_a_preview_is_small(paint, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "PREVIEW_SIDE", 64)
    previews = []
    paint(tmp_path / "work", lambda step: previews.append(step.picture()))
    assert tuple(previews[-1].shape) == (1, 3, 48, 64)
    assert 0 <= previews[-1].min() < previews[-1].max() <= 1


def test_no_room(paint, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "free_bytes", lambda folder: 1000)
    with pytest.raises(PicturaError, match=r"pixels needs .* GB in .* make room"):
        paint(tmp_path / "work")


def test_a_workspace_goes_when_the_picture_is_done(tmp_path):
    with open_workspace(tmp_path / "unfinished", "a") as folder:
        folder.mkdir(parents=True)
    assert not (tmp_path / "unfinished").exists()
    with pytest.raises(KeyboardInterrupt), open_workspace(tmp_path / "unfinished", "a") as folder:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt
    assert (tmp_path / "unfinished" / "a").is_dir()
    with open_workspace(None, None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize(
    "change",
    [{"step": "x"}, {"generation": None}, {"scale": -1}, {"weight": [1]}, {"scale": 0, "generation": 7}, None],
    ids=["text", "nothing", "negative", "list", "other files", "short file"],
)
def test_what_a_stopped_run_left_may_be_damaged(change, paint, tmp_path):
    folder = tmp_path / "work"
    with pytest.raises(Interrupted):
        paint(folder, stop=lambda: True)
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | (change or {})))
    if change is None or "generation" in change:
        for plane in folder.glob("*.plane"):
            plane.write_bytes(plane.read_bytes()[:-1])
    seen = []
    with pytest.raises(Interrupted):
        paint(folder, seen.append, stop=lambda: True)
    assert [step.step for step in seen] == [1]


@pytest.mark.parametrize("state", ["", "[]", "{}", '{"scale": 9, "step": 0}', '{"scale": "a"}'])
def test_a_damaged_state_begins_anew(state, paint, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "state.json").write_text(state)
    seen = []
    with pytest.raises(Interrupted):
        paint(folder, seen.append, stop=lambda: True)
    assert [step.step for step in seen] == [1]
