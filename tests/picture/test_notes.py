"""What a file says beside its pixels goes with the picture; colours that sRGB has not stay where none is needed."""

import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

import pictura
from pictura.picture import Notes, Picture, icc, read, write
from pictura.picture.resize import resize

pytestmark = pytest.mark.kinds
NOISE = np.random.default_rng(7).integers(0, 256, (12, 20, 3), np.uint8)
BASE, IFD = ExifTags.Base, ExifTags.IFD
TAGS = {BASE.Artist: "A. Pàinter", BASE.Copyright: "© me", BASE.DateTime: "2020:01:02 03:04:05", BASE.Make: "X"}
PHOTO = {BASE.DateTimeOriginal: "2019:12:31 23:59:59", BASE.OffsetTime: "+01:00"}
PLACE = {1: "N", 2: (48.0, 7.5, 1.0), 3: "E", 4: (11.0, 30.0, 0.0)}


def source(path, orientation=6):
    exif = Image.Exif()
    for tag, value in TAGS.items():
        exif[tag] = value.encode()
    exif[BASE.Orientation] = orientation
    exif.get_ifd(IFD.Exif).update({**PHOTO, BASE.ExifImageWidth: 20, BASE.MakerNote: b"secret"})
    exif.get_ifd(IFD.GPSInfo).update(PLACE)
    Image.fromarray(NOISE).save(path, exif=exif, dpi=(300, 150))
    return path


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_kept_in_every_format(tmp_path, suffix, deep):
    picture = read(source(tmp_path / "a.jpg"))
    if deep:
        picture = Picture(picture.pixels, depth=16, notes=picture.notes)
    larger = picture.with_pixels(resize(picture.view(), (40, 24)))
    found = read(write(larger, tmp_path / f"b.{suffix}", settings={"seed": 1}))
    assert found.notes.resolution == pytest.approx((150, 300), rel=1e-4)  # turned upright with the picture
    assert found.notes.tags == TAGS
    assert found.notes.photo == PHOTO
    assert found.notes.location == {}
    assert found.settings == {"seed": 1}
    np.testing.assert_allclose(found.pixels, larger.pixels, atol=0.5 if suffix in ("jpg", "webp") else 1 / 255)
    placed = write(larger, tmp_path / f"c.{suffix}", keep_location=True)
    assert read(placed).notes.location == PLACE


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_what_is_reset_and_dropped(tmp_path, suffix):
    path = write(read(source(tmp_path / "a.jpg")), tmp_path / f"b.{suffix}")
    with Image.open(path) as image:
        assert image.getexif().get(BASE.Orientation, 1) == 1
        assert not image.getexif().get_ifd(IFD.IFD1)
    assert b"secret" not in path.read_bytes()


def test_a_bitmap_keeps_its_resolution(tmp_path):
    found = read(write(read(source(tmp_path / "a.jpg", 1)), tmp_path / "b.bmp"))
    assert found.notes.resolution == pytest.approx((300, 150), rel=1e-4)


def test_texts_of_a_png(tmp_path):
    info = PngImagePlugin.PngInfo()
    for key, value in {"Author": "Zoë", "Copyright": "me", "Creation Time": "yesterday", "Comment": "no"}.items():
        info.add_itxt(key, value)
    Image.fromarray(NOISE).save(tmp_path / "a.png", pnginfo=info)
    picture = read(tmp_path / "a.png")
    texts = {"Author": "Zoë", "Copyright": "me", "Creation Time": "yesterday"}
    for given in (picture, Picture(picture.pixels, depth=16, notes=picture.notes)):
        assert read(write(given, tmp_path / "b.png", overwrite=True)).notes.texts == texts
    found = read(write(picture, tmp_path / "b.jpg")).notes.tags
    assert found == {BASE.Artist: "Zoë", BASE.Copyright: "me"}


def test_through_the_tasks(tmp_path):
    made = pictura.upscale(source(tmp_path / "a.jpg"), 2, "bicubic")
    assert made.notes.tags == TAGS


@pytest.mark.parametrize("value", [0, 1e9, IFDRational(1, 0)])
def test_odd_resolutions_are_left_out(tmp_path, value):
    exif = Image.Exif()
    exif[BASE.XResolution] = exif[BASE.YResolution] = value
    Image.fromarray(NOISE).save(tmp_path / "a.webp", exif=exif)
    assert read(tmp_path / "a.webp").notes.resolution is None


def test_odd_tags_do_not_stop_a_picture(tmp_path):
    exif = Image.Exif()
    exif[BASE.Artist] = "x" * 10_000
    exif[BASE.Copyright] = b"\xff\xfe\0x"
    exif.get_ifd(IFD.Exif).update({BASE.FNumber: IFDRational(1, 0), BASE.ISOSpeedRatings: (1, 2)})
    exif.get_ifd(IFD.GPSInfo).update({1: 7, 2: 5, 4: (IFDRational(1, 0), 2, 3)})
    Image.fromarray(NOISE).save(tmp_path / "a.jpg", exif=exif)
    picture = read(tmp_path / "a.jpg")
    assert BASE.Artist not in picture.notes.tags
    for suffix in ("jpg", "png", "webp", "tif"):
        read(write(picture, tmp_path / f"b.{suffix}", keep_location=True))


def wide(path, depth=8):
    """A picture under a profile whose green sRGB has not: Adobe RGB's."""
    profile = bytearray(icc.gamma_profile(1 / 2.2, grey=False))
    tags = icc._read_tags(bytes(profile))
    # Green of Adobe RGB (1998), under D50 (its specification, annex C).
    green = struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in (0.20528, 0.62567, 0.06087)))
    at = profile.index(tags[b"gXYZ"])
    profile[at : at + len(green)] = green
    samples = np.zeros((6, 8, 3), np.uint8)
    samples[:, :4, 1] = 255
    samples[:, 4:] = (90, 120, 60)
    samples[2:4, 2:6] = (10, 240, 20)
    Image.fromarray(samples).save(path, icc_profile=bytes(profile))
    return samples, bytes(profile)


def file_samples(path):
    with Image.open(path) as image:
        return np.asarray(image), image.info.get("icc_profile")


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_wide_colours_are_written_as_they_were(tmp_path, suffix):
    samples, profile = wide(tmp_path / "a.png")
    found, kept = file_samples(write(read(tmp_path / "a.png"), tmp_path / f"b.{suffix}"))
    assert kept == profile
    assert np.array_equal(found, samples)


def test_enlarging_does_not_clip_them(tmp_path):
    samples, profile = wide(tmp_path / "a.png")
    made = pictura.upscale(tmp_path / "a.png", 4, "bicubic")
    found, kept = file_samples(write(made, tmp_path / "b.png"))
    expected = resize(torch.from_numpy(samples).permute(2, 0, 1)[None].contiguous(), (24, 32))
    assert kept == profile
    assert np.array_equal(found, expected[0].permute(1, 2, 0).numpy())
    assert (found == [0, 255, 0]).all(-1).any()
    assert made.samples.shape == (24, 32, 3)


def test_unchanged_pixels_keep_them(tmp_path):
    """Strength 0, and what a mask leaves out."""
    samples, _ = wide(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    same = picture.with_pixels(picture.view())
    assert np.array_equal(file_samples(write(same, tmp_path / "b.png"))[0], samples)
    painted = picture.view().clone()
    painted[..., 4:] = 0.25
    found = file_samples(write(picture.with_pixels(painted), tmp_path / "c.png"))[0]
    assert np.array_equal(found[:, :4], samples[:, :4])
    expected = file_samples(write(replace(picture.with_pixels(painted), own=None), tmp_path / "d.png"))[0]
    assert np.array_equal(found[:, 4:], expected[:, 4:])


def test_a_format_without_profiles_gets_srgb(tmp_path):
    wide(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    found, _ = file_samples(write(picture, tmp_path / "b.bmp"))
    assert np.array_equal(found, np.rint(picture.pixels * 255))


def test_no_notes_no_tags(tmp_path):
    assert read(write(Picture(NOISE), tmp_path / "a.png")).notes == Notes()
