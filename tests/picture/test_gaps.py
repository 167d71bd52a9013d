"""Sound pictures that the libraries underneath refuse or read otherwise than they mean."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pictura.data.decode import decode_image
from pictura.picture import READABLE_SUFFIXES, WRITABLE_SUFFIXES, check_writable, icc, read, write
from pictura.picture.kinds import as_picture
from pictura.runtime.errors import PicturaError

pytestmark = pytest.mark.kinds
RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (40, 30, 3), np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, bits, colour, rows, *more):
    header = struct.pack(">IIBBBBB", size[1], size[0], bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_transparent_grey_of_any_depth(tmp_path, bits):
    numbers = RNG.integers(0, 2**bits, (6, 16), np.uint8)
    rows = np.packbits(((numbers[..., None] >> np.arange(bits)[::-1]) & 1).reshape(6, -1), axis=1)
    (tmp_path / "a.png").write_bytes(png((6, 16), bits, 0, rows, chunk(b"tRNS", struct.pack(">H", 1))))
    picture = read(tmp_path / "a.png")
    assert np.array_equal(picture.alpha == 0, numbers == 1)
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(as_picture(image).alpha, picture.alpha)
    np.testing.assert_allclose(picture.pixels[..., 0], numbers / (2**bits - 1), atol=1 / 255)


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "behind"])
def test_large_texts(tmp_path, kind):
    text = "long " * 400_000
    info = PngImagePlugin.PngInfo()
    info.add_itxt("pictura", '{"pictura": {"seed": 3}}')
    if kind == "behind":  # behind the pixels, where it is read when they are
        info.add(b"zTXt", b"Comment\0\0" + zlib.compress(text.encode()), after_idat=True)
    else:
        (info.add_text if kind == "zTXt" else info.add_itxt)("Comment", text, zip=True)
    Image.fromarray(NOISE).save(tmp_path / "a.png", pnginfo=info)
    picture = read(tmp_path / "a.png")
    assert np.array_equal(picture.samples, NOISE)
    assert picture.settings == {"seed": 3}
    assert np.array_equal(decode_image(tmp_path / "a.png").samples, NOISE)


@pytest.mark.parametrize("deep", [False, True])
def test_large_profiles(tmp_path, deep):
    profile = icc.gamma_profile(1.0, grey=False)
    profile += RNG.bytes(2**21)
    header = struct.pack(">I", len(profile)) + profile[4:]
    rows = NOISE.reshape(40, -1) if not deep else np.repeat(NOISE.reshape(40, -1), 2, axis=1)
    content = png((40, 30), 16 if deep else 8, 2, rows, chunk(b"iCCP", b"large\0\0" + zlib.compress(header)))
    (tmp_path / "a.png").write_bytes(content)
    picture = read(tmp_path / "a.png")
    assert picture.icc == header
    assert picture.pixels.mean() > NOISE.mean() / 255 + 0.1  # light as it is, lighter in sRGB
    assert read(write(picture, tmp_path / "b.png")).icc == header


@pytest.mark.parametrize("kind", ["L", "RGB", "progressive"])
def test_a_jpeg_without_its_end_mark(tmp_path, kind):
    image = Image.fromarray(NOISE).convert("L" if kind == "L" else "RGB")
    image.save(tmp_path / "a.jpg", quality=90, progressive=kind == "progressive")
    content, expected = (tmp_path / "a.jpg").read_bytes(), read(tmp_path / "a.jpg").samples
    assert content.endswith(b"\xff\xd9")
    for tail in (b"", b"\xff", b"\0" * 50):
        (tmp_path / "a.jpg").write_bytes(content[:-2] + tail)
        assert np.array_equal(read(tmp_path / "a.jpg").samples, expected)
    decoded = decode_image(tmp_path / "a.jpg").samples
    assert np.array_equal(decoded, expected[..., :1] if kind == "L" else expected)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_some_rows_is_refused(tmp_path, progressive):
    Image.fromarray(NOISE).save(tmp_path / "a.jpg", quality=90, progressive=progressive)
    content = (tmp_path / "a.jpg").read_bytes()
    for missing in (20, 60, len(content) // 3):
        (tmp_path / "a.jpg").write_bytes(content[:-missing])
        with pytest.raises(PicturaError, match="truncated or damaged"):
            read(tmp_path / "a.jpg")


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("gamma", [1.0, 0.5556, 0.3])
def test_gamma_without_a_profile(tmp_path, gamma, grey):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", round(gamma * 100000)))
    given = NOISE[..., 0] if grey else NOISE
    Image.fromarray(given).save(tmp_path / "a.png", pnginfo=info)
    picture = read(tmp_path / "a.png")
    light = (given / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(picture.pixels[..., 0] if grey else picture.pixels, srgb, atol=0.003)
    with Image.open(write(picture, tmp_path / "b.png")) as again:
        assert np.array_equal(np.asarray(again), given)
        assert again.info["icc_profile"] == picture.icc
    decoded = decode_image(tmp_path / "a.png").samples / 255
    np.testing.assert_allclose(decoded[..., 0] if grey else decoded, srgb, atol=0.005)


@pytest.mark.parametrize("more", [[(b"gAMA", 45455)], [(b"gAMA", 100000), (b"sRGB", None)], [(b"gAMA", 0)]])
def test_gamma_that_says_nothing(tmp_path, more):
    info = PngImagePlugin.PngInfo()
    for kind, value in more:
        info.add(kind, b"\0" if value is None else struct.pack(">I", value))
    Image.fromarray(NOISE).save(tmp_path / "a.png", pnginfo=info)
    picture = read(tmp_path / "a.png")
    assert picture.icc is None
    assert np.array_equal(picture.samples, NOISE)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "jif"])
def test_other_suffixes_of_jpeg(tmp_path, suffix):
    path = write(read_back(tmp_path), tmp_path / f"a.{suffix}")
    with Image.open(path) as image:
        assert image.format == "JPEG"
    assert f".{suffix}" in READABLE_SUFFIXES


def read_back(folder):
    Image.fromarray(NOISE).save(folder / "first.png")
    return read(folder / "first.png")


def test_the_first_frame_of_a_gif(tmp_path):
    frames = [Image.fromarray(NOISE).quantize(64), Image.fromarray(NOISE[::-1].copy()).quantize(64)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert np.array_equal(read(tmp_path / "a.gif").samples, np.asarray(frames[0].convert("RGB")))


def test_a_transparent_gif(tmp_path):
    indices = RNG.integers(0, 4, (6, 8), np.uint8)
    image = Image.frombytes("P", (8, 6), indices.tobytes())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "a.gif", transparency=2)
    assert np.array_equal(read(tmp_path / "a.gif").alpha == 0, indices == 2)


def test_an_avif_still(tmp_path):
    pytest.importorskip("PIL._avif")
    smooth = np.linspace(0, 255, 40 * 30 * 3).reshape(40, 30, 3).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.avif", quality=95)
    np.testing.assert_allclose(read(tmp_path / "a.avif").pixels, smooth / 255, atol=0.06)


@pytest.mark.parametrize("suffix", [".gif", ".avif"])
def test_what_is_only_read_is_not_written(tmp_path, suffix):
    assert suffix in READABLE_SUFFIXES and suffix not in WRITABLE_SUFFIXES
    with pytest.raises(PicturaError, match=r"use one of \.png"):
        check_writable(tmp_path / f"a{suffix}")


def test_a_profile_that_is_a_number(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(NOISE).save(stream, "TIFF", icc_profile=b"\0\0\0\0")
    content = bytearray(stream.getvalue())
    at = content.index(struct.pack("<H", 34675))
    struct.pack_into("<HHII", content, at, 34675, 4, 1, 5)
    (tmp_path / "a.tif").write_bytes(content)
    assert np.array_equal(read(tmp_path / "a.tif").samples, NOISE)
