"""Sizes that a header asks for, compared with the bytes that are there, before anything of that size is made."""

import io
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ImageFile

from pictura.picture import sixteen
from pictura.runtime.errors import PicturaError

# How many times larger than its file a picture can be, by what compresses it. Deflate: "1032:1 in the limit"
# (zlib, Technical Details). LZW: a code of 12 bits stands for 4096 bytes at most. PackBits: 2 bytes for 128. What is
# not here, such as WebP and fax, has no such limit: there the sides alone are checked.
_DEFLATE, _LZW, _PACKBITS = 1032, 2731, 64
_EXPANSION = {
    **{"PNG": _DEFLATE, "GIF": _LZW, "BMP": 1},
    **{"raw": 1, "packbits": _PACKBITS, "tiff_lzw": _LZW, "tiff_deflate": _DEFLATE, "tiff_adobe_deflate": _DEFLATE},
}
_BITS = {"1": 1, "L": 8, "P": 8, "RGB": 15, "CMYK": 32}  # of a pixel in the file, at least; 15 is a BMP's
# A Huffman code has a bit or more for each 8×8 block: 18 bits for 32×32 pixels where colour has a quarter of the sides,
# 853 times. Arithmetic coding, which is all but unknown, can do with less: what needs little memory is not asked.
_JPEG_EXPANSION, _JPEG_FREE = 1024, 2**24
_TILE_SIDES = (322, 323)  # TIFF tags TileWidth and TileLength
_TILE_STEP = 16  # tiles' sides are multiples of it (TIFF 6.0, §15)
_TILE_FREE = 2**24  # bytes of a tile that may be larger than its picture: of 2048×2048 in colour, larger than any seen
_CANVAS = 2**28  # pixels of a WebP's canvas: the square of 16384, where libwebp's frames end


def check_canvas(head: bytes, path: Path) -> None:
    """Refuse an extended WebP by the first bytes of its file: its decoder makes two canvases before it tells the size.

    Raises:
        PicturaError: the canvas is larger than any picture of the format.
    """
    width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    if head[:4] == b"RIFF" and head[12:16] == b"VP8X" and width * height > _CANVAS:
        raise PicturaError(f"'{path}' is damaged: it asks for {width} × {height} pixels, more than a WebP can have.")


def check_sizes(image: ImageFile.ImageFile, file: BinaryIO, path: Path) -> None:
    """Compare what the header of an opened image, not yet decoded, asks for with the bytes of its file.

    Raises:
        PicturaError: so few bytes cannot hold so many pixels, or a tile is larger than picture and file.
    """
    kind = str(image.info.get("compression")) if image.format == "TIFF" else str(image.format)
    if image.format == "BMP" and image.info.get("compression") in (1, 2):  # run lengths may end early
        return
    place = file.tell()
    there = file.seek(0, io.SEEK_END)
    file.seek(place)
    asked = image.size[0] * image.size[1] * _bits_per_pixel(image) // 8
    room = there * _EXPANSION.get(kind, _JPEG_EXPANSION)
    if (kind in _EXPANSION or (image.format == "JPEG" and asked > _JPEG_FREE)) and asked > room:
        raise _size_error(path, image.size, there)
    _check_tile(image, there * _EXPANSION.get(kind, 1), there, path)


def _check_tile(image: ImageFile.ImageFile, room: int, there: int, path: Path) -> None:
    tags = getattr(image, "tag_v2", {})
    width, height = (_as_number(tags.get(tag)) for tag in _TILE_SIDES)
    whole = (image.size[0] + _TILE_STEP) * (image.size[1] + _TILE_STEP)
    size = max(8, _bits_per_pixel(image)) // 8
    if width * height > whole and width * height * size > max(room, _TILE_FREE):
        raise _size_error(path, (width, height), there)


def _bits_per_pixel(image: ImageFile.ImageFile) -> int:
    raw = sixteen.raw_mode(image)
    if image.mode in ("L", "P") and ";" in raw:
        return next((bits for bits in (4, 2) if f";{bits}" in raw), 1)
    return _BITS.get(image.mode, 16)


def _as_number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _size_error(path: Path, size: tuple[int, int], there: int) -> PicturaError:
    return PicturaError(
        f"'{path}' is damaged: it asks for {size[0]} × {size[1]} pixels at once, which its {there} bytes cannot hold: "
        "download or copy it again."
    )
