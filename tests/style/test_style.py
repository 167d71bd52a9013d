"""A style: from pictures, between sizes, mixed, to a file and back."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save, save_file
from torch import Tensor

from pictura.encoders import Encoder
from pictura.encoders.records import FAMILIES
from pictura.losses.moments import moments
from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError
from pictura.style import Moments, Style, blend_styles, encode_style, load_style, mix_moments

LAYERS = ("relu1_1", "relu3_1")
RAW = FAMILIES["torchvision"]


@pytest.fixture
def style(encoder: Encoder, draw) -> Style:
    return Style.of([draw(64, 48, 1)], encoder, LAYERS, (16, 64), {"title": "Discs", "year": "2024"})


def same(found: Moments, expected: Moments, **tolerance: float) -> None:
    assert list(found) == list(expected)
    for layer in expected:
        for a, b in zip(found[layer], expected[layer], strict=True):
            torch.testing.assert_close(a, b, **tolerance)


def by_hand(encoder: Encoder, picture: Tensor) -> Moments:
    return {layer: moments(f) for layer, f in encoder(picture, LAYERS).items()}


def test_of_a_picture_is_its_moments_at_each_size(encoder, style, draw) -> None:
    picture = draw(64, 48, 1)
    same(style.sizes[64], by_hand(encoder, picture))
    same(style.sizes[16], by_hand(encoder, resize(picture, (16, 12))))
    assert style.layers == LAYERS and style.encoder == "tiny"


def test_pictures_are_never_enlarged(encoder, draw) -> None:
    picture = draw(30, 20)
    same(encode_style(picture, encoder, LAYERS, 500), by_hand(encoder, picture))


@pytest.mark.parametrize("size", [(1, 1), (2, 200), (200, 1)])
def test_pictures_too_narrow_for_the_encoder_can_be_looked_at(encoder, draw, size: tuple[int, int]) -> None:
    found = encode_style(draw(*size), encoder, LAYERS, 64)
    assert all(t.isfinite().all() for pair in found.values() for t in pair)


def test_names_of_layers_become_the_encoders(draw) -> None:
    with_relus_only = Encoder([("relu1_1", torch.nn.ReLU())], RAW)
    assert list(encode_style(draw(), with_relus_only, ["conv1_1"], 64)) == ["relu1_1"]


def test_of_several_pictures_is_the_mean_of_theirs(encoder, draw) -> None:
    one, other = draw(64, 48, 1), draw(30, 40, 2)
    both = Style.of([one, other], encoder, LAYERS, (64,))
    parts = [(Style.of([p], encoder, LAYERS, (64,)).sizes[64], 0.5) for p in (one, other)]
    same(both.sizes[64], mix_moments(parts))
    assert not torch.allclose(parts[0][0]["relu1_1"][1], parts[1][0]["relu1_1"][1])


def test_at_a_known_size_is_exact(style) -> None:
    for size in (16, 64):
        same(style.at(size), style.sizes[size], rtol=0, atol=0)


def test_at_a_size_between_is_interpolated_in_its_logarithm(style) -> None:
    same(style.at(32), mix_moments([(style.sizes[16], 0.5), (style.sizes[64], 0.5)]))
    same(style.at(16 * 2**0.5), mix_moments([(style.sizes[16], 0.75), (style.sizes[64], 0.25)]))


def test_at_a_size_beyond_is_the_nearest_known(style) -> None:
    same(style.at(3), style.sizes[16], rtol=0, atol=0)
    same(style.at(9999.5), style.sizes[64], rtol=0, atol=0)


def test_blend_is_the_weighted_mean(encoder, style, draw) -> None:
    other = Style.of([draw(50, 50, 2)], encoder, LAYERS, (32,), {"title": "Waves"})
    mixed = blend_styles([(style, 3), (other, 1)])
    assert sorted(mixed.sizes) == [16, 32, 64]
    same(mixed.sizes[16], mix_moments([(style.sizes[16], 0.75), (other.sizes[32], 0.25)]))
    assert mixed.about["title"] == "0.75 Discs + 0.25 Waves"


def test_blend_of_one_is_that_one(style) -> None:
    alone = blend_styles([(style, 5)])
    same(alone.sizes[64], style.sizes[64])
    assert alone.about == style.about


def test_blend_keeps_the_layers_both_have(encoder, style, draw) -> None:
    other = Style.of([draw()], encoder, ("relu3_1", "relu2_1"), (64,))
    assert blend_styles([(style, 1), (other, 1)]).layers == ("relu3_1",)
    assert blend_styles([(other, 1), (style, 1)]).layers == ("relu3_1",)


def test_blend_refuses_styles_of_different_encoders(style) -> None:
    with pytest.raises(PicturaError, match=r"different encoders cannot be mixed: other, tiny"):
        blend_styles([(style, 1), (replace(style, encoder="other"), 1)])


@pytest.mark.parametrize("weights", [(0, 0), (2, -1), (-1, -1), (1, math.nan), (math.inf, 1)])
def test_blend_refuses_weights(style, weights: tuple[float, float]) -> None:
    with pytest.raises(PicturaError, match="must be 0 or more with a positive sum"):
        blend_styles([(style, weight) for weight in weights])


def test_to_a_file_and_back(style, tmp_path: Path) -> None:
    path = style.save(tmp_path / "discs.style")
    found = Style.load(path)
    assert (found.encoder, found.layers, list(found.sizes)) == ("tiny", LAYERS, [16, 64])
    assert found.about == style.about
    for size in style.sizes:  # half precision: 11 bits
        same(found.sizes[size], style.sizes[size], rtol=2**-11, atol=2**-24)
        for _, second in found.sizes[size].values():
            assert torch.equal(second, second.T)
    again = Style.load(found.save(tmp_path / "again.style"))
    same(again.sizes[64], found.sizes[64], rtol=0, atol=0)


def test_a_file_is_not_overwritten_unasked(style, tmp_path: Path) -> None:
    path = style.save(tmp_path / "discs.style")
    changed = replace(style, about={"title": "Changed"})
    with pytest.raises(PicturaError, match="exists already"):
        changed.save(path)
    assert Style.load(path).about["title"] == "Discs"
    changed.save(path, overwrite=True)
    assert Style.load(path).about["title"] == "Changed"
    assert [p.name for p in tmp_path.iterdir()] == ["discs.style"]


def test_responses_beyond_half_precision_are_not_saved(style, tmp_path: Path) -> None:
    large = replace(style, sizes={8: {"relu1_1": (torch.zeros(2), torch.full((2, 2), 1e5))}})
    with pytest.raises(PicturaError, match=r"overflow half precision in a \.style file"):
        large.save(tmp_path / "large.style")
    assert not list(tmp_path.iterdir())


def test_files_that_are_no_styles(style, tmp_path: Path) -> None:
    whole = style.to_bytes()
    (tmp_path / "cut.style").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.style").write_bytes(b"")
    (tmp_path / "text.style").write_bytes(b"not a style at all, but long enough to hold a header")
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.style")
    for name in ("cut", "empty", "text", "other"):
        with pytest.raises(PicturaError, match=rf"{name}\.style .*`pictura style extract`\.$"):
            Style.load(tmp_path / f"{name}.style")
    with pytest.raises(PicturaError, match="no style file"):
        Style.load(tmp_path / "missing.style")


def _tampered(style: Style, **changes: Tensor) -> bytes:
    """The file of a style with some tensors changed and no checksum, as earlier versions wrote it."""
    whole = load(style.to_bytes())
    words = {"format": "pictura-style-1", "encoder": style.encoder, "about": "{}"}
    return save(whole | changes, words)


@pytest.mark.kinds
def test_a_changed_file_is_noticed(style, tmp_path: Path) -> None:
    whole = bytearray(style.to_bytes())
    start = 8 + int.from_bytes(whole[:8], "little")
    for place in (start + 1, start + (len(whole) - start) // 2, len(whole) - 1, whole.index(b"Discs")):
        changed = whole.copy()
        changed[place] ^= 1
        (tmp_path / "changed.style").write_bytes(changed)
        with pytest.raises(PicturaError, match=r"SHA-256 differs|damaged"):
            Style.load(tmp_path / "changed.style")


@pytest.mark.kinds
def test_a_file_without_a_checksum_still_loads(style, tmp_path: Path) -> None:
    (tmp_path / "old.style").write_bytes(_tampered(style))
    same(Style.load(tmp_path / "old.style").sizes[64], style.sizes[64], rtol=2**-11, atol=2**-24)


@pytest.mark.kinds
@pytest.mark.parametrize(
    "changes",
    [
        {"16/relu1_1/mean": torch.full((6,), float("nan")).half()},
        {"16/relu1_1/second": torch.full((21,), float("inf")).half()},
        {"16/relu1_1/second": torch.full((21,), -1.0).half()},
        {"16/relu1_1/mean": torch.zeros(60_000).half()},  # its square would be 14 GB
        {"16/relu1_1/mean": torch.zeros(5).half()},
        {"16/relu1_1/mean": torch.zeros(2, 3).half()},
        {"16/relu1_1/mean": torch.zeros(6, dtype=torch.int32)},
        {"16/relu9_9/mean": torch.zeros(2).half(), "16/relu9_9/second": torch.zeros(3).half()},
        {"0/relu1_1/mean": torch.zeros(6).half(), "0/relu1_1/second": torch.zeros(21).half()},
        {"x/relu1_1/mean": torch.zeros(6).half(), "x/relu1_1/second": torch.zeros(21).half()},
        {"mean": torch.zeros(6).half()},
    ],
)
def test_numbers_that_no_style_has(style, tmp_path: Path, changes: dict[str, Tensor]) -> None:
    (tmp_path / "odd.style").write_bytes(_tampered(style, **changes))
    with pytest.raises(PicturaError, match=r"NaN|damaged|stored as"):
        Style.load(tmp_path / "odd.style")


@pytest.mark.kinds
def test_a_style_of_other_channels_than_the_encoder_is_refused(encoder, style) -> None:
    moments = {layer: (m[:3], r[:3, :3]) for layer, (m, r) in style.sizes[16].items()}
    with pytest.raises(PicturaError, match="3 channels at relu1_1 where tiny has 6"):
        load_style(replace(style, sizes={16: moments}), encoder, LAYERS)
