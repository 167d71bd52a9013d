"""Whatever a file holds, reading gives a picture or one sentence, never a trace and never a warning."""

import logging
import os
import random

import numpy as np
import pytest
from PIL import Image

from pictura.picture import Picture, read, read_settings, write
from pictura.runtime.errors import PicturaError

NOISE = np.random.default_rng(11).integers(0, 256, (40, 30, 3), np.uint8)
SUFFIXES = ["png", "jpg", "webp", "tif", "bmp"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated(tmp_path, suffix, kept):
    Image.fromarray(NOISE).save(tmp_path / f"a.{suffix}")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PicturaError, match="damaged"):
        read(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_truncated_sixteen_bits(tmp_path, suffix):
    path = write(Picture.of(NOISE.astype(np.uint16) * 257), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(PicturaError, match="damaged"):
        read(path)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_flipped_bytes(tmp_path, suffix, deep, caplog):
    caplog.set_level(logging.CRITICAL + 1)
    picture = Picture.of(NOISE.astype(np.uint16) * 257 if deep else NOISE)
    path = write(picture, tmp_path / f"a.{suffix}", settings={"seed": 1})
    data, dice = path.read_bytes(), random.Random(13)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(dice.randint(1, 8)):
            # Headers stand at the front, TIFF's directory at the end.
            place = dice.choice([dice.randrange(min(len(data), 200)), dice.randrange(len(data)), -dice.randint(1, 200)])
            damaged[place] = dice.randrange(256)
        path.write_bytes(damaged)
        for action in (read, read_settings):
            try:
                action(path)
            except PicturaError as error:
                assert "\n" not in str(error)


def test_text_named_as_a_picture(tmp_path):
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(PicturaError, match=r"a\.png' is not a supported image: give a PNG, JPEG"):
        read(tmp_path / "a.png")


def test_empty(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(PicturaError, match="is empty"):
        read(tmp_path / "a.png")


def test_folder(tmp_path):
    with pytest.raises(PicturaError, match="is a folder"):
        read(tmp_path)


def test_missing_proposes_a_neighbour(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "portrait.png")
    with pytest.raises(PicturaError, match=r"does not exist.* 'portrait\.png'\?"):
        read(tmp_path / "portriat.png")
    with pytest.raises(PicturaError, match="does not exist"):
        read(tmp_path / "nowhere" / "a.png")


def test_name_too_long(tmp_path):
    with pytest.raises(PicturaError, match="path is too long for a name"):
        read(tmp_path / ("a" * 300 + ".png"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_no_permission(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(PicturaError, match="check its name and permissions"):
        read(tmp_path / "a.png")


def test_no_permission_said_by_the_system(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(PicturaError, match="Permission denied"):
        read(tmp_path / "a.png")
