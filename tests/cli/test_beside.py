"""What a file says beside its pixels, from file to file; the place only where it is asked for."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from pictura.picture import read

from .conftest import done

pytestmark = pytest.mark.kinds
BASE, IFD = ExifTags.Base, ExifTags.IFD


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_an_enlarged_photo(tmp_path, suffix):
    exif = Image.Exif()
    exif[BASE.Artist], exif[BASE.Orientation] = "A. Painter", 6
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(tmp_path / "photo.jpg", exif=exif, dpi=(300, 300))
    done("upscale", "photo.jpg", "-o", f"plain.{suffix}", "--model", "bicubic", "--scale", 2)
    done("upscale", "photo.jpg", "-o", f"placed.{suffix}", "--model", "bicubic", "--scale", 2, "--keep-location")
    plain, placed = (read(f"{name}.{suffix}") for name in ("plain", "placed"))
    assert plain.size == placed.size == (12, 8)
    assert plain.notes.tags == placed.notes.tags == {BASE.Artist: "A. Painter"}
    assert plain.notes.resolution == pytest.approx((300, 300), rel=1e-4)
    assert (plain.notes.location, placed.notes.location) == ({}, {1: "N"})


def test_a_painted_photo(tmp_path):
    exif = Image.Exif()
    exif[BASE.Copyright] = "me"
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    Image.effect_noise((32, 32), 90).convert("RGB").save(tmp_path / "photo.jpg", exif=exif)
    Image.effect_noise((32, 32), 50).convert("RGB").save(tmp_path / "painting.png")
    for name, options in (("plain", ()), ("placed", ("--keep-location",))):
        done("stylize", "photo.jpg", "--style", "painting.png", "--steps", 1, "-o", f"{name}.png", *options)
    assert read("plain.png").notes.tags == {BASE.Copyright: "me"}
    assert (read("plain.png").notes.location, read("placed.png").notes.location) == ({}, {1: "N"})


def test_pictures_that_are_only_read_become_png(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("P", (4, 4)).save(tmp_path / "in" / "a.gif")
    Image.new("RGB", (4, 4)).save(tmp_path / "in" / "b.jfif", "JPEG")
    done("upscale", "in", "-o", "out", "--model", "bicubic", "--scale", 2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.gif.png", "b.jfif"]
