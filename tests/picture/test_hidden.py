"""What lies under an alpha of 0 is never seen: not by networks, not by filters, not by statistics."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from pictura.picture import Picture, hidden, read, write
from pictura.picture.kinds import as_picture, convert_like
from pictura.picture.resize import resize

pytestmark = pytest.mark.kinds
RNG = np.random.default_rng(3)
SIZE = (13, 18)
ALPHA = np.zeros(SIZE, np.float32)
ALPHA[3:10, 4:15] = 1
ALPHA[3, 4:15] = 0.4
COLOURS = RNG.integers(0, 256, (*SIZE, 3), np.uint8)


def hide(value, dtype=np.uint8):
    """The same picture with another colour where nothing is seen."""
    colours = np.where(ALPHA[..., None] > 0, COLOURS, np.uint8(value))
    return Picture(colours if dtype == np.uint8 else colours.astype(np.float32) / 255, ALPHA)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_hidden_colours_change_nothing_that_is_looked_at(dtype):
    black, green = hide(0, dtype), hide((0, 255, 0), dtype)
    assert (black.samples != green.samples).any()
    assert torch.equal(black.view(), green.view())
    assert torch.equal(black.tensor(alpha=True), green.tensor(alpha=True))


def test_what_is_seen_stays():
    seen = ALPHA > 0
    assert np.array_equal(hide(7).view()[0].permute(1, 2, 0).numpy()[seen], COLOURS[seen])


def test_colours_go_on_over_the_edge():
    flat = Picture(np.where(ALPHA[..., None] > 0, np.uint8([200, 10, 60]), np.uint8(0)), ALPHA)
    assert (flat.view()[0].permute(1, 2, 0).numpy() == [200, 10, 60]).all()


def test_nothing_is_copied_where_nothing_is_hidden():
    picture = Picture(COLOURS, np.full(SIZE, 0.5, np.float32))
    assert picture.view().numpy().base is not None
    assert np.shares_memory(picture.view().numpy(), COLOURS)


def test_a_picture_that_shows_nothing_is_grey():
    nothing = Picture(COLOURS, np.zeros(SIZE, np.float32))
    assert (nothing.view() == 128).all()


def test_an_enlarged_sprite_has_no_fringe():
    over_white = []
    for value in (0, 255):
        picture = hide(value)
        larger = picture.with_pixels(resize(picture.view(), (39, 54)))
        over_white.append(larger.pixels * larger.alpha[..., None] + 1 - larger.alpha[..., None])
    assert np.array_equal(*over_white)


@pytest.mark.parametrize("band", [2**20, 40, 7])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 7), (40, 33), (1, 9)])
def test_each_level_is_read_linearly(size, band, monkeypatch):
    monkeypatch.setattr("pictura.picture.bands.BAND_PIXELS", band)
    coarse = RNG.random((-(-size[0] // 2), -(-size[1] // 2), 3)).astype(np.float32)
    found = hidden._fill_from(np.zeros((*size, 3), np.float32), np.zeros(size, bool), coarse)
    expected = F.interpolate(torch.from_numpy(coarse).permute(2, 0, 1)[None], scale_factor=2, mode="bilinear")
    np.testing.assert_allclose(found, expected[0].permute(1, 2, 0)[: size[0], : size[1]], atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_from_files(tmp_path, suffix):
    seen = [read(write(hide(value), tmp_path / f"{value}.{suffix}", quality=100)).view() for value in (0, 255)]
    if suffix == "webp":  # lossy: its blocks mix hidden colours with those that are seen
        assert all(picture.shape == seen[0].shape for picture in seen)
    else:
        assert torch.equal(*seen)


def test_from_pil_arrays_and_tensors():
    def kinds(value):
        rgba = np.dstack([hide(value).samples, np.rint(ALPHA * 255).astype(np.uint8)])
        tensor = torch.from_numpy(rgba).permute(2, 0, 1)[None] / 255
        return Image.fromarray(rgba), rgba, rgba.astype(np.float32) / 255, rgba.astype(np.uint16) * 257, tensor

    for black, white in zip(kinds(0), kinds(255), strict=True):
        pictures = [as_picture(black), as_picture(white)]
        assert torch.equal(*(picture.view() for picture in pictures))
        back = convert_like(black, pictures[0], pictures[0].view())
        again = as_picture(back)
        assert type(back) is type(black)
        np.testing.assert_allclose(again.alpha, ALPHA, atol=1 / 255)


def test_alpha_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="alpha holds NaN"):
        Picture(COLOURS, np.full(SIZE, np.nan, np.float32))
