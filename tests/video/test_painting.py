"""A whole video: what must stay stays, what is painted does not flicker, and nothing is left half-written."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura import models  # noqa: E402
from pictura.methods.adain import Adain  # noqa: E402
from pictura.methods.johnson import Johnson  # noqa: E402
from pictura.runtime.errors import PicturaError  # noqa: E402
from pictura.tasks.stylize import open_stylizer  # noqa: E402
from pictura.video import paint_video  # noqa: E402
from pictura.video.reading import Clip  # noqa: E402

from .made import noise, numbers, packets, planes, ramp, save, seen  # noqa: E402


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same(picture):
    return picture


def left():
    return sorted(path.name for path in Path().iterdir())


@pytest.mark.parametrize(
    ("kind", "full"), [("yuv420p", False), ("yuv420p", True), ("yuv422p", False), ("yuv420p10le", False)]
)
def test_what_is_not_painted_comes_back_number_for_number(kind, full):
    frames = [noise(kind, i, 34, 22) for i in range(3)]
    save("in.mkv", frames, full=full, matrix=1)
    paint_video("in.mkv", "out.mkv", same, codec="ffv1")
    made = seen("out.mkv")
    assert (made.kind, made.range, made.matrix) == (kind, 2 if full else 1, 1)
    for old, new in zip(frames, made.frames, strict=True):
        for a, b in zip(numbers(old), numbers(new), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "codec", "size"),
    [
        ("out.mp4", "vp9", (33, 21)),
        ("out.webm", "vp9", (33, 21)),
        ("out.mkv", "vp9", (33, 21)),
        ("out.webm", "av1", (33, 21)),
        ("out.mp4", "av1", (33, 21)),
        ("out.mp4", "h264", (32, 20)),
        ("out.mkv", "ffv1", (33, 21)),
    ],
)
def test_every_codec_keeps_odd_sizes_colours_and_uneven_times(name, codec, size):
    times = [0, 3600, 7200, 12000, 30000, 33600]  # of 90,000 a second
    frames = [ramp(0, 21, 33, 2 * i) for i in range(6)]
    save("in.mp4", frames, "libvpx-vp9", times, Fraction(1, 90000), full=True, matrix=1)
    made = paint_video("in.mp4", name, same, codec=codec, quality=None if codec == "ffv1" else 10)
    out = seen(name)
    assert (made.frames, made.size, made.complete) == (6, size[::-1], True)
    assert (out.codec, out.range, out.matrix) == (codec, 2, 1)
    assert (out.frames[0].width, out.frames[0].height) == size
    assert out.times == pytest.approx([time / 90000 for time in times], abs=6e-4)
    for old, new in zip(seen("in.mp4").frames, out.frames, strict=True):
        for a, b in zip(numbers(old), numbers(new), strict=True):
            assert np.abs(a[: b.shape[0], : b.shape[1]].astype(int) - b).mean() < 3


@pytest.mark.parametrize("codec", ["vp9", "av1", "h264"])
def test_the_last_frame_is_seen_as_long_as_it_was(codec):
    times = [0, 3600, 7200, 15000, 30000]
    save("in.mp4", [ramp(0, 20, 32)] * 5, "libx264", times, Fraction(1, 90000), options={"bf": "0"})
    paint_video("in.mp4", "out.mp4", same, codec=codec)
    assert seen("out.mp4").seconds == pytest.approx(33600 / 90000, abs=1e-3)


def test_files_without_times_and_times_that_stand_still():
    save("in.h264", [ramp(0)] * 4, "libx264", options={"bf": "0"})
    paint_video("in.h264", "out.mp4", same)
    assert seen("out.mp4").times == [0, 0.04, 0.08, 0.12]
    save("in.mkv", [ramp(0)] * 4, times=[0, 40, 40, 80])
    paint_video("in.mkv", "out.mkv", same)
    assert seen("out.mkv").times == [0, 0.04, 0.041, 0.08]


def test_a_painter_that_goes_beyond_white_is_cut_off_there():
    save("in.mkv", [ramp(0)])
    paint_video("in.mkv", "out.mkv", lambda x: 0 * x + 3, codec="ffv1")
    assert {int(plane.max()) for plane in numbers(seen("out.mkv").frames[0])} == {235, 128}


def test_sound_and_subtitles_and_words_are_copied():
    second = {"id": 1, "start": 200, "end": 400, "time_base": Fraction(1, 1000), "metadata": {"title": "Home"}}
    save("in.mkv", [ramp(0)] * 10, sound="libopus", subtitles=True, tags={"title": "A walk"}, chapters=[second])
    made = paint_video("in.mkv", "out.mkv", same, tags={"title": "not this", "comment": "painted"})
    out = seen("out.mkv")
    assert out.kinds == ["video", "audio", "subtitle"]
    assert out.voice == ("swe", av.stream.Disposition.hearing_impaired)
    assert packets("out.mkv", "audio") == packets("in.mkv", "audio") != []
    assert [data for _, data in packets("out.mkv", "subtitle")] == [b"hello", b"again"]
    assert out.chapters == [(Fraction(1, 5), {"title": "Home"})]
    assert (out.tags["title"], out.tags["COMMENT"]) == ("A walk", "painted")
    assert made.dropped == ()


def test_sound_that_a_container_does_not_hold_is_not_lost_in_silence():
    save("in.mp4", [ramp(0)] * 5, "libvpx-vp9", sound="aac")
    with pytest.raises(PicturaError, match=r"'out.webm' cannot contain the audio codec aac: .* --no-sound"):
        paint_video("in.mp4", "out.webm", same)
    paint_video("in.mp4", "out.webm", same, sound=False)
    assert seen("out.webm").kinds == ["video"]


def test_subtitles_that_a_container_does_not_hold_are_named():
    save("in.mkv", [ramp(0)] * 5, subtitles=True)
    assert paint_video("in.mkv", "out.mp4", same).dropped == ("subtitles (subrip)",)


@pytest.mark.parametrize(
    ("rotation", "turned"),
    [
        ((90,), lambda a: np.rot90(a)),
        ((180,), lambda a: a[::-1, ::-1]),
        ((-90,), lambda a: np.rot90(a, -1)),
        ((0, True, False), lambda a: a[:, ::-1]),
        ((0, False, True), lambda a: a[::-1]),
    ],
)
def test_a_video_is_painted_upright(rotation, turned):
    frame = planes("yuv444p", (np.arange(24 * 32).reshape(24, 32) % 200 + 20, 128, 128), 32, 24)
    save("in.mkv", [frame], rotation=rotation)
    shapes = []
    paint_video("in.mkv", "out.mkv", lambda x: (shapes.append(tuple(x.shape[2:])), x)[1], codec="ffv1")
    (made,) = seen("out.mkv").frames
    expected = turned(numbers(frame)[0])
    np.testing.assert_array_equal(numbers(made)[0], expected)
    assert set(shapes) == {expected.shape}
    assert made.rotation == 0


def test_size():
    save("in.mkv", [ramp(0, 32, 48)] * 2)
    made = paint_video("in.mkv", "out.mp4", same, size=24)
    assert made.size == (16, 24)
    assert seen("out.mp4").frames[0].width == 24


@pytest.mark.parametrize(("rotation", "size"), [(None, (32, 64)), ((90,), (64, 32))])
def test_pixels_become_square(rotation, size):
    save("in.mp4", [ramp(0, 32, 48)] * 2, "libx264", rotation=rotation, pixel=Fraction(4, 3))
    assert paint_video("in.mp4", "out.mkv", same).size == size


def test_many_frames_take_no_more_memory_than_few(monkeypatch):
    """No frame is held but those that are sampled: their number does not grow with the clip."""
    save("in.mkv", [ramp(0, shift=i % 5) for i in range(150)])
    alive, most = 0, 0
    upright = Clip.upright_image

    class Counted(torch.Tensor):
        pass

    def counted(self, frame):
        nonlocal alive, most
        import weakref

        picture = upright(self, frame).as_subclass(Counted)
        alive += 1
        most = max(most, alive)

        def gone():
            nonlocal alive
            alive -= 1

        weakref.finalize(picture, gone)
        return picture

    monkeypatch.setattr(Clip, "upright_image", counted)
    paint_video("in.mkv", "out.mkv", lambda x: x * 1.0)
    assert most <= 3


def test_progress_is_told_and_ends():
    save("in.mkv", [ramp(0)] * 12)
    told = []
    paint_video("in.mkv", "out.mkv", same, callback=told.append)
    assert [(one.painting, one.frame) for one in told] == [(p, i + 1) for p in (False, True) for i in range(12)]
    assert told[-1].total == 12
    assert told[-1].left == 0
    assert told[-1].rate > 0


def test_stopped_in_the_middle_it_plays():
    save("in.mkv", [ramp(0)] * 12, sound="libopus")
    seen_ = []
    made = paint_video("in.mkv", "out.mkv", same, callback=seen_.append, stop=lambda: len(seen_) == 12 + 5)
    assert (made.complete, made.frames) == (False, 5)
    assert len(seen("out.mkv").frames) == 5
    assert left() == [".out.mkv.parts", "in.mkv", "out.mkv"]  # of which it can go on


def test_stopped_before_a_frame_nothing_is_left():
    save("in.mkv", [ramp(0)] * 12)
    told = []
    for last in (3, 12):
        told.clear()
        with pytest.raises(KeyboardInterrupt):
            paint_video("in.mkv", "out.mkv", same, callback=told.append, stop=lambda last=last: len(told) >= last)
    assert left() == ["in.mkv"]


def test_nothing_is_left_when_the_painter_fails():
    save("in.mkv", [ramp(0)] * 12)

    def broken(picture):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        paint_video("in.mkv", "out.mkv", broken, statistics="frames")
    assert left() == ["in.mkv"]


def test_a_full_disk_is_told_and_nothing_is_left():
    resource = pytest.importorskip("resource", reason="no such limits here")
    save("in.mkv", [noise("yuv444p", i, 64, 48) for i in range(20)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(PicturaError, match=r"'out.mkv' could not be written: the disk or your quota is full"):
            paint_video("in.mkv", "out.mkv", same, codec="ffv1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left() == ["in.mkv"]


def test_damage_in_the_middle_is_found_before_anything_is_painted():
    path = save("in.mp4", [noise("yuv420p", i, 64, 48, 20, 230) for i in range(20)], "libvpx-vp9")
    data, (_, tenth) = path.read_bytes(), packets(path, "video")[10]
    path.write_bytes(data.replace(tenth, bytes(len(tenth))))
    painted = []
    with pytest.raises(PicturaError, match=r"'in.mp4' cannot be decoded after 0.4 s .* damaged"):
        paint_video("in.mp4", "out.mkv", lambda x: (painted.append(1), x)[1], statistics="frames")
    assert painted == []
    assert left() == ["in.mp4"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a video"),
        (b"text", "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nother.mkv\n#EXT-X-ENDLIST\n", "not a video"),
    ],
)
def test_what_is_no_video_is_refused(content, said):
    Path("in.mp4").write_bytes(content)
    save("other.mkv", [ramp(0)])
    with pytest.raises(PicturaError, match=said):
        paint_video("in.mp4", "out.mp4", same)


def test_sound_alone_and_a_video_cut_short_are_refused():
    with av.open("voice.mkv", "w") as out:
        voice = out.add_stream("libopus", 48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), "flt", "mono")
        frame.sample_rate = 48000
        out.mux(voice.encode(frame))
        out.mux(voice.encode(None))
    with pytest.raises(PicturaError, match="no video stream"):
        paint_video("voice.mkv", "out.mp4", same)
    path = save("in.mp4", [ramp(0)] * 5, "libvpx-vp9")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(PicturaError, match="damaged"):
        paint_video("in.mp4", "out.mp4", same)


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("out.avi", {}, "Unsupported output 'out.avi': use .mp4, .webm, .mkv"),
        ("in.mkv", {"overwrite": True}, "is the input video"),
        ("there.mp4", {}, "exists already"),
        ("out.mp4", {"codec": "vp8"}, "Unknown codec 'vp8'.*Did you mean 'vp9'"),
        ("out.webm", {"codec": "h264"}, "A .webm file cannot contain h264: use .mp4 or .mkv"),
        ("out.mp4", {"codec": "ffv1"}, "use .mkv"),
        ("out.mkv", {"codec": "ffv1", "quality": 3}, "ffv1 is lossless: omit --quality"),
        ("out.mp4", {"codec": "h264", "quality": 60}, r"between 0 \(best\) and 51, got 60"),
        ("out.mp4", {"size": 70000}, "size must be at most 65535 pixels"),
        ("out.mp4", {"codec": "h264", "size": 1}, "needs at least 2×2 pixels, got"),
    ],
)
def test_mistakes(target, options, said):
    save("in.mkv", [ramp(0)])
    Path("there.mp4").write_text("mine")
    with pytest.raises(PicturaError, match=said):
        paint_video("in.mkv", target, same, **options)
    assert left() == ["in.mkv", "there.mp4"]
    assert Path("there.mp4").read_text() == "mine"


def painter(kind, folder):
    """An untrained network whose contrast is turned up, so that 8 bits show what changes."""
    torch.manual_seed(0)
    method = kind(kind.tiny())
    with torch.no_grad():
        (method.light if kind is Adain else method.network).last.weight *= 30
        if kind is Adain:
            torch.nn.init.normal_(method.light.photo)
    settings = method.settings.model_dump(mode="json")
    bundle = models.Bundle.of(method.name, settings, method.networks())
    name = "adain" if kind is Adain else "johnson"
    return open_stylizer(name, ["starry-night"], model=str(models.save_bundle(bundle, folder)))


def walk(noise):
    """A bright shape walks in and grows; what is far from it stands still, but for a camera's noise of so many steps.

    It grows so that the statistics change much: what they change in the light network, of little contrast, must not
    be lost in the rounding to 8 bits, whether it computes in float32 or in bfloat16.
    """
    number = np.random.default_rng(0)
    frames = [ramp(0, 32, 160) for _ in range(6)]
    for i, frame in enumerate(frames):
        rows = np.frombuffer(frame.planes[0], np.uint8).reshape(32, -1)
        rows[:] = (rows + noise * number.standard_normal(rows.shape)).round()
        rows[2:30, 4 * i : 16 * i + 8] = 235
    return frames


@pytest.mark.parametrize(("kind", "noise", "most"), [(Adain, 0, 0.05), (Johnson, 0, 0.05), (Johnson, 1, 0.95)])
def test_frozen_statistics_lower_the_flicker(kind, noise, most, desk):
    """Mean absolute difference of consecutive painted frames, where the picture stands still."""
    save("in.mkv", walk(noise))
    paint, flicker = painter(kind, desk / "model"), {}
    for statistics in ("frames", "shots", "clip"):
        paint_video("in.mkv", f"{statistics}.mkv", paint, codec="ffv1", statistics=statistics)
        still = np.stack([numbers(f)[0][:, 140:] for f in seen(f"{statistics}.mkv").frames]).astype(float)
        flicker[statistics] = np.abs(np.diff(still, axis=0)).mean()
    assert flicker["frames"] > 0.1
    assert flicker["shots"] < most * flicker["frames"], flicker
    assert flicker["clip"] == flicker["shots"]  # there is no cut


def test_with_masks_each_style_has_statistics_of_its_own(desk):
    """What the second style's pass looks at is nothing to the first's: each half is as if it were painted alone."""
    torch.manual_seed(0)
    method = Johnson(Johnson.tiny().model_copy(update={"styles": ("starry-night", "the-scream")}))
    with torch.no_grad():
        method.network.last.weight *= 30
        for table in (parameter for parameter in method.network.parameters() if parameter.dim() == 2):
            torch.nn.init.normal_(table)  # one line a style; untrained ones are alike
    settings = method.settings.model_dump(mode="json")
    model = str(models.save_bundle(models.Bundle.of("johnson", settings, method.networks()), desk / "model"))
    west = (torch.arange(160) < 80).float().expand(1, 1, 32, 160)
    both = open_stylizer("johnson", method.names, model=model, masks=[west, 1 - west])
    save("in.mkv", walk(0))
    painters = {"both": both} | {name: open_stylizer("johnson", [name], model=model) for name in method.names}
    made = {}
    for name, paint in painters.items():
        paint_video("in.mkv", f"{name}.mkv", paint, codec="ffv1")
        made[name] = np.stack([numbers(frame)[0] for frame in seen(f"{name}.mkv").frames]).astype(int)
    first, second = (made[name] for name in method.names)
    assert np.abs(first - second).mean() > 1
    np.testing.assert_array_equal(made["both"][..., :80], first[..., :80])
    np.testing.assert_array_equal(made["both"][..., 80:], second[..., 80:])
