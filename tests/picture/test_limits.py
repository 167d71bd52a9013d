"""A small file that asks for gigabytes is refused before they are made."""

import io
import resource
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pictura.data.decode import decode_image
from pictura.picture import read
from pictura.runtime.errors import PicturaError

pytestmark = pytest.mark.kinds
MEBIBYTES = 48  # more than reading a small picture takes, far less than what these files ask for


def png(width, height, *, length=None):
    def chunk(kind, data, length=None):
        return (
            struct.pack(">I", len(data) if length is None else length)
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100), length)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def tiff(width, height, compression, *more):
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1)]
    tags = sorted([*tags, (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 20), *more])
    if more:  # tiles instead of strips
        tags = [tag for tag in tags if tag[0] not in (273, 278, 279)]
    start = 8 + 20
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0" * 4
    return b"II*\0" + struct.pack("<I", start) + zlib.compress(b"\0" * 64).ljust(20, b"\0") + body


def tiles(width, height):
    return (322, 4, 1, width), (323, 4, 1, height), (324, 4, 1, 8), (325, 4, 1, 20)


def gif(screen, frame):
    stream = io.BytesIO()
    Image.new("P", (8, 8)).save(stream, "GIF")
    content = bytearray(stream.getvalue())
    struct.pack_into("<HH", content, 6, *screen)
    at = content.index(b"\x2c", 13)
    struct.pack_into("<HH", content, at + 5, *frame)
    return bytes(content)


def webp(width, height):
    body = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bmp(width, height):
    return (
        b"BM"
        + struct.pack("<IHHI", 200, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + b"\0" * 100
    )


def jpeg(width, height):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    content = bytearray(stream.getvalue())
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    return bytes(content)


FILES = {
    "png": png(10000, 10000),
    "png-chunk": png(8, 8, length=0xFFFFFFFF),
    "tiff-raw": tiff(10000, 10000, 1),
    "tiff-lzw": tiff(10000, 10000, 5),
    "tiff-deflate": tiff(10000, 10000, 8),
    "tiff-packbits": tiff(10000, 10000, 32773),
    "tiff-tile": tiff(16, 16, 8, *tiles(16, 0x7FFFFFF0)),
    "tiff-tiles": tiff(16, 16, 7, *tiles(40000, 40000)),
    "gif-screen": gif((10000, 10000), (10000, 10000)),
    "gif-frame": gif((8, 8), (10000, 10000)),
    "webp-canvas": webp(0xFFFFFF - 1, 100),
    "bmp": bmp(10000, 10000),
    "jpeg": jpeg(10000, 10000),
}


@pytest.mark.parametrize("name", FILES)
def test_a_small_file_that_asks_for_much(tmp_path, name):
    path = tmp_path / "a"
    path.write_bytes(FILES[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for action in (read, decode_image):
        with pytest.raises(PicturaError) as refused:
            action(path)
        assert "\n" not in str(refused.value)
        assert len(FILES[name]) < 2000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEBIBYTES * 2**10


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {"compress_level": 9}),
        ("gif", {}),
        ("jpg", {"quality": 1, "progressive": True, "optimize": True}),
        ("webp", {"lossless": True}),
        *(("tif", {"compression": name}) for name in ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "group4")),
        ("bmp", {}),
    ],
    ids=str,
)
def test_the_flattest_pictures_are_read(tmp_path, suffix, options):
    """Nothing has more pixels a byte than one colour, large."""
    mode = "1" if options.get("compression") == "group4" else "L"
    Image.new(mode, (4500, 4400), 1).save(tmp_path / f"a.{suffix}", **options)
    assert read(tmp_path / f"a.{suffix}").size == (4400, 4500)


def test_a_tile_larger_than_its_picture_is_read(tmp_path):
    import tifffile

    values = np.arange(100 * 90, dtype=np.uint32).reshape(100, 90).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, tile=(512, 512), compression="zlib")
    assert np.array_equal(read(tmp_path / "a.tif").samples[..., 0], values)
