"""Skin stays skin: how far colours near those of a picture's faces may turn.

A map of colours knows no faces, and a green wood makes green ones. Where faces are found, colours like theirs, near
them, keep their hue within `TURNS` and their saturation within `SATURATION`; brightness follows the reference as all
does. A colour is how far it leans from grey, its two colour differences over its luma, so that light and shade on a
face are one colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pictura.faces import Face, find_faces
from pictura.picture.transfer import YCBCR

# All ours, by trial.
TURNS = (math.radians(-15), math.radians(6))  # of hue, to red and to yellow: red light on skin is natural, green is not
SATURATION = (0.75, 1.5)  # least and greatest factor of saturation
ALONG, ACROSS = 0.35, 0.06  # least deviations, of saturation as a share and of hue: less draws borders through cheeks
WIDER = 2.0  # how much wider than a face's own deviation the colours are that count as its skin
REACH = 3.0  # how many face heights from a face its skin is half as likely to be seen
DARK = 0.1  # luma below which colours are noise


@dataclass(frozen=True)
class Skin:
    """The skin of one face.

    lean: mean of its colours' two differences over luma, 2.
    precision: inverse of their covariance, widened, 2×2.
    middle: of the face, x and y as shares of the picture's sides.
    reach: deviation of where its skin is, as shares of the sides.
    turn: what its leaning may become, 2×2; the identity until `limit_turn`.
    """

    lean: Tensor
    precision: Tensor
    middle: tuple[float, float]
    reach: tuple[float, float]
    turn: Tensor


def find_skin(small: Tensor) -> list[Skin]:
    """The skin of each face in 1×3×H×W in [0, 1]."""
    return [_skin_of(face, small) for face in find_faces(small)]


def _skin_of(face: Face, small: Tensor) -> Skin:
    height, width = small.shape[-2:]
    left, top, right, bottom = face.box  # of the landmarks: from brow to chin
    (x0, x1), (y0, y1) = ((a + 0.2 * (b - a), b - 0.2 * (b - a)) for a, b in ((left, right), (top, bottom)))
    rows = slice(max(0, min(height - 1, int(y0))), max(1, math.ceil(y1)))
    columns = slice(max(0, min(width - 1, int(x0))), max(1, math.ceil(x1)))
    _, leaning = lean(small[..., rows, columns])
    samples = leaning[0].flatten(1)
    # Eyes, lips and glasses are the smaller part: medians do not see them.
    middle = samples.median(1).values
    # Along the leaning, more or less saturated, is skin in another light, and mostly hair; across it is another hue.
    size = float(middle.norm().clamp(min=1e-6))
    along = middle / size
    axes = torch.stack([along, torch.stack([-along[1], along[0]])])
    spread = 1.48 * (axes @ (samples - middle[:, None])).abs().median(1).values  # of a Gaussian, its deviation
    spread = torch.maximum(WIDER * spread, torch.tensor([ALONG * size, ACROSS]))
    tall = bottom - top
    return Skin(
        middle,
        axes.T @ torch.diag(spread.square().reciprocal()) @ axes,
        ((left + right) / 2 / width, (top + bottom) / 2 / height),
        (REACH * tall / 1.18 / width, REACH * tall / 1.18 / height),
        torch.eye(2),
    )


def lean(image: Tensor) -> tuple[Tensor, Tensor]:
    """Luma N×1×H×W and leaning N×2×H×W of colours N×3×H×W."""
    ycbcr = torch.einsum("kc,nchw->nkhw", YCBCR.to(image), image)
    luma = ycbcr[:, :1]
    return luma, ycbcr[:, 1:] / luma.clamp(min=DARK)


def limit_turn(skin: Skin, before: Tensor, after: Tensor) -> Skin:
    """The skin with the turn that a map from `before` to `after`, small copies 1×3×H×W, may give it."""
    _, leaning = lean(before)
    _, turned = lean(after.clamp(0, 1))
    weights = likeness(skin, leaning, slice(0, before.shape[-2]), before.shape[-2])
    old, new = ((weights * t).sum((0, 2, 3)) / weights.sum().clamp(min=1e-6) for t in (leaning, turned))
    if float(old.norm()) < 1e-3:  # a grey picture: no hue to keep
        return skin
    angle = math.atan2(float(new[1]), float(new[0])) - math.atan2(float(old[1]), float(old[0]))
    angle = (angle + math.pi) % (2 * math.pi) - math.pi
    angle = max(TURNS[0], min(TURNS[1], angle))
    factor = max(SATURATION[0], min(SATURATION[1], float(new.norm() / old.norm())))
    c, s = factor * math.cos(angle), factor * math.sin(angle)
    return Skin(skin.lean, skin.precision, skin.middle, skin.reach, torch.tensor([[c, -s], [s, c]]))


def likeness(skin: Skin, leaning: Tensor, rows: slice, height: int) -> Tensor:
    """How much pixels are of this skin, N×1×H×W in [0, 1]: by their colour, and by how near the face is."""
    off = leaning - skin.lean.to(leaning)[:, None, None]
    distance = torch.einsum("nihw,ij,njhw->nhw", off, skin.precision.to(leaning), off)[:, None]
    y = ((torch.arange(rows.start, rows.stop, device=leaning.device) + 0.5) / height - skin.middle[1]) / skin.reach[1]
    x = ((torch.arange(leaning.shape[-1], device=leaning.device) + 0.5) / leaning.shape[-1] - skin.middle[0]) / (
        skin.reach[0]
    )
    return torch.exp(-0.5 * (distance + y[:, None].square() + x.square())).mul(1.5).clamp(max=1)


def keep_skin(y: Tensor, x: Tensor, skins: Sequence[tuple[Skin, float]], rows: slice, height: int) -> Tensor:
    """Rows of a result y N×3×h×W in which the photo's skin, in the same rows of x, turned no further than it may.

    Each with a share: in a video a face is found in some of the pictures that others go by.
    """
    _, leaning = lean(x)
    luma, _ = lean(y.clamp(0, 1))
    to_rgb = torch.linalg.inv(YCBCR).to(x)
    total, change = x.new_zeros(()), torch.zeros_like(x)
    for skin, share in skins:
        weight = share * likeness(skin, leaning, rows, height)
        chroma = torch.einsum("ij,njhw->nihw", skin.turn.to(x), leaning) * luma.clamp(min=DARK)
        allowed = torch.einsum("ck,nkhw->nchw", to_rgb, torch.cat([luma, chroma], 1))
        total, change = total + weight, change + weight * (allowed - y)
    return y + change / total.clamp(min=1)
