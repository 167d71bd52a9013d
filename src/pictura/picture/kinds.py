"""Any kind of picture a caller may hold, as a `Picture`, and results as the kind of thing that was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.picture.picture import Picture
from pictura.picture.reading import read
from pictura.runtime.errors import PicturaError

# A path gives a Picture; a Picture, PIL picture, array or tensor gives its own kind.
PictureInput = str | Path | Picture | Image.Image | NDArray[Any] | Tensor


def as_picture(source: PictureInput) -> Picture:
    """Any kind of picture as a `Picture`; PIL pictures keep their alpha."""
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, Path)):
        return read(source)
    if isinstance(source, Image.Image):
        if source.mode.startswith("I"):  # 16 bits and more, which PIL's own conversion would clip at 255
            return as_picture(np.asarray(source))
        rgba = np.asarray(source.convert("RGBA"))
        alpha = (rgba[..., 3] / 255).astype(np.float32) if source.has_transparency_data else None
        return replace(Picture.of(rgba[..., :3]), alpha=alpha, grey=source.mode in ("L", "LA"))
    if isinstance(source, Tensor) and not source.is_floating_point():
        raise PicturaError(f"A tensor of {source.dtype} is no picture; give floating-point numbers in [0, 1].")
    if isinstance(source, (np.ndarray, Tensor)):
        try:
            return Picture.of(source)
        except (ValueError, RuntimeError) as error:
            raise PicturaError(f"Numbers of shape {tuple(source.shape)} are no picture: {error}.") from error
    raise PicturaError(f"A {type(source).__name__} is no picture; give a path, a PIL picture, an array or a tensor.")


def convert_like(source: PictureInput, picture: Picture, pixels: Tensor) -> Any:
    """`pixels` 1×3×H×W, uint8 or in [0, 1], as the kind of thing `source` is."""
    if isinstance(source, Tensor):
        return pixels.reshape(source.shape[:-3] + pixels.shape[1:]).to(source.device, source.dtype)
    made = picture.with_pixels(pixels)
    if isinstance(source, np.ndarray):
        return _as_array(made, source.dtype)
    if isinstance(source, Image.Image):
        image = Image.fromarray(_as_array(made, np.dtype(np.uint8)))
        if made.alpha is not None:
            image.putalpha(Image.fromarray((made.alpha * 255).round().astype(np.uint8)))
        return image
    return made


def _as_array(made: Picture, kind: np.dtype[Any]) -> NDArray[Any]:
    if made.samples.dtype == kind:
        return made.samples.copy()
    pixels = made.pixels
    if np.issubdtype(kind, np.integer):
        return (pixels * np.iinfo(kind).max).round().astype(kind)
    return pixels.astype(kind)
