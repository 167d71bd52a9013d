"""A video that was stopped or killed goes on, and is then what it would have been."""

import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura.runtime.errors import PicturaError  # noqa: E402
from pictura.video import paint_video  # noqa: E402
from pictura.video.encoding import CODECS  # noqa: E402
from pictura.video.parts import parts_folder  # noqa: E402

from .made import numbers, packets, ramp, save, seen  # noqa: E402

FRAMES, PART = 22, 4
TIMES = [40 * i + 3 * (i % 3) for i in range(FRAMES)]


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, codec in CODECS.items():
        monkeypatch.setitem(CODECS, name, replace(codec, part=PART))


@pytest.fixture
def clip():
    return save("in.mkv", [ramp(i // 11, shift=i) for i in range(FRAMES)], times=TIMES, sound="libopus", subtitles=True)


class Painter:
    """Turns pictures over, and dies at a frame."""

    def __init__(self, dies=None):
        self.count, self.dies = 0, dies

    def __call__(self, picture):
        self.count += 1
        if self.count == self.dies:
            raise RuntimeError("the power is gone")
        return 1 - picture


def left():
    return sorted(path.name for path in Path().iterdir())


def facts(path):
    made = seen(path)
    planes = [plane.copy() for frame in made.frames for plane in numbers(frame)]
    return made.times, planes, packets(path, "audio"), made.kinds


def same(a, b):
    (times, planes, voice, kinds), (times_b, planes_b, voice_b, kinds_b) = a, b
    assert (times, kinds) == (times_b, kinds_b)
    assert voice == voice_b
    for x, y in zip(planes, planes_b, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("name", "codec"), [("out.mkv", "ffv1"), ("out.webm", "vp9"), ("out.mp4", "h264"), ("out.mp4", "av1")]
)
def test_killed_it_goes_on_and_is_the_same_frame_for_frame(clip, name, codec):
    options = {"codec": codec, "statistics": "frames"}
    whole = Path("whole").with_suffix(Path(name).suffix)
    paint_video(clip, whole, Painter(), **options)
    with pytest.raises(RuntimeError, match="power"):
        paint_video(clip, name, Painter(dies=15), **options)
    assert not Path(name).exists()
    painter = Painter()
    made = paint_video(clip, name, painter, **options, resume=True)
    assert (made.before, made.frames, made.complete) == (12, FRAMES, True)
    assert painter.count == FRAMES - 12
    same(facts(name), facts(whole))
    assert left() == sorted(["in.mkv", name, whole.name])


def test_strokes_go_on_where_they_were(clip):
    """With `follow` a frame needs the painted one before, which is kept beside the parts, and only that one."""
    options = {"codec": "ffv1", "statistics": "frames", "follow": 0.5}
    paint_video(clip, "whole.mkv", Painter(), **options)
    with pytest.raises(RuntimeError, match="power"):
        paint_video(clip, "out.mkv", Painter(dies=15), **options)
    kept = sorted(path.name for path in parts_folder(Path("out.mkv")).iterdir())
    assert kept == ["000000.part", "000001.part", "000002.frame", "000002.part", "job.json", "lock"]
    assert paint_video(clip, "out.mkv", Painter(), **options, resume=True).before == 12
    same(facts("out.mkv"), facts("whole.mkv"))
    paint_video(clip, "plain.mkv", Painter(), codec="ffv1", statistics="frames")
    assert any((a != b).any() for a, b in zip(facts("plain.mkv")[1], facts("whole.mkv")[1], strict=True))
    with pytest.raises(PicturaError, match="follow must be at least 0"):
        paint_video(clip, "other.mkv", Painter(), follow=1.0)


def test_stopped_it_plays_and_then_goes_on(clip):
    told = []
    paint_video(clip, "whole.mkv", Painter(), codec="ffv1")
    stopped = paint_video(
        clip, "out.mkv", Painter(), codec="ffv1", callback=told.append, stop=lambda: len(told) == FRAMES + 10
    )
    assert (stopped.complete, len(seen("out.mkv").frames)) == (False, 10)
    assert max(time for time, _ in packets("out.mkv", "audio")) < 0.5
    told.clear()
    made = paint_video(clip, "out.mkv", Painter(), codec="ffv1", resume=True, callback=told.append)
    assert (made.before, made.complete) == (8, True)
    assert told[FRAMES].frame == 9
    assert told[FRAMES].rate == pytest.approx(1 / told[FRAMES].seconds)
    same(facts("out.mkv"), facts("whole.mkv"))
    assert left() == ["in.mkv", "out.mkv", "whole.mkv"]


def test_a_second_stop_loses_nothing_more(clip):
    for last in (6, 13):
        told = []
        made = paint_video(
            clip,
            "out.mkv",
            Painter(),
            codec="ffv1",
            resume=True,
            callback=told.append,
            stop=lambda told=told, last=last: bool(told) and told[-1].painting and told[-1].frame == last,
        )
        assert (made.frames, made.complete) == (last, False)
    painter = Painter()
    assert paint_video(clip, "out.mkv", painter, codec="ffv1", resume=True).before == 12
    assert painter.count <= FRAMES - 12 + 8  # and what is looked at before


def test_what_was_begun_is_not_thrown_away_unasked(clip):
    def broken(**options):
        with pytest.raises(RuntimeError):
            paint_video(clip, "out.mkv", Painter(dies=12), codec="ffv1", statistics="frames", **options)

    broken(recipe={"style": "a"})
    with pytest.raises(PicturaError, match="begun and not finished: add --resume to go on, or --overwrite"):
        paint_video(clip, "out.mkv", Painter(), codec="ffv1", statistics="frames")
    with pytest.raises(PicturaError, match="was begun with another style: give the same"):
        paint_video(clip, "out.mkv", Painter(), codec="ffv1", statistics="frames", resume=True, recipe={"style": "b"})
    with pytest.raises(PicturaError, match="another size and statistics"):
        paint_video(clip, "out.mkv", Painter(), codec="ffv1", size=24, resume=True, recipe={"style": "a"})
    assert len(list(parts_folder(Path("out.mkv")).glob("*.part"))) == 2
    painter = Painter()
    paint_video(clip, "out.mkv", painter, codec="ffv1", statistics="frames", overwrite=True)
    assert painter.count == FRAMES
    assert left() == ["in.mkv", "out.mkv"]


def test_resume_with_nothing_begun_begins(clip):
    assert paint_video(clip, "out.mkv", Painter(), codec="ffv1", resume=True).before == 0
    with pytest.raises(PicturaError, match="exists already"):
        paint_video(clip, "out.mkv", Painter(), codec="ffv1", resume=True)


def test_a_file_put_there_meanwhile_is_not_replaced(clip):
    told = []
    paint_video(clip, "out.mkv", Painter(), codec="ffv1", callback=told.append, stop=lambda: len(told) == FRAMES + 9)
    Path("out.mkv").write_text("mine")
    with pytest.raises(PicturaError, match="exists already"):
        paint_video(clip, "out.mkv", Painter(), codec="ffv1", resume=True)
    assert Path("out.mkv").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_process_that_is_killed(clip):
    """Really killed, in the middle of a frame."""
    program = """
    import time
    from pictura.video import paint_video
    def paint(picture):
        time.sleep(0.05)
        return 1 - picture
    paint_video("in.mkv", "out.mkv", paint, codec="ffv1", statistics="frames")
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    deadline = time.monotonic() + 60
    folder = parts_folder(Path("out.mkv"))
    while not list(folder.glob("*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.kill()
    child.wait()
    assert not Path("out.mkv").exists()
    CODECS["ffv1"] = replace(CODECS["ffv1"], part=12)  # as the other process has it
    made = paint_video(clip, "out.mkv", Painter(), codec="ffv1", statistics="frames", resume=True)
    assert (made.before, made.complete) == (12, True)
    paint_video(clip, "whole.mkv", Painter(), codec="ffv1", statistics="frames")
    same(facts("out.mkv"), facts("whole.mkv"))
