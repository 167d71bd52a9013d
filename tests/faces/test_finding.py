import math
import time

import pytest
import torch
from torch.nn import functional as F

from pictura.faces import find_faces
from pictura.faces.landmarks import Box

# Where the drawing has eyes, nose and the corners of its mouth, from its middle, in shares of the side.
DRAWN = torch.tensor([(-0.088, -0.03), (0.088, -0.03), (0.0, 0.09), (-0.08, 0.17), (0.08, 0.17)])


def only(image):
    faces = find_faces(image)
    assert len(faces) == 1
    return torch.tensor(faces[0].points)


def expected(side, tilt=0.0, left=0.0, top=0.0):
    turn = torch.tensor([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    return side * (DRAWN @ turn + 0.5) + torch.tensor([left, top])


def off(points, wanted):
    """The largest distance, in distances of the eyes."""
    return float((points - wanted).norm(dim=1).max() / (wanted[1] - wanted[0]).norm())


@pytest.mark.parametrize("side", [96, 300])
@pytest.mark.parametrize("tilt", [0.0, 0.5, -0.5])
def test_upright_and_tilted(draw_face, side, tilt):
    assert off(only(draw_face(side, tilt)), expected(side, tilt)) < 0.25


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_on_its_side(draw_face, turns):
    points = only(torch.rot90(draw_face(200), turns, (2, 3)))
    assert off(points, expected(200, -turns * math.pi / 2)) < 0.25


def test_grey_and_uint8(draw_face):
    face = draw_face(200)
    grey = face.mean(1, keepdim=True).expand_as(face)
    assert off(only(grey), expected(200)) < 0.25
    whole = only((255 * face).round().to(torch.uint8))
    torch.testing.assert_close(whole, only(face), atol=1, rtol=0)


def test_a_crop_that_a_face_fills(draw_face):
    crop = draw_face(300)[..., 75:240, 75:225]
    assert off(only(crop), expected(300, left=-75, top=-75)) < 0.3


def test_a_small_face_in_a_large_picture(draw_face):
    large = F.pad(draw_face(160), (900, 540, 300, 740), value=0.55)
    assert off(only(large), expected(160, left=900, top=300)) < 0.3


def test_from_left_to_right(draw_face):
    row = torch.cat([draw_face(200, tilt) for tilt in (0.2, 0.0, -0.2)], 3)
    middles = [sum(x for x, _ in face.points) / 5 for face in find_faces(row)]
    assert middles == pytest.approx([100, 300, 500], abs=12)


def test_twenty_megapixels(draw_face):
    large = torch.full((1, 3, 3648, 5472), 140, dtype=torch.uint8)
    large[..., 1000:1900, 3000:3900] = (255 * draw_face(900)).round().to(torch.uint8)
    start = time.process_time()
    points = only(large)
    assert time.process_time() - start < 15  # a second or so on a quiet machine
    assert off(points, expected(900, left=3000, top=1000)) < 0.25


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (64, 64), (213, 320)])
def test_no_face(draw, size):
    assert find_faces(draw(*size)) == []
    assert find_faces(torch.zeros(1, 3, *size)) == []


def test_overlap():
    box = Box(1.0, 10 + 10j, 4, 4)
    assert box.overlap(box) == 1
    assert box.overlap(Box(1.0, 12 + 10j, 4, 4)) == pytest.approx(1 / 3)
    assert box.overlap(Box(1.0, 10 + 10j, 2, 2)) == pytest.approx(1 / 4)
    assert box.overlap(Box(1.0, 20 + 10j, 4, 4)) == 0
