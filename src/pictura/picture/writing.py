"""Write a `Picture` to a file: format by suffix, whole or not at all, everything kept that the format can hold."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from pictura.picture import colour, formats, metadata, sixteen
from pictura.picture.bands import Samples, bands, float_samples
from pictura.picture.picture import Picture
from pictura.runtime import files
from pictura.runtime.errors import PicturaError


def check_writable(path: str | Path, overwrite: bool = False) -> Path:
    """The cheap check before anything slow: a known suffix, a free name, a folder that can be written or made."""
    formats.format_by_suffix(Path(path))
    return files.check_free(path, overwrite)


def write(
    picture: Picture,
    path: str | Path,
    *,
    overwrite: bool = False,
    settings: dict[str, Any] | None = None,
    quality: int = 95,
) -> Path:
    """Write PNG, JPEG, WebP, TIFF or BMP by suffix and return the path; missing folders are made.

    PNG and TIFF keep 16 bits; all but JPEG and BMP keep alpha, those lay the picture on white. Pixels go back into
    the picture's own profile, else an sRGB profile is embedded (BMP: none). A grey source stays grey while its
    pixels are (WebP has no grey). `settings` travel inside (BMP: not); `quality`, 1 to 100, is for JPEG and WebP.
    PicturaError when the name, the folder, the disk or the format stands in the way; then nothing is left behind.
    """
    path = check_writable(path, overwrite)
    known = formats.format_by_suffix(path)
    if max(picture.size) > known.side:
        raise PicturaError(f"'{path}' cannot hold more than {known.side} pixels a side in {known.name}: write a PNG.")
    if not 1 <= quality <= 100:
        raise PicturaError(f"A quality of {quality} is not between 1 and 100: give 95 for nearly no loss.")
    samples, profile = _file_samples(picture, known)
    text = None if settings is None else metadata.pack_settings(settings)
    content = _encode(samples, known, profile, text, quality)
    return files.write_atomic(path, lambda file: file.write(content), overwrite=overwrite)


def _file_samples(picture: Picture, known: formats.Format) -> tuple[NDArray[Any], bytes | None]:
    """H×W×C integers as the file holds them, and the profile they are in."""
    given = picture.samples
    grey = picture.grey and all((given[rows] == given[rows, :, :1]).all() for rows in bands(picture.size))
    used = picture.icc if known.profile else None
    transparent = picture.alpha is not None and known.alpha
    kind = np.uint16 if picture.depth == 16 and known.deep else np.uint8
    samples = np.empty((*picture.size, (1 if grey else 3) + transparent), kind)
    for rows in bands(picture.size):
        pixels, profile = colour.from_srgb(given[rows], used, grey)
        alpha = None if picture.alpha is None else picture.alpha[rows, :, None]
        if alpha is not None and transparent:
            samples[rows, :, -1:] = _to_integers(alpha, kind)
        elif alpha is not None:
            pixels = float_samples(pixels) * alpha + (1 - alpha)
        samples[rows, :, : 1 if grey else 3] = _to_integers(pixels[..., :1] if grey else pixels, kind)
    return samples, profile


def _to_integers(samples: Samples, kind: type[np.uint8 | np.uint16]) -> NDArray[Any]:
    if samples.dtype == kind:
        return samples
    values: NDArray[np.float32] = np.rint(float_samples(samples) * np.float32(np.iinfo(kind).max))
    return values.astype(kind)


def _encode(
    samples: NDArray[Any], known: formats.Format, profile: bytes | None, text: str | None, quality: int
) -> bytes | memoryview:
    if samples.dtype == np.uint16:
        encode = sixteen.encode_png if known.name == "PNG" else _encode_tiff
        return encode(samples, profile, text)
    file = io.BytesIO()
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    try:
        image.save(file, known.name, icc_profile=profile, **_save_options(known, text, quality))
    except ValueError as error:  # JPEG: more than 64 kB of settings
        raise PicturaError(f"The settings do not fit into a {known.name} file ({error}): write a PNG.") from error
    return file.getbuffer()


def _save_options(known: formats.Format, text: str | None, quality: int) -> dict[str, Any]:
    exif = Image.Exif()
    info = PngImagePlugin.PngInfo()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if text is not None:
        exif[ExifTags.Base.ImageDescription] = tags[ExifTags.Base.ImageDescription] = text
        info.add_itxt("pictura", text)
    options: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": info},
        # Full colour resolution: halved, as is usual, it blurs the edges of painted strokes.
        "JPEG": {"quality": quality, "subsampling": 0, "exif": exif},
        "WebP": {"quality": quality, "exif": exif, "exact": True},
        "TIFF": {"compression": "tiff_adobe_deflate", "tiffinfo": tags},
        "BMP": {},
    }
    return options[known.name]


def _encode_tiff(samples: NDArray[np.uint16], profile: bytes | None, text: str | None) -> bytes:
    import tifffile  # slow to import and rarely needed

    if samples.shape[2] == 2:  # grey with alpha is a kind of TIFF that Pillow, our reader, does not know
        samples = samples[..., [0, 0, 0, 1]]
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        samples[..., 0] if samples.shape[2] == 1 else samples,
        photometric="minisblack" if samples.shape[2] == 1 else "rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
        compression="zlib",
        iccprofile=profile,
        description=text,
        metadata=None,
    )
    return file.getvalue()
