"""Sixteen bits, bit for bit: every PNG filter and interlacing against a plain encoder, TIFF against tifffile."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictura.picture import Picture, read, write
from pictura.picture.sixteen import encode_png
from pictura.runtime.errors import PicturaError

COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}
RNG = np.random.default_rng(5)
DEEP = RNG.integers(0, 65536, (7, 9, 4)).astype(np.uint16)


def predicted(filter_type, a, b, c):
    """PNG's five predictors of a byte from left, above and above left, word by word after the specification."""
    if filter_type == 4:
        p = a + b - c
        distances = (abs(p - a), abs(p - b), abs(p - c))
        return (a, b, c)[distances.index(min(distances))]
    return (0, a, b, (a + b) // 2)[filter_type]


def filtered_rows(samples, filters):
    height, _, channels = samples.shape
    step = 2 * channels
    above, out = bytes(samples.shape[1] * step), b""
    for y in range(height):
        row, kind = samples[y].astype(">u2").tobytes(), filters[y % len(filters)]
        left = bytes(step) + row
        corner = bytes(step) + above
        out += bytes([kind]) + bytes(
            (row[i] - predicted(kind, left[i], above[i], corner[i])) % 256 for i in range(len(row))
        )
        above = row
    return out


def png(samples, data, interlaced=0, extra=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, channels = samples.shape
    head = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPE[channels], 0, 0, interlaced)
    parts = [chunk(b"IHDR", head), extra and chunk(b"tRNS", extra), chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def samples_of(picture):
    """What the picture says, as the file's H×W×C integers."""
    pixels = picture.pixels[..., :1] if picture.grey else picture.pixels
    planes = [pixels] if picture.alpha is None else [pixels, picture.alpha[..., None]]
    return np.rint(np.concatenate(planes, axis=-1).astype(np.float64) * 65535).astype(np.uint16)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_reads_every_filter(tmp_path_factory, data):
    channels = data.draw(st.integers(1, 4))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    values = st.lists(st.integers(0, 65535), min_size=height * width * channels, max_size=height * width * channels)
    samples = np.array(data.draw(values), np.uint16).reshape(height, width, channels)
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(png(samples, filtered_rows(samples, filters)))
    picture = read(path)
    assert picture.depth == 16
    assert np.array_equal(samples_of(picture), samples)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_reads_interlaced(tmp_path, channels):
    samples = DEEP[..., :channels]
    passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
    data = b"".join(filtered_rows(samples[y::dy, x::dx], [4, 1, 3, 2, 0]) for y, dy, x, dx in passes)
    (tmp_path / "a.png").write_bytes(png(samples, data, interlaced=1))
    assert np.array_equal(samples_of(read(tmp_path / "a.png")), samples)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_transparent_colour(tmp_path, channels):
    samples = DEEP[..., :channels].copy()
    samples[0, 0] += 1  # a neighbour in the low byte alone is not transparent
    key = DEEP[0, 0, :channels]
    samples[3, 4] = key
    path = tmp_path / "a.png"
    path.write_bytes(png(samples, filtered_rows(samples, [0]), extra=key.astype(">u2").tobytes()))
    alpha = read(path).alpha
    assert alpha[3, 4] == 0
    assert (alpha == 0).sum() == 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_round_trip(tmp_path, suffix, channels):
    samples = DEEP[..., :channels]
    colour = samples[..., 0] if channels < 3 else samples[..., :3]
    alpha = (samples[..., -1] / 65535).astype(np.float32) if channels in (2, 4) else None
    plain = Picture.of(colour)
    picture = read(write(Picture(plain.pixels, alpha, 16, plain.grey), tmp_path / f"a.{suffix}"))
    assert picture.depth == 16
    expected = samples[..., [0, 0, 0, 1]] if (suffix, channels) == ("tif", 2) else samples
    assert np.array_equal(samples_of(picture), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_written_grey_agrees_with_pillow(tmp_path_factory, height, width, seed):
    samples = np.random.default_rng(seed).integers(0, 65536, (height, width, 1)).astype(np.uint16)
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(encode_png(samples, None, None))
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), samples[..., 0])


@pytest.mark.parametrize(
    "options",
    [{}, {"byteorder": ">"}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True, "byteorder": ">"}],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_reads_tiff(tmp_path, channels, options):
    samples = DEEP[..., :channels].copy()
    extra = ["unassalpha"] if channels == 4 else None
    kind = "minisblack" if channels == 1 else "rgb"
    values = samples[..., 0] if channels == 1 else samples
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=kind, extrasamples=extra, metadata=None, **options)
    picture = read(tmp_path / "a.tif")
    assert picture.depth == 16
    assert np.array_equal(samples_of(picture), samples)


def test_written_tiff_agrees_with_tifffile(tmp_path):
    path = write(Picture.of(DEEP[..., :3]), tmp_path / "a.tif")
    assert np.array_equal(tifffile.imread(path), DEEP[..., :3])


def test_white_is_zero(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., 0], photometric="miniswhite", metadata=None)
    assert np.array_equal(samples_of(read(tmp_path / "a.tif"))[..., 0], 65535 - DEEP[..., 0])


def test_multiplied_alpha_is_divided_out(tmp_path):
    alpha = np.full((4, 4, 1), 32768, np.uint16)
    samples = np.concatenate([np.full((4, 4, 3), 10_000, np.uint16), alpha], -1)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
    assert np.allclose(read(tmp_path / "a.tif").pixels, 10_000 / 32768, atol=1e-4)


def test_channels_apart_are_refused(tmp_path):
    planes = np.ascontiguousarray(DEEP[..., :3].transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", metadata=None)
    with pytest.raises(PicturaError, match="interleaved"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp"])
def test_formats_of_8_bits_round(tmp_path, suffix):
    picture = read(write(Picture.of(np.full((8, 8, 3), 33_000, np.uint16)), tmp_path / f"a.{suffix}"))
    assert picture.depth == 8
    assert np.abs(picture.pixels - 33_000 / 65535).max() < 2 / 255


@pytest.mark.parametrize("channels", [1, 3])
def test_orientation_of_tiff_is_applied_once(tmp_path, channels):
    stored = DEEP[..., 0] if channels == 1 else DEEP[..., :3].copy()
    kind = "minisblack" if channels == 1 else "rgb"
    turn = [(274, "H", 1, 6, True)]  # Orientation 6: turn clockwise
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=kind, metadata=None, extratags=turn)
    assert np.array_equal(samples_of(read(tmp_path / "a.tif")), np.rot90(DEEP[..., :channels], -1))
