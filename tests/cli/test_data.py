import json

import numpy as np
import pytest
from PIL import Image

from pictura.cli.app import COMMANDS
from pictura.cli.commands.data import app
from pictura.picture import read

from .conftest import done, draw, run, size_of


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """The command is there, whether the program lists it or not."""
    monkeypatch.setitem(COMMANDS, "data", ("data:app", app.info.help))


@pytest.fixture
def pairs(desk):
    for i in range(3):
        for side in "AB":
            (desk / f"set/train{side}").mkdir(parents=True, exist_ok=True)
            draw(desk / f"set/train{side}/{i}.png", 10 * i + ord(side))
    return desk / "set"


@pytest.mark.parametrize("command", ["check", "combine", "split"])
def test_help_has_examples(command):
    shown = run("data", command, "--help").stdout
    assert f"pictura data {command}" in shown.split("Examples:")[1]


def test_check_a_sound_set(pairs):
    result = done("data", "check", "set")
    assert result.stdout == "6 pictures, paired: 3 for train (pairs); 0 bad, 0 to look at.\n"
    assert result.stderr == ""
    told = json.loads(done("data", "check", "set", "--kind", "unpaired", "--json").stdout)
    assert (told["kind"], told["bad"], told["left"], told["findings"]) == ("unpaired", 0, 3, [])


def test_check_a_bad_set(pairs):
    (pairs / "trainB" / "1.png").write_bytes(b"")
    result = run("data", "check", "set")
    assert result.exit_code == 2
    assert "broken: 'trainB/1.png' cannot be read: " in result.stdout
    assert "pictura: error: 'set' has bad files (broken: 1; first 'trainB/1.png'" in result.stderr
    assert "Traceback" not in result.output
    told = run("data", "check", "set", "--json")
    assert told.exit_code == 2
    assert json.loads(told.stdout)["findings"][0]["files"] == ["trainB/1.png"]
    assert "2 of 3 train samples remain without the bad files." in done("data", "check", "set", "--skip-bad").stdout
    assert json.loads(done("data", "check", "set", "--skip-bad", "--json").stdout)["left"] == 2


def test_check_how_the_set_is_read(desk):
    (desk / "faces").mkdir()
    draw("faces/30_1_a.png", 1)
    draw("faces/9_0_b.png", 2)
    done("data", "check", "faces", "--set", "pattern={age}_{gender}_*")
    assert "labelled: 2 for train" in done("data", "check", "faces", "--set", "pattern={age}_{gender}_*").stdout
    assert "smaller than the crop: '30_1_a.png'" in done("data", "check", "faces", "--crop", "30").stdout
    assert run("data", "check", "faces", "--set", "patern=x").exit_code == 2
    assert "Did you mean 'pattern'" in run("data", "check", "faces", "--set", "patern=x").stderr
    assert "expected trainA and trainB" in run("data", "check", "faces", "--kind", "unpaired").stderr
    assert "Unknown kind of data 'pair'" in run("data", "check", "faces", "--kind", "pair").stderr
    assert "does not exist" in run("data", "check", "face").stderr


def test_combine_and_split(pairs):
    done("data", "combine", "set/trainA", "set/trainB", "-o", "beside")
    assert size_of("beside/1.png") == (64, 24)
    result = done("data", "split", "beside", "-o", "apart", "--format", "tif")
    assert "3 pairs are in apart" in result.stderr
    for side in "AB":
        again = np.asarray(Image.open(f"apart/{side}/2.tif"))
        assert np.array_equal(again, np.rint(read(f"set/train{side}/2.png").pixels * 255))
    assert "exists already" in run("data", "combine", "set/trainA", "set/trainB", "-o", "beside").stderr
    done("data", "combine", "set/trainA", "set/trainB", "-o", "beside", "--overwrite")
    assert "Unsupported output" in run("data", "split", "beside", "-o", "b", "--format", "xyz").stderr
    assert "is not a valid format" in run("data", "split", "beside", "-o", "b", "--format", "a/b").stderr
