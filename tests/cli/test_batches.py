"""Batches, whatever is in them: one file's trouble, what folders leave out, signals, progress."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin

from pictura.picture import FORMATS

from .conftest import QUICK, done, draw, refused, run, size_of

pytestmark = pytest.mark.kinds
UPSCALE = ("--model", "bicubic", "--scale", "2")
ONE_PASS = {"upscale": UPSCALE, "translate": ("--model", "photo2vangogh")}


def draw_bad(folder):
    """One of each bad kind, and what its name says is wrong; none of them may end the others' work."""
    (folder / "text.png").write_text("not a picture")
    (folder / "empty.jpg").touch()
    (folder / "cut.png").write_bytes(Path("photo.png").read_bytes()[:300])
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[34675] = 7  # the profile is a number
    Image.new("RGB", (8, 8)).save(folder / "odd-tag.tif", tiffinfo=tags)
    return {"text.png", "empty.jpg", "cut.png"}


@pytest.mark.parametrize("command", ONE_PASS)
def test_a_batch_makes_the_good_ones(command, desk, monkeypatch):
    (desk / "in").mkdir()
    bad = draw_bad(desk / "in")
    if command == "upscale":  # to twice the size, which this format has not
        draw("in/wide.webp", size=(2, 8200))
        bad.add("wide.webp")
    for number in range(20):
        draw(f"in/good-{number:02}.png", number, size=(4, 5))
    from pictura import api

    make = getattr(api, command)
    kinds = iter([MemoryError(), RuntimeError("a layer\nfell over"), AssertionError(), KeyError("x")])

    def fail(picture, *arguments, **options):
        if picture.size == (3, 3):
            raise next(kinds)
        return make(picture, *arguments, **options)

    for number in range(4):
        draw(f"in/fails-{number}.png", size=(3, 3))
    monkeypatch.setattr(f"pictura.api.{command}", fail)
    result = run(command, "in", "-o", "out", *ONE_PASS[command])
    assert result.exit_code == 2
    made = {path.name for path in (desk / "out").iterdir()}
    assert made >= {f"good-{number:02}.png" for number in range(20)}
    assert not made & bad
    told = [line for line in result.stderr.splitlines() if line.startswith("pictura: error: ")]
    assert all(any(name in line for line in told) for name in bad)
    assert "'in/fails-1.png' could not be made (RuntimeError: a layer fell over)" in result.stderr
    assert "Out of memory" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_where(monkeypatch):
    monkeypatch.setattr("pictura.api.upscale", lambda *_, **__: 1 / 0)
    assert "Traceback" in run("upscale", "photo.png", *UPSCALE, "--debug").stderr
    assert "Traceback" in run("--debug", "upscale", "photo.png", *UPSCALE).stderr
    said = run("upscale", "photo.png", *UPSCALE)
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "Traceback" in run("upscale", "none.png", "--debug").stderr


def test_one_of_a_stylized_batch_fails(desk, monkeypatch):
    from pictura.tasks import stylize

    paint = stylize.stylize_picture

    def fail(picture, *arguments, **options):
        if picture.size == (3, 3):
            raise ValueError("no")
        return paint(picture, *arguments, **options)

    monkeypatch.setattr("pictura.tasks.stylize.stylize_picture", fail)
    draw("odd.png", size=(3, 3))
    result = run("stylize", "odd.png", "photo.png", "--style", "paint.png", "-o", "out", *QUICK)
    assert result.exit_code == 2
    assert "'odd.png' could not be made (ValueError: no)" in result.stderr
    assert size_of("out/photo.png") == (32, 24)


def test_what_a_format_cannot_hold_is_known_before_computing(monkeypatch):
    draw("wide.png", size=(1, 8200))
    monkeypatch.setattr("pictura.api.upscale", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("pictura.api.synthesize", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("pictura.tasks.stylize.stylize_picture", lambda *_, **__: 1 / 0)
    said = "'out.webp' cannot hold {} pixels: WebP is limited to 16383 pixels per side: write a PNG."
    assert said.format("16400×2") in refused("upscale", "wide.png", "-o", "out.webp", *UPSCALE)
    options = ("--style", "paint.png", "--size", "20000", *QUICK)
    assert said.format("20000×2") in refused("stylize", "wide.png", "-o", "out.webp", *options)
    assert said.format("16384×8") in refused("synthesize", "paint.png", "-o", "out.webp", "--size", "16384x8", *QUICK)


def test_a_full_disk_ends_a_batch(monkeypatch):
    from pictura.runtime.errors import DiskFullError

    def fail(*_, **__):
        raise DiskFullError("full")

    draw("b.png")
    monkeypatch.setattr("pictura.cli.batch.write", fail)
    assert refused("upscale", "photo.png", "b.png", "-o", "out", *UPSCALE) == "full"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_what_a_killed_batch_left_is_swept(desk):
    (desk / "out").mkdir()
    (desk / "out/.pictura-99-aa.tmp").write_bytes(b"half")
    with (desk / "out/.pictura-98-bb.tmp").open("xb") as written:
        import fcntl

        fcntl.flock(written, fcntl.LOCK_EX)
        done("upscale", "photo.png", "-o", "out/a.png", *UPSCALE)
        assert sorted(path.name for path in (desk / "out").iterdir()) == [".pictura-98-bb.tmp", "a.png"]


def test_a_folder_tells_what_it_leaves_out_once(desk):
    (desk / "in").mkdir()
    draw("in/a.png")
    for name in ("b.heic", "c.heic", "d.CR2", ".hidden.heic", "notes.txt"):
        (desk / "in" / name).touch()
    (desk / "in/gone.jpg").symlink_to(desk / "nowhere.jpg")
    (desk / "in/linked").symlink_to(desk)
    said = done("upscale", "in", "-o", "out", *UPSCALE).stderr
    assert said.count("left out of 'in'") == 4
    assert "'b.heic', 'c.heic' (.heic is not read: save it as PNG or JPEG)" in said
    assert "'gone.jpg' (a link that leads nowhere)" in said
    assert "'linked' (a link to a folder, which is not followed)" in said
    assert "hidden" not in said
    assert "left out" not in done("upscale", "in", "-o", "out", *UPSCALE, "--quiet", "--overwrite").stderr
    (desk / "in/a.png").unlink()
    assert "'b.heic'" in refused("upscale", "in", "-o", "new", *UPSCALE)


def test_a_subfolder_that_may_not_be_entered_is_told(desk, monkeypatch):
    (desk / "in/private").mkdir(parents=True)
    draw("in/a.png")
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    said = done("upscale", "in", "-o", "out", *UPSCALE).stderr
    assert "left out of 'in': 'private' (may not be entered: Permission denied)" in said


def test_every_suffix_that_is_read_is_taken_from_folders(desk):
    from pictura.picture.folder import find_pictures

    for suffix in {suffix for known in FORMATS for suffix in known.suffixes}:
        draw(f"a{suffix.upper()}.png")
        Path(f"a{suffix.upper()}.png").rename(f"a{suffix.upper()}")
    found = find_pictures(desk)
    assert {path.suffix.lower() for path in found.pictures} == {s for known in FORMATS for s in known.suffixes}
    assert found.left_out == {}


def test_of_an_animation_the_first_frame_is_taken_and_said():
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "blue", "green")]
    frames[0].save("moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    frames[0].save("pages.tif", save_all=True, append_images=frames[1:])
    result = done("upscale", "moving.webp", "pages.tif", "photo.png", "-o", "out", *UPSCALE)
    for name in ("moving.webp", "pages.tif"):
        assert f"{name}: the first of its 3 frames" in result.stderr
    assert result.stderr.count("`pictura video`") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("command", ONE_PASS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_one_pass_at_once_and_keeps_what_is_finished(number, code, command, monkeypatch, desk):
    draw("b.png")
    from pictura import api

    make, calls = getattr(api, command), []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return make(*arguments, **options)

    monkeypatch.setattr(f"pictura.api.{command}", interrupted)
    # As in a terminal: what a script starts in its background ignores Ctrl-C.
    before = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    given = signal.signal(number, before)
    try:
        result = run(command, "photo.png", "b.png", "-o", "out", *ONE_PASS[command])
        left = signal.getsignal(number)
    finally:
        signal.signal(number, given)
    assert (result.exit_code, len(calls)) == (code, 2)
    assert result.stderr.endswith("finished pictures are kept; run the same command to continue\n")
    assert [path.name for path in (desk / "out").iterdir()] == ["photo.png"]
    assert left == before


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_keeps_the_picture_so_far(monkeypatch, desk):
    from pictura.methods.iterative.pixels import Pixels

    step, count = Pixels.step, iter(range(1, 100))

    def asked(*arguments):
        if next(count) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*arguments)

    monkeypatch.setattr(Pixels, "step", asked)
    result = run("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK, "--steps", "9", "--json")
    assert result.exit_code == 143
    assert result.stderr == "pictura: interrupted; 'out.png' holds the picture so far\n"
    assert size_of("out.png") == (32, 24)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_sigterm_during_any_command(monkeypatch):
    monkeypatch.setattr("pictura.cli.commands.info._gather_facts", lambda: os.kill(os.getpid(), signal.SIGTERM))
    result = run("check")
    assert (result.exit_code, result.stderr) == (143, "pictura: interrupted\n")


def test_progress_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr("pictura.cli.progress.SECONDS", 0)
    said = done("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *QUICK).stderr
    assert said.startswith("photo.png: 1/2  32×24  style 0.")
    said = done("stylize", "photo.png", "--style", "paint.png", "-o", "q.png", *QUICK, "--quiet").stderr
    assert said == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_program_started_deaf_to_ctrl_c_stays_deaf():
    code = "import os, signal; from pictura.runtime.signals import catch_signals\n"
    code += "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    code += "with catch_signals(at_once=True): os.kill(os.getpid(), signal.SIGINT); print('still here')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_one_bad_pair_of_many(desk):
    for side in "ab":
        (desk / side).mkdir()
        for number in range(3):
            draw(f"{side}/{number}.png", number, size=(4, 4))
    (desk / "a/1.png").write_text("no picture")
    result = run("data", "combine", "a", "b", "-o", "pairs")
    assert (result.exit_code, "a/1.png" in result.stderr) == (2, True)
    assert sorted(path.name for path in (desk / "pairs").iterdir()) == ["0.png", "2.png"]
    (desk / "pairs/3.png").write_text("no picture")
    assert "pairs/3.png" in run("data", "split", "pairs", "-o", "sides").stderr
    assert sorted(path.name for path in (desk / "sides/B").iterdir()) == ["0.png", "2.png"]
