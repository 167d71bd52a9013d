"""Parts of a picture that stay legible under any style: faces, and what a mask protects.

Such a part is painted once more, closer to the photo and, where it is small, enlarged, so that strokes are finer. Its
colours are those of the whole painting: only what is finer than a few patches across it is taken, and so no border
shows. An optimization holds on to the photo there by the weight of its content term.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.faces import Face, find_faces
from pictura.picture.bands import bands
from pictura.picture.resize import fit_size, from_float, resize, to_float

Paint = Callable[[Tensor, Sequence[float]], Tensor]  # photo and the styles' weights to the painting
# All ours, by eye, on portraits in The Scream, The Starry Night and The Great Wave.
GENTLY = 0.6  # share of the strength with which a legible part is painted
FINE_SIDE, MOST_ENLARGED = 480, 3.0  # pixels to which a small part is enlarged, and how much at most
PATCHES = 6  # along the longer side of a part, whose colours are the painting's
EMPHASIS = 8.0  # weight of the content term of an optimization, beside 1 elsewhere
# A face's half axes in sizes of its landmarks, which leave out forehead and ears; whole inside, gone outside.
FACE_AXES, RAISED = (0.62, 0.78), 0.15
WHOLE, GONE = 0.85, 1.35  # in half axes
AROUND = 1.3  # sides of what is painted around a face, in those of its ellipse
MASK_SIDE = 128  # pixels of a face's mask; it is smooth


@dataclass(frozen=True)
class Region:
    """A box in shares of a picture's height and width, and how much of each of its pixels is to stay legible.

    mask: 1×1×h×w in [0, 1], of any size; it is 0 along those borders of the box that are not the picture's.
    """

    top: float
    left: float
    bottom: float
    right: float
    mask: Tensor

    def place(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of the box in a picture of this size."""
        rows = slice(round(self.top * height), max(round(self.top * height) + 1, round(self.bottom * height)))
        return rows, slice(round(self.left * width), max(round(self.left * width) + 1, round(self.right * width)))


def find_regions(image: Tensor, protect: Tensor | None, faces: bool) -> tuple[Region, ...]:
    """What of an image 1×3×H×W is to stay legible: what the mask `protect` 1×1×h×w shows, and its faces."""
    found = [] if protect is None or not protect.any() else [_frame_mask(protect)]
    if faces:
        found += [_frame_face(face, image.shape[-2], image.shape[-1]) for face in find_faces(image)]
    return tuple(found)


def map_legible(regions: Sequence[Region], size: tuple[int, int]) -> Tensor:
    """1×1×H×W in [0, 1]: how much of each pixel of a picture of this size is to stay legible."""
    legible = torch.zeros(1, 1, *size)
    for region in regions:
        rows, columns = region.place(*size)
        part = legible[..., rows, columns]
        part.copy_(torch.maximum(part, resize(region.mask.cpu(), (part.shape[-2], part.shape[-1]))))
    return legible


def paint_legibly(
    photo: Tensor, weights: Sequence[float], regions: Sequence[Region], paint: Paint, paint_gently: Paint
) -> Tensor:
    """A photo 1×3×H×W in [0, 1] or uint8, painted, and its regions once more and gently."""
    painted = paint(photo, weights)
    if painted is photo or not regions:
        return painted
    for region in regions:
        rows, columns = region.place(photo.shape[-2], photo.shape[-1])
        part = painted[..., rows, columns]
        size = part.shape[-2], part.shape[-1]
        larger = fit_size(*size, round(max(size) * min(MOST_ENLARGED, max(1.0, FINE_SIDE / max(size)))))
        fine = resize(paint_gently(resize(photo[..., rows, columns], larger), weights), size)
        _blend(part, fine, region.mask.to(part.device))
    return painted


def _blend(part: Tensor, fine: Tensor, mask: Tensor) -> None:
    """Put what is fine in one picture of a part into another, by a mask of any size."""
    height, width = part.shape[-2:]
    share = resize(mask, (height, width))
    coarse = fit_size(height, width, min(PATCHES, max(height, width)))
    colours = to_float(resize(part, coarse)) - to_float(resize(fine, coarse))
    down, across = _enlarging(coarse[0], height).to(part.device), _enlarging(coarse[1], width).to(part.device)
    for rows in bands((height, width)):
        moved = (to_float(fine[..., rows, :]) + down[rows] @ colours @ across.mT).clamp(0, 1)
        band = part[..., rows, :]
        band.copy_(from_float(torch.lerp(to_float(band), moved, share[..., rows, :]), part.dtype))


def _enlarging(before: int, after: int) -> Tensor:
    """after×before: what interpolates `before` numbers linearly to `after`."""
    return F.interpolate(torch.eye(before)[None], after, mode="linear", align_corners=False)[0].T


def _frame_mask(mask: Tensor) -> Region:
    """The smallest box around what a mask shows."""
    height, width = mask.shape[-2:]
    rows, columns = (mask[0, 0].amax(axis).nonzero()[:, 0] for axis in (1, 0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    part = mask[..., top:bottom, left:right]
    return Region(top / height, left / width, bottom / height, right / width, part)


def _frame_face(face: Face, height: int, width: int) -> Region:
    """An ellipse that fades, and as much around it as a network needs to paint it."""
    left, top, right, bottom = face.box
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2 - RAISED * (bottom - top)
    radius_x, radius_y = FACE_AXES[0] * (right - left), FACE_AXES[1] * (bottom - top)
    x0, x1 = (min(max(0.0, middle_x + sign * AROUND * GONE * radius_x), width) for sign in (-1, 1))
    y0, y1 = (min(max(0.0, middle_y + sign * AROUND * GONE * radius_y), height) for sign in (-1, 1))
    steps = (torch.arange(MASK_SIDE) + 0.5) / MASK_SIDE
    x = (x0 + (x1 - x0) * steps - middle_x) / radius_x
    y = (y0 + (y1 - y0) * steps - middle_y) / radius_y
    t = ((GONE - torch.hypot(y[:, None], x)) / (GONE - WHOLE)).clamp(0, 1)
    return Region(y0 / height, x0 / width, y1 / height, x1 / width, (t * t * (3 - 2 * t))[None, None])
