"""A picture carries what made it."""

import json
from pathlib import Path

import pytest

from pictura import __version__
from pictura.api import load_settings
from pictura.picture import read, read_settings

from .conftest import QUICK, done, draw, refused

STYLES = ("--style", "paint.png", "--style", "other.png")


@pytest.fixture
def made():
    draw("other.png", 3)
    options = ("--style", "other.png", "--style-weight", "2", "--style-weight", "1", "--size", "20", "--seed", "5")
    done("stylize", "photo.png", "--style", "paint.png", "-o", "made.png", *options, *QUICK)
    return read("made.png").pixels


def test_what_is_kept(made):
    kept = read_settings("made.png")
    assert kept["styles"] == ["paint.png", "other.png"]
    assert (kept["style_weights"], kept["size"], kept["pictura"]) == ([2, 1], 20, __version__)
    assert load_settings("made.png").seed == 5


def test_repeated_exactly(made):
    # Files that it names are not opened on its word alone: they are typed again, and keep their weights.
    assert "names the style 'paint.png'" in refused("stylize", "photo.png", "--config", "made.png", "-o", "again.png")
    done("stylize", "photo.png", "--config", "made.png", *STYLES, "-o", "again.png")
    assert (read("again.png").pixels == made).all()


def test_options_beside_it_win(made):
    options = ("--style", "paint.png", "--size", "16", "--steps", "1")
    done("stylize", "photo.png", "--config", "made.png", "-o", "again.png", *options)
    kept = read_settings("again.png")
    assert (kept["styles"], kept["style_weights"], kept["size"]) == (["paint.png"], None, 16)
    assert (kept["settings"]["steps"], kept["settings"]["seed"]) == ([1], 5)


def test_settings_from_json(made):
    Path("s.json").write_text(json.dumps({"loss": "gram", "steps": [1], "style_layers": {"relu1_1": 1}}))
    done("stylize", "photo.png", "--style", "paint.png", "--config", "s.json", "-o", "again.png")
    assert read_settings("again.png")["settings"]["loss"] == "gram"
    Path("r.json").write_text(json.dumps(read_settings("made.png")))
    done("stylize", "photo.png", "--config", "r.json", *STYLES, "-o", "third.png")
    assert (read("third.png").pixels == made).all()
