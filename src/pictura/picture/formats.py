"""The supported formats: recognized by content when reading, by suffix when writing."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from pictura.runtime.errors import PicturaError, did_you_mean

# What Pillow and its plugins raise on damaged bytes, found by trying such bytes (tests/picture/test_damage.py).
DECODE_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, AttributeError),
    Image.DecompressionBombError,  # the WebP class checks Pillow's own limit all the same
)


@dataclass(frozen=True)
class Format:
    """A file format; `max_side` is the longest side it can hold in pixels, `plugin` Pillow's class for it."""

    name: str
    suffixes: tuple[str, ...]
    magic: re.Pattern[bytes]
    plugin: type[ImageFile.ImageFile]
    max_side: int
    alpha: bool = True
    deep: bool = False
    profile: bool = True


def _magic_pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# Sides: libjpeg's JPEG_MAX_DIMENSION and libwebp's WEBP_MAX_DIMENSION; for the others the reader's limit.
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
    """The format to write, by the suffix of a file name.

    Raises:
        PicturaError: no format has this suffix.
    """
    suffix = path.suffix.lower()
    for file_format in FORMATS:
        if suffix in file_format.suffixes:
            return file_format
    suffixes = [s for file_format in FORMATS for s in file_format.suffixes]
    raise PicturaError(
        f"Unsupported output '{path.name}': use one of {', '.join(suffixes)}.{did_you_mean(suffix, suffixes)}"
    )


def format_by_content(file: BinaryIO, path: Path) -> Format:
    """The format of an open file, by its first bytes.

    Raises:
        PicturaError: it is none of `FORMATS`.
    """
    file.seek(0)
    head = file.read(16)
    for file_format in FORMATS:
        if file_format.magic.match(head):
            return file_format
    problem = "is empty" if not head else "is not a supported image"
    names = ", ".join(file_format.name for file_format in FORMATS[:-1])
    raise PicturaError(f"'{path}' {problem}: give a {names} or {FORMATS[-1].name} file.")


def open_header(file: BinaryIO, path: Path) -> ImageFile.ImageFile:
    """Pillow's image of an open file, its header read and nothing decoded.

    Pillow's class is called directly: its `open` would apply its own pixel limit, a global setting.

    Raises:
        PicturaError: the header is damaged, or the file is none of `FORMATS`.
    """
    file_format = format_by_content(file, path)
    file.seek(0)
    try:
        return file_format.plugin(file, path.name)
    except DECODE_ERRORS as error:
        raise PicturaError(
            f"'{path}' is a {file_format.name} file with a damaged or unsupported header ({error}): download it again "
            "or save it with another program."
        ) from error
