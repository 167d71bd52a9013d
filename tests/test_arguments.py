"""Whatever a person passes: a result, or one sentence of pictura's own; never another library's error."""

import inspect
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import pictura
from pictura.encoders import load_encoder
from pictura.picture.kinds import as_picture
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError

pytestmark = pytest.mark.kinds
NOISE = np.random.default_rng(7).integers(0, 256, (24, 20, 3), np.uint8)
ODD = [None, object(), "nonsense", -1, 2.5, math.nan, 10**30, b"x", [], ["x"], {"a": 1}, "\0", "x" * 5000]
ODD += [torch.zeros(2), print]


@cache
def encoder():
    return load_encoder("compact")


@cache
def model():
    return pictura.load("adain", device="cpu")


def quick(**given):
    usual = {"content": NOISE, "style": NOISE, "init": "content", "steps": 1, "encoder": encoder()}
    return pictura.stylize(**usual | given)


@cache
def painter():
    return pictura.load("photo2vangogh", device="cpu")


DOORS = {
    "stylize": (quick, pictura.stylize),
    "upscale": (lambda **g: pictura.upscale(**{"picture": NOISE, "scale": 2, "model": "bicubic"} | g), pictura.upscale),
    "translate": (lambda **g: pictura.translate(**{"picture": NOISE, "model": "photo2vangogh"} | g), pictura.translate),
    "measure": (lambda **g: pictura.measure(**{"a": NOISE, "b": NOISE, "metrics": "psnr"} | g), pictura.measure),
    "Model.translate": (lambda **g: painter().translate(**{"picture": NOISE} | g), pictura.Model.translate),
    "synthesize": (
        lambda **g: pictura.synthesize(**{"texture": NOISE, "size": (16, 16), "steps": 1, "encoder": encoder()} | g),
        pictura.synthesize,
    ),
    "read": (lambda **g: pictura.read(**{"path": "a.png"} | g), pictura.read),
    "write": (lambda **g: pictura.write(**{"picture": NOISE, "path": "new.png", "overwrite": True} | g), pictura.write),
    "load": (lambda **g: pictura.load(**{"model": "adain"} | g), pictura.load),
    "preset": (lambda **g: pictura.preset(**{"name": "fast"} | g), pictura.preset),
    "load_settings": (lambda **g: pictura.load_settings(**{"path": "a.png"} | g), pictura.load_settings),
    "Model.stylize": (
        lambda **g: model().stylize(**{"content": NOISE, "style": NOISE} | g),
        pictura.Model.stylize,
    ),
}


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictura.write(NOISE, "a.png", settings={"seed": 1})


@pytest.mark.parametrize("door", DOORS)
def test_no_foreign_error(door) -> None:
    call, function = DOORS[door]
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    for name in [name for name in names if name != "self"]:
        for value in ODD:
            try:
                call(**{name: value})
            except PicturaError as error:
                assert "\n" not in str(error) and len(str(error)) < 6000, (name, value)
            except BaseException as error:
                raise AssertionError(f"{door}({name}={value!r:.60})") from error


@pytest.mark.parametrize("name", ["learning_rate", "steps", "loss", "content_layers", "seed", "init", "nonsense"])
def test_no_foreign_error_of_a_setting(name) -> None:
    for value in ODD:
        try:
            quick(**{name: value})
        except PicturaError as error:
            assert str(error).count("\n") == 0
        except BaseException as error:
            raise AssertionError(f"{name}={value!r:.60}") from error


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:x", "cpu:5", "mps:7", "meta", "\0"])
def test_devices_that_are_not_there(device) -> None:
    with pytest.raises(PicturaError):
        quick(device=device, encoder=None)


class TestRange:
    TOO_LARGE = NOISE.astype(np.float32)

    @pytest.mark.parametrize(
        "given",
        [
            TOO_LARGE,
            TOO_LARGE.astype(np.float64),
            TOO_LARGE[..., 0],
            TOO_LARGE / 127.5 - 1,
            torch.from_numpy(TOO_LARGE).permute(2, 0, 1),
            torch.from_numpy(TOO_LARGE).permute(2, 0, 1)[None],
            Image.fromarray(TOO_LARGE[..., 0]),
        ],
        ids=range(7),
    )
    def test_other_ranges_are_refused_wherever_a_picture_comes_in(self, given) -> None:
        for use in ({"content": given}, {"style": given}, {"masks": [given]}):
            with pytest.raises(PicturaError, match=r"floats must be in \[0, 1\]"):
                quick(**use)
        for door in (as_picture, pictura.upscale, lambda x: pictura.write(x, "b.png")):
            with pytest.raises(PicturaError, match=r"in \[0, 1\], these are from .* to .*: (divide by 255|scale them)"):
                door(given)

    def test_what_filters_overshoot_is_clipped(self) -> None:
        given = np.linspace(-0.2, 1.2, 300, dtype=np.float32).reshape(10, 10, 3)
        assert np.array_equal(as_picture(given).pixels, given.clip(0, 1))


class TestWords:
    def test_one_number_is_steps_at_one_scale(self) -> None:
        assert np.array_equal(quick(steps=2), quick(steps=(2,)))
        assert pictura.preset("fast").with_changes(steps=7).steps == (7,)
        assert pictura.preset("fast").with_changes(steps="8,6").steps == (8, 6)

    @pytest.mark.parametrize(
        ("words", "plain"),
        [
            ({"alpha": 0.5, "beta": 2}, {"content_weight": 0.5, "style_weight": 2}),
            ({"preset": "fast"}, {"settings": "fast"}),
            ({"content_layer": {"relu3_1": 1}}, {"content_layers": {"relu3_1": 1}}),
            ({"mask": NOISE}, {"masks": [NOISE]}),
            (
                {"style": [NOISE, NOISE[::-1]], "style_weight": [1, 3]},
                {"style": [NOISE, NOISE[::-1]], "style_weights": [1, 3]},
            ),
            ({"settings": {"content_weight": 0.5}}, {"content_weight": 0.5}),
            ({"encoder": "compact"}, {}),
            ({"size": np.int64(16)}, {"size": 16}),
        ],
        ids=lambda words: "-".join(words),
    )
    def test_the_command_lines_words(self, words, plain) -> None:
        assert np.array_equal(quick(**words), quick(**plain))

    def test_one_thing_twice(self) -> None:
        with pytest.raises(PicturaError, match="'beta' and 'style_weight' are the same: give one"):
            quick(style_weight=1, beta=2)

    def test_words_of_another_method(self) -> None:
        with pytest.raises(PicturaError, match="'model' is for trained models; leave it out, or add method='adain'"):
            quick(model="adain")
        with pytest.raises(PicturaError, match="'workspace' is for the method optimize; leave it out for adain"):
            pictura.stylize(NOISE, "starry-night", method="adain", workspace="here")

    def test_names_of_styles(self) -> None:
        assert "starry-night" in pictura.styles() and pictura.styles() == sorted(pictura.styles())


class TestPicture:
    @pytest.mark.parametrize("kind", [NOISE, torch.rand(3, 8, 8), Image.fromarray(NOISE), "a.png", Path("a.png")])
    def test_what_stylize_gives_can_be_written(self, kind) -> None:
        made = quick(content=kind)
        assert pictura.read(pictura.write(made, "made.png")).size == as_picture(made).size

    def test_save_numpy_pil(self) -> None:
        picture = pictura.read("a.png")
        assert np.array_equal(picture.numpy(), NOISE) and picture.numpy() is not picture.samples
        assert np.array_equal(np.asarray(picture.pil()), NOISE)
        assert np.array_equal(pictura.read(picture.save("b.tif")).numpy(), NOISE)
        with pytest.raises(PicturaError, match="exists already"):
            picture.save("a.png")

    def test_alpha(self) -> None:
        picture = pictura.Picture(NOISE, np.linspace(0, 1, 480, dtype=np.float32).reshape(24, 20))
        assert picture.pil().mode == "RGBA"

    def test_show(self, monkeypatch) -> None:
        shown = []
        monkeypatch.setattr(Image.Image, "show", lambda image: shown.append(image))
        pictura.read("a.png").show()
        assert shown[0].size == (20, 24)


def test_a_tensor_where_anything_may_be_stays_one():
    """`Any` is a class since Python 3.11: it says nothing about a value, which is handed on as it is."""

    @check_arguments
    def give(value: Any) -> Any:
        return value

    value = torch.rand(1, 3, 4, 4)
    assert give(value) is value
