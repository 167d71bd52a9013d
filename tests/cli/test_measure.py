import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from pictura.cli.app import load_command
from pictura.tasks.measure.metrics import METRICS

from .conftest import done, draw, refused


@pytest.fixture(autouse=True)
def folders(desk):
    for name in ("made", "true", "empty"):
        (desk / name).mkdir()
    for i in range(2):
        draw(f"made/{i}.png", i)
        draw(f"true/{i}.png", 10 + i)


def test_a_table_a_csv_and_json():
    shown = done(
        "measure", "made", "true", "-m", "psnr", "--metric", "ssim", "--csv", "s.csv", "--json", "s.json"
    ).stdout
    head, psnr, ssim, *notes = shown.splitlines()
    assert head.split() == ["metric", "value", "standard", "error", "pictures", "network"]
    assert psnr.startswith("psnr ") and ssim.startswith("ssim ")
    assert notes == ["psnr, ssim: borders included"]
    rows = list(csv.DictReader(Path("s.csv").read_text(encoding="utf-8").splitlines()))
    told = json.loads(Path("s.json").read_text(encoding="utf-8"))
    assert told["a"] == "made"
    assert [row["metric"] for row in rows] == [one["metric"] for one in told["measured"]] == ["psnr", "ssim"]
    assert float(rows[0]["value"]) == told["measured"][0]["value"]
    assert set(told["measured"][0]["values"]) == {"0", "1"}
    assert "exists already" in refused("measure", "made", "true", "-m", "psnr", "--csv", "s.csv")


def test_json_on_stdout_has_no_infinity():
    told = json.loads(done("measure", "photo.png", "photo.png", "-m", "psnr", "--json", "-").stdout)
    assert told["measured"][0]["value"] is None
    assert "equal" in told["measured"][0]["note"]
    assert done("measure", "photo.png", "photo.png", "-m", "psnr", "-q").stdout == ""


def test_help_names_every_metric():
    told = next(option.help for option in load_command("measure").params if "--metric" in option.opts)
    assert [name for name in METRICS if name not in told] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("made", "true"), "Name at least one metric: psnr"),
        (("made", "true", "-m", "kdi"), "There is no metric 'kdi'"),
        (("made", "empty", "-m", "psnr"), "'empty' contains no pictures"),
        (("made", "nowhere", "-m", "psnr"), "'nowhere' does not exist"),
        (("made", "photo.png", "-m", "psnr"), "is one picture and 'made' several"),
        (("made", "true", "-m", "kid"), "at least 10 pictures, and 'made' has 2"),
        (("photo.png", "photo.png", "-m", "fid"), "at least 10 pictures, and 'photo.png' has 1"),
        (("photo.png", "photo.png", "-m", "psnr", "--border", "40"), "leaves nothing of 32×24 pixels"),
        (("photo.png", "photo.png", "-m", "lpips"), "take the metric perceptual"),
        (("photo.png", "photo.png", "-m", "gram", "--encoder", "compcat"), "Did you mean 'compact'?"),
        (("made", "true", "-m", "segmentation"), "such as"),
        (("made", "true", "-m", "seg-score"), "name it with --model"),
        (
            ("made", "true", "-m", "seg-score", "--model", "adain"),
            "does not segment pictures, it is of the",
        ),
        (("made", "true", "-m", "seg-score", "--model", "adain", "--seen-at", "big"), "two numbers such as 512x256"),
        (("photo.png", "photo.png", "-m", "warp"), "warp compares frames in a row"),
    ],
)
def test_what_is_refused(arguments, words):
    if words == "such as":
        Image.new("L", (4, 4)).save("true/other.png")
    assert words in refused("measure", *arguments)


def test_sizes_that_differ():
    draw("true/1.png", 3, (24, 30))
    assert refused("measure", "made", "true", "-m", "psnr").startswith("'1' is 32×24 pixels in A and 30×24 in B")
