import json
from pathlib import Path

import pytest

from pictura.experiments import EXPERIMENTS, TRAINING, run

from .conftest import done, refused, size_of
from .conftest import run as run_program


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pooling with two steps at 48 pixels: two pieces."""
    from pictura.experiments import painting

    monkeypatch.setenv("PICTURA_WEIGHTS", "/nowhere")
    monkeypatch.setattr(run, "SIDES", {"small": 48, "paper": 64})
    monkeypatch.setattr(painting, "PLAIN", painting.PLAIN.with_changes(steps=(2,)))


def test_the_list():
    lines = done("experiment").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(EXPERIMENTS)
    assert [line.split()[0] for line in lines if line.endswith("(needs --data)")] == list(TRAINING)


def test_an_experiment_and_its_resume():
    shown = done("experiment", "pooling", "--threads", "1")
    assert shown.stderr == f"pooling: {Path('experiment-pooling/report.html')}\n"
    told = json.loads(Path("experiment-pooling/report.json").read_text(encoding="utf-8"))
    assert list(told["pieces"]) == ["max pooling, compact", "average pooling, compact"]
    before = Path("experiment-pooling/report.html").read_bytes()
    assert "is not empty: add --resume" in run_program("experiment", "pooling").stderr
    done("experiment", "pooling", "--resume", "--threads", "1", "-q")
    assert Path("experiment-pooling/report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("optimisers",), "There is no experiment 'optimisers'"),
        (("pooling", "--budget", "large"), "'large' is no budget: choose small or paper"),
        (("objectives",), "needs pictures: give --data FOLDER with trainA and testA"),
        (("ageing", "--data", "nowhere"), "'nowhere' is not a folder"),
        (("pooling", "-o", "photo.png"), "'photo.png' is a file"),
        (("pooling", "--photo", "nowhere.jpg"), "'nowhere.jpg' does not exist"),
        (("superres", "--data", "bank"), "contains no pictures"),
    ],
    ids=["name", "budget", "no data", "no folder", "file", "photo", "no pictures"],
)
def test_one_sentence(arguments, words):
    assert words in refused("experiment", *arguments)


def test_compare(monkeypatch):
    lines = done("compare", "photo.png", "--style", "paint.png", "--method", "adain", "-o", "s.png").stdout.splitlines()
    assert lines[0].split() == ["method", "seconds", "style", "content"]
    assert lines[1].startswith("adain") and lines[2] == "judged in the features of compact; the sheet is s.png"
    assert size_of("s.png")[0] > 3 * 32
    told = json.loads(done("compare", "photo.png", "--style", "paint.png", "--method", "adain", "--json").stdout)
    assert told["results"][0]["method"] == "adain" and Path("photo_compared.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say with --style"),
        (("--style", "paint.png", "--method", "adian"), "Did you mean 'adain'?"),
        (("--style", "paint.png", "--method", ","), "Name the methods"),
        (("--style", "nowhere.png", "--method", "adain"), "does not exist"),
        (("--style", "paint.png", "--method", "adain", "-o", "paint.png"), "exists already"),
    ],
    ids=["no style", "method", "no method", "style", "taken"],
)
def test_compare_in_one_sentence(arguments, words):
    assert words in refused("compare", "photo.png", *arguments)
