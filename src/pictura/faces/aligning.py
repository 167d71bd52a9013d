"""Turn, move and scale: faces are cut out as a network was trained to see them, and points go there and back.

A point is (x, y), in pixels of the picture counted from its upper left corner, so that the first pixel reaches from 0
to 1; in a square that is cut out, in shares of its side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.picture.resize import resize, to_float

Point = tuple[float, float]
TOLERANCE = 0.05  # so much finer pixels are taken for pixels of the same size


@dataclass(frozen=True)
class Similarity:
    """z ↦ a z + b, a point (x, y) written as x + i y: turned by the angle of a, scaled by its length, moved by b."""

    a: complex
    b: complex

    @classmethod
    def fit(cls, source: Sequence[Point], target: Sequence[Point]) -> "Similarity":
        """The one that takes the source's points to the target's with the least squared error.

        With both means subtracted, Σ|a p − q|² is least at a = Σ p̄ q / Σ|p|² (Umeyama 1991 in the plane).
        """
        p, q = ([complex(*point) for point in points] for points in (source, target))
        p_mean, q_mean = sum(p) / len(p), sum(q) / len(q)
        p, q = [one - p_mean for one in p], [one - q_mean for one in q]
        products = sum(one.conjugate() * other for one, other in zip(p, q, strict=True))
        a = products / sum(abs(one) ** 2 for one in p)
        return cls(a, q_mean - a * p_mean)

    def inverse(self) -> "Similarity":
        """Back again."""
        return Similarity(1 / self.a, -self.b / self.a)

    def __call__(self, points: Tensor) -> Tensor:
        """Points …×2 to points …×2."""
        matrix = points.new_tensor([[self.a.real, -self.a.imag], [self.a.imag, self.a.real]])
        return points @ matrix.T + points.new_tensor([self.b.real, self.b.imag])


def cut_square(image: Tensor, place: Similarity, side: int) -> Tensor:
    """A turned square of an image, 1×3×H×W in [0, 1] or uint8 to 1×3×side×side in [0, 1]; beyond the border it goes on.

    `place` takes shares of the square's side to the image's pixels. Sampling is bicubic; where the square becomes
    smaller, it is sampled finer and reduced with antialiasing.
    """
    pixels = abs(place.a) / side  # of the image for one of the square
    factor = max(1, floor(pixels))  # first reduced as it lies, to save memory; what is left to do is below 2
    image, corner = _cut_around(image, place, factor)
    finer = side * max(1, ceil(pixels / factor - TOLERANCE))
    points = (place(pixel_centres(finer, finer) / finer) - corner) / factor
    grid = 2 * points / points.new_tensor([image.shape[-1], image.shape[-2]]) - 1
    sampled = F.grid_sample(image, grid[None], mode="bicubic", padding_mode="border", align_corners=False)
    return resize(sampled, (side, side)).clamp(0, 1)


def bounding_box(place: Similarity, height: int, width: int, margin: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a turned square inside an image: left = right or top = bottom where it is not."""
    corners = place(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    (x0, y0), (x1, y1) = corners.amin(0).tolist(), corners.amax(0).tolist()
    left, top = max(0, floor(x0) - margin), max(0, floor(y0) - margin)
    right, bottom = min(width, ceil(x1) + margin), min(height, ceil(y1) + margin)
    return min(left, width), min(top, height), max(left, right), max(top, bottom)


def _cut_around(image: Tensor, place: Similarity, factor: int) -> tuple[Tensor, Tensor]:
    """The part of the image that a square needs, in float and reduced by the factor, and where its corner was."""
    height, width = image.shape[-2:]
    left, top, right, bottom = bounding_box(place, height, width, margin=4 * factor)  # of a bicubic antialiased
    left, top = min(left, width - factor), min(top, height - factor)
    # What does not fill a whole pixel of the reduced one is left out, at the far border.
    columns, rows = max(1, (right - left) // factor), max(1, (bottom - top) // factor)
    part = to_float(image[..., top : top + factor * rows, left : left + factor * columns])
    return resize(part, (rows, columns)), torch.tensor([left, top], dtype=torch.float32)


def pixel_centres(height: int, width: int) -> Tensor:
    """The middles of all pixels: height×width×2, (x, y)."""
    x, y = (torch.arange(side) + 0.5 for side in (width, height))
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
