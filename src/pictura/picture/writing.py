"""Write a `Picture` to a file: format by suffix, atomically, with all metadata that the format can store."""

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin

from pictura.picture import colour, formats, metadata, sixteen, tiff
from pictura.picture.bands import bands, float_samples, integer_samples
from pictura.picture.notes import Notes
from pictura.runtime import files
from pictura.runtime.errors import PicturaError, reason

if TYPE_CHECKING:
    from pictura.picture.picture import Picture

_NO_EXIF = Image.Exif().tobytes()


def check_writable(path: str | Path, overwrite: bool = False) -> Path:
    """The path, if it can be written: a supported suffix, a free name, a folder that is writable or can be created.

    Raises:
        PicturaError: it cannot.
    """
    formats.format_by_suffix(Path(path))
    return files.check_free(path, overwrite)


def check_size(path: str | Path, size: tuple[int, int]) -> None:
    """Refuse a size (height, width) that the format of this name cannot hold; before it is computed, if it is known.

    Raises:
        PicturaError: too many pixels a side, or no such format.
    """
    file_format = formats.format_by_suffix(Path(path))
    if max(size) <= file_format.max_side:
        return
    what = f"'{path}' cannot hold {size[1]}×{size[0]} pixels: {file_format.name} is limited to {file_format.max_side}"
    larger = "write a PNG" if max(size) <= formats.format_by_suffix(Path("a.png")).max_side else "make it smaller"
    raise PicturaError(f"{what} pixels per side: {larger}.")


def write(
    picture: "Picture",
    path: str | Path,
    *,
    overwrite: bool = False,
    settings: dict[str, Any] | None = None,
    quality: int = 95,
    keep_location: bool = False,
) -> Path:
    """Write PNG, JPEG, WebP, TIFF or BMP by suffix and return the path; missing folders are created.

    PNG and TIFF keep 16 bits; all but JPEG and BMP keep alpha, those put the picture on white. Pixels are converted to
    the picture's own profile, else an sRGB profile is embedded (BMP: none). A grey source stays grey if its pixels
    are (WebP has no grey). `settings` are stored inside (not in BMP); `quality`, 1 to 100, is for JPEG and WebP.
    Resolution, author, copyright and dates of the source are kept (BMP: resolution only), the place where it was taken
    only with `keep_location`.

    Raises:
        PicturaError: the name, the folder, the disk or the format does not allow it; no partial file is left.
    """
    path = check_writable(path, overwrite)
    file_format = formats.format_by_suffix(path)
    check_size(path, picture.size)
    if not 1 <= quality <= 100:
        raise PicturaError(f"quality must be between 1 and 100, got {quality} (95 is nearly lossless).")
    samples, profile = _file_samples(picture, file_format)
    text = None if settings is None else metadata.pack_settings(settings)
    beside = _Beside(picture.notes, text, keep_location)
    content = _encode(samples, file_format, profile, beside, quality)
    if file_format.name == "TIFF" and (beside.texts or beside.groups):
        content = tiff.add_tags(bytes(content), beside.texts, beside.groups)
    return files.write_atomic(path, lambda file: file.write(content), overwrite=overwrite)


class _Beside(NamedTuple):
    """What is stored beside pixels and profile."""

    notes: Notes
    text: str | None  # the settings
    keep_location: bool

    def exif(self, file_format: formats.Format) -> Image.Exif:
        """EXIF as Pillow writes it."""
        text = None if file_format.name == "PNG" else self.text
        if file_format.name == "TIFF":  # the rest is put there by `tiff`
            return metadata.build_exif(Notes(self.notes.resolution), text)
        exif = metadata.build_exif(self.notes, text)
        for group, values in self.groups.items():
            exif.get_ifd(group).update(values)
        return exif

    @property
    def texts(self) -> dict[int, str]:
        """The texts of EXIF's first directory."""
        return {tag: value for tag, value in self.notes.tags.items() if isinstance(value, str)}

    @property
    def groups(self) -> dict[ExifTags.IFD, dict[int, Any]]:
        """The other directories of EXIF."""
        return metadata.exif_groups(self.notes, keep_location=self.keep_location)


def _file_samples(picture: "Picture", file_format: formats.Format) -> tuple[NDArray[Any], bytes | None]:
    """H×W×C integers as in the file, and their profile."""
    srgb = picture.samples
    grey = picture.grey and all((srgb[rows] == srgb[rows, :, :1]).all() for rows in bands(picture.size))
    icc = picture.icc if file_format.profile else None
    own = picture.own if file_format.profile else None
    transparent = picture.alpha is not None and file_format.alpha
    dtype = np.uint16 if picture.depth == 16 and file_format.deep else np.uint8
    samples = np.empty((*picture.size, (1 if grey else 3) + transparent), dtype)
    for rows in bands(picture.size):
        pixels, profile = (own[rows], icc) if own is not None else colour.from_srgb(srgb[rows], icc, grey)
        alpha = None if picture.alpha is None else picture.alpha[rows, :, None]
        if alpha is not None and transparent:
            samples[rows, :, -1:] = integer_samples(alpha, dtype)
        elif alpha is not None:
            pixels = float_samples(pixels) * alpha + (1 - alpha)
        samples[rows, :, : 1 if grey else 3] = integer_samples(pixels[..., :1] if grey else pixels, dtype)
    return samples, profile


def _encode(
    samples: NDArray[Any], file_format: formats.Format, profile: bytes | None, beside: _Beside, quality: int
) -> bytes | memoryview:
    if samples.dtype == np.uint16 and file_format.name == "PNG":
        return sixteen.encode_png(samples, profile, beside.text, _png_chunks(beside, file_format))
    if samples.dtype == np.uint16:
        return _encode_tiff(samples, profile, beside)
    file = io.BytesIO()
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    try:
        image.save(file, file_format.name, icc_profile=profile, **_save_options(file_format, beside, quality))
    except ValueError as error:  # JPEG: more than 64 kB of settings
        raise PicturaError(
            f"The settings are too large for a {file_format.name} file ({reason(error)}): write a PNG."
        ) from error
    return file.getbuffer()


def _save_options(file_format: formats.Format, beside: _Beside, quality: int) -> dict[str, Any]:
    info = PngImagePlugin.PngInfo()
    if beside.text is not None:
        info.add_itxt("pictura", beside.text)
    for key, value in beside.notes.texts.items():
        info.add_itxt(key, value)
    # Full colour resolution: the usual half blurs the edges of painted strokes.
    options: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": info},
        "JPEG": {"quality": quality, "subsampling": 0},
        "WebP": {"quality": quality, "exact": True},
        "TIFF": {"compression": "tiff_adobe_deflate"},
        "BMP": {},
    }
    chosen = options[file_format.name]
    if beside.notes.resolution is not None:
        chosen["dpi"] = beside.notes.resolution
    if file_format.name != "BMP" and (content := beside.exif(file_format).tobytes()) != _NO_EXIF:
        chosen["exif"] = content
    return chosen


def _png_chunks(beside: _Beside, file_format: formats.Format) -> list[tuple[bytes, bytes]]:
    """Resolution, EXIF and texts for a PNG that Pillow does not write."""
    chunks = []
    if beside.notes.resolution is not None:  # pixels per metre
        across, down = (round(side / 0.0254) for side in beside.notes.resolution)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if (content := beside.exif(file_format).tobytes()) != _NO_EXIF:
        chunks.append((b"eXIf", content.removeprefix(b"Exif\0\0")))
    return chunks + [(b"iTXt", sixteen.pack_text(key, value)) for key, value in beside.notes.texts.items()]


def _encode_tiff(samples: NDArray[np.uint16], profile: bytes | None, beside: _Beside) -> bytes:
    import tifffile  # slow to import and rarely needed

    if samples.shape[2] == 2:  # Pillow, our reader, does not support TIFFs of grey with alpha
        samples = samples[..., [0, 0, 0, 1]]
    resolution = beside.notes.resolution
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        samples[..., 0] if samples.shape[2] == 1 else samples,
        photometric="minisblack" if samples.shape[2] == 1 else "rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
        compression="zlib",
        iccprofile=profile,
        description=beside.text,
        metadata=None,
        resolution=resolution,
        resolutionunit=None if resolution is None else "INCH",
    )
    return file.getvalue()
