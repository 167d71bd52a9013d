"""Files of strangers: what they name opens no file, asks no network and steers no terminal."""

import sys
from pathlib import Path

import pytest

from pictura.cli.app import load_command
from pictura.cli.text import align_columns, printable
from pictura.picture import read, write
from pictura.runtime.errors import PicturaError
from pictura.tasks.provenance import load_settings

from .conftest import done, draw, refused, run

pytestmark = pytest.mark.kinds
UPSCALE = ("--model", "bicubic", "--scale", "2")


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
