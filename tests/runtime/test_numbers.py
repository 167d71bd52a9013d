"""Numbers from outside are looked at: weights when they are read, results before they are written."""

import math

import pytest
import torch
from pydantic.fields import FieldInfo
from safetensors.torch import save_file

import pictura.methods
from pictura.data.settings import DataSettings
from pictura.methods.iterative.settings import Settings
from pictura.methods.johnson import Johnson, JohnsonSettings
from pictura.models.bundle import Bundle
from pictura.models.saving import pack_bundle
from pictura.networks.tiling.streaming import NetworkPart, stream
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import PicturaError
from pictura.runtime.numbers import MAX_MAGNITUDE, check_numbers, read_tensor
from pictura.runtime.settings import FrozenSettings, validate_settings
from pictura.training.settings import TrainSettings

pytestmark = pytest.mark.kinds
WRONG = (math.nan, math.inf, -math.inf, 2.7e36, -2 * MAX_MAGNITUDE)


@pytest.mark.parametrize("number", WRONG)
def test_a_wrong_number_among_many_is_named(tmp_path, number):
    tensor = torch.ones(4, 5)
    tensor[2, 3] = number
    with pytest.raises(PicturaError, match=r"'a\.weight' in 'net'"):
        check_numbers(tensor, "a.weight", "net")
    save_file({"a.weight": tensor}, tmp_path / "net.safetensors")
    with open_safetensors(tmp_path / "net.safetensors") as file, pytest.raises(PicturaError, match=r"a\.weight"):
        read_tensor(file, "a.weight", "net")


def test_what_is_sound_passes(tmp_path):
    tensors = {"h": torch.ones(3).half(), "n": torch.tensor(7), "empty": torch.zeros(0), "d": torch.ones(2).double()}
    save_file(tensors, tmp_path / "a.safetensors")
    with open_safetensors(tmp_path / "a.safetensors") as file:
        read = {key: read_tensor(file, key, "a") for key in tensors}
    assert {key: tensor.dtype for key, tensor in read.items()} == {
        **dict.fromkeys(("h", "empty", "d"), torch.float32),
        "n": torch.int64,
    }


@pytest.mark.parametrize("number", WRONG[:3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
@pytest.mark.parametrize("memory", [2**30, 2**18])
def test_no_result_that_is_not_finite(number, dtype, memory):
    def run(x, _):
        y = x.clone()
        y[..., -1, -1] = number
        return y

    image = torch.full((1, 3, 40, 48), 0.5) if dtype == torch.float32 else torch.full((1, 3, 40, 48), 128, dtype=dtype)
    with pytest.raises(PicturaError, match="NaN or infinity, so it was not made"):
        stream(image, [NetworkPart(run)], memory=memory)


def settings_classes():
    found = [Settings, DataSettings, TrainSettings]
    for name in ("adain", "johnson", "srcnn", "superres"):  # the shipped ones: tests put others beside them
        found.append(pictura.methods.find_method(name).Settings)
    return found


def numbers_of(kind: type[FrozenSettings]) -> list[tuple[str, FieldInfo]]:
    return [(n, f) for n, f in kind.model_fields.items() if f.annotation in (int, float, int | None, float | None)]


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_each_number_in_settings_has_an_upper_bound(kind):
    unbounded = [
        name
        for name, field in numbers_of(kind)
        if not any(
            getattr(rule, "le", None) is not None or getattr(rule, "lt", None) is not None for rule in field.metadata
        )
    ]
    assert unbounded == []
    for name, _ in numbers_of(kind):
        with pytest.raises(PicturaError):
            validate_settings(kind, {name: 10**19})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Settings, {"steps": [10**9]}),
        (Settings, {"steps": [1] * 5000}),
        (Settings, {"style_layers": {"relu1_1": 1e30}}),
        (Settings, {"content_layers": {f"l{i}": 1.0 for i in range(2000)}}),
        (Settings, {"init": "x" * 100_000}),
        (JohnsonSettings, {"widths": [10**9, 1, 1]}),
        (JohnsonSettings, {"widths": [-1, 1, 1]}),
        (JohnsonSettings, {"blocks": 10**9}),
        (JohnsonSettings, {"styles": [str(i) for i in range(10**5)]}),
        (JohnsonSettings, {"betas": [2.0, 0.9]}),
        (DataSettings, {"scale": [1, 1e9]}),
    ],
)
def test_what_lists_and_tables_hold_is_bounded(kind, values):
    with pytest.raises(PicturaError):
        validate_settings(kind, values)


def test_a_small_bundle_cannot_ask_for_a_large_network(monkeypatch):
    """4096 channels in 256 blocks would be 150 GB; the file has a few numbers."""
    bundle = Bundle.of("johnson", {}, Johnson(Johnson.tiny()).networks())
    huge = JohnsonSettings(widths=(4096, 4096, 4096), blocks=256).model_dump(mode="json")
    monkeypatch.setattr(torch.nn.Module, "to", lambda *_, **__: pytest.fail("made") if not _meta(_) else _[0])
    with pytest.raises(PicturaError, match=r"is missing|has shape"):
        pictura.methods.open_method(Bundle("johnson", huge, bundle.tensors))


def _meta(given):
    return next(given[0].parameters()).device.type == "meta"


def test_settings_of_a_training_cannot_either():
    huge = JohnsonSettings(widths=(4096, 4096, 4096), blocks=256)
    with pytest.raises(PicturaError, match="GB, more than a model may have"):
        pictura.methods.build_method(Johnson, huge)
    assert isinstance(pictura.methods.build_method(Johnson, Johnson.tiny()), Johnson)


def test_a_model_with_absurd_weights_is_not_saved():
    bundle = Bundle.of("johnson", {}, Johnson(Johnson.tiny()).networks())
    bundle.tensors["generator.last.bias"][0] = 1e30
    with pytest.raises(PicturaError, match="the model was not saved"):
        pack_bundle(bundle)
