"""Faces in pictures changed by named attributes: found, aligned, edited and put back, by whatever method edits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.faces import Face, Point, Similarity, add_change, cut_square, find_faces
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.numbers import check_result
from pictura.tasks.abilities import models_that, open_able
from pictura.tasks.attributes import ALL, find_attribute, read_attributes, read_face
from pictura.tasks.latent import LatentEditor
from pictura.training.capabilities import Edits, Encodes

MAX_STRENGTH = 2.0  # twice what was learned, as in `translate`
# Ours: the largest side in pixels at which a face is edited; the change of a larger one is enlarged.
MAX_SIDE = 1536
DEFAULT_SIDE = 128  # of a method that paints faces anew and does not say at which side
# UTKFace's mean points, made symmetrical: a method that does not say where it wants them was trained like that.
DEFAULT_FACE: tuple[Point, ...] = ((0.306, 0.288), (0.694, 0.288), (0.5, 0.516), (0.328, 0.687), (0.672, 0.687))


@dataclass(frozen=True)
class Change:
    """What one model is asked for: attribute → value."""

    method: Edits
    attributes: Mapping[str, float]
    device: torch.device
    about: Mapping[str, Any]  # for the picture's metadata

    @property
    def template(self) -> tuple[Point, ...]:
        """Where the model wants eyes, nose tip and mouth corners, in shares of the side."""
        face: tuple[Point, ...] = getattr(self.method, "face", DEFAULT_FACE)
        return face

    def side(self, pixels: float) -> int:
        """In how many pixels a side a square is edited that has so many in the picture.

        As many, so that a warp moves the finest detail; but what makes faces anew out of codes works at its own side.
        """
        if isinstance(self.method, Encodes):
            settings = getattr(self.method, "settings", None)
            own = (getattr(place, name, None) for place in (self.method, settings) for name in ("side", "size"))
            return next((int(side) for side in own if isinstance(side, int)), DEFAULT_SIDE)
        return max(1, math.ceil(pixels / math.ceil(pixels / MAX_SIDE)))

    def __call__(self, square: Tensor, strength: float) -> Tensor:
        """How the square 1×3×S×S in [0, 1] changes, in [-1, 1]."""
        given = square.to(self.device)
        made = self.method.edit(given, attributes=self.attributes, strength=strength)
        return (check_result(made) - given).to(square.device)


@dataclass(frozen=True)
class Editor:
    """Edits the faces of pictures; `about` says how, for the picture's metadata."""

    changes: tuple[Change, ...]
    strength: float
    face: int | str | None
    aligned: bool
    about: dict[str, Any]

    def __call__(self, image: Tensor, *, grey: bool = False) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same; a `grey` one stays grey, and at strength 0 it is the image itself.

        Raises:
            PicturaError: there is no face, or several of which none was chosen.
        """
        if not self.strength:
            return image
        if self.aligned:
            return self._edit_square(image, grey)
        for face in choose_faces(find_faces(image), self.face):
            for change in self.changes:
                place = Similarity.fit(change.template, face.points)
                image = self._apply(change, image, place, grey, fade=True)
        return image

    def _edit_square(self, image: Tensor, grey: bool) -> Tensor:
        height, width = image.shape[-2:]
        if height != width:
            raise PicturaError(
                f"A picture that is an aligned face is square, not {width}×{height}: crop it, or leave aligned out."
            )
        for change in self.changes:
            image = self._apply(change, image, Similarity(width, 0), grey, fade=False)
        return image

    def _apply(self, change: Change, image: Tensor, place: Similarity, grey: bool, *, fade: bool) -> Tensor:
        added = change(cut_square(image, place, change.side(abs(place.a))), self.strength)
        return add_change(image, added.mean(1, keepdim=True).expand_as(added) if grey else added, place, fade=fade)


def edit_picture(source: PictureInput, editor: Editor) -> Any:
    """A picture of any kind with its face edited; of its kind and size.

    Raises:
        PicturaError: it cannot be read, has no face, or several of which none was chosen.
    """
    picture = as_picture(source)
    return convert_like(source, picture, editor(picture.view(), grey=picture.grey))


def open_editor(
    model: str | Path | Edits | None = None,
    *,
    age: float | str | None = None,
    attributes: Mapping[str, float] | None = None,
    strength: float = 1.0,
    face: int | str | None = None,
    aligned: bool = False,
    examples: str | Path | None = None,
    about: Mapping[str, Any] | None = None,
    name: str | None = None,
    device: str = "auto",
) -> Editor:
    """The editor for many pictures; everything that can be refused without a picture is refused here.

    Args:
        model: a model's name, folder or file, or an opened one; by default the shipped models that know the attributes.
        age: in years, 0 to 100, or a group of ages such as ``61-70``, whose middle is meant.
        attributes: name → how much: 1 is what was learned, -1 its removal, 1.5 half as much again.
        strength: factor on the whole change, from 0, the picture itself, to 2.
        face: which of several, 1 being the leftmost, or ``all``.
        aligned: whether pictures are faces cut out as the model was trained on, which are edited as a whole.
        examples: labelled pictures, a folder for each value or one with a table, from which a model that encodes learns
            what an attribute is.
        about: what is known of an opened model, such as its step.
        name: of an opened model, for errors and for the picture's metadata.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: nothing is asked for, there is no such model or device, it does not edit or does not know an
            attribute, or a number is out of range.
    """
    if not 0 <= strength <= MAX_STRENGTH:  # NaN is not, either
        raise PicturaError(
            f"strength must be between 0 (the picture as it is) and {MAX_STRENGTH:g}, 1 is what was learned; "
            f"got {strength:g}."
        )
    face = read_face(face)
    if aligned and face is not None:
        raise PicturaError("An aligned picture is one face: leave face out, or aligned.")
    wanted = read_attributes(age, attributes or {})
    changes = _open_changes(model, wanted, examples, device, about, name)
    told = [dict(change.about) | {"attributes": dict(change.attributes)} for change in changes]
    where = {"aligned": True} if aligned else {"face": face}
    return Editor(changes, strength, face, aligned, {"changes": told, "strength": strength, **where})


def choose_faces(faces: Sequence[Face], asked: int | str | None) -> Sequence[Face]:
    """Those that are meant.

    Raises:
        PicturaError: there is none, not so many, or several of which none was chosen.
    """
    if not faces:
        raise PicturaError(
            "No face was found: crop the picture to head and shoulders; a face that is already cut out like those the "
            "model was trained on is edited with --aligned."
        )
    if asked == ALL or (asked is None and len(faces) == 1):
        return faces
    places = [f"{number} at {_place(face)}" for number, face in enumerate(faces, start=1)]
    where = " and ".join(filter(None, (", ".join(places[:-1]), places[-1])))
    if asked is None:
        raise PicturaError(
            f"There are {len(faces)} faces, {where} in pixels from the left and the top: say with face which is meant, "
            f"or {ALL}."
        )
    if int(asked) > len(faces):
        raise PicturaError(f"There is no face {asked}, only {where} in pixels from the left and the top.")
    return [faces[int(asked) - 1]]


def _open_changes(
    model: str | Path | Edits | None,
    wanted: Mapping[str, float],
    examples: str | Path | None,
    device: str,
    about: Mapping[str, Any] | None,
    name: str | None,
) -> tuple[Change, ...]:
    """One change for each model that is needed, in the order of the attributes."""
    place = choose_device(device)
    if examples is not None:
        changing = _open_latent(model, examples, place, about, name)
    elif model is None:
        return _choose_shipped(wanted, place)
    else:
        changing = open_able(model, Edits, "does not edit pictures", device=device, name=name, about=about)
    method, _, told = changing
    names = {attribute: find_attribute(attribute, method.attributes) for attribute in wanted}
    for attribute, found in names.items():
        if found is None:
            known = " and ".join(method.attributes)
            near = did_you_mean(attribute, method.attributes)
            raise PicturaError(f"The model '{told['model']}' does not change '{attribute}', only {known}.{near}")
    return (Change(method, {str(names[a]): value for a, value in wanted.items()}, place, told),)


def _open_latent(
    model: str | Path | Edits | None,
    examples: str | Path,
    device: torch.device,
    about: Mapping[str, Any] | None,
    name: str | None,
) -> tuple[Edits, Mapping[str, Any], dict[str, Any]]:
    """As `open_able`, of a model that moves codes along directions that are learned from labelled pictures."""
    if model is None:
        raise PicturaError("Examples teach directions to a model that encodes pictures: name that model.")
    method, known, told = open_able(
        model, Encodes, "does not encode pictures", device=str(device), name=name, about=about
    )
    return LatentEditor.learn(method, examples, device), known, told | {"examples": str(examples)}


def _choose_shipped(wanted: Mapping[str, float], device: torch.device) -> tuple[Change, ...]:
    """The first shipped model for each attribute; what one model knows is asked of it at once."""
    models = {name: _open_shipped(name, device) for name in models_that("edit")}
    asked: dict[str, dict[str, float]] = {}
    for attribute, value in wanted.items():
        found = ((name, find_attribute(attribute, method.attributes)) for name, (method, _) in models.items())
        name, own = next(((name, own) for name, own in found if own is not None), (None, None))
        if name is None or own is None:
            known = sorted({one for method, _ in models.values() for one in method.attributes})
            changes = f"only {' and '.join(known)}" if known else "and none edits faces"
            raise PicturaError(
                f"No shipped model changes '{attribute}', {changes}: name a model of your own."
                f"{did_you_mean(attribute, known)}"
            )
        asked.setdefault(name, {})[own] = value
    return tuple(Change(models[name][0], values, device, models[name][1]) for name, values in asked.items())


def _open_shipped(name: str, device: torch.device) -> tuple[Edits, dict[str, Any]]:
    method, _, told = open_able(name, Edits, "does not edit pictures", device=str(device), name=None, about=None)
    return method, told


def _place(face: Face) -> str:
    left, top, right, bottom = face.box
    return f"({round((left + right) / 2)}, {round((top + bottom) / 2)})"
