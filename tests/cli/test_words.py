"""First things a newcomer types: the sentence that helps, the help itself, names and sheets."""

import json
import re

import numpy as np
import pytest

from pictura.cli.app import COMMANDS, load_command
from pictura.cli.mistakes import OTHER_WORDS
from pictura.methods import list_methods, method_names
from pictura.picture import read

from .conftest import done, refused, run, size_of

pytestmark = pytest.mark.kinds


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stylize", "photo.png", "--style", "paint.png", "noise"), "write --style noise"),
        (("stylize", "photo.png", "--style", "paint.png", "b.style"), "write --style b.style"),
        (("stylize", "photo.png", "--style", "paint.png", "paint.png", "-o", "a.png"), "put --style before it"),
        (("stylize", "photo.png", "--style", "paint.png", "-o", "-"), "not to stdout"),
        (("upscale", "photo.png", "--output=-"), "not to stdout"),
        (("translate", "photo.png", "--model", "photo2vangogh", "-o", "-"), "not to stdout"),
        (("translate", "photo.png"), "Say with --model what translates: "),
        (("translate", "photo.png", "--model", "photo2vangog"), "Did you mean 'photo2vangogh'?"),
        (("translate", "https://a.example/b.jpg", "--model", "photo2vangogh"), "is an address"),
        (("translate", "photo.png", "--model", "photo2vangogh", "--style", "noise"), "There is no option --style"),
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
    monkeypatch.setenv("COLUMNS", "400")
    assert ", ".join(list_methods()) in run("train", "--help").stdout


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
    assert {"Any method", "Methods adain, johnson, photo and wct2", "Method photo"} < set(groups)
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
