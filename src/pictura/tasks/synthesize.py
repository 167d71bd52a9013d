"""A texture of any size from a picture of one, in any kind of picture."""

from pathlib import Path
from typing import Any, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.encoders import Encoder
from pictura.methods.iterative.run import Interrupted
from pictura.methods.iterative.settings import Settings
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.picture.resize import to_float
from pictura.runtime.arguments import check_arguments
from pictura.runtime.notebooks import notebook_bar
from pictura.style.sources import painting_tensor
from pictura.tasks.keywords import IterativeKeywords, accept_words
from pictura.tasks.optimize import StepCallback, Stop, change_settings, open_encoder, split_encoder, synthesize_texture
from pictura.tasks.stylize import check_sides

Number = TypeVar("Number", bound=np.generic)


@overload
def synthesize(
    texture: str | Path | Picture,
    size: tuple[int, int],
    settings: Settings | str = "texture",
    **changes: Unpack[IterativeKeywords],
) -> Picture: ...
@overload
def synthesize(
    texture: Image.Image,
    size: tuple[int, int],
    settings: Settings | str = "texture",
    **changes: Unpack[IterativeKeywords],
) -> Image.Image: ...
@overload
def synthesize(
    texture: NDArray[Number],
    size: tuple[int, int],
    settings: Settings | str = "texture",
    **changes: Unpack[IterativeKeywords],
) -> NDArray[Number]: ...
@overload
def synthesize(
    texture: Tensor, size: tuple[int, int], settings: Settings | str = "texture", **changes: Unpack[IterativeKeywords]
) -> Tensor: ...
@accept_words
@check_arguments
def synthesize(
    texture: PictureInput,
    size: tuple[int, int],
    settings: Settings | str = "texture",
    *,
    device: str = "auto",
    encoder: Encoder | str | None = None,
    callback: StepCallback | None = None,
    stop: Stop | None = None,
    **changes: Any,
) -> Any:
    """A new picture of `size` (height, width) with the texture of `texture`; other arguments as in `stylize`."""
    encoder, changes = split_encoder(encoder, changes)
    chosen = change_settings(settings, changes)
    check_sides(*size)
    exemplar = painting_tensor(as_picture(texture))
    encoder = encoder or open_encoder(chosen, device)
    try:
        result = synthesize_texture(exemplar, size, chosen, encoder, callback or notebook_bar(), stop)
        result = to_float(result) if isinstance(texture, Tensor) else result
        return convert_like(texture, Picture.of(result), result)
    except Interrupted as interrupted:
        picture = to_float(interrupted.picture)
        raise Interrupted(convert_like(texture, Picture.of(picture), picture)) from interrupted
