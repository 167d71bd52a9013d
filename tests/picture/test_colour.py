"""Profiles: our floating point against ImageCms, there and back, and what happens to broken ones."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from pictura.picture import Picture, icc, read, write

RNG = np.random.default_rng(7)
COLOURS = RNG.integers(0, 256, (24, 24, 3), np.uint8)
# Display P3's primaries under D50, from its chromaticities (SMPTE EG 432-1) by Bradford adaptation.
P3 = {b"rXYZ": (0.5151, 0.2412, -0.0011), b"gXYZ": (0.2920, 0.6922, 0.0419), b"bXYZ": (0.1571, 0.0666, 0.7841)}


def patched(changes):
    """The sRGB profile with other tags of the same or a smaller length."""
    data = bytearray(icc.srgb_profile())
    for i in range(int.from_bytes(data[128:132])):
        name, start, _ = struct.unpack_from(">4sII", data, 132 + 12 * i)
        if name in changes:
            data[start : start + len(changes[name])] = changes[name]
    return bytes(data)


def xyz(values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


WIDE = patched({name: xyz(values) for name, values in P3.items()})
GAMMA = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256))
TABLE = b"curv\0\0\0\0" + struct.pack(">I8H", 8, *(round(65535 * (i / 7) ** 2) for i in range(8)))
CURVES = {
    "power": GAMMA,
    "table": TABLE,
    "kind 0": b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", round(2.2 * 65536)),
    "kind 1": b"para\0\0\0\0\0\x01\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (2, 0.9, 0.1))),
    "kind 2": b"para\0\0\0\0\0\x02\0\0" + struct.pack(">4i", *(round(v * 65536) for v in (2, 0.9, 0.05, 0.1))),
    "kind 3": b"para\0\0\0\0\0\x03\0\0" + struct.pack(">5i", *(round(v * 65536) for v in (2.4, 0.9, 0.1, 0.05, 0.1))),
    "identity": b"curv\0\0\0\0" + struct.pack(">I", 0),
}


def by_pillow(image, profile):
    ends = [ImageCms.ImageCmsProfile(io.BytesIO(p)) for p in (profile, icc.srgb_profile())]
    return np.asarray(ImageCms.profileToProfile(image, *ends, renderingIntent=1, outputMode="RGB"))


def saved(path, array, profile):
    Image.fromarray(array).save(path, icc_profile=profile)
    return path


def test_wide_gamut_as_imagecms_does(tmp_path):
    picture = read(saved(tmp_path / "a.png", COLOURS, WIDE))
    assert np.abs(picture.pixels * 255 - by_pillow(Image.fromarray(COLOURS), WIDE)).max() < 1.6
    assert np.abs(picture.pixels * 255 - COLOURS).max() > 20  # it did something
    assert picture.icc == WIDE


@pytest.mark.parametrize("curve", CURVES)
def test_every_kind_of_curve_as_imagecms_does(tmp_path, curve):
    profile = patched(dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), CURVES[curve]) | {t: xyz(v) for t, v in P3.items()})
    picture = read(saved(tmp_path / "a.png", COLOURS, profile))
    assert np.abs(picture.pixels * 255 - by_pillow(Image.fromarray(COLOURS), profile)).max() < 1


@pytest.mark.parametrize(("dtype", "steps"), [(np.uint8, 0), (np.uint16, 2)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_there_and_back(tmp_path, suffix, dtype, steps):
    """Colours that sRGB can show come back as they were, in the profile they came in."""
    top = np.iinfo(dtype).max
    pale = (top * RNG.uniform(0.4, 0.6, (9, 9, 3))).astype(dtype)
    plain = Picture.of(pale)
    source = Picture(plain.pixels, depth=plain.depth, icc=WIDE)
    path = write(source, tmp_path / f"a.{suffix}")
    picture = read(path)
    assert picture.icc == WIDE
    again = read(write(picture, tmp_path / f"b.{suffix}"))
    assert np.abs(again.pixels - picture.pixels).max() * top <= steps + 1e-2
    assert np.abs(picture.pixels - source.pixels).max() * top < 2.1


def table(matrix, ramp, corners):
    """An ICC lut16Type with three channels in and out: matrix, then a ramp per channel, then a cube of 2×2×2."""
    head = b"mft2\0\0\0\0\3\3\2\0" + struct.pack(">9i", *(round(v * 65536) for v in np.ravel(matrix)))
    numbers = [*ramp * 3, *np.rint(np.ravel(corners) * 65535).astype(int), *[0, 65535] * 3]
    return head + struct.pack(f">HH{len(numbers)}H", len(ramp), 2, *numbers)


def table_profile(back):
    """Linear light with sRGB's primaries, said by tables; `back` with the way back too."""
    cube = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(8, 3)
    matrix = icc.srgb().matrix
    tags = {
        b"A2B0": table(np.eye(3), [0, 65535], cube @ matrix.T * 32768 / 65535),  # XYZ is stored as 32768ths
        b"B2A0": table(np.linalg.inv(matrix), [0, 65535, 65535], cube),  # hence the ramp that doubles
        b"wtpt": xyz((0.9642, 1, 0.8249)),
    }
    if not back:
        del tags[b"B2A0"]
    start, index, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    head = icc.srgb_profile()[:128]
    return struct.pack(">I", start + len(body)) + head[4:8] + b"\2\x10\0\0" + head[12:] + index + body


@pytest.mark.parametrize("back", [True, False])
def test_profiles_of_tables_go_through_imagecms(tmp_path, back):
    profile = table_profile(back)
    picture = read(saved(tmp_path / "a.png", COLOURS, profile))
    expected = icc.srgb().encode(COLOURS.astype(np.float32) / 255)
    assert np.abs(picture.pixels - expected).max() < 2.5 / 255
    assert picture.icc == profile
    path = write(picture, tmp_path / "b.png")
    with Image.open(path) as image:
        assert image.info["icc_profile"] == (profile if back else icc.srgb_profile())
        stored = np.asarray(image).astype(int)
    assert np.abs(stored - (COLOURS if back else np.rint(picture.pixels * 255))).max() <= 2


def test_versions_of_srgb_change_nothing(tmp_path):
    profile = patched({b"rXYZ": xyz((0.4362, 0.2225, 0.0139))})
    picture = read(saved(tmp_path / "a.png", COLOURS, profile))
    assert np.array_equal(np.rint(picture.pixels * 255), COLOURS)
    assert picture.icc == profile


def grey_profile(curve):
    body = bytearray(icc.srgb_profile()[:128])
    body[16:20] = b"GRAY"
    white = xyz((0.9642, 1, 0.8249))
    tags = struct.pack(">I4sII4sII", 2, b"kTRC", 156, len(curve), b"wtpt", 156 + len(curve), len(white))
    data = bytes(body) + tags + curve + white
    return struct.pack(">I", len(data)) + data[4:]


def test_grey_profile_there_and_back(tmp_path):
    ramp = np.arange(256, dtype=np.uint8)[None]
    profile = grey_profile(GAMMA)
    picture = read(saved(tmp_path / "a.png", ramp, profile))
    assert np.abs(picture.pixels * 255 - by_pillow(Image.fromarray(ramp), profile)).max() < 2
    again = read(write(picture, tmp_path / "b.png"))
    assert again.grey
    assert again.icc == profile
    with Image.open(tmp_path / "b.png") as image:
        assert np.abs(np.asarray(image).astype(int) - ramp).max() <= 1


def test_grey_that_took_colour_is_written_in_srgb(tmp_path):
    picture = read(saved(tmp_path / "a.png", COLOURS[..., 0], grey_profile(GAMMA))).with_pixels(COLOURS)
    again = read(write(picture, tmp_path / "b.png"))
    assert again.icc == icc.srgb_profile()
    assert np.array_equal(np.rint(again.pixels * 255), COLOURS)


LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", LAB, WIDE[:200], WIDE[:128], grey_profile(GAMMA), patched({b"rTRC": b"para" + b"\0\0\0\0\0\x09"})],
    ids=["nonsense", "lab", "cut", "header", "grey", "curve"],
)
def test_unfit_profiles_are_ignored(tmp_path, profile):
    picture = read(saved(tmp_path / "a.png", COLOURS, profile))
    assert np.array_equal(np.rint(picture.pixels * 255), COLOURS)
    assert picture.icc is None
    assert read(write(picture, tmp_path / "b.png")).icc == icc.srgb_profile()


def test_flat_primaries_are_ignored(tmp_path):
    flat = patched({name: xyz((0.3, 0.3, 0.3)) for name in P3})
    with pytest.raises(ValueError, match="inverse"):
        icc.parse_profile(flat)
    assert np.isfinite(read(saved(tmp_path / "a.png", COLOURS, flat)).pixels).all()


def test_a_cmyk_picture_with_an_unfit_profile_is_complemented(tmp_path):
    image = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    image.save(tmp_path / "a.tif", icc_profile=WIDE)
    assert np.allclose(read(tmp_path / "a.tif").pixels, [0, 1, 1])


def test_equal_pictures_make_equal_files(tmp_path):
    one, two = (write(Picture.of(COLOURS), tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert one == two
