"""Writing: what each format keeps, settings, names refused, and nothing half-written left behind."""

import errno
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from pictura.picture import Picture, check_writable, read, read_settings, write
from pictura.runtime import files
from pictura.runtime.errors import PicturaError

RNG = np.random.default_rng(17)
COLOUR = RNG.integers(0, 256, (8, 8, 3), np.uint8)
ALPHA = (RNG.integers(0, 256, (8, 8)) / 255).astype(np.float32)
SETTINGS = {"style": "Größe 'x'", "steps": 300, "weights": [0.1, 1e-9], "nested": {"on": True, "none": None}}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "webp", "tif", "tiff"])
def test_settings_travel(tmp_path, suffix, depth):
    path = write(Picture(Picture.of(COLOUR).pixels, depth=depth), tmp_path / f"a.{suffix}", settings=SETTINGS)
    assert read_settings(path) == SETTINGS
    assert read(path).settings == SETTINGS


def test_no_settings(tmp_path):
    picture = Picture.of(COLOUR)
    for path in (write(picture, tmp_path / "a.png"), write(picture, tmp_path / "a.bmp", settings=SETTINGS)):
        assert read(path).settings is None
        with pytest.raises(PicturaError, match="contains no pictura settings"):
            read_settings(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"pictura": 3}', "a photo", '["pictura"]'])
def test_strangers_text_is_not_settings(tmp_path, text):
    exif = Image.Exif()
    exif[270] = text[:50_000]
    Image.fromarray(COLOUR).save(tmp_path / "a.jpg", exif=exif)
    assert read(tmp_path / "a.jpg").settings is None


def test_settings_too_long_for_jpeg(tmp_path):
    with pytest.raises(PicturaError, match="too large for a JPEG"):
        write(Picture.of(COLOUR), tmp_path / "a.jpg", settings={"x": "y" * 70_000})
    assert not list(tmp_path.iterdir())
    assert read_settings(write(Picture.of(COLOUR), tmp_path / "a.png", settings={"x": "y" * 70_000}))


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_is_kept(tmp_path, suffix):
    picture = read(write(Picture(Picture.of(COLOUR).pixels, ALPHA), tmp_path / f"a.{suffix}"))
    assert np.allclose(picture.alpha, ALPHA)


@pytest.mark.parametrize("suffix", ["jpg", "bmp"])
def test_alpha_is_laid_on_white(tmp_path, suffix):
    alpha = np.full((8, 8), 0.25, np.float32)
    picture = read(write(Picture(np.zeros((8, 8, 3), np.float32), alpha), tmp_path / f"a.{suffix}"))
    assert picture.alpha is None
    assert np.allclose(picture.pixels, 0.75, atol=0.01)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_grey_stays_grey_only_while_it_is(tmp_path, suffix):
    grey = Picture.of(COLOUR[..., 0])
    assert read(write(grey, tmp_path / f"a.{suffix}")).grey
    assert not read(write(grey.with_pixels(COLOUR), tmp_path / f"b.{suffix}")).grey
    assert not read(write(Picture.of(np.repeat(COLOUR[..., :1], 3, -1)), tmp_path / f"c.{suffix}")).grey


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_quality_matters(tmp_path, suffix):
    sizes = [write(Picture.of(COLOUR), tmp_path / f"{q}.{suffix}", quality=q).stat().st_size for q in (10, 95)]
    assert sizes[0] < sizes[1]
    with pytest.raises(PicturaError, match="quality must be between 1 and 100, got 0"):
        write(Picture.of(COLOUR), tmp_path / f"a.{suffix}", quality=0)


@pytest.mark.parametrize(("name", "hint"), [("a.pgn", "Did you mean '.png'"), ("a.gif", "use one of .png"), ("a", "")])
def test_unknown_suffix(tmp_path, name, hint):
    for action in (check_writable, lambda path: write(Picture.of(COLOUR), path)):
        with pytest.raises(PicturaError, match=f"Unsupported output .*{hint}"):
            action(tmp_path / name)


def test_too_wide_for_webp(tmp_path):
    with pytest.raises(PicturaError, match="limited to 16383 pixels per side"):
        write(Picture.of(np.zeros((1, 20_000, 3), np.uint8)), tmp_path / "a.webp")


def test_never_overwrites_unasked(tmp_path):
    path = write(Picture.of(COLOUR), tmp_path / "a.png")
    before = path.read_bytes()
    for action in (check_writable, lambda p: write(Picture.of(COLOUR // 2), p), lambda p: files.write_atomic(p, b"x")):
        with pytest.raises(PicturaError, match="exists already"):
            action(path)
    assert path.read_bytes() == before
    assert check_writable(path, overwrite=True) == path
    assert np.array_equal(np.rint(read(write(Picture.of(COLOUR // 2), path, overwrite=True)).pixels * 255), COLOUR // 2)


def test_missing_folders_are_made_by_writing_alone(tmp_path):
    path = tmp_path / "one" / "two" / "a.png"
    check_writable(path)
    assert not list(tmp_path.iterdir())
    assert write(Picture.of(COLOUR), path) == path
    assert list(path.parent.iterdir()) == [path]


def test_folder_or_file_in_the_way(tmp_path):
    (tmp_path / "a.png").mkdir()
    (tmp_path / "file").touch()
    for path, reason in [(tmp_path / "a.png", "is a folder"), (tmp_path / "file" / "a.png", "not a folder you may")]:
        for action in (check_writable, lambda p: write(Picture.of(COLOUR), p)):
            with pytest.raises(PicturaError, match=reason):
                action(path)


def test_unwritable_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PicturaError, match="not a folder you may write in"):
        check_writable(tmp_path / "a.png")


@pytest.mark.parametrize(("code", "sentence"), [(errno.ENOSPC, "full"), (errno.EFBIG, "full"), (errno.EIO, "error")])
def test_a_failing_disk_leaves_all_as_it_was(tmp_path, monkeypatch, code, sentence):
    path = write(Picture.of(COLOUR), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(PicturaError, match=sentence):
        write(Picture.of(COLOUR // 2), path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_real_limit_on_file_size(tmp_path):
    program = """
        import pathlib, resource, sys
        from pictura.runtime import files
        from pictura.runtime.errors import PicturaError
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            files.write_atomic(pathlib.Path(sys.argv[1]), bytes(5000))
        except PicturaError as error:
            print(error)
        assert "torch" not in sys.modules
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a.png")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "quota is full" in shown
    assert not list(tmp_path.iterdir())


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(tmp_path / "a.style", interrupted)
    assert not list(tmp_path.iterdir())


def test_atomic_takes_bytes_or_a_writer(tmp_path):
    assert files.write_atomic(tmp_path / "a", b"one").read_bytes() == b"one"
    assert files.write_atomic(tmp_path / "b", lambda file: file.write(b"two")).read_bytes() == b"two"


@pytest.mark.skipif(os.name == "nt", reason="links and file modes are POSIX")
def test_links_and_modes(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write_atomic(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    (tmp_path / "plain").touch()
    files.write_atomic(tmp_path / "other", b"")
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "plain").stat().st_mode
