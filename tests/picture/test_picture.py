"""Picture, sizes and the contact sheet."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictura.picture import Picture
from pictura.picture.resize import fit_size, resize
from pictura.picture.sheet import contact_sheet
from pictura.runtime.errors import PicturaError

RNG = np.random.default_rng(19)
PIXELS = RNG.random((5, 7, 3), np.float32)


def test_tensor_and_back():
    picture = Picture.of(PIXELS)
    tensor = picture.tensor()
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor.dtype == torch.float32
    assert tensor[0, 2, 4, 6] == PIXELS[4, 6, 2]
    for form in (tensor, tensor[0], PIXELS, PIXELS.astype(np.float64)):
        assert np.array_equal(picture.with_pixels(form).pixels, PIXELS)
    tensor.zero_()
    assert np.array_equal(picture.pixels, PIXELS)


def test_of_integers():
    assert Picture.of(np.full((2, 2, 3), 51, np.uint8)).pixels.max() == np.float32(0.2)
    deep = Picture.of(np.full((2, 2), 13107, np.uint16))
    assert (deep.depth, deep.grey, deep.pixels.shape) == (16, True, (2, 2, 3))
    assert deep.pixels.max() == np.float32(0.2)


def test_replaced_keeps_what_is_known_and_clips():
    alpha = np.zeros((5, 7), np.float32)
    alpha[:, 4:] = 1
    picture = Picture(PIXELS, alpha, 16, True, b"icc", {"a": 1})
    new = picture.with_pixels(torch.full((1, 3, 10, 14), 1.5))
    assert (new.size, new.depth, new.grey, new.icc, new.settings) == ((10, 14), 16, True, b"icc", {"a": 1})
    assert new.pixels.max() == 1
    assert new.alpha.shape == (10, 14)
    assert new.alpha[:, :6].max() < 0.05
    assert new.alpha[:, 10:].min() > 0.95
    assert picture.with_pixels(PIXELS).alpha is alpha


@pytest.mark.parametrize(
    ("pixels", "alpha"),
    [
        (np.zeros((4, 4, 4), np.float32), None),
        (np.zeros((0, 4, 3), np.float32), None),
        (np.full((4, 4, 3), np.nan, np.float32), None),
        (np.zeros((4, 4, 3), np.float32), np.zeros((4, 5), np.float32)),
    ],
)
def test_nonsense_is_refused(pixels, alpha):
    with pytest.raises(ValueError, match=r"H×W×3|NaN|alpha"):
        Picture(pixels, alpha)


def test_integers_of_unknown_range_are_refused():
    with pytest.raises(ValueError, match="not int64"):
        Picture.of(np.zeros((2, 2, 3), np.int64))


def test_a_batch_of_two_is_refused():
    with pytest.raises(RuntimeError):
        Picture.of(torch.zeros(2, 3, 4, 4))


@pytest.mark.parametrize("size", [(9, 11), (40, 50), (30, 8)])
def test_resize_agrees_with_pillows_bicubic(size):
    plane = RNG.random((30, 25), np.float32)
    ours = resize(torch.from_numpy(plane)[None, None], size)[0, 0].numpy()
    theirs = np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BICUBIC)).clip(0, 1)
    assert np.abs(ours - theirs).max() < 1e-3


def test_resize_stays_in_range_and_copies_nothing_needlessly():
    edges = torch.zeros(1, 3, 8, 8)
    edges[..., 4:] = 1
    large = resize(edges, (31, 31))
    assert (large.min(), large.max()) == (0, 1)
    assert resize(edges, (8, 8)) is edges


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 4096))
def test_fit(height, width, longest):
    h, w = fit_size(height, width, longest)
    assert max(h, w) == longest
    assert min(h, w) >= 1
    assert abs(h * width - w * height) <= 0.5 * max(height, width) + 1e-6 or min(h, w) == 1


def test_fit_refuses_nothing():
    with pytest.raises(PicturaError, match="longest side must be at least 1 pixel, got 0"):
        fit_size(10, 10, 0)


def test_contact_sheet_places_pictures_and_captions():
    red, blue = (np.broadcast_to(np.float32(c), (10, 20, 3)) for c in ((1, 0, 0), (0, 0, 1)))
    sheet = contact_sheet([[red, blue], [blue]], height=40)
    assert sheet.dtype == np.float32
    assert sheet.shape == (2 * 40 + 3 * 8, 2 * 80 + 3 * 8, 3)
    assert np.array_equal(sheet[28, 48], [1, 0, 0])
    assert np.array_equal(sheet[28, 136], [0, 0, 1])
    assert np.array_equal(sheet[76, 48], [0, 0, 1])
    assert (sheet[:8] == 1).all()
    assert (sheet[50:, 96:] == 1).all()
    labelled = contact_sheet([[red, blue]], [["content", "a caption far too long for so small a picture"]], height=40)
    assert labelled.shape == (40 + 2 * 8 + 20, 184, 3)
    assert labelled[50:68, 8:88].min() < 0.5  # letters
    assert (labelled[:, 176:] == 1).all()  # and none of them beyond the cell


def test_the_room_opens_without_torch():
    code = "import sys, pictura.picture; sys.exit('torch' in sys.modules or 'tifffile' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
