"""Kinds of faults that trying found: one file's trouble, silence, foreign names, first things a newcomer types."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from pictura.cli.app import COMMANDS, load_command
from pictura.cli.mistakes import OTHER_WORDS
from pictura.cli.text import align_columns, printable
from pictura.methods import list_methods, method_names
from pictura.picture import FORMATS, read, write
from pictura.runtime.errors import PicturaError
from pictura.tasks.provenance import load_settings

from .conftest import QUICK, done, draw, refused, run, size_of

pytestmark = pytest.mark.kinds
UPSCALE = ("--model", "bicubic", "--scale", "2")


def draw_bad(folder):
    """One of each bad kind, and what its name says is wrong; none of them may end the others' work."""
    (folder / "text.png").write_text("not a picture")
    (folder / "empty.jpg").touch()
    (folder / "cut.png").write_bytes(Path("photo.png").read_bytes()[:300])
    draw(folder / "wide.webp", size=(2, 8200))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[34675] = 7  # the profile is a number
    Image.new("RGB", (8, 8)).save(folder / "odd-tag.tif", tiffinfo=tags)
    return {"text.png", "empty.jpg", "cut.png", "wide.webp"}


def test_a_batch_makes_the_good_ones(desk, monkeypatch):
    (desk / "in").mkdir()
    bad = draw_bad(desk / "in")
    for number in range(20):
        draw(f"in/good-{number:02}.png", number, size=(4, 5))
    from pictura import api

    upscale, kinds = (
        api.upscale,
        iter([MemoryError(), RuntimeError("a layer\nfell over"), AssertionError(), KeyError("x")]),
    )

    def fail(picture, **options):
        if picture.size == (3, 3):
            raise next(kinds)
        return upscale(picture, **options)

    for number in range(4):
        draw(f"in/fails-{number}.png", size=(3, 3))
    monkeypatch.setattr("pictura.api.upscale", fail)
    result = run("upscale", "in", "-o", "out", *UPSCALE)
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


def config(**parts):
    settings = load_settings_of("balanced") | parts.pop("settings", {})
    write(
        read("photo.png"), "stranger.png", overwrite=True, settings={"settings": settings, "styles": ["noise"], **parts}
    )
    return "stranger.png"


def load_settings_of(name):
    from pictura.methods.iterative.settings import preset

    return preset(name).model_dump(mode="json")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"styles": ["paint.png"]}, "names the style 'paint.png'"),
        ({"styles": ["/etc/passwd"]}, "add --style /etc/passwd"),
        ({"styles": ["x.style"]}, "names the style 'x.style'"),
        ({"masks": ["photo.png"]}, "add --mask photo.png"),
        ({"method": "adain", "model": "some/one@" + "0" * 40}, "names the model"),
        ({"method": "adain", "model": "bank"}, "add --model bank"),
        ({"settings": {"init": "paint.png"}}, "add --init paint.png"),
        ({"settings": {"encoder": "vgg16-torchvision"}}, "needs the encoder 'vgg16-torchvision'"),
    ],
)
def test_what_a_file_names_is_not_typed(parts, words, monkeypatch, desk):
    monkeypatch.setenv("PICTURA_WEIGHTS", str(desk / "weights"))
    monkeypatch.setenv("PICTURA_MODELS", str(desk / "models"))
    done("style", "extract", "paint.png", "-o", "bank/noise.style")
    asked = []
    monkeypatch.setattr("pictura.runtime.downloads.HubFile.download", lambda *a: asked.append(a) or 1 / 0)
    assert words in refused("stylize", "photo.png", "--config", config(**parts), "-o", "out.png")
    if "settings" in parts:
        assert words in refused("synthesize", "photo.png", "--config", config(**parts), "-o", "out.png")
        with pytest.raises(PicturaError, match=r"stranger\.png"):
            load_settings("stranger.png")
    assert asked == []


def test_a_shipped_name_hidden_by_a_file_is_no_shipped_name():
    done("style", "extract", "paint.png", "-o", "bank/noise.style")
    draw("noise.png")
    Path("noise.png").rename("noise")
    assert "names the style 'noise'" in refused("stylize", "photo.png", "--config", config(), "-o", "out.png")


def test_shipped_names_and_what_is_typed_again_are_taken():
    done("style", "extract", "paint.png", "-o", "bank/noise.style")
    quick = {"steps": [1], "content_layers": {"relu1_1": 1}, "style_layers": {"relu1_1": 1}, "dtype": "float32"}
    done("stylize", "photo.png", "--config", config(settings=quick), "-o", "a.png")
    named = config(settings=quick | {"init": "paint.png"}, styles=["paint.png"])
    done("stylize", "photo.png", "--config", named, "--style", "paint.png", "--init", "photo.png", "-o", "b.png")


@pytest.mark.parametrize("name", ["../out.png", "/etc/passwd", "a/../../b.png", "C:/b.png", "a\0.png", "..\\b.png"])
def test_a_table_stays_in_its_folder(name, desk):
    (desk / "set").mkdir()
    draw("set/a.png")
    (desk / "set/labels.csv").write_bytes(f"file,age\na.png,1\n{name},2\n".encode())
    assert refused("data", "check", "set", "--kind", "labelled")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_no_name_steers_the_terminal(desk):
    evil = "\x1b[31m\x07red\n\x9b2J\u202e.png"
    draw(evil)
    (desk / ("\x1b]0;bad.png")).write_text("x")
    for result in (
        run("upscale", evil, "\x1b]0;bad.png", "-o", "out", *UPSCALE),
        run("upscale", "\x1b[2Jnone.png", *UPSCALE),
        run("style", "extract", evil, "-o", "a.style", "--title", "\x1b[2J"),
        run("style", "show", "a.style"),
        run("data", "check", str(desk)),
        run("stylize", "photo.png", "--\x1b[2J"),
        run("\x1b[2J"),
    ):
        assert not set(result.output) & set("\x1b\x07\x9b\u202e")
    assert printable("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
    assert printable("größe 東京 👩‍🚀.png") == "größe 東京 👩‍🚀.png"
    assert align_columns([("a\n\x1b", "b")]) == "a\\n\\x1b  b"


def test_only_one_way_leads_to_the_terminal():
    """Words of commands go through `text`, `progress` and the report of a training, which escape them."""
    folder = Path(load_command.__code__.co_filename).parent
    files = [path for path in folder.rglob("*.py") if "typer.echo(" in path.read_text(encoding="utf-8")]
    assert {path.name for path in files} == {"text.py", "progress.py"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stylize", "photo.png", "--style", "paint.png", "noise"), "write --style noise"),
        (("stylize", "photo.png", "--style", "paint.png", "b.style"), "write --style b.style"),
        (("stylize", "photo.png", "--style", "paint.png", "paint.png", "-o", "a.png"), "put --style before it"),
        (("stylize", "photo.png", "--style", "paint.png", "-o", "-"), "not to stdout"),
        (("upscale", "photo.png", "--output=-"), "not to stdout"),
        (("stylize", "https://a.example/b.jpg", "--style", "paint.png"), "is an address"),
        (("stylize", "photo.png", "--style", "https://a.example/b.jpg"), "is an address"),
        (("stylize", "photo.png", "--style", "paint.png", "-o", "s3://a/b.png"), "is an address"),
        (("data", "check", "https://a.example/b"), "is an address"),
        (("stylize", "photo.png", "--style", "paint.png", "--init", "nonsense"), "a start is content, style, noise"),
        (("stylize", "photo.png", "--style", "paint.png", "--init", "Noise"), "Did you mean 'noise'?"),
        (("stylize", "photo.png", "--style", "NOISE"), "Did you mean 'noise'?"),
        (("stylize", "photo.png", "--style", "paint.png", "--method", "AdaIN"), "Did you mean 'adain'?"),
        (("stylize", "photo.png", "--style", "paint.png", "--preset", "FAST"), "Did you mean 'fast'?"),
        (("stylize", "photo.png", "--style", "paint.png", "--style-weight", "3"), "says --beta 3"),
        (("stylize", "photo.png", "--style", "paint.png", "--colors"), "Did you mean '--keep-colours'?"),
        (("stylize", "photo.png", "--stlye", "paint.png"), "Did you mean '--style'?"),
        (("stylize", "photo.png", "--Style", "paint.png"), "Did you mean '--style'?"),
        (("stylize",), "Missing argument"),
        (("stylize", "photo.png", "--style"), "requires an argument"),
        (("upscale", "photo.png", "--scale", "much"), "--scale"),
        (("upscale", "photo.png", "--size", "3"), "There is no option --size"),
        (("stilize",), "Did you mean 'stylize'"),
        (("train",), "name a method: adain"),
        (("--nonsense",), "There is no option --nonsense"),
        (("style", "shwo"), "show"),
    ],
)
def test_the_sentence_that_helps(arguments, words):
    done("style", "extract", "paint.png", "-o", "bank/noise.style")
    assert words in refused(*arguments)


def test_suggested_options_are_there():
    """What other programs call an option is answered with one of ours, never with one that is refused next."""
    known = {name for command in ("stylize", "upscale", "video", "train") for p in load_command(command).params
             for name in p.opts} | {"--debug"}  # fmt: skip
    assert set(OTHER_WORDS.values()) <= known
    assert "Did you mean" not in refused("upscale", "photo.png", "--colors")


def test_a_suggested_file_can_be_given(desk):
    (desk / "foto.txt").touch()
    (desk / "foto.pngs").mkdir()
    assert refused("upscale", "foto.png").endswith("Did you mean 'photo.png'?")


def test_names_of_outputs_carry_the_method():
    from pictura.cli.commands.video import StyleOptions
    from pictura.cli.provenance import load_provenance

    made = load_provenance(None, "balanced").with_changes({}, styles=["a.jpg", "b"], method="adain")
    assert made.label == "a+b_adain"
    assert (StyleOptions(["a"]).label, StyleOptions(["a"], method="johnson").label) == ("a", "a_johnson")


def test_train_lists_its_methods(monkeypatch):
    assert list_methods() == method_names()
    monkeypatch.setenv("COLUMNS", "200")
    assert ", ".join(list_methods()) in run("train", "--help").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_one_pass_at_once_and_keeps_what_is_finished(number, code, monkeypatch, desk):
    draw("b.png")
    from pictura import api

    upscale, calls = api.upscale, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return upscale(*arguments, **options)

    monkeypatch.setattr("pictura.api.upscale", interrupted)
    before = signal.getsignal(number)
    result = run("upscale", "photo.png", "b.png", "-o", "out", *UPSCALE)
    assert (result.exit_code, len(calls)) == (code, 2)
    assert result.stderr.endswith("finished pictures are kept; run the same command to continue\n")
    assert [path.name for path in (desk / "out").iterdir()] == ["photo.png"]
    assert signal.getsignal(number) == before


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


def test_a_sheet_of_looks(monkeypatch):
    monkeypatch.setattr("pictura.tasks.looks.DEFAULT_MODELS", {"adain": "adain"})
    for name in ("noise", "paint"):
        done("style", "extract", f"{'photo' if name == 'noise' else name}.png", "-o", f"bank/{name}.style")
    assert "photo.png: photo_looks.png" in done("try", "photo.png").stderr
    assert size_of("photo_looks.png")[0] > 3 * 32
    assert "exists already" in refused("try", "photo.png")
    done("style", "list", "--sheet", "styles.png")
    assert size_of("styles.png")[0] > 3 * 256
    assert np.std(read("styles.png").pixels) > 0.05
    assert json.loads(done("style", "list", "--json").stdout)[0]["name"] == "noise"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_program_started_deaf_to_ctrl_c_stays_deaf():
    code = "import os, signal; from pictura.runtime.signals import catch_signals\n"
    code += "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    code += "with catch_signals(at_once=True): os.kill(os.getpid(), signal.SIGINT); print('still here')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def options_of(command):
    return [one for one in command.params if one.param_type_name == "option"] + [
        one for inner in getattr(command, "commands", {}).values() for one in options_of(inner)
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_every_default(name):
    for option in options_of(load_command(name)):
        told = "default" in (option.help or "default") or option.required
        assert told or (option.show_default and option.default is not None), option.opts


def test_help_shows_first_what_most_people_need_and_then_groups_by_method(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("stylize", "--help").stdout
    groups = [line.strip("╭─╮ ") for line in shown.splitlines() if line.startswith("╭")]
    assert groups[:2] == ["Arguments", "Options"]
    assert {"Any method", "Methods adain and johnson"} < set(groups)
    first = shown.split("Options ─")[1].split("╰")[0]
    assert set(re.findall(r"(?<= )--[a-z-]+", first)) == {
        "--style",
        "--output",
        "--size",
        "--method",
        "--preset",
        "--help",
    }


def test_defaults_of_settings_are_those_of_the_command():
    helps = {name: {o.name: o.help for o in options_of(load_command(name))} for name in ("stylize", "synthesize")}
    assert "(default: 0.07)" in helps["stylize"]["content_weight"]
    assert "(default: 0)" in helps["synthesize"]["content_weight"]


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


def test_a_model_asks_no_network_for_its_encoder(monkeypatch, desk):
    from pictura.methods.adain import Adain

    monkeypatch.setenv("PICTURA_WEIGHTS", str(desk / "weights"))
    asked = []
    monkeypatch.setattr("pictura.runtime.downloads.HubFile.download", lambda *a: asked.append(a) or 1 / 0)
    method = Adain(Adain.tiny())
    method.settings = method.settings.model_copy(update={"encoder": "vgg16-torchvision"})
    with pytest.raises(PicturaError, match="needs the encoder 'vgg16-torchvision'"):
        method.open_style([read("paint.png")], [1.0])
    assert asked == []


def test_a_model_to_start_from_opens_no_files_of_whoever_made_it(desk):
    from pictura import models
    from pictura.methods.johnson import Johnson

    (desk / "data").mkdir()
    draw("data/a.png", size=(40, 40))
    for named in ("paint.png", "a/b.jpg"):
        method = Johnson(Johnson.tiny().model_copy(update={"styles": (named,)}))
        bundle = models.Bundle.of("johnson", method.settings.model_dump(mode="json"), method.networks())
        models.save_bundle(bundle, desk / "stranger", overwrite=True)
        told = refused("train", "johnson", "data", "-o", "run", "--start", "stranger")
        assert f"names '{named}' as its styles" in told
