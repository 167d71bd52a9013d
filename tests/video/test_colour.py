"""Frames to RGB and back: the right colours, and not one number changed on the way there and back."""

import numpy as np
import pytest
import torch

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura.runtime.errors import PicturaError  # noqa: E402
from pictura.video import colour  # noqa: E402
from pictura.video.colour import ColourCoding  # noqa: E402

from .made import noise, numbers, planes  # noqa: E402

BT601, BT709, BT2020 = 6, 1, 9


def rgb(kind, shades, how):
    picture = colour.to_rgb(planes(kind, shades, 2, 2), how)
    assert picture.shape == (1, 3, 2, 2)
    return picture[0, :, 0, 0].tolist()


@pytest.mark.parametrize(
    ("kind", "shades", "how", "expected"),
    [
        ("yuv420p", (16, 128, 128), ColourCoding(BT601, False), (0, 0, 0)),
        ("yuv420p", (235, 128, 128), ColourCoding(BT601, False), (1, 1, 1)),
        ("yuv420p", (255, 128, 128), ColourCoding(BT601, True), (1, 1, 1)),
        ("yuv420p", (126, 128, 128), ColourCoding(BT601, False), (110 / 219,) * 3),
        # Red, green and blue of 75 % colour bars, as the standards print them (ITU-R BT.801, BT.709).
        ("yuv444p", (65, 100, 212), ColourCoding(BT601, False), (0.75, 0, 0)),
        ("yuv444p", (112, 72, 58), ColourCoding(BT601, False), (0, 0.75, 0)),
        ("yuv444p", (51, 109, 212), ColourCoding(BT709, False), (0.75, 0, 0)),
        ("yuv444p", (28, 212, 120), ColourCoding(BT709, False), (0, 0, 0.75)),
        ("yuv420p10le", (940, 512, 512), ColourCoding(BT2020, False), (1, 1, 1)),
        ("yuv422p10le", (204, 435, 848), ColourCoding(BT709, False), (0.75, 0, 0)),
        ("gray", (235,), ColourCoding(BT601, False), (1, 1, 1)),
        ("gray10le", (1023,), ColourCoding(BT601, True), (1, 1, 1)),
        ("gbrp", (51, 102, 255), ColourCoding(BT709, False), (1, 0.2, 0.4)),
    ],
)
def test_known_colours(kind, shades, how, expected):
    assert rgb(kind, shades, how) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("matrix", sorted(colour.RED_BLUE_WEIGHTS))
@pytest.mark.parametrize("full", [False, True])
def test_every_matrix_inverts(matrix, full):
    how = ColourCoding(matrix, full)
    picture = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(0))
    again = colour.to_rgb(colour.to_frame(picture, "yuv444p12le", how), how)
    torch.testing.assert_close(again, picture, atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "yuv422p", "yuv440p", "yuv444p", "yuv420p10le", "yuv444p12le"])
@pytest.mark.parametrize(("width", "height"), [(48, 32), (33, 21), (1, 1), (2, 3)])
@pytest.mark.parametrize("full", [False, True])
def test_numbers_come_back(kind, width, height, full):
    frame = noise(kind, 0, width, height)
    how = ColourCoding(BT601, full)
    again = colour.to_frame(colour.to_rgb(frame, how), kind.replace("yuvj", "yuv"), how)
    for old, new in zip(numbers(frame), numbers(again), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("kind", ["nv12", "yuyv422", "p010le", "rgb24", "bgra", "rgb48le", "yuva420p"])
def test_other_formats_are_the_same_picture(kind):
    shade = colour.to_frame(
        torch.tensor([0.3, 0.5, 0.6]).view(1, 3, 1, 1).expand(1, 3, 16, 16), "yuv444p", ColourCoding(1, False)
    )
    frame = shade.reformat(format=kind, src_colorspace=1, dst_colorspace=1)
    frame.colorspace, frame.color_range = 1, 1
    found = colour.to_rgb(frame, colour.frame_coding(frame))[0, :, 4, 4].tolist()
    assert found == pytest.approx((0.3, 0.5, 0.6), abs=0.01)


def test_what_a_frame_does_not_say_is_what_players_assume():
    small, large = av.VideoFrame(720, 576, "yuv420p"), av.VideoFrame(1280, 720, "yuv420p")
    assert colour.frame_coding(small) == ColourCoding(BT601, False)
    assert colour.frame_coding(large) == ColourCoding(BT709, False)
    assert colour.frame_coding(av.VideoFrame(720, 576, "yuvj420p")).full
    assert colour.frame_coding(av.VideoFrame(720, 576, "gray")).full
    large.colorspace, large.color_range = BT2020, 2
    assert colour.frame_coding(large) == ColourCoding(BT2020, True)


def test_an_unknown_coding_is_refused():
    frame = av.VideoFrame(16, 16, "yuv444p")
    frame.colorspace = 8
    with pytest.raises(PicturaError, match="YCgCo"):
        colour.frame_coding(frame)
