"""Write a `Picture` to a file: format by suffix, atomically, with all metadata that the format can store."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from pictura.picture import colour, formats, metadata, sixteen
from pictura.picture.bands import bands, float_samples, integer_samples
from pictura.runtime import files
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.picture.picture import Picture


def check_writable(path: str | Path, overwrite: bool = False) -> Path:
    """The path, if it can be written: a supported suffix, a free name, a folder that is writable or can be created.

    Raises:
        PicturaError: it cannot.
    """
    formats.format_by_suffix(Path(path))
    return files.check_free(path, overwrite)


def write(
    picture: "Picture",
    path: str | Path,
    *,
    overwrite: bool = False,
    settings: dict[str, Any] | None = None,
    quality: int = 95,
) -> Path:
    """Write PNG, JPEG, WebP, TIFF or BMP by suffix and return the path; missing folders are created.

    PNG and TIFF keep 16 bits; all but JPEG and BMP keep alpha, those put the picture on white. Pixels are converted to
    the picture's own profile, else an sRGB profile is embedded (BMP: none). A grey source stays grey if its pixels
    are (WebP has no grey). `settings` are stored inside (not in BMP); `quality`, 1 to 100, is for JPEG and WebP.

    Raises:
        PicturaError: the name, the folder, the disk or the format does not allow it; no partial file is left.
    """
    path = check_writable(path, overwrite)
    file_format = formats.format_by_suffix(path)
    if max(picture.size) > file_format.max_side:
        raise PicturaError(
            f"{file_format.name} is limited to {file_format.max_side} pixels per side: write '{path}' as PNG."
        )
    if not 1 <= quality <= 100:
        raise PicturaError(f"quality must be between 1 and 100, got {quality} (95 is nearly lossless).")
    samples, profile = _file_samples(picture, file_format)
    text = None if settings is None else metadata.pack_settings(settings)
    content = _encode(samples, file_format, profile, text, quality)
    return files.write_atomic(path, lambda file: file.write(content), overwrite=overwrite)


def _file_samples(picture: "Picture", file_format: formats.Format) -> tuple[NDArray[Any], bytes | None]:
    """H×W×C integers as in the file, and their profile."""
    srgb = picture.samples
    grey = picture.grey and all((srgb[rows] == srgb[rows, :, :1]).all() for rows in bands(picture.size))
    icc = picture.icc if file_format.profile else None
    transparent = picture.alpha is not None and file_format.alpha
    dtype = np.uint16 if picture.depth == 16 and file_format.deep else np.uint8
    samples = np.empty((*picture.size, (1 if grey else 3) + transparent), dtype)
    for rows in bands(picture.size):
        pixels, profile = colour.from_srgb(srgb[rows], icc, grey)
        alpha = None if picture.alpha is None else picture.alpha[rows, :, None]
        if alpha is not None and transparent:
            samples[rows, :, -1:] = integer_samples(alpha, dtype)
        elif alpha is not None:
            pixels = float_samples(pixels) * alpha + (1 - alpha)
        samples[rows, :, : 1 if grey else 3] = integer_samples(pixels[..., :1] if grey else pixels, dtype)
    return samples, profile


def _encode(
    samples: NDArray[Any], file_format: formats.Format, profile: bytes | None, text: str | None, quality: int
) -> bytes | memoryview:
    if samples.dtype == np.uint16:
        encode = sixteen.encode_png if file_format.name == "PNG" else _encode_tiff
        return encode(samples, profile, text)
    file = io.BytesIO()
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    try:
        image.save(file, file_format.name, icc_profile=profile, **_save_options(file_format, text, quality))
    except ValueError as error:  # JPEG: more than 64 kB of settings
        raise PicturaError(
            f"The settings are too large for a {file_format.name} file ({error}): write a PNG."
        ) from error
    return file.getbuffer()


def _save_options(file_format: formats.Format, text: str | None, quality: int) -> dict[str, Any]:
    exif = Image.Exif()
    info = PngImagePlugin.PngInfo()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if text is not None:
        exif[ExifTags.Base.ImageDescription] = tags[ExifTags.Base.ImageDescription] = text
        info.add_itxt("pictura", text)
    options: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": info},
        # Full colour resolution: the usual half blurs the edges of painted strokes.
        "JPEG": {"quality": quality, "subsampling": 0, "exif": exif},
        "WebP": {"quality": quality, "exif": exif, "exact": True},
        "TIFF": {"compression": "tiff_adobe_deflate", "tiffinfo": tags},
        "BMP": {},
    }
    return options[file_format.name]


def _encode_tiff(samples: NDArray[np.uint16], profile: bytes | None, text: str | None) -> bytes:
    import tifffile  # slow to import and rarely needed

    if samples.shape[2] == 2:  # Pillow, our reader, does not support TIFFs of grey with alpha
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
