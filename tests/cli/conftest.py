from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import pictura
from pictura.cli.app import app

# Two steps at one scale, shallow layers: what a test of the command line needs of the method.
QUICK = ("--steps", "2", "--content-layer", "relu1_1=1", "--style-layer", "relu1_1=1", "--dtype", "float32")


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """An empty current folder with a content, a style, and no styles shipped."""
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    # For programs started in other processes, which do not inherit how this one found the package.
    monkeypatch.setenv("PYTHONPATH", str(Path(pictura.__file__).parents[1]))
    monkeypatch.setattr("pictura.cli.progress.SECONDS", 1e9)  # no line of progress, however busy the machine is
    (tmp_path / "bank").mkdir()
    monkeypatch.setattr("pictura.style.sources.STYLES_FOLDER", tmp_path / "bank")
    draw("photo.png", 1)
    draw("paint.png", 2)
    return tmp_path


def draw(path, seed=0, size=(24, 32)):
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).save(path)


def run(*arguments):
    """The program in this process; a bug raises."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(*arguments):
    """Run what must succeed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def size_of(path):
    with Image.open(path) as image:
        image.load()
        return image.size


def refused(*arguments):
    """The one sentence in which a command refuses, having written nothing."""
    before = sorted(Path().rglob("*"))
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pictura: error: ")
    assert result.stderr.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    return result.stderr.removeprefix("pictura: error: ").rstrip()
