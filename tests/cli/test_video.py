"""`pictura video` on a tiny clip with a tiny untrained network."""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from pictura import models
from pictura.cli.app import COMMANDS, app
from pictura.methods.johnson import Johnson

from .conftest import refused, run

WHY = "the extra 'video' is not installed"
FRAMES = 8
FAST = ("--method", "johnson", "--model", "model", "--style", "starry-night")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(COMMANDS, "video", ("video:video", "Paint a video frame by frame."))


@pytest.fixture
def clip(desk):
    """clip.mp4, 32×24, 8 frames, and a network as the folder model."""
    av = pytest.importorskip("av", reason=WHY)
    with av.open("clip.mp4", "w") as out:
        stream = out.add_stream("libvpx-vp9", 25)
        stream.width, stream.height = 32, 24
        for i in range(FRAMES):
            frame = av.VideoFrame(32, 24, "yuv420p")
            for plane, slope in zip(frame.planes, (100, 0, 0), strict=True):
                rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
                rows[:] = 100 + 2 * i + slope * np.arange(rows.shape[1]) // rows.shape[1] - slope // 2
            frame.pts = i
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    torch.manual_seed(0)
    method = Johnson(Johnson.tiny())
    models.save_bundle(
        models.Bundle.of("johnson", method.settings.model_dump(mode="json"), method.networks()), desk / "model"
    )
    return Path("clip.mp4")


def frames(path):
    import av

    with av.open(str(path)) as file:
        return [(frame.width, frame.height) for frame in file.decode(video=0)]


def test_a_video(clip):
    result = run("video", clip, *FAST, "--size", "16")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("clip.mp4: clip_starry-night_johnson.mp4, 16×12, 8 frames, 1 shot, ")
    assert frames("clip_starry-night_johnson.mp4") == [(16, 12)] * FRAMES


def test_options_reach_the_painter(clip):
    half("left.png", True)
    made = {}
    for name, options in {
        "plain": (),
        "weak": ("--strength", "0.2"),
        "own": ("--keep-colours",),
        "matched": ("--match-colours",),
        "partly": ("--protect", "left.png"),
        "each": ("--statistics", "frames"),
    }.items():
        assert run("video", clip, *FAST, *options, "-o", f"{name}.mkv", "--codec", "ffv1", "-q").stderr == ""
        made[name] = Path(f"{name}.mkv").read_bytes()
    assert len(set(made.values())) == len(made)


def lumas(path):
    """The luma planes of all frames, which ffv1 keeps as they were."""
    import av

    with av.open(str(path)) as file:
        return [frame.to_ndarray()[: frame.height].astype(int) for frame in file.decode(video=0)]


def half(path, left, width=8):
    """A mask of another size than the frames: white on the left, or right."""
    mask = np.zeros((6, width), np.uint8)
    mask[:, slice(0, width // 2) if left else slice(width // 2, None)] = 255
    Image.fromarray(mask).save(path)


def test_a_mask_says_where_in_every_frame(clip):
    half("left.png", True)
    lossless = ("--codec", "ffv1", "-q")
    for name, options in {"none": ("--strength", "0"), "whole": (), "masked": ("--mask", "left.png")}.items():
        assert run("video", clip, *FAST, *options, "-o", f"{name}.mkv", *lossless).stderr == ""
    shown = {"none": lumas(clip)} | {name: lumas(f"{name}.mkv") for name in ("whole", "masked")}
    assert len(shown["masked"]) == FRAMES
    for plain, whole, masked in zip(shown["none"], shown["whole"], shown["masked"], strict=True):
        assert np.abs(whole - plain).max() > 3
        assert np.abs(masked - plain)[:, 20:].max() <= 1  # the video itself, rounded
        assert np.abs(masked - whole)[:, :12].max() <= 1


def test_photorealistic_style(clip):
    """The controls of `photo`, and what it cannot do."""
    photo = ("--method", "photo", "--style", "photo.png", "--no-skin")
    made = {}
    for name, options in {
        "none": ("--strength", "0"),
        "all": (),
        "colours": ("--luma", "0"),
        "plain": ("--model", "mk"),
    }.items():
        assert run("video", clip, *photo, *options, "-o", f"{name}.mkv", "--codec", "ffv1", "-q").stderr == ""
        made[name] = lumas(f"{name}.mkv")
    own = lumas(clip)
    assert max(np.abs(a - b).mean() for a, b in zip(made["none"], own, strict=True)) < 0.5  # the video, rounded
    assert np.mean([np.abs(a - b).mean() for a, b in zip(made["all"], own, strict=True)]) > 5
    assert np.mean([np.abs(a - b).mean() for a, b in zip(made["colours"], own, strict=True)]) < 5
    assert "no option 'style_scale'" in refused("video", clip, *photo, "--style-scale", "2")
    assert "no option 'luma'" in refused("video", clip, *FAST, "--luma", "0.5")
    assert "is neither a file" in refused("video", clip, "--method", "photo", "--style", "night")


def test_masks_are_one_for_each_style(clip):
    half("left.png", True)
    said = refused("video", clip, *FAST, "--style", "starry-night", "--mask", "left.png")
    assert "There are 2 styles but 1 masks; give one for each." in said
    assert "'nowhere.png' does not exist" in refused("video", clip, *FAST, "--mask", "nowhere.png")


def test_json_line_only_on_stdout(clip):
    result = run("video", clip, *FAST, "-o", "out.webm", "--json", "--quiet")
    told = json.loads(result.stdout)
    assert (told["output"], told["frames"], told["width"], told["complete"]) == ("out.webm", FRAMES, 32, True)
    assert result.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_finishes_the_file(clip, monkeypatch, number, code):
    from pictura.tasks.feed_forward import FeedForwardStylizer

    calls = []
    paint = FeedForwardStylizer.__call__

    def painted(self, picture):
        calls.append(1)
        if len(calls) == 4:  # the trial, two frames, and the third
            os.kill(os.getpid(), number)
        return paint(self, picture)

    monkeypatch.setattr(FeedForwardStylizer, "__call__", painted)
    before = signal.getsignal(number)
    result = CliRunner().invoke(app, ["video", str(clip), *FAST, "-o", "out.mp4"])
    assert result.exit_code == code
    assert "interrupted; 'out.mp4' holds the first 3 frames; --resume goes on" in result.stderr
    assert frames("out.mp4") == [(32, 24)] * 3
    assert signal.getsignal(number) == before
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == [".out.mp4.parts"]
    assert "begun and not finished: add --resume" in refused("video", clip, *FAST, "-o", "out.mp4")
    assert "begun with another style" in refused("video", clip, *FAST, "-o", "out.mp4", "--resume", "--strength", "0.5")
    assert run("video", clip, *FAST, "-o", "out.mp4", "--resume").exit_code == 0
    assert frames("out.mp4") == [(32, 24)] * FRAMES
    assert [path for path in Path().iterdir() if path.name.startswith(".")] == []


def test_mistakes(clip):
    assert "No style given" in refused("video", clip)
    assert "does not exist" in refused("video", "clop.mp4", *FAST)
    assert "Unsupported output" in refused("video", clip, *FAST, "-o", "out.png")
    assert "'photo.png' is not a video" in refused("video", "photo.png", *FAST)
    assert "Unknown codec 'xvid'" in refused("video", clip, *FAST, "--codec", "xvid")
    assert "paints starry-night" in refused(
        "video", clip, "--method", "johnson", "--model", "model", "--style", "the-scream"
    )
    assert "is the input video" in refused("video", clip, *FAST, "-o", "clip.mp4", "--overwrite")
    Path("out.mp4").write_text("mine")
    assert "exists already" in refused("video", clip, *FAST, "-o", "out.mp4")


def test_without_the_extra_it_says_what_to_install(desk, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    Path("clip.mp4").write_bytes(b"")
    assert "pip install 'pictura[video]'" in refused("video", "clip.mp4", *FAST)


def test_help_names_examples():
    result = run("video", "--help")
    assert "pictura video clip.mp4 --style starry-night" in " ".join(result.stdout.split())
    assert "--statistics" in result.stdout
