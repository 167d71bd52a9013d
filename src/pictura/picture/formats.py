"""The supported formats: recognized by content when reading, by suffix when writing."""

import io
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from pictura.picture import limits, sixteen
from pictura.picture.png import open_png
from pictura.runtime.errors import PicturaError, did_you_mean, reason

# What Pillow and its plugins raise on damaged bytes, found by trying such bytes (tests/picture/test_damage.py).
DECODE_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, AttributeError),
    *(struct.error, ZeroDivisionError),
    Image.DecompressionBombError,  # the WebP class checks Pillow's own limit all the same
)


@dataclass(frozen=True)
class Format:
    """A file format; `max_side` is the longest side it can hold in pixels, `plugin` Pillow's class for it.

    What is not `writable` is only read: GIF has 256 colours, AVIF no use here that PNG and WebP have not.
    """

    name: str
    suffixes: tuple[str, ...]
    magic: re.Pattern[bytes]
    plugin: type[ImageFile.ImageFile]
    max_side: int
    alpha: bool = True
    deep: bool = False
    profile: bool = True
    writable: bool = True


def _magic_pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# Sides: libjpeg's JPEG_MAX_DIMENSION and libwebp's WEBP_MAX_DIMENSION; for the others the reader's limit.
FORMATS = (
    Format("PNG", (".png",), _magic_pattern(rb"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile, 65535, deep=True),
    Format(
        "JPEG",
        (".jpg", ".jpeg", ".jfif", ".jpe", ".jif"),
        _magic_pattern(rb"\xff\xd8\xff"),
        JpegImagePlugin.JpegImageFile,
        65500,
        alpha=False,
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
    Format("GIF", (".gif",), _magic_pattern(rb"GIF8[79]a"), GifImagePlugin.GifImageFile, 65535, writable=False),
    Format(
        "AVIF",
        (".avif",),
        # The brand itself, or one of the general ones with it among those that go along (ISO 23000-22, AVIF 1.1 §6).
        _magic_pattern(rb"....ftyp(avi[fs]|(mif1|miaf|msf1).{4}(.{4})*avi[fs])"),
        AvifImagePlugin.AvifImageFile,
        65535,
        writable=False,
    ),
)
READABLE_SUFFIXES = tuple(suffix for file_format in FORMATS for suffix in file_format.suffixes)
WRITABLE_SUFFIXES = tuple(suffix for file_format in FORMATS if file_format.writable for suffix in file_format.suffixes)


def format_by_suffix(path: Path) -> Format:
    """The format to write, by the suffix of a file name.

    Raises:
        PicturaError: no format has this suffix.
    """
    suffix = path.suffix.lower()
    for file_format in FORMATS:
        if suffix in file_format.suffixes and file_format.writable:
            return file_format
    raise PicturaError(
        f"Unsupported output '{path.name}': use one of {', '.join(WRITABLE_SUFFIXES)}."
        f"{did_you_mean(suffix, WRITABLE_SUFFIXES)}"
    )


def format_by_content(file: BinaryIO, path: Path) -> Format:
    """The format of an open file, by its first bytes.

    Raises:
        PicturaError: it is none of `FORMATS`.
    """
    file.seek(0)
    head = file.read(64)
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
    there = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        return _open_image(file_format, file, there, path)
    except DECODE_ERRORS as error:
        raise PicturaError(
            f"'{path}' is a {file_format.name} file with a damaged or unsupported header ({reason(error)}): "
            "download it again or save it with another program."
        ) from error


def _open_image(file_format: Format, file: BinaryIO, there: int, path: Path) -> ImageFile.ImageFile:
    if file_format.name == "PNG":
        readable, profile = open_png(file, there, path)
        image = file_format.plugin(readable, path.name)
        if profile is not None:
            image.info["icc_profile"] = profile
        scale_transparent_grey(image)
        return image
    limits.check_canvas(file.read(30), path)
    file.seek(0)
    return file_format.plugin(file, path.name)


def scale_transparent_grey(image: ImageFile.ImageFile) -> None:
    """PNG's transparent grey as Pillow decodes grey: of 1, 2 or 4 bits it is stored unscaled, and left so.

    Before the image is decoded: then its bits are forgotten.
    """
    key, raw = image.info.get("transparency"), sixteen.raw_mode(image)
    if image.mode in ("1", "L") and isinstance(key, int):
        bits = 1 if image.mode == "1" else int(raw.partition(";")[2] or 8)
        image.info["transparency"] = (key & (2**bits - 1)) * 255 // (2**bits - 1)
