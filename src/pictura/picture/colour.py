"""Convert between a file's colour profile and sRGB, both ways.

Matrix profiles and grey curves are converted in floating point (`icc`). RGB and CMYK profiles with tables go through
ImageCms in 8 bits, the best Pillow has, with a transform built for the picture's own mode. A profile that is broken,
or made for another kind of picture, is ignored: sRGB is assumed. Colours outside sRGB are clipped.
"""

import io
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image, ImageCms

from pictura.picture import icc
from pictura.picture.bands import Pixels, Samples, map_samples

S = TypeVar("S", bound=Samples)
# Profiles that differ from sRGB by less than one 8-bit step are versions of it: pixels stay as they are, bit for bit.
_SRGB_TOLERANCE = 1 / 255
_GRID = np.stack(np.meshgrid(*[np.linspace(0, 1, 9, dtype=np.float32)] * 3), axis=-1)


def to_srgb(pixels: S, profile: bytes | None, grey: bool) -> tuple[S | Pixels, bytes | None]:
    """Convert H×W×3 of a profile (a grey one if `grey`) to sRGB; returns the profile too, or None if it was ignored.

    Samples that need no conversion are returned as they are; converted ones are float32 in [0, 1].
    """
    if profile is None or profile[16:20] != (b"GRAY" if grey else b"RGB "):
        return pixels, None
    return _convert(pixels, profile, into=False)


def from_srgb(pixels: S, profile: bytes | None, grey: bool) -> tuple[S | Pixels, bytes | None]:
    """The inverse of `to_srgb`; returns the profile to embed too: by default sRGB's, none for grey pictures."""
    default = None if grey else icc.srgb_profile()
    if profile is None or profile[16:20] != (b"GRAY" if grey else b"RGB "):
        return pixels, default
    converted, used = _convert(pixels, profile, into=True)
    return converted, used or default


def _convert(pixels: S, profile: bytes, *, into: bool) -> tuple[S | Pixels, bytes | None]:
    try:
        shaper = icc.parse_profile(profile)
    except ValueError:
        try:
            return map_samples(_table_conversion(profile, into=into), pixels), profile
        except (ImageCms.PyCMSError, OSError):
            return pixels, None
    if np.abs(icc.convert_pixels(_GRID, shaper, icc.srgb()) - _GRID).max() < _SRGB_TOLERANCE:
        return pixels, profile
    ends = (icc.srgb(), shaper) if into else (shaper, icc.srgb())
    return map_samples(lambda band: icc.convert_pixels(band, *ends), pixels), profile


def _table_conversion(profile: bytes, *, into: bool) -> Callable[[Pixels], Pixels]:
    ends = [_open_profile(profile), _open_profile(icc.srgb_profile())]
    source, target = reversed(ends) if into else ends
    transform = _build_transform("RGB", source, target)

    def convert(pixels: Pixels) -> Pixels:
        image = _apply_transform(Image.fromarray(np.rint(pixels * 255).astype(np.uint8)), transform)
        return np.asarray(image).astype(np.float32) / np.float32(255)

    return convert


def cmyk_to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A CMYK picture as 8-bit sRGB, by its profile where that is valid, else by the plain complement."""
    if profile is not None and profile[16:20] == b"CMYK":
        try:
            return _apply_transform(
                image, _build_transform("CMYK", _open_profile(profile), _open_profile(icc.srgb_profile()))
            )
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")


def _open_profile(profile: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


def _build_transform(
    mode: str, source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(source, target, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)


def _apply_transform(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    return image if converted is None else converted
