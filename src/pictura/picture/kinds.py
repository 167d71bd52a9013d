"""Convert any kind of picture to a `Picture`, and results back to the kind that was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.picture import writing
from pictura.picture.picture import Picture
from pictura.picture.reading import read
from pictura.picture.value_range import check_range
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError

# A path gives a Picture; a Picture, PIL image, array or tensor gives its own kind.
PictureInput = str | Path | Picture | Image.Image | NDArray[Any] | Tensor


def as_picture(source: PictureInput) -> Picture:
    """Any kind of picture as a `Picture`; PIL images keep their alpha.

    Raises:
        PicturaError: a file cannot be read, or the value is not an image.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, Path)):
        return read(source)
    if isinstance(source, Tensor) and not source.is_floating_point():
        raise PicturaError(f"Expected a floating-point image tensor in [0, 1], got {source.dtype}: convert it.")
    if isinstance(source, Image.Image):
        try:
            return _from_pil(source)
        except (ValueError, OSError, SyntaxError) as error:  # of a mode without a way to RGB, of a file cut short
            raise PicturaError(f"The PIL picture of mode {source.mode} cannot be used: {error}.") from error
    if isinstance(source, (np.ndarray, Tensor)):
        try:
            return Picture.of(source)
        except (ValueError, RuntimeError) as error:
            raise PicturaError(
                f"Expected an image of shape 1×3×H×W or H×W×3, got {tuple(source.shape)}: {error}."
            ) from error
    raise PicturaError(f"Expected a path, PIL image, array or tensor, got {type(source).__name__}.")


def _from_pil(source: Image.Image) -> Picture:
    if source.mode[0] in "IF":  # 16 bits and more, and floats, which PIL's own conversion would clip at 255
        return Picture.of(np.asarray(source))
    rgba = np.asarray(source.convert("RGBA"))
    alpha = (rgba[..., 3] / 255).astype(np.float32) if source.has_transparency_data else None
    return replace(Picture.of(np.ascontiguousarray(rgba[..., :3])), alpha=alpha, grey=source.mode in ("L", "LA"))


def check_image_range(image: Tensor) -> Tensor:
    """A tensor that is taken as it is, if its numbers are in [0, 1].

    Raises:
        PicturaError: they are not.
    """
    try:
        check_range(image)
    except ValueError as error:
        raise PicturaError(f"Expected an image in [0, 1]: {error}.") from error
    return image


@check_arguments
def write(
    picture: PictureInput,
    path: str | Path,
    *,
    overwrite: bool = False,
    settings: dict[str, Any] | None = None,
    quality: int = 95,
    keep_location: bool = False,
) -> Path:
    """Write a picture of any kind, whatever `stylize` gives, and return the path; missing folders are created.

    PNG, JPEG, WebP, TIFF or BMP by suffix, see `pictura.picture.writing.write`.

    Raises:
        PicturaError: it is no picture, or the name, the folder, the disk or the format does not allow it; no partial
            file is left.
    """
    ready = as_picture(picture)
    return writing.write(
        ready, path, overwrite=overwrite, settings=settings, quality=quality, keep_location=keep_location
    )


def convert_like(source: PictureInput, picture: Picture, pixels: Tensor, *, own: bool = False) -> Any:
    """`pixels` 1×3×H×W, uint8 or in [0, 1], as the same kind of picture as `source`; with `own` see `with_pixels`."""
    if isinstance(source, Tensor) and picture.alpha is None:
        return pixels.reshape(source.shape[:-3] + pixels.shape[1:]).to(source.device, source.dtype)
    output = picture.with_pixels(pixels, own=own)
    if isinstance(source, Tensor):
        rgba = output.tensor(alpha=True)
        return rgba.reshape(source.shape[:-3] + rgba.shape[1:]).to(source.device, source.dtype)
    if isinstance(source, np.ndarray):
        return _as_array(output, source.dtype)
    if isinstance(source, Image.Image):
        return Image.fromarray(_as_array(output, np.dtype(np.uint8)))
    return output


def _as_array(picture: Picture, dtype: np.dtype[Any]) -> NDArray[Any]:
    """H×W×3, or H×W×4 with its alpha."""
    if picture.samples.dtype == dtype and picture.alpha is None:
        return picture.samples.copy()
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = np.concatenate([pixels, picture.alpha[..., None]], axis=-1)
    if np.issubdtype(dtype, np.integer):
        return (pixels * np.iinfo(dtype).max).round().astype(dtype)
    return pixels.astype(dtype)
