"""Place the landmarks of a face in a box, however the box is turned."""

import cmath
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pictura.faces.aligning import Similarity, cut_square
from pictura.faces.weights import load_landmark_network
from pictura.networks.faces import LANDMARK_SIDE

# How far the detector's boxes reach beyond the landmarks, in shares of their width and height: measured on 200 faces.
BOX_MARGIN = 0.16
SHIFT = 0.1  # of the boxes around the first, in shares of the side
# Ours, by trial: how far the five may lie from their mean, in sides of the box. Of 60 faces half had 0.006, the worst
# 0.02; dogs, a bee and a badge that the detector took for faces had 0.058 and more.
MAX_UNREST = 0.04


@dataclass(frozen=True)
class Box:
    """Where a face may be: a rectangle about its middle x + i y, in pixels, turned by an angle in radians."""

    score: float
    middle: complex
    width: float
    height: float
    angle: float = 0.0

    def overlap(self, other: "Box") -> float:
        """Intersection over union, as if neither was turned."""
        apart = self.middle - other.middle
        width = min(self.width, other.width, (self.width + other.width) / 2 - abs(apart.real))
        height = min(self.height, other.height, (self.height + other.height) / 2 - abs(apart.imag))
        shared = max(width, 0) * max(height, 0)
        return shared / (self.width * self.height + other.width * other.height - shared)

    def move(self, shift: complex) -> "Box":
        """The same, moved by shares of its longer side."""
        return replace(self, middle=self.middle + shift * self.square.a)

    @property
    def square(self) -> Similarity:
        """From shares of the smallest square around it to pixels."""
        a = cmath.rect(max(self.width, self.height), self.angle)
        return Similarity(a, self.middle - a * (0.5 + 0.5j))


def place_landmarks(image: Tensor, box: Box) -> Tensor | None:
    """The landmarks 68×2 in pixels of an image 1×3×H×W, or None if it is not a face after all.

    After a first look they are placed in upright boxes around the first, since the network has seen few turned faces.
    Five boxes, all but one moved a little: the mean is steadier than one, and on what is no face they disagree.
    """
    upright = _bound(_look(image, [box])[0], box)
    around = [upright.move(shift) for shift in (0, SHIFT, -SHIFT, 1j * SHIFT, -1j * SHIFT)]
    placed = _look(image, around)
    mean = placed.mean(0)
    unrest = (placed - mean).norm(dim=-1).mean() / max(upright.width, upright.height)
    return mean if unrest <= MAX_UNREST else None


def _look(image: Tensor, boxes: Sequence[Box]) -> Tensor:
    """The landmarks in each of N boxes, N×68×2 in pixels."""
    places = [box.square for box in boxes]
    squares = [cut_square(image, place, LANDMARK_SIDE) for place in places]
    inside = [square * _box_mask(box) for square, box in zip(squares, boxes, strict=True)]
    found = load_landmark_network()(torch.cat(inside))
    return torch.stack([place(points) for place, points in zip(places, found, strict=True)])


def _box_mask(box: Box) -> Tensor:
    """1 in the box, 0 in what the square around it has beside it: black, as when the network was trained."""
    longest = max(box.width, box.height)
    x, y = (round((1 - side / longest) / 2 * LANDMARK_SIDE) for side in (box.width, box.height))
    mask = torch.zeros(LANDMARK_SIDE, LANDMARK_SIDE)
    mask[y : LANDMARK_SIDE - y, x : LANDMARK_SIDE - x] = 1
    return mask


def _bound(landmarks: Tensor, box: Box) -> Box:
    """The box that the detector would put around these landmarks if the picture was turned until the eyes are level."""
    eyes = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    angle = cmath.phase(complex(*eyes.tolist()))
    level = Similarity(cmath.rect(1, -angle), 0)(landmarks)
    low, high = level.amin(0), level.amax(0)
    width, height = ((1 + 2 * BOX_MARGIN) * (high - low)).clamp(min=1).tolist()
    middle = complex(*((low + high) / 2).tolist()) * cmath.rect(1, angle)
    return replace(box, middle=middle, width=width, height=height, angle=angle)
