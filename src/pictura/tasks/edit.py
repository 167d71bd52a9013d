"""`pictura.edit`: a face changed in a picture of any kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.picture import Picture
from pictura.picture.kinds import PictureInput
from pictura.runtime.arguments import check_arguments
from pictura.tasks.editor import Editor, edit_picture, open_editor
from pictura.tasks.keywords import EditKeywords

Number = TypeVar("Number", bound=np.generic)


@overload
def edit(
    picture: str | Path | Picture, model: str | Path | Editor | None = None, **options: Unpack[EditKeywords]
) -> Picture: ...
@overload
def edit(
    picture: Image.Image, model: str | Path | Editor | None = None, **options: Unpack[EditKeywords]
) -> Image.Image: ...
@overload
def edit(
    picture: NDArray[Number], model: str | Path | Editor | None = None, **options: Unpack[EditKeywords]
) -> NDArray[Number]: ...
@overload
def edit(picture: Tensor, model: str | Path | Editor | None = None, **options: Unpack[EditKeywords]) -> Tensor: ...
@check_arguments
def edit(
    picture: PictureInput,
    model: str | Path | Editor | None = None,
    *,
    age: float | str | None = None,
    attributes: Mapping[str, float] | None = None,
    strength: float = 1.0,
    face: int | str | None = None,
    aligned: bool = False,
    examples: str | Path | None = None,
    device: str = "auto",
) -> Any:
    """Change a face in a picture; what is not face stays as it is, bit for bit.

    Args:
        picture: as `content` in `stylize`.
        model: a model's name, folder or file, or what `pictura.tasks.editor.open_editor` gave for many pictures, whose
            own options hold; by default the shipped models that know the attributes, one after the other.
        age: the age to show, in years, or a group such as ``"61-70"``.
        attributes: name → how much: 1 is what was learned, -1 its removal, 1.5 half as much again.
        strength: factor on the whole change, from 0, the picture itself, to 2.
        face: which of several, 1 being the leftmost, or ``"all"``.
        aligned: whether the picture is a face already cut out as the model's own, which is edited as a whole.
        examples: labelled pictures, from which a model that encodes and decodes learns what an attribute is.
        device: auto, cpu, cuda or mps.

    Returns:
        What `picture` was, of its size.

    Raises:
        PicturaError: something given cannot be used, there is no face, or there are several and none is chosen.
    """
    if not isinstance(model, Editor):
        model = open_editor(
            model,
            age=age,
            attributes=attributes,
            strength=strength,
            face=face,
            aligned=aligned,
            examples=examples,
            device=device,
        )
    return edit_picture(picture, model)
