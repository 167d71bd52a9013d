"""Editing faces, with a model that makes them redder: what is a face is changed and nothing else."""

import cmath

import numpy as np
import pytest
import torch
from PIL import Image

import pictura
from pictura.faces import Similarity, find_faces
from pictura.faces.aligning import pixel_centres
from pictura.picture import Picture
from pictura.runtime.errors import PicturaError
from pictura.tasks.attributes import read_age, read_attributes
from pictura.tasks.editor import DEFAULT_FACE, MAX_SIDE, open_editor
from pictura.tasks.latent import LatentEditor


class Redden:
    """Adds red where an aligned face is, as an editor would."""

    name = "redden"
    attributes = ("Red_Face", "age")
    face = ((0.35, 0.3), (0.65, 0.3), (0.5, 0.5), (0.38, 0.7), (0.62, 0.7))

    def __init__(self):
        self.sides = []

    def edit(self, image, *, attributes, strength=1.0):
        self.sides.append(image.shape[-1])
        made = image.clone()
        made[:, 0] += strength * (0.02 * attributes.get("Red_Face", 0) + attributes.get("age", 0) / 1000)
        return made.clamp(0, 1)


def edit(picture, **options):
    given = {"attributes": {"red face": 1.0}} | options
    return pictura.edit(picture, open_editor(given.pop("method", None) or Redden(), **given))


def refuse(picture, **options):
    with pytest.raises(PicturaError) as refused:
        edit(picture, **options)
    return str(refused.value)


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_only_the_face_becomes_redder(draw_face, tilt):
    face = draw_face(240, tilt)
    made = edit(face)
    moved = (made - face)[0]
    assert moved[1:].abs().max() == 0
    place = Similarity.fit(Redden.face, find_faces(face)[0].points)
    assert cmath.phase(place.a) == pytest.approx(tilt, abs=0.1)
    shares = 2 * place.inverse()(pixel_centres(240, 240)) - 1
    radius = (shares.abs() ** 4).sum(-1) ** 0.25
    assert moved[0][radius > 1.05].abs().max() == 0
    assert (moved[0][radius < 0.65] - 0.02).abs().max() < 1e-4


def test_strength_0_is_the_picture(draw_face):
    assert torch.equal(edit(draw_face(), strength=0), draw_face())


def test_strength_and_value_go_together(draw_face):
    face = draw_face()
    double = edit(face, strength=2) - face
    torch.testing.assert_close(edit(face, attributes={"Red_Face": 2}) - face, double, atol=1e-5, rtol=0)
    torch.testing.assert_close(edit(face, attributes={"Red_Face": -1}) - face, -double / 2, atol=1e-5, rtol=0)


def test_a_grey_picture_stays_grey(draw_face):
    grey = (255 * draw_face()[0].mean(0)).round().to(torch.uint8).numpy()
    made = edit(Picture.of(grey))
    assert made.grey
    assert np.array_equal(made.samples[..., 0], made.samples[..., 2])
    assert np.abs(made.samples[..., 0].astype(int) - grey).max() == round(0.02 / 3 * 255)


def test_alpha_and_depth_stay(draw_face):
    face = draw_face()[0].permute(1, 2, 0).numpy()
    alpha = np.linspace(0.1, 1, 200 * 200, dtype=np.float32).reshape(200, 200)
    made = edit(Picture(face, alpha, depth=16))
    assert made.depth == 16
    assert np.array_equal(made.alpha, alpha)
    assert np.array_equal(made.samples[:20], face[:20])
    assert not np.array_equal(made.samples, face)


def test_pil_and_arrays(draw_face):
    array = (255 * draw_face()[0].permute(1, 2, 0)).round().byte().numpy()
    made = edit(array)
    assert made.dtype == np.uint8
    assert np.array_equal(np.asarray(edit(Image.fromarray(array))), made)


def test_which_face(draw_face):
    pair = torch.cat([draw_face(200), draw_face(200, 0.2)], 3)
    said = refuse(pair)
    assert said.startswith("There are 2 faces, 1 at (")
    assert "say with face which is meant, or all." in said
    first, second, both = (edit(pair, face=face) for face in (1, "2", "all"))
    assert torch.equal(first[..., 200:], pair[..., 200:])
    assert torch.equal(second[..., :200], pair[..., :200])
    assert torch.equal(both[..., :200], first[..., :200])
    assert torch.equal(both[..., 200:], second[..., 200:])
    assert refuse(pair, face=3).startswith("There is no face 3, only 1 at (")
    assert torch.equal(edit(pair[..., :200], face=1), edit(pair[..., :200]))


def test_no_face():
    assert refuse(torch.rand(1, 3, 60, 80)).startswith("No face was found: crop the picture to head and shoulders")


def test_aligned(draw_face):
    aligned = draw_face(64)
    made = edit(aligned, aligned=True)
    torch.testing.assert_close(made[:, 0], aligned[:, 0] + 0.02)
    assert refuse(draw_face(64)[..., 1:], aligned=True).startswith(
        "A picture that is an aligned face is square, not 63×64"
    )
    assert refuse(aligned, aligned=True, face=1).startswith("An aligned picture is one face")


def test_a_face_is_edited_at_its_own_size(draw_face):
    method = Redden()
    edit(draw_face(300), method=method)
    eyes = find_faces(draw_face(300))[0].points
    assert method.sides[0] == pytest.approx((eyes[1][0] - eyes[0][0]) / 0.3, rel=0.1)
    change = open_editor(method, attributes={"age": 30}).changes[0]
    assert [change.side(pixels) for pixels in (MAX_SIDE, MAX_SIDE + 2, 5 * MAX_SIDE - 5)] == [
        MAX_SIDE,
        MAX_SIDE // 2 + 1,
        MAX_SIDE - 1,
    ]


def test_ages_and_numbers():
    assert [read_age(age) for age in (65, "65", " 61-70", "0 – 10", 0.5)] == [65, 65, 65.5, 5, 0.5]
    assert read_attributes(30, {"smiling": -1.5}) == {"age": 30, "smiling": -1.5}
    assert read_attributes(None, {"Age": 30}) == {"age": 30}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"age": "old"}, "An age is a number of years or a group such as 61-70, not 'old'."),
        ({"age": "70-61"}, "An age is from 0 to 100 years, a group from the younger to the older; got 70-61."),
        ({"age": 101}, "An age is from 0 to 100 years, a group from the younger to the older; got 101."),
        ({"age": float("nan")}, "An age is from 0 to 100 years, a group from the younger to the older; got nan."),
        ({"age": 30, "attributes": {"age": 40}}, "The age is given twice: give it once."),
        ({"attributes": {}}, "Say what is to be changed: an age, or an attribute such as smiling."),
        (
            {"attributes": {"Red_Face": 9}},
            "'Red_Face' must be between -3 and 3, 1 is what was learned and -1 its removal; got 9.",
        ),
        ({"attributes": {"red": 1}}, "The model 'redden' does not change 'red', only Red_Face and age."),
        (
            {"strength": 2.5},
            "strength must be between 0 (the picture as it is) and 2, 1 is what was learned; got 2.5.",
        ),
        ({"face": 0}, "face is a number from 1, the leftmost, or 'all'; got '0'."),
        ({"method": "adain"}, "The model 'adain' does not edit pictures, it is of the method adain; it can stylize"),
        ({"method": "nowhere"}, "Model 'nowhere' not found"),
    ],
)
def test_bad_input(options, sentence):
    assert refuse("no picture is read.png", **options).startswith(sentence)


class Codes:
    """Encodes the mean of each channel of an image, and decodes it to a flat one."""

    name, size = "codes", 8

    def encode(self, images):
        return images.mean((2, 3))

    def decode(self, codes):
        return codes[..., None, None].expand(-1, -1, self.size, self.size)


def test_a_model_of_codes_adds_what_changes(draw_face):
    editor = LatentEditor(Codes(), {"blue": torch.tensor([0.0, 0.0, 0.2])}, DEFAULT_FACE)
    face = draw_face()
    made = edit(face, method=editor, attributes={"blue": 0.5})
    moved = (made - face)[0]
    assert moved[:2].abs().max() < 1e-6
    assert moved[2].max() == pytest.approx(0.1, abs=1e-3)
    assert open_editor(editor, attributes={"blue": 1}).changes[0].side(500) == 128


def test_examples_need_a_model_that_encodes(tmp_path):
    assert refuse("no.png", method=Redden(), examples=tmp_path).startswith(
        "The model 'redden' does not encode pictures"
    )


def test_twenty_megapixels(draw_face):
    large = np.full((3648, 5472, 3), 140, np.uint8)
    large[1000:2500, 3000:4500] = (255 * draw_face(1500)[0].permute(1, 2, 0)).round().byte().numpy()
    made = edit(large)
    changed = (made != large).any(-1)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert 1000 < rows[0] < rows[-1] < 2500
    assert 3000 < columns[0] < columns[-1] < 4500
    assert (made[1700:1800, 3700:3800, 0] - large[1700:1800, 3700:3800, 0]).mean() == pytest.approx(5, abs=0.2)
