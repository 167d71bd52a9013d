"""Find the faces of a picture."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.faces.aligning import Point
from pictura.faces.landmarks import Box, place_landmarks
from pictura.faces.weights import load_detector
from pictura.networks.faces import STRIDE
from pictura.picture.resize import resize_longest, to_float

MIN_SCORE = 0.5  # as in face-api.js
MAX_OVERLAP = 0.4  # of two boxes, their intersection over their union; as in face-api.js
ENLARGED = 416  # beyond this side a picture is not enlarged to be searched: a cat's eye becomes a face


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    score: how sure the detector is, in [0, 1].
    landmarks: 68 points in pixels, in the order of `LandmarkNetwork`.
    """

    score: float
    landmarks: tuple[Point, ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the landmarks, in pixels."""
        x, y = zip(*self.landmarks, strict=True)
        return min(x), min(y), max(x), max(y)

    @property
    def points(self) -> tuple[Point, ...]:
        """The middles of the left and the right eye, as seen, the tip of the nose, the corners of the mouth."""
        parts = ((36, 42), (42, 48), (30, 31), (48, 49), (54, 55))
        return tuple(_mean_point(self.landmarks[start:stop]) for start, stop in parts)


@dataclass(frozen=True)
class Search:
    """One look at a picture: at this longest side, so much black around it in shares of that, turned by quarters."""

    longest: int
    margin: float = 0.0
    turns: int = 0  # anticlockwise


LARGEST = 1664  # the largest side at which faces are looked for

# Ours, by trial. All of the first are made: for faces that are a good part of the picture, for smaller ones, and for
# crops that a face fills. The black around those is what the detector saw when it was trained.
SEARCHES = (
    (Search(416), Search(832), Search(160, margin=0.25)),
    # Where they find nothing: tighter crops, small faces, and a picture that lies on its side or stands on its head.
    (Search(96, margin=0.5), Search(160, margin=0.5), Search(224, margin=0.5), Search(LARGEST)),
    tuple(Search(longest, margin, turns) for turns in (1, 3, 2) for longest, margin in ((416, 0.0), (160, 0.25))),
)


def find_faces(image: Tensor) -> list[Face]:
    """The faces in an image 1×3×H×W, in [0, 1] or uint8, from left to right."""
    height, width = image.shape[-2:]
    longest = max(height, width)
    # Most of the time goes into reducing a large picture: it is done once for all looks.
    reduced = resize_longest(image, LARGEST) if longest > LARGEST else image
    for searches in SEARCHES:
        looks = [one for one in searches if one.longest <= max(longest, ENLARGED)]
        boxes = _drop_overlapping([box for one in looks for box in _search(reduced, (height, width), one)])
        if faces := _drop_same([face for box in boxes if (face := _look_closer(image, box)) is not None]):
            return sorted(faces, key=lambda face: face.box[0] + face.box[2])
    return []


def _search(image: Tensor, size: tuple[int, int], look: Search) -> list[Box]:
    """What the detector finds in one look at an image, in pixels of one of this (height, width)."""
    height, width = size
    small = torch.rot90(to_float(resize_longest(image, look.longest)), look.turns, (-2, -1))
    h, w = small.shape[-2:]
    margin = round(look.margin * look.longest)
    rows, columns = (STRIDE * math.ceil((side + 2 * margin) / STRIDE) for side in (h, w))
    found = load_detector()(F.pad(small, (margin, columns - w - margin, margin, rows - h - margin)))[0]
    scale = max(height, width) / look.longest
    boxes = []
    for score, x, y, box_width, box_height in found[found[:, 0] >= MIN_SCORE].tolist():
        # From the middle of the turned picture, turned back.
        middle = complex(x * columns - margin - w / 2, y * rows - margin - h / 2) * 1j**look.turns
        sides = box_width * columns * scale, box_height * rows * scale
        boxes.append(Box(score, scale * middle + complex(width, height) / 2, *sides, look.turns * math.pi / 2))
    return boxes


def _look_closer(image: Tensor, box: Box) -> Face | None:
    """The face in a box, or None if there is none."""
    landmarks = place_landmarks(image, box)
    return None if landmarks is None else Face(box.score, tuple((x, y) for x, y in landmarks.tolist()))


def _drop_overlapping(boxes: list[Box]) -> list[Box]:
    """The best of boxes that show the same, best first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(box.overlap(other) <= MAX_OVERLAP for other in kept):
            kept.append(box)
    return kept


def _drop_same(faces: list[Face]) -> list[Face]:
    """Of faces in almost the same place, which boxes of very different sizes may have led to, the best."""
    kept: list[Face] = []
    for face in faces:
        middle, width = _mean_point(face.points), face.box[2] - face.box[0]
        if all(math.dist(middle, _mean_point(other.points)) > width / 3 for other in kept):
            kept.append(face)
    return kept


def _mean_point(points: tuple[Point, ...]) -> Point:
    x, y = zip(*points, strict=True)
    return sum(x) / len(x), sum(y) / len(y)
