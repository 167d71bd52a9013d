import json

import pytest

from pictura.picture import read
from pictura.style import Style

from .conftest import QUICK, done, draw, size_of


def test_extract_and_use():
    about = ("--title", "Noise", "--painter", "Nobody", "--year", "1900", "--licence", "CC0")
    done("style", "extract", "paint.png", "photo.png", "-o", "n.style", *about)
    assert Style.load("n.style").about == {"title": "Noise", "painter": "Nobody", "year": "1900", "licence": "CC0"}
    done("stylize", "photo.png", "--style", "n.style", "-o", "out.png", *QUICK)
    assert size_of("out.png") == (32, 24)
    assert (read("out.png").pixels != read("photo.png").pixels).any()


def test_blend_lies_between():
    draw("dark.png", 3)
    for name in ("paint", "dark"):
        done("style", "extract", f"{name}.png", "-o", f"{name}.style")
    done("style", "blend", "paint.style", "dark.style", "-o", "b.style", "--weight", "3", "--weight", "1")
    a, b, mixed = (Style.load(f"{name}.style").at(181)["relu1_1"][0] for name in ("paint", "dark", "b"))
    assert mixed.allclose(0.75 * a + 0.25 * b, atol=1e-2, rtol=1e-2)
    done("style", "blend", "paint.style", "-o", "c.style", "--title", "Mine")
    assert Style.load("c.style").about["title"] == "Mine"


def test_list():
    assert done("style", "list").stdout.split() == ["name", "title", "painter", "year"]
    done("style", "extract", "paint.png", "-o", "bank/noise.style", "--title", "The Noise", "--year", "1900")
    assert "noise  The Noise           1900" in done("style", "list").stdout
    assert json.loads(done("style", "list", "--json").stdout) == [
        {"name": "noise", "title": "The Noise", "year": "1900"}
    ]
    done("stylize", "photo.png", "--style", "noise", *QUICK)
    assert size_of("photo_noise.png") == (32, 24)


@pytest.mark.parametrize("name", ["noise", "bank/noise.style"])
def test_show(name):
    done("style", "extract", "paint.png", "-o", "bank/noise.style", "--painter", "Nobody")
    shown = done("style", "show", name).stdout
    assert "painter  Nobody" in shown
    assert "sizes    181, 512" in shown
    facts = json.loads(done("style", "show", name, "--json").stdout)
    assert (facts["encoder"], facts["title"]) == ("compact", "paint")
    assert facts["layers"][0].startswith("relu1_1 (")
