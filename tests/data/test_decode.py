"""Decoding: the short way gives what `picture.read` gives, and less of it where less is needed."""

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from pictura.data import decode
from pictura.picture import Picture, read, write
from pictura.runtime.errors import PicturaError

from .conftest import noise, save, save_map


def half(own):
    return 2


def agree(path):
    """What is decoded is what is read, rounded to the file's depth."""
    picture, found = read(path), decode.decode_image(path)
    top = 65535 if picture.depth == 16 else 255
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = pixels * picture.alpha[..., None] + 1 - picture.alpha[..., None]
    assert found.original_size == picture.size == found.samples.shape[:2]
    assert found.samples.dtype == (np.uint16 if picture.depth == 16 else np.uint8)
    expected = np.rint(pixels * np.float32(top))
    assert np.array_equal(np.broadcast_to(found.samples, expected.shape), expected)
    return found


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_as_read(tmp_path, suffix, channels):
    found = agree(save(tmp_path / f"a.{suffix}", noise(channels=channels)))
    assert found.samples.shape[2] == (3 if suffix == "webp" else channels)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_laid_on_white(tmp_path, channels):
    agree(save(tmp_path / "a.png", noise(channels=channels)))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
def test_sixteen_bits_stay(tmp_path, suffix, shape):
    deep = np.random.default_rng(0).integers(0, 65536, shape, np.uint16)
    found = agree(write(Picture.of(deep), tmp_path / f"a.{suffix}"))
    assert np.array_equal(found.samples.reshape(shape), deep)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_orientation(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    agree(save(tmp_path / f"a.{suffix}", noise(), exif=exif))
    small = decode.decode_image(tmp_path / f"a.{suffix}", half)
    assert small.original_size == read(tmp_path / f"a.{suffix}").size
    assert small.samples.shape[:2] == (small.original_size[0] // 2, small.original_size[1] // 2)


@pytest.mark.parametrize("name", ["sRGB", "LAB", "junk"])
def test_profiles(tmp_path, name):
    profile = b"junk" if name == "junk" else ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()
    agree(save(tmp_path / "a.jpg", noise(), icc_profile=profile))


def test_a_wide_profile_is_converted(tmp_path):
    # Adobe RGB is sRGB with another green and a curve of 2.2: made from Pillow's sRGB by moving the green primary.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    place = profile.index(b"rXYZ", 128)
    other = profile.index(b"gXYZ", 128)
    profile[place + 4 : place + 12], profile[other + 4 : other + 12] = (
        profile[other + 4 : other + 12],
        profile[place + 4 : place + 12],
    )
    path = save(tmp_path / "a.png", noise(), icc_profile=bytes(profile))
    assert not np.array_equal(agree(path).samples, noise())


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
@pytest.mark.parametrize("times", [2, 3, 4, 7, 9])
@pytest.mark.parametrize("size", [(64, 96), (61, 97)])
def test_fewer_samples_stand_where_they_were(tmp_path, suffix, times, size):
    """A ramp keeps its place: sample i is the mean of its pixels, the last of fewer."""
    ramp = np.broadcast_to(np.linspace(10, 240, size[1])[None, :, None], (*size, 3)).astype(np.uint8)
    path = save(tmp_path / f"a.{suffix}", np.ascontiguousarray(ramp), **({"quality": 95} if suffix == "jpg" else {}))
    found = decode.decode_image(path, lambda own: times)
    assert found.original_size == size
    assert found.times <= times
    assert found.samples.shape[:2] == tuple(-(-side // found.times) for side in size)
    centres = np.minimum((np.arange(found.samples.shape[1]) + 0.5) * found.times - 0.5, size[1] - 1)
    whole = centres[: size[1] // found.times]
    expected = 10 + 230 * whole / (size[1] - 1)
    assert np.abs(found.samples[0, : len(whole), 0] - expected).max() < 3


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
def test_cut_off_files_are_told_as_by_read(tmp_path, suffix, kept):
    path = save(tmp_path / f"a.{suffix}", noise())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    for factor in (decode.full_resolution, half):
        with pytest.raises(PicturaError, match="damaged"):
            decode.decode_image(path, factor)


def test_missing_and_no_picture(tmp_path):
    with pytest.raises(PicturaError, match="does not exist"):
        decode.decode_image(tmp_path / "a.png")
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(PicturaError, match="not a supported image"):
        decode.decode_image(tmp_path / "a.png")


def test_palettes_as_colours_and_as_numbers(tmp_path):
    numbers = noise(channels=1) % 4
    path = save_map(tmp_path / "a.png", numbers)
    assert agree(path).samples[numbers == 1].tolist()[0] == [250, 10, 20]
    found = decode.decode_class_numbers(path)
    assert np.array_equal(found.samples, numbers)
    assert found.original_size == numbers.shape


def test_grey_values_are_class_numbers_and_colours_are_none(tmp_path):
    grey = noise(channels=1)
    assert np.array_equal(decode.decode_class_numbers(save(tmp_path / "a.png", grey)).samples, grey)
    deep = grey.astype(np.uint16) * 257
    assert np.array_equal(decode.decode_class_numbers(write(Picture.of(deep), tmp_path / "b.png")).samples, deep)
    with pytest.raises(PicturaError, match="not an indexed or grey label map: save it as one"):
        decode.decode_class_numbers(save(tmp_path / "c.png", noise()))


def test_halves():
    found = decode.DecodedImage(noise(4, 10), (4, 10))
    assert np.array_equal(np.hstack([found.half("left").samples, found.half("right").samples]), found.samples)
    assert found.half("left").original_size == (4, 5)
