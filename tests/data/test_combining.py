"""Pairs side by side and back, pixel for pixel."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictura.data import combine_pairs, split_pairs
from pictura.picture import Picture, read, write
from pictura.runtime.errors import PicturaError

from .conftest import noise, save

SIDE = st.integers(1, 9)


@given(
    size=st.tuples(SIDE, SIDE),
    channels=st.tuples(st.sampled_from([1, 2, 3, 4]), st.sampled_from([1, 2, 3, 4])),
    deep=st.tuples(st.booleans(), st.booleans()),
    suffix=st.sampled_from([".png", ".tif"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=12, deadline=None)
def test_split_undoes_combine(size, channels, deep, suffix, seed):
    dice = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        root, made = Path(place), {}
        for side, count, sixteen in zip("AB", channels, deep, strict=True):
            top, kind = (65536, np.uint16) if sixteen else (256, np.uint8)
            values = dice.integers(0, top, (*size, count), kind)
            colours = Picture.of(values[..., 0] if count < 3 else values[..., :3])
            alpha = values[..., -1].astype(np.float32) / np.float32(top - 1) if count in (2, 4) else None
            made[side] = Picture(colours.pixels, alpha, colours.depth, colours.grey)
            write(made[side], root / side / "deep" / "x.png")
        (beside,) = combine_pairs(root / "A", root / "B", root / "both", suffix=suffix)
        assert read(beside).size == (size[0], 2 * size[1])
        written = split_pairs(root / "both", root / "apart", suffix=suffix)
        assert written == [root / "apart" / side / "deep" / f"x{suffix}" for side in "AB"]
        for side, path in zip("AB", written, strict=True):
            again = read(path)
            assert np.array_equal(again.pixels, made[side].pixels)
            expected = np.ones(size, np.float32) if made[side].alpha is None else made[side].alpha
            assert np.array_equal(np.ones(size, np.float32) if again.alpha is None else again.alpha, expected)


def test_one_file_is_split(tmp_path):
    whole = noise(6, 10)
    left, right = split_pairs(save(tmp_path / "x.jpg", whole, quality=100), tmp_path / "out")
    assert np.array_equal(np.hstack([read(left).pixels, read(right).pixels]), read(tmp_path / "x.jpg").pixels)
    assert (left, right) == (tmp_path / "out" / "A" / "x.png", tmp_path / "out" / "B" / "x.png")


def test_nothing_is_overwritten_unasked(pairs, tmp_path):
    out = tmp_path / "out"
    save(out / "3.png", noise(2, 2))
    before = (out / "3.png").read_bytes()
    with pytest.raises(PicturaError, match=r"3\.png' exists already"):
        combine_pairs(pairs / "trainA", pairs / "trainB", out)
    assert [path.name for path in out.iterdir()] == ["3.png"]  # told before the first was written
    assert (out / "3.png").read_bytes() == before
    assert len(combine_pairs(pairs / "trainA", pairs / "trainB", out, overwrite=True)) == 4
    with pytest.raises(PicturaError, match="is an original"):
        combine_pairs(pairs / "trainA", pairs / "trainB", pairs / "trainA", overwrite=True)


def test_mistakes(pairs, tmp_path):
    (pairs / "trainB" / "2.png").unlink()
    with pytest.raises(PicturaError, match=r"trainA.2\.png' has no partner"):
        combine_pairs(pairs / "trainA", pairs / "trainB", tmp_path / "out")
    save(pairs / "trainB" / "2.png", noise(24, 30))
    with pytest.raises(PicturaError, match="is 32 × 24 pixels and its partner 30 × 24: resize one of them"):
        combine_pairs(pairs / "trainA", pairs / "trainB", tmp_path / "out")
    with pytest.raises(PicturaError, match="does not exist"):
        combine_pairs(pairs / "trainA", pairs / "nowhere", tmp_path / "out")
    with pytest.raises(PicturaError, match="9 pixels wide and cannot be split into equal halves"):
        split_pairs(save(tmp_path / "x.png", noise(4, 9)), tmp_path / "out2")
    assert not (tmp_path / "out2").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(PicturaError, match="contains no pictures"):
        split_pairs(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(PicturaError, match="contain no pictures"):
        combine_pairs(tmp_path / "empty", tmp_path / "empty", tmp_path / "out")
    for suffix in ("png", "jpg"):
        save(tmp_path / "same" / f"x.{suffix}", noise(4, 8))
    with pytest.raises(PicturaError, match="would both become"):
        split_pairs(tmp_path / "same", tmp_path / "out3")


def test_progress(pairs, tmp_path):
    seen = []
    combine_pairs(pairs / "testA", pairs / "testB", tmp_path / "out", progress=lambda *counts: seen.append(counts))
    assert seen == [(1, 2), (2, 2)]
