"""Samples: deterministic, the same cut on both sides, within the cache's budget, fit for a loader's processes."""

import shutil
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pictura.data import DataSettings, open_data
from pictura.data.cache import Cache
from pictura.data.decode import DecodedImage
from pictura.data.layout import PictureView
from pictura.runtime.errors import PicturaError

from .conftest import noise, save, save_map

RAW = DataSettings(load=0, mirror=True)


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", ["images", "paired", "unpaired", "labelled"])
@pytest.mark.parametrize("cache", [0, 512])
def test_a_sample_is_a_function_of_index_and_generator(pairs, dice, kind, cache):
    source = open_data(pairs, kind, 8, settings=DataSettings(cache=cache))
    for index in range(len(source)):
        first = source.sample(index, dice(5))
        torch.rand(3)  # the global generator does not count
        assert equal(first, source.sample(index, dice(5)))
        assert not equal(first, source.sample(index, dice(6)))
    with pytest.raises(IndexError):
        source.sample(len(source), dice())


def test_shapes_and_ranges(pairs, dice):
    sample = open_data(pairs, "paired", (8, 12)).sample(0, dice())
    assert {name: tuple(one.shape) for name, one in sample.items()} == {"A": (3, 8, 12), "B": (3, 8, 12)}
    for one in sample.values():
        assert one.dtype == torch.float32
        assert one.is_contiguous()
        assert 0 <= one.min() < one.max() <= 1
    labelled = open_data(pairs, "labelled", 8).sample(0, dice())
    assert labelled["label"].dtype == torch.int64
    assert list(open_data(pairs, "images", 8).sample(0, dice())) == ["image"]


@given(seed=st.integers(0, 10**6), index=st.integers(0, 3), load=st.sampled_from([None, 0, 20]))
@settings(max_examples=40, deadline=None)
def test_both_sides_show_the_same_place(shared, seed, index, load):
    """B is the negative of A in the file, so it is in every sample."""
    source = open_data(shared, "paired", 12, settings=DataSettings(load=load))
    sample = source.sample(index, torch.Generator().manual_seed(seed))
    assert (sample["A"] + sample["B"] - 1).abs().max() < 1.5 / 255


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    for i in range(4):
        save(folder / "A" / f"{i}.png", noise(seed=i) // 2 + 60)  # bicubic overshoots within the range
        save(folder / "B" / f"{i}.png", 255 - (noise(seed=i) // 2 + 60))
    return folder


def test_side_by_side_is_the_same_as_two_folders(shared, tmp_path, dice):
    for i in range(4):
        one = noise(seed=i) // 2 + 60
        save(tmp_path / f"{i}.png", np.hstack([one, 255 - one]))
    beside, apart = (open_data(folder, "paired", 12) for folder in (tmp_path, shared))
    for i in range(4):
        assert equal(beside.sample(i, dice(i)), apart.sample(i, dice(i)))
    turned = open_data(tmp_path, "paired", 12, settings=DataSettings(direction="BtoA")).sample(1, dice(2))
    assert torch.equal(turned["A"], apart.sample(1, dice(2))["B"])


def test_partners_of_another_size_show_the_same_place(tmp_path, dice):
    ramp = np.broadcast_to(np.linspace(0, 250, 60)[None, :, None], (40, 60, 3)).astype(np.uint8)
    save(tmp_path / "A" / "1.png", np.ascontiguousarray(ramp))
    save(tmp_path / "B" / "1.png", np.ascontiguousarray(ramp[::2, ::2]))
    source = open_data(tmp_path, "paired", 16)
    for seed in range(20):
        sample = source.sample(0, dice(seed))
        assert (sample["A"] - sample["B"]).abs().max() < 0.03


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
@pytest.mark.parametrize("values", ["colours", "indices"])
def test_label_maps_keep_their_classes(tmp_path, dice, direction, values):
    numbers = np.kron(np.random.default_rng(0).integers(0, 4, (6, 8)), np.ones((5, 5), int))
    save(tmp_path / "A" / "1.png", noise(30, 40))
    save_map(tmp_path / "B" / "1.png", numbers)
    source = open_data(tmp_path, "paired", 16, settings=DataSettings(direction=direction, label_values=values))
    side = "B" if direction == "AtoB" else "A"
    assert source.maps == {side}
    classes = {"class 0": [0, 0, 0], "class 1": [250, 10, 20], "class 2": [30, 240, 50], "class 3": [60, 70, 230]}
    assert source.label_classes() == ({side: classes} if values == "colours" else {})
    for seed in range(10):
        seen = source.sample(0, dice(seed))[side]
        if values == "indices":
            assert (seen.dtype, tuple(seen.shape)) == (torch.int64, (16, 16))
            assert set(seen.unique().tolist()) <= {0, 1, 2, 3}
        else:
            colours = {tuple(c) for c in (seen * 255).round().int().flatten(1).T.tolist()}
            assert colours <= {(0, 0, 0), (250, 10, 20), (30, 240, 50), (60, 70, 230)}


@pytest.mark.parametrize(("named", "maps"), [("none", set()), ("A", {"A"}), ("B", {"B"}), ("both", {"A", "B"})])
def test_label_maps_can_be_named(pairs, named, maps):
    assert open_data(pairs, "paired", 8, settings=DataSettings(label_maps=named)).maps == maps
    turned = open_data(pairs, "paired", 8, settings=DataSettings(label_maps=named, direction="BtoA"))
    assert turned.maps == {{"A": "B", "B": "A"}[side] for side in maps}
    assert open_data(pairs, "paired", 8).maps == set()
    assert open_data(pairs, "paired", 8, settings=DataSettings(label_maps=named)).label_classes() == {}


def test_unpaired_takes_a_in_order_and_draws_b(tmp_path, dice):
    for i in range(2):
        save(tmp_path / "A" / f"{i}.png", np.full((8, 8, 3), 10 * i, np.uint8))
    for i in range(5):
        save(tmp_path / "B" / f"{i}.png", np.full((8, 8, 3), 100 + i, np.uint8))
    source = open_data(tmp_path, "unpaired", 8)
    assert len(source) == 5
    number = dice()
    seen = [source.sample(i % 5, number) for i in range(100)]
    value = [{side: round(one[side].mean().item() * 255) for side in "AB"} for one in seen]
    assert [one["A"] for one in value[:5]] == [0, 10, 0, 10, 0]
    assert {one["B"] for one in value} == {100, 101, 102, 103, 104}


def test_a_small_picture_is_enlarged(tmp_path, dice):
    save(tmp_path / "1.png", noise(5, 9))
    for load in (None, 0):
        source = open_data(tmp_path, "images", 32, settings=DataSettings(load=load))
        assert source.sample(0, dice())["image"].shape == (3, 32, 32)


def test_large_pictures_are_kept_small_and_look_the_same(tmp_path, dice):
    waves = np.sin(np.linspace(0, 9, 600))[:, None, None] * np.cos(np.linspace(0, 7, 900))[None, :, None]
    save(tmp_path / "1.jpg", (127 + 100 * waves * np.ones(3)).astype(np.uint8), quality=95)
    source = open_data(tmp_path, "images", 32, settings=DataSettings(scale=(1, 1.5)))
    small = source.sample(0, dice(1))["image"]
    assert source._cache.used <= 3 * (300 + 1) * (450 + 1)
    Whole = open_data(tmp_path, "images", 32, settings=DataSettings(scale=(1, 1.5)))
    Whole._cache.get((tmp_path / "1.jpg", False), lambda: _whole(tmp_path / "1.jpg"))
    assert (small - Whole.sample(0, dice(1))["image"]).abs().max() < 4 / 255


def _whole(path):
    from pictura.data.decode import decode_image

    return decode_image(path)


def test_grey_and_sixteen_bits(tmp_path, dice):
    from pictura.picture import Picture, write

    write(Picture.of(np.full((8, 8), 1000, np.uint16)), tmp_path / "1.png")
    sample = open_data(tmp_path, "images", 8).sample(0, dice())["image"]
    assert torch.allclose(sample, torch.full((3, 8, 8), 1000 / 65535), atol=1e-6)


def test_cache_keeps_what_came_first():
    cache, made = Cache(250), []

    def make(name):
        made.append(name)
        return DecodedImage(np.zeros((10, 10, 1), np.uint8), (10, 10))

    for _ in range(2):
        for name in "abc":
            assert cache.get(name, lambda n=name: make(n)).original_size == (10, 10)
    assert made == ["a", "b", "c", "c"]
    assert (cache.used, len(cache)) == (200, 2)


def test_a_broken_file_is_told(pairs, dice):
    (pairs / "trainB" / "2.png").write_bytes(b"")
    source = open_data(pairs, "paired", 8)
    source.sample(1, dice())
    with pytest.raises(PicturaError, match=r"2\.png' is empty"):
        source.sample(2, dice())


def test_fingerprint(pairs, tmp_path_factory):
    def mark(folder=pairs, **values):
        return open_data(folder, "paired", values.pop("crop", 8), settings=DataSettings(**values)).fingerprint()

    first = mark()
    assert len(first) == 64
    moved = shutil.copytree(pairs, tmp_path_factory.mktemp("moved") / "set")
    assert mark(moved) == first == mark(cache=1)
    others = [mark(direction="BtoA"), mark(crop=9), mark(mirror=False)]
    data = (moved / "trainA" / "1.png").read_bytes()
    (moved / "trainA" / "1.png").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    others.append(mark(moved))
    (moved / "trainA" / "1.png").write_bytes(data + b"more")
    others.append(mark(moved))
    for side in "AB":
        (moved / f"train{side}" / "1.png").rename(moved / f"train{side}" / "9.png")
    others.append(mark(moved))
    assert len({first, *others}) == 1 + len(others)


def test_without(pairs):
    source = open_data(pairs, "paired", 8)
    less = source.without({PictureView(pairs / "trainB" / "1.png")})
    assert [less.names(i) for i in range(3)] == [[f"train{s}/{i}.png" for s in "AB"] for i in (0, 2, 3)]
    two = open_data(pairs, "unpaired", 8).without({PictureView(pairs / "trainB" / "1.png")})
    assert {side: len(views) for side, views in two.part.views.items()} == {"A": 4, "B": 3}
    with pytest.raises(PicturaError, match="No samples remain"):
        source.without({PictureView(pairs / "trainA" / f"{i}.png") for i in range(4)})
    labelled = open_data(pairs, "labelled", 8)
    assert len(labelled.without({labelled.part.views["image"][0]}).part.labels) == len(labelled) - 1


def test_a_source_travels_to_a_loaders_processes(pairs, dice):
    source = open_data(pairs, "paired", 8)
    here = source.sample(0, dice(1))
    assert source._cache.used
    there = ForkingPickler.loads(ForkingPickler.dumps(source))
    assert there._cache.used == 0
    assert there.fingerprint() == source.fingerprint()
    assert equal(there.sample(0, dice(1)), here)
