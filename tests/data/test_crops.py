"""Cuts: one operation for resize, crop and mirror, equal to the three done one after the other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pictura.data.crops import Augmentation, Cut, take_cut, to_tensor
from pictura.data.decode import DecodedImage
from pictura.data.settings import DataSettings, data_settings
from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError

SIDES = st.integers(1, 40)


def of(kind="paired", crop=16, **values):
    return Augmentation.of(kind, crop, data_settings(values))


def decoded(height, width, channels=3, dtype=np.uint8):
    array = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)
    return DecodedImage(array, (height, width))


@given(own=st.tuples(SIDES, SIDES), crop=st.tuples(SIDES, SIDES), scale=st.floats(1, 3), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("kind", ["images", "paired"])
@pytest.mark.parametrize("load", [None, 0])
def test_every_cut_lies_inside(kind, load, own, crop, scale, seed):
    augmentation = of(kind, crop, load=load, scale=(1.0, scale))
    cut = augmentation.draw(own, torch.Generator().manual_seed(seed))
    assert 0 <= cut.top <= cut.load_size[0] - crop[0]
    assert 0 <= cut.left <= cut.load_size[1] - crop[1]
    assert take_cut(decoded(*own), cut).shape == (*crop, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("own", [(30, 40), (300, 220)])
@pytest.mark.parametrize("channels", [1, 3])
def test_take_is_resize_then_crop_then_mirror(own, channels, dtype):
    picture = decoded(*own, channels, dtype)
    # Bicubic overshoots, and Pillow clips after each direction, we at the end: values from which it cannot matter.
    picture = DecodedImage(picture.samples // 2 + np.iinfo(dtype).max // 4, own)
    cut = Cut((57, 61), 11, 7, (32, 48), mirror=True)
    plain = torch.from_numpy(picture.samples.astype(np.float32) / np.iinfo(dtype).max).permute(2, 0, 1)[None]
    expected = resize(plain, (57, 61))[0, :, 11:43, 7:55].flip(-1)
    taken = to_tensor(take_cut(picture, cut))
    assert taken.shape == (3, 32, 48)
    # Pillow rounds to 8 bits after each direction.
    assert (taken - expected).abs().max() < (1.6 / 255 if dtype == np.uint8 else 1e-4)


def test_a_cut_at_own_size_is_exact():
    picture = decoded(30, 40)
    taken = take_cut(picture, Cut((30, 40), 3, 5, (10, 20), mirror=False))
    assert np.array_equal(taken, picture.samples[3:13, 5:25])


@given(loaded=st.tuples(SIDES, SIDES), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_nearest_keeps_classes_and_matches_the_whole(loaded, seed):
    numbers = np.random.default_rng(seed).integers(0, 12, (17, 23), np.uint8)
    picture = DecodedImage(numbers, (17, 23))
    whole = take_cut(picture, Cut(loaded, 0, 0, loaded, mirror=False))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(numbers)[None, None].float(), loaded, mode="nearest-exact"
    )
    assert np.array_equal(whole, expected[0, 0].numpy().astype(np.uint8))
    inner = (loaded[0] - loaded[0] // 2, loaded[1] - loaded[1] // 3)
    part = take_cut(picture, Cut(loaded, loaded[0] // 2, loaded[1] // 3, inner, mirror=False))
    assert np.array_equal(part, whole[loaded[0] // 2 :, loaded[1] // 3 :])


def test_the_papers_load_sizes():
    assert of("paired", 256).load == (286, 286)
    assert of("unpaired", 128).load == (143, 143)  # CycleGAN's Lua code: 143 for 128
    assert of("paired", (128, 256)).load == (143, 286)
    assert of("images", 256).load == 256
    assert of("images", 256).load_size((480, 640), 1.0) == (256, 341)


def test_jitter_enlarges_nothing_but_load_and_crop_do():
    images = of("images", 64)
    assert images.load_size((100, 200), 2.0) == (100, 200)
    assert images.load_size((200, 400), 2.0) == (128, 256)
    assert images.load_size((16, 400), 1.0) == (64, 1600)
    assert of("images", (64, 128), load=0).load_size((32, 32), 1.0) == (128, 128)


def test_draws_are_spread_and_belong_to_the_generator(dice):
    augmentation, own = of("paired", 16, load=20), (24, 32)
    number = dice(3)
    cuts = [augmentation.draw(own, number) for _ in range(400)]
    assert {cut.top for cut in cuts} == {cut.left for cut in cuts} == set(range(5))
    assert 140 < sum(cut.mirror for cut in cuts) < 260
    again = dice(3)
    assert [augmentation.draw(own, again) for _ in range(400)] == cuts
    assert not any(of("paired", 16, load=20, mirror=False).draw(own, number).mirror for _ in range(50))


def test_tensor():
    grey = to_tensor(np.array([[[0], [255]]], np.uint8))
    assert grey.tolist() == [[[0.0, 1.0]]] * 3
    assert grey.is_contiguous()
    assert to_tensor(np.full((1, 1, 3), 65535, np.uint16)).max() == 1
    assert to_tensor(np.array([[3]], np.uint8)).dtype == torch.int64


def test_mistakes():
    with pytest.raises(PicturaError, match=r"load \(100\) is smaller than crop \(128\): raise load"):
        of("paired", 128, load=100)
    with pytest.raises(PicturaError, match="crop must be at least 1 pixel"):
        of("images", 0)
    with pytest.raises(PicturaError, match=r"Unknown data setting 'lod'.*'load'"):
        data_settings({"lod": 3})
    with pytest.raises(PicturaError, match="Data setting values: scale needs two positive factors"):
        data_settings({"scale": (2.0, 1.0)})
    assert DataSettings().load is None
