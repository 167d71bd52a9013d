"""Settings: mistakes told in one sentence, presets that build, values that come back from files."""

import json

import pydantic
import pytest

from pictura.api import load_settings
from pictura.methods.iterative.settings import PRESETS, Settings, build_settings, preset
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError


def test_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(PicturaError, match=r"Unknown setting 'content_wieght'\. Did you mean 'content_weight'\?"):
        build_settings({"content_wieght": 1})


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(PicturaError, match=r"no preset 'qualty'; there are fast, .* Did you mean 'quality'\?"):
        preset("qualty")


@pytest.mark.parametrize(
    "values",
    [
        {"content_weight": -1},
        {"content_weight": float("nan")},
        {"learning_rate": float("inf")},
        {"style_layers": {"relu1_1": float("nan")}},
        {"content_layers": {"relu4_2": float("inf")}},
        {"smoothing": -0.1},
        {"learning_rate": 0},
        {"steps": ()},
        {"steps": (0, 0)},
        {"steps": (3, -1)},
        {"averaging": 1},
        {"scale_factor": 1},
        {"scale_factor": 1 + 1e-9},  # thousands of millions of scales
        {"learning_rate": 1e300},
        {"denoise": 1.5},
        {"optimizer": "rmsprop"},
        {"style_layers": {}},
        {"style_layers": {"relu1_1": 0}},
        {"style_layers": {"relu1_1": -1, "relu2_1": 1}},
        {"content_layers": {"relu4_2": -1}},
        {"seed": "one"},
        {"seed": -1},
        {"seed": 2**64},
    ],
)
def test_bad_values_are_told_in_one_sentence(values: dict[str, object]) -> None:
    with pytest.raises(PicturaError) as told:
        build_settings(values)
    sentence = str(told.value)
    assert next(iter(values)) in sentence
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name: str) -> None:
    made = preset(name)
    assert made.preset == name
    assert build_settings(json.loads(made.model_dump_json())) == made


def test_frozen() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        build_settings({}).seed = 3  # type: ignore[misc]


def test_changed_is_a_checked_copy(quick: Settings) -> None:
    assert quick.with_changes(seed=7).seed == 7
    assert quick.seed == 0
    with pytest.raises(PicturaError):
        quick.with_changes(seed="one")


@pytest.mark.parametrize("wrapped", [False, True])
def test_from_json(tmp_path, quick: Settings, wrapped: bool) -> None:
    values = quick.model_dump()
    (tmp_path / "made.json").write_text(json.dumps({"settings": values} if wrapped else values), encoding="utf-8")
    assert load_settings(tmp_path / "made.json") == quick


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_from_a_picture_that_was_made(tmp_path, quick: Settings, draw, suffix: str) -> None:
    path = write(Picture.of(draw()), tmp_path / f"made{suffix}", settings={"settings": quick.model_dump()})
    assert load_settings(path) == quick


@pytest.mark.parametrize("text", ["{", "[1]", '{"settings": 3}'])
def test_from_a_file_without_settings(tmp_path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")
    with pytest.raises(PicturaError, match=r"odd\.json"):
        load_settings(tmp_path / "odd.json")


def test_from_a_picture_somebody_else_made(tmp_path, draw) -> None:
    with pytest.raises(PicturaError, match="contains no pictura settings"):
        load_settings(write(Picture.of(draw()), tmp_path / "plain.png"))
