"""Reading: every mode a format can hold, orientation, limits."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from pictura.picture import Picture, read, write
from pictura.runtime.errors import PicturaError

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (6, 10), np.uint8)
RGBA = RNG.integers(0, 256, (6, 10, 4), np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(np.linspace(20, 220, 32)[:, None], np.linspace(200, 90, 48), 128), -1).astype(
    np.uint8
)


def close(picture, expected, steps=0.01):
    assert np.abs(picture.pixels * 255 - expected).max() <= steps


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_rgb_exact(tmp_path, suffix):
    Image.fromarray(RGBA[..., :3]).save(tmp_path / f"a.{suffix}")
    picture = read(tmp_path / f"a.{suffix}")
    close(picture, RGBA[..., :3])
    assert picture.pixels.dtype == np.float32
    assert (picture.size, picture.depth, picture.grey, picture.alpha, picture.icc) == ((6, 10), 8, False, None, None)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_grey_stands_on_three_channels(tmp_path, suffix):
    Image.fromarray(GREY).save(tmp_path / f"a.{suffix}")
    picture = read(tmp_path / f"a.{suffix}")
    assert picture.grey
    close(picture, GREY[..., None])


@pytest.mark.parametrize(("suffix", "options"), [("png", {}), ("tif", {}), ("webp", {"lossless": True, "exact": True})])
def test_alpha_is_kept_apart(tmp_path, suffix, options):
    Image.fromarray(RGBA).save(tmp_path / f"a.{suffix}", **options)
    picture = read(tmp_path / f"a.{suffix}")
    close(picture, RGBA[..., :3])
    assert np.array_equal(np.rint(picture.alpha * 255), RGBA[..., 3])


def test_grey_with_alpha(tmp_path):
    Image.fromarray(RGBA[..., :2].copy()).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    assert picture.grey
    close(picture, RGBA[..., :1])
    assert np.array_equal(np.rint(picture.alpha * 255), RGBA[..., 1])


def test_one_bit(tmp_path):
    Image.fromarray(GREY > 127).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    assert picture.grey
    close(picture, (GREY > 127)[..., None] * 255)


@pytest.mark.parametrize("transparency", [None, 1, b"\xff\x80\x00"])
def test_palette(tmp_path, transparency):
    indices = (GREY % 3).astype(np.uint8)
    image = Image.fromarray(indices)
    colours = np.array([[250, 10, 20], [30, 240, 50], [60, 70, 230]], np.uint8)
    image.putpalette(colours.tobytes())
    image.save(tmp_path / "a.png", **({} if transparency is None else {"transparency": transparency}))
    picture = read(tmp_path / "a.png")
    close(picture, colours[indices])
    if transparency is None:
        assert picture.alpha is None
    else:
        table = np.array([255, 0, 255] if transparency == 1 else [255, 128, 0])
        assert np.array_equal(np.rint(picture.alpha * 255), table[indices])


def test_one_transparent_colour(tmp_path):
    key = int(GREY[2, 3])
    Image.fromarray(GREY).save(tmp_path / "a.png", transparency=key)
    assert np.array_equal(read(tmp_path / "a.png").alpha == 0, np.equal(GREY, key))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg(tmp_path, mode):
    Image.fromarray(SMOOTH).convert(mode).save(tmp_path / "a.jpg", quality=100, subsampling=0)
    picture = read(tmp_path / "a.jpg")
    assert picture.grey == (mode == "L")
    close(picture, np.asarray(Image.fromarray(SMOOTH).convert(mode).convert("RGB")), steps=4)


def test_cmyk_jpeg_is_stored_inverted_and_read_upright(tmp_path):
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 0] = 255  # full cyan, nothing else
    Image.fromarray(ink, "CMYK").save(tmp_path / "a.jpg", quality=100)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    close(read(tmp_path / "a.jpg"), [0, 255, 255], steps=3)


def test_cmyk_tiff(tmp_path):
    Image.fromarray(RGBA, "CMYK").save(tmp_path / "a.tif")
    close(read(tmp_path / "a.tif"), np.asarray(Image.fromarray(RGBA, "CMYK").convert("RGB")))


def test_content_counts_and_not_the_name(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png", "JPEG", quality=100, subsampling=0)
    close(read(tmp_path / "a.png"), SMOOTH, steps=4)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_first_frame_of_an_animation(tmp_path, suffix):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], lossless=True)
    close(read(tmp_path / f"a.{suffix}"), [255, 0, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_orientation_is_applied_once(tmp_path, suffix, orientation):
    upright = SMOOTH[:20, :30]
    flips = Image.Transpose
    # What a camera in that position stores: the inverse of what the viewer has to do.
    stored = {
        2: flips.FLIP_LEFT_RIGHT,
        3: flips.ROTATE_180,
        4: flips.FLIP_TOP_BOTTOM,
        5: flips.TRANSPOSE,
        6: flips.ROTATE_90,
        7: flips.TRANSVERSE,
        8: flips.ROTATE_270,
    }
    image = Image.fromarray(upright)
    image = image.transpose(stored[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(suffix, {})
    image.save(tmp_path / f"a.{suffix}", exif=exif, **options)
    picture = read(tmp_path / f"a.{suffix}")
    close(picture, upright, steps=4)
    again = read(write(picture, tmp_path / f"b.{suffix}"))
    close(again, upright, steps=12 if suffix == "webp" else 6)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
def test_one_pixel(tmp_path, suffix):
    write(Picture.of(np.full((1, 1, 3), 0.5, np.float32)), tmp_path / f"a.{suffix}")
    close(read(tmp_path / f"a.{suffix}"), 128, steps=1)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_very_wide(tmp_path, suffix):
    Image.new("RGB", (20_000, 1), (10, 200, 30)).save(tmp_path / f"a.{suffix}", quality=100)
    picture = read(tmp_path / f"a.{suffix}")
    assert picture.size == (1, 20_000)
    close(picture, [10, 200, 30], steps=3)


def png_header(width, height):
    data = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    tail = b"".join(struct.pack(">I", len(d) - 4) + d + struct.pack(">I", zlib.crc32(d)) for d in (data, b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + tail


@pytest.mark.parametrize("size", [(60_000, 60_000), (70_000, 1), (11_000, 11_000)])
def test_sizes_are_refused_before_decoding(tmp_path, size):
    (tmp_path / "a.png").write_bytes(png_header(*size))
    with pytest.raises(PicturaError, match=f"{size[0]} × {size[1]} pixels; the limits are"):
        read(tmp_path / "a.png")


def test_the_limit_is_a_parameter_and_pillows_own_never_speaks(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path / "a.png", max_pixels=32 * 48).size == (32, 48)
    with pytest.raises(PicturaError, match="raise the limit"):
        read(tmp_path / "a.png", max_pixels=32 * 48 - 1)


def test_icons_and_friends_are_refused(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.ico")
    with pytest.raises(PicturaError, match=r"not a supported image: give a PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF"):
        read(tmp_path / "a.ico")


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_32_bit_tiff_is_refused(tmp_path, dtype):
    Image.fromarray(GREY.astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(PicturaError, match="save it with 8 or 16 bits"):
        read(tmp_path / "a.tif")


def test_a_picture_in_memory_is_untouched_by_the_file(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(SMOOTH).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    picture = read(tmp_path / "a.png")
    (tmp_path / "a.png").unlink()
    close(picture, SMOOTH)
