"""Every mistake ends in one sentence, exit code 2, and nothing new on the disk."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictura.picture import read, write

from .conftest import QUICK, done, draw, refused

FULL = """
import resource, signal, sys
from pictura.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
main()
"""


def paint(content="photo.png", *options, style="paint.png", output="out.png"):
    return refused("stylize", content, "--style", style, "-o", output, *QUICK, *options)


def test_missing_content():
    assert paint("foto.png") == "'foto.png' does not exist: check the name. Did you mean 'photo.png'?"


@pytest.mark.parametrize("place", ["content", "style"])
def test_files_that_are_no_whole_pictures(place):
    Path("empty.png").touch()
    Path("text.png").write_text("not a picture")
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:800])
    for name, words in {
        "empty": "is empty",
        "text": "not a supported image",
        "cut": "is truncated or damaged",
    }.items():
        bad = f"{name}.png"
        assert words in (paint(bad) if place == "content" else paint(style=bad))


def test_bomb():
    # A PNG header is enough: 8 bits of grey, and a size that nothing behind it is needed to refuse.
    parts = (b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0), b"IDAT", b"IEND")
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts]
    Path("bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert "'bomb.png' has 60000 × 60000 pixels" in paint("bomb.png")


def test_folder_without_pictures(desk):
    (desk / "none").mkdir()
    assert "'none' contains no pictures" in paint("none", output="out")
    assert "none' contains no pictures" in paint(style="none")


def test_output_exists():
    draw("out.png")
    before = Path("out.png").read_bytes()
    assert "'out.png' exists already" in paint()
    assert Path("out.png").read_bytes() == before


@pytest.mark.parametrize("output", ["photo.png/out.png", "out.gif", "out"])
def test_unwritable_output(output, desk):
    if output == "out":
        (desk / "out").mkdir()
        (desk / "out/photo.png").mkdir()
    assert "out" in paint(output=output)


def test_originals_are_never_overwritten(desk):
    (desk / "in").mkdir()
    draw("in/a.png")
    draw("in/b.png")
    told = "is one of the contents and is not overwritten"
    assert told in paint("photo.png", "--overwrite", output="photo.png")
    assert told in paint("in", "--overwrite", output="in")
    assert told in refused("synthesize", "paint.png", "-o", "../" + desk.name + "/paint.png", "--overwrite")


def test_previews_that_exist():
    draw("out-step-0002.png")
    assert "'out-step-0002.png' exists already" in paint("photo.png", "--every", "2")


def test_trace_that_exists():
    Path("t.json").touch()
    assert "'t.json' exists already" in paint("photo.png", "--trace", "t.json")


def test_several_contents_into_one_file():
    assert "give a folder" in refused("stylize", "photo.png", "paint.png", "--style", "paint.png", "-o", "out.png")


def test_two_contents_of_one_name(desk):
    (desk / "b").mkdir()
    draw("b/photo.png")
    told = refused("stylize", "photo.png", "b/photo.png", "--style", "paint.png", "-o", "out")
    assert "'photo.png' and 'b/photo.png' would both be written to 'out/photo.png'" in told


def test_no_style():
    assert "--style" in refused("stylize", "photo.png", *QUICK)


def test_unknown_style_with_the_nearest():
    done("style", "extract", "paint.png", "-o", "bank/starry-night.style")
    assert "Did you mean 'starry-night'?" in paint(style="stary-night")


def test_style_file_that_is_none():
    Path("a.style").write_text("text")
    assert "a.style is damaged" in paint(style="a.style")
    assert "There is no style file b.style" in paint(style="b.style")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "balancd"], "There is no preset 'balancd'"),
        (["--preset", "balancd"], "Did you mean 'balanced'?"),
        (["--steps", "80,many"], "Setting steps.1: Input should be a valid integer"),
        (["--steps", "0"], "at least one positive number"),
        (["--steps", "-3"], "at least one positive number"),
        (["--alpha", "much"], "Setting content_weight: Input should be a valid number"),
        (["--beta", "-1"], "Setting style_weight: Input should be greater than or equal to 0"),
        (["--loss", "mse"], "Setting loss: Input should be 'wasserstein' or 'gram'"),
        (["--style-layer", "relu9_9=1"], "has no layer 'relu9_9'"),
        (["--content-layer", "relu9_9=1"], "has no layer 'relu9_9'"),
        (["--content-layer", "relu1_1"], "write for example --content-layer relu1_1=1"),
        (["--style-layer", "relu1_1=much"], "Setting style_layers.relu1_1: Input should be a valid number"),
        (["--encoder", "compakt"], "Did you mean 'compact'?"),
        (["--encoder", "vgg19-torchvision"], "put 'vgg19-torchvision.safetensors' into"),
        (["--init", "nosie"], "'nosie' does not exist"),
        (["--style-weight", "1", "--style-weight", "2"], "1 styles but 2 style weights"),
        (["--style-weight", "-1"], "must be 0 or more with a positive sum"),
        (["--config", "photo.png"], "'photo.png' contains no pictura settings"),
        (["--config", "none.json"], "none.json cannot be read"),
    ],
)
def test_options_that_do_not_do(options, words, monkeypatch, desk):
    monkeypatch.setenv("PICTURA_WEIGHTS", str(desk / "weights"))
    assert words in paint("photo.png", *options)


@pytest.mark.parametrize("text", ["[]", "{", '{"settings": 3}', '{"speed": 1}', '{"settings": {}, "styles": 3}'])
def test_configs_that_are_none(text, desk):
    (desk / "c.json").write_text(text)
    paint("photo.png", "--config", "c.json")


def test_a_picture_with_settings_of_another_kind():
    write(read("photo.png"), "odd.png", settings={"settings": 3})
    assert "odd.png contains no settings" in paint("photo.png", "--config", "odd.png")


def test_no_memory(monkeypatch):
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")):

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr("pictura.methods.iterative.run.IterativeStylizer.paint", fail)
        assert "--size" in paint()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_full_disk(desk):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save("big.png")
    before = sorted(desk.iterdir())
    command = [sys.executable, "-c", FULL, "stylize", "big.png", "--style", "paint.png", "-o", "out.png", *QUICK]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("pictura: error: 'out.png' could not be written: the disk or your quota is full")
    assert result.stderr.count("\n") == 1
    assert sorted(desk.iterdir()) == before


@pytest.mark.parametrize("size", ["512", "0x5", "axb", "5x-5"])
def test_texture_sizes(size):
    assert "is not a valid size" in refused("synthesize", "paint.png", "-o", "out.png", "--size", size)


def test_style_names_and_weights():
    done("style", "extract", "paint.png", "-o", "a.style")
    assert "use the suffix .style" in refused("style", "extract", "paint.png", "-o", "b.png")
    assert "'a.style' exists already" in refused("style", "extract", "paint.png", "-o", "a.style")
    assert "is a picture" in refused("style", "show", "paint.png")
    assert "1 styles but 2 weights" in refused(
        "style", "blend", "a.style", "-o", "b.style", "--weight", "1", "--weight", "1"
    )
    assert "positive" in refused("style", "blend", "a.style", "-o", "b.style", "--weight", "-1")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--method", "adain", "--trace", "t.json"), "--trace belongs to --method optimize, not to adain."),
        (("--method", "adain", "--every", "3"), "--every belongs to --method optimize, not to adain."),
        (("--method", "adain", "--steps", "3"), "--steps belongs to --method optimize, not to adain."),
        (("--method", "johnson", "--style-scale", "2"), "--style-scale belongs to --method optimize and adain"),
        (("--model", "adain"), "--model needs --method adain, johnson, photo or wct2."),
        (("--method", "adain", "--workspace", "here"), "--workspace belongs to --method optimize, not to adain."),
    ],
)
def test_options_of_another_method(options, sentence):
    assert sentence in refused("stylize", "photo.png", "--style", "paint.png", "-o", "out.png", *options)


def test_names_longer_than_a_file_can_have():
    for before in (("upscale",), ("stylize", "photo.png", "--style")):
        said = refused(*before, "a" * 300 + ".png", "-o", "out.png")
        assert "is too long for a file name: use a shorter one" in said
