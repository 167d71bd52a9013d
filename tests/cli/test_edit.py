import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import pictura
from pictura.picture import Picture, read, read_settings, write
from pictura.tasks.load import save_pretrained

from .conftest import done, draw, refused, run

METHODS = Path(__file__).parents[1] / "training" / "methods"


@pytest.fixture(autouse=True)
def model(desk, monkeypatch, draw_face):
    """A model that changes 'label', as the folder 'other', and a portrait."""
    monkeypatch.setattr("pictura.methods.__path__", [*pictura.methods.__path__, str(METHODS)])
    from pictura.methods import find_method

    torch.manual_seed(0)
    kind = find_method("like_caae")
    save_pretrained(kind(kind.tiny()), desk / "other", about={"step": 5})
    write(Picture.of(draw_face(160)), "face.png")


def test_one_picture():
    result = done("edit", "face.png", "--model", "other", "--attribute", "label")
    assert result.stderr.startswith("face.png: face_label.png, 160×160, ")
    told = read_settings("face_label.png")["edit"]
    change = {"model": "other", "method": "like_caae", "step": 5, "attributes": {"label": 1.0}}
    assert told == {"changes": [change], "strength": 1.0, "face": None}
    before, after = read("face.png").samples, read("face_label.png").samples
    assert np.array_equal(before[:10], after[:10])
    assert (before != after).any()


def test_values_and_strength():
    half = ("--model", "other", "--attribute", "label=+0.5", "--strength", "0.5", "--face", "1")
    done("edit", "face.png", "-o", "half.png", *half)
    made = pictura.edit("face.png", "other", attributes={"label": 0.5}, strength=0.5)
    assert np.array_equal(read("half.png").samples, made.samples)
    model = pictura.load("other")
    assert model.can == ("edit",)
    assert model.attributes == ("label",)
    assert np.array_equal(model.edit("face.png", attributes={"label": 0.5}, strength=0.5).samples, made.samples)
    done("edit", "face.png", "-o", "none.png", "--model", "other", "--attribute", "label", "--strength", "0")
    assert np.array_equal(read("none.png").samples, read("face.png").samples)


def test_a_turned_photograph_is_edited_upright(draw_face):
    """A camera's orientation is followed first."""
    upright = Image.open("face.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    upright.rotate(90, expand=True).save("turned.png", exif=exif)
    for name in ("face", "turned"):
        done("edit", f"{name}.png", "-o", f"{name}-out.png", "--model", "other", "--attribute", "label")
    assert np.array_equal(read("turned-out.png").samples, read("face-out.png").samples)


def test_a_folder_with_and_without_faces(desk):
    (desk / "in").mkdir()
    Path("face.png").rename("in/a.png")
    draw("in/b.png", size=(30, 40))
    result = run("edit", "in", "-o", "out", "--model", "other", "--attribute", "label", "--json", "--quiet")
    assert result.exit_code == 2
    assert [json.loads(line)["output"] for line in result.stdout.splitlines()] == [str(Path("out/a.png"))]
    assert "'in/b.png': No face was found" in result.stderr.replace("\\", "/")
    assert not Path("out/b.png").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--attribute", "label=much"), "--attribute takes a number behind '=', such as label=1.5; got 'label=much'."),
        (("--attribute", "=1"), "--attribute takes a name, such as smiling=1.5; got '=1'."),
        (("--attribute", "label", "--attribute", "label=2"), "--attribute label is given twice: give it once."),
        (("--attribute", "smiling", "--model", "other"), "The model 'other' does not change 'smiling', only label."),
        (("--age", "old", "--model", "other"), "An age is a number of years or a group such as 61-70, not 'old'."),
        (("--model", "other"), "Say what is to be changed: an age, or an attribute such as smiling."),
        (("--age", "65", "--model", "adain"), "The model 'adain' does not edit pictures"),
        (("--attribute", "whiskers"), "No shipped model changes 'whiskers'"),
        (("--attribute", "label", "--examples", "in"), "Examples teach directions to a model that encodes pictures"),
    ],
)
def test_refused(options, sentence):
    assert refused("edit", "face.png", *options).startswith(sentence)


def test_a_single_picture_without_a_face():
    assert refused("edit", "photo.png", "--model", "other", "--attribute", "label").startswith(
        "No face was found: crop"
    )
