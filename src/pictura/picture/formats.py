"""The formats read and written: known by content when reading, by suffix when writing."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from pictura.runtime.errors import PicturaError, did_you_mean

# What Pillow and its plugins raise on damaged bytes; seen by feeding them such bytes (tests/picture/test_damage.py).
DECODE_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, AttributeError),
    Image.DecompressionBombError,  # the WebP class asks Pillow's own limit all the same
)


@dataclass(frozen=True)
class Format:
    """One file format; `side` is the longest side it can hold in pixels, `plugin` Pillow's class for it."""

    name: str
    suffixes: tuple[str, ...]
    magic: re.Pattern[bytes]
    plugin: type[ImageFile.ImageFile]
    side: int
    alpha: bool = True
    deep: bool = False
    profile: bool = True


def _magic_pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# Sides: libjpeg's JPEG_MAX_DIMENSION and libwebp's WEBP_MAX_DIMENSION; the others are held to the reader's limit.
FORMATS = (
    Format("PNG", (".png",), _magic_pattern(rb"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile, 65535, deep=True),
    Format(
        "JPEG", (".jpg", ".jpeg"), _magic_pattern(rb"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile, 65500, alpha=False
    ),
    Format("WebP", (".webp",), _magic_pattern(rb"RIFF....WEBP"), WebPImagePlugin.WebPImageFile, 16383),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        _magic_pattern(rb"II[*+]\0|MM\0[*+]"),
        TiffImagePlugin.TiffImageFile,
        65535,
        deep=True,
    ),
    Format(
        "BMP",
        (".bmp",),
        _magic_pattern(rb"BM.{4}\0{4}"),
        BmpImagePlugin.BmpImageFile,
        65535,
        alpha=False,
        profile=False,
    ),
)


def format_by_suffix(path: Path) -> Format:
    """The format to write for a file name; PicturaError when its suffix names none."""
    suffix = path.suffix.lower()
    for known in FORMATS:
        if suffix in known.suffixes:
            return known
    suffixes = [s for known in FORMATS for s in known.suffixes]
    raise PicturaError(
        f"'{path.name}' does not say in which format to write: let it end in one of {', '.join(suffixes)}."
        + did_you_mean(suffix, suffixes)
    )


def format_by_content(file: BinaryIO, path: Path) -> Format:
    """The format of an open file, found by its first bytes; PicturaError when it is none of `FORMATS`."""
    file.seek(0)
    head = file.read(16)
    for known in FORMATS:
        if known.magic.match(head):
            return known
    what = "is empty" if not head else "is not a picture that can be read"
    raise PicturaError(f"'{path}' {what}: give a {', '.join(f.name for f in FORMATS[:-1])} or {FORMATS[-1].name} file.")


def open_header(file: BinaryIO, path: Path) -> ImageFile.ImageFile:
    """Pillow's picture of an open file, header read and nothing decoded; PicturaError when it is damaged.

    Pillow's class is called directly: its `open` would apply its own pixel limit, a global setting.
    """
    known = format_by_content(file, path)
    file.seek(0)
    try:
        return known.plugin(file, path.name)
    except DECODE_ERRORS as error:
        raise PicturaError(f"'{path}' is a {known.name} file with a damaged or unsupported header: {error}.") from error
