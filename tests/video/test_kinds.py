"""What clips of all kinds are painted like while statistics, or colour maps, are held: right values, kind by kind."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura import read  # noqa: E402
from pictura.picture.resize import resize  # noqa: E402
from pictura.tasks.stylize import open_stylizer  # noqa: E402
from pictura.video import paint_video  # noqa: E402
from pictura.video.colour import ColourCoding, to_frame, to_rgb  # noqa: E402
from pictura.video.steady import ORDINARY  # noqa: E402

from .made import save, seen  # noqa: E402

HEIGHT, WIDTH = 64, 96
BT709 = ColourCoding(1, False)
STARRY = ORDINARY.with_name("starry-night.jpg")


@lru_cache
def scene(turned=False):
    """A photograph; turned, another one for all that a network knows."""
    photo = resize(read(ORDINARY).tensor(), (HEIGHT, WIDTH))
    return photo.flip(2, 1).contiguous() if turned else photo


@lru_cache
def painter(method):
    """The shipped network; `photo` in a light of its own."""
    torch.set_num_threads(1)
    if method == "adain":
        return open_stylizer("adain", ["starry-night"], faces=False)
    return open_stylizer("photo", [STARRY], model="mk" if method == "mk" else None, skin=False)


def painted(frames, method="adain", statistics="shots"):
    """The frames as a lossless clip, painted; N×3×H×W in steps of 255."""
    save("in.mkv", [to_frame(frame, "yuv444p", BT709) for frame in frames], matrix=1)
    paint_video("in.mkv", "out.mkv", painter(method), codec="ffv1", statistics=statistics, overwrite=True)
    return 255 * torch.cat([to_rgb(frame, BT709) for frame in seen("out.mkv").frames])


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def wall(level, count=8):
    return [torch.full((1, 3, HEIGHT, WIDTH), level)] * count


def steps(frames):
    """Mean absolute difference of consecutive frames."""
    return (frames[1:] - frames[:-1]).abs().mean().item()


def gap(a, b):
    return (a - b).abs().mean().item()


@pytest.mark.parametrize("method", ["adain", "photo"])
def test_a_wall_is_as_dark_as_it_is_and_does_not_flicker(method):
    black, grey, white = (painted(wall(level), method) for level in (0.0, 0.5, 1.0))
    assert black.mean() + 15 < grey.mean() < white.mean() - 15
    assert max(steps(one) for one in (black, grey, white)) == 0


def test_the_noise_of_a_wall_is_not_painted_as_a_picture():
    number = torch.Generator().manual_seed(0)
    noisy = [one + 2 / 255 * torch.randn(one.shape, generator=number) for one in wall(0.4)]
    held, own = painted(noisy), painted(noisy, statistics="frames")
    assert steps(own) > 10  # the video's own is 2.3
    assert steps(held) < 4


@pytest.mark.parametrize("method", ["adain", "photo"])
def test_a_fade_starts_as_the_shot_is_and_ends_dark(method):
    still = painted([scene()] * 6, method)
    made = painted([scene()] * 12 + [scene() * (1 - (i + 1) / 10) for i in range(10)], method)
    assert gap(made[0], still[0]) < 4
    lumas = made.mean((1, 2, 3))
    assert bool((lumas[12:].diff() < 0.5).all()), lumas
    assert lumas[-1] < 0.5 * lumas[0]


def test_for_itself_black_is_as_bright_as_anything():
    """Why statistics are held through a fade."""
    fading = painted([scene(), scene() * 0], statistics="frames")
    assert fading[1].mean() > 0.55 * fading[0].mean()


@pytest.mark.parametrize("method", ["adain", "mk"])
def test_both_sides_of_a_cut_are_painted_as_if_alone(method):
    made = painted([scene()] * 7 + [scene(True)] * 7, method)
    first, second = painted([scene()] * 7, method), painted([scene(True)] * 7, method)
    assert gap(made[:7], first) < 0.02
    assert gap(made[7:], second) < 0.02


def test_a_dissolve_goes_from_one_shot_to_the_other():
    mixed = [torch.lerp(scene(), scene(True), (i + 1) / 9) for i in range(8)]
    made = painted([scene()] * 7 + mixed + [scene(True)] * 7)
    first, second = painted([scene()] * 2), painted([scene(True)] * 2)
    assert gap(made[0], first[0]) < 1
    assert gap(made[-1], second[0]) < 1
    changes = (made[1:] - made[:-1]).abs().mean((1, 2, 3))
    assert changes.max() < 3 * changes[7:14].mean()  # and nowhere at once


@pytest.mark.parametrize("method", ["adain", "mk"])
def test_noise_is_painted_like_each_frame_for_itself(method):
    number = torch.Generator().manual_seed(0)
    noise = [torch.rand(1, 3, HEIGHT, WIDTH, generator=number) for _ in range(6)]
    assert gap(painted(noise, method), painted(noise, method, "frames")) < 3


@pytest.mark.parametrize("method", ["adain", "photo"])
@pytest.mark.parametrize("count", [1, 5])
def test_a_still_picture_is_painted_like_a_picture(method, count):
    made = painted([scene()] * count, method)
    own = painted([scene()], method, "frames")
    assert gap(made, own.expand_as(made)) < 0.02


def test_flickering_light_flickers_no_more_than_it_did():
    number = torch.Generator().manual_seed(0)
    frames = [scene() * (0.85 + 0.15 * torch.rand(1, generator=number)) for _ in range(8)]
    for method in ("adain", "photo"):
        assert steps(painted(frames, method)) < 1.1 * 255 * steps(torch.cat(frames))


def test_what_walks_in_late_says_what_the_shot_is():
    """A bare wall at first: its statistics are those of the picture that comes."""
    frames = []
    for i in range(20):
        frame = wall(0.5, 1)[0].clone()
        frame[..., : max(0, i - 8) * 8] = scene()[..., : max(0, i - 8) * 8]
        frames.append(frame)
    made = painted(frames)
    assert gap(made[0], made[8]) == 0
    still = made[:, :, :, 90:][:18]
    assert steps(still) < 0.7, "the wall flickers while somebody walks in"


def test_a_shots_maps_drift_where_each_frames_own_would_jump():
    """Something bright comes and goes: what stands still keeps its colours nearly."""
    frames = []
    for i in range(13):
        frame = scene().clone()
        if i % 5 == 2:
            frame[:, :, 20:52, 8:34] = torch.tensor([1.0, 0.9, 0.1]).view(3, 1, 1)
        frames.append(frame)
    held, own = (painted(frames, "photo", statistics)[..., 64:] for statistics in ("shots", "frames"))
    assert steps(own) > 1
    assert steps(held) < 0.35 * steps(own)


def test_the_ordinary_photograph_is_one():
    assert Path(ORDINARY).is_file()
    assert 0.1 < float(np.std(read(ORDINARY).pixels)) < 0.4
