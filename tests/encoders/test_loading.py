"""From a name or a file to an encoder: round trips, and every way a file can be wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from pictura import encoders
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.records import RECORDS
from pictura.runtime import device
from pictura.runtime.errors import PicturaError

State = dict[str, Tensor]


def random_state(architecture: str) -> State:
    torch.manual_seed(0)
    return {k: v.contiguous() for k, v in ARCHITECTURES[architecture]().state_dict().items()}


def written(state: State, folder: Path, metadata: dict[str, str] | None = None) -> Path:
    path = folder / "my.safetensors"
    save_file(state, path, metadata)
    return path


@pytest.fixture
def squeeze() -> State:
    return random_state("squeezenet1_1")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("squeezenet1_1", "fire9"),
        ("resnet18", "layer4.1"),
        ("densenet121", "transition1"),
        ("vgg11_bn", "relu5_2"),
        ("compact", "relu5_1"),
    ],
)
def test_round_trip(tmp_path: Path, name: str, layer: str) -> None:
    torch.manual_seed(0)
    network = ARCHITECTURES[name]().eval()
    path = written({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path)
    encoder = encoders.load_encoder(name, weights=path, dtype="float32", padding="zeros")
    x = torch.rand(1, 3, 40, 40)
    expected = (x - encoder.mean) / encoder.std
    for stage, module in network.chain():
        expected = module(expected)
        if stage == layer:
            break
    if name == "compact":
        expected = network.heads[layer](expected)
    torch.testing.assert_close(encoder(x, [layer])[layer], expected)


def test_half_precision_file_computes_in_float32(tmp_path: Path, squeeze: State) -> None:
    path = written({k: v.half() for k, v in squeeze.items()}, tmp_path)
    encoder = encoders.load_encoder("squeezenet1_1", weights=path, dtype="float32")
    assert all(p.dtype == torch.float32 for p in encoder.parameters())


def test_classifier_and_counters_do_not_matter(tmp_path: Path) -> None:
    state = {k: v for k, v in random_state("resnet18").items() if not k.endswith("num_batches_tracked")}
    state |= {"fc.weight": torch.full((10, 512), torch.nan), "fc.bias": torch.zeros(10)}
    encoder = encoders.load_encoder("resnet18", weights=written(state, tmp_path))
    assert encoder.layers[-1] == "layer4.1"


def test_layers_beyond_the_file_are_cut_off(tmp_path: Path, squeeze: State) -> None:
    state = {k: v for k, v in squeeze.items() if int(k.split(".")[1]) <= 7}
    encoder = encoders.load_encoder("squeezenet1_1", weights=written(state, tmp_path))
    assert encoder.layers[-2:] == ("fire5", "pool5")
    with pytest.raises(PicturaError, match="no layer 'fire6'"):
        encoder.resolve("fire6")


@pytest.mark.parametrize("key", ["features.3.squeeze.weight", "features.12.squeeze.bias", "features.0.weight"])
def test_missing_key(tmp_path: Path, squeeze: State, key: str) -> None:
    del squeeze[key]
    with pytest.raises(PicturaError, match=f"lacks '{key}'"):
        encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path))


def test_missing_head(tmp_path: Path) -> None:
    state = random_state("compact")
    del state["heads.relu4_2.weight"]
    with pytest.raises(PicturaError, match=r"lacks 'heads\.relu4_2\.weight'"):
        encoders.load_encoder("compact", weights=written(state, tmp_path))


def test_unknown_key(tmp_path: Path, squeeze: State) -> None:
    squeeze["features.3.sqeeze.weight"] = torch.zeros(1)
    with pytest.raises(PicturaError, match=r"'features\.3\.sqeeze\.weight'.* mean 'features\.3\.squeeze\.weight'"):
        encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path))


def test_wrong_shape(tmp_path: Path, squeeze: State) -> None:
    squeeze["features.0.weight"] = torch.zeros(64, 3, 5, 5)
    with pytest.raises(PicturaError, match=r"'features\.0\.weight'.* shape \(64, 3, 5, 5\) where \(64, 3, 3, 3\)"):
        encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite(tmp_path: Path, squeeze: State, value: float) -> None:
    squeeze["features.6.squeeze.bias"][3] = value
    with pytest.raises(PicturaError, match=r"'features\.6\.squeeze\.bias'.* NaN or infinity"):
        encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path))


def test_whole_numbers_are_no_weights(tmp_path: Path, squeeze: State) -> None:
    squeeze["features.0.bias"] = squeeze["features.0.bias"].int()
    with pytest.raises(PicturaError, match="stored as I32"):
        encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path))


def test_another_network_s_file(tmp_path: Path) -> None:
    with pytest.raises(PicturaError, match="holds no weights of this architecture"):
        encoders.load_encoder("resnet18", weights=written({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path))


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".PKL"])
def test_pickles_are_refused_unopened(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(PicturaError, match=r"is a pickle, .* convert it to safetensors"):
        encoders.load_encoder("vgg16", weights=tmp_path / f"vgg{suffix}")


def test_broken_and_missing_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0 not a header")
    with pytest.raises(PicturaError, match="cannot be read as a safetensors file"):
        encoders.load_encoder("vgg16", weights=broken)
    with pytest.raises(PicturaError, match="no weight file"):
        encoders.load_encoder("vgg16", weights=tmp_path / "nowhere.safetensors")


def test_unknown_names_and_settings() -> None:
    with pytest.raises(PicturaError, match=r"no encoder 'vgg19-cafe'.* mean 'vgg19-caffe'\?"):
        encoders.load_encoder("vgg19-cafe")
    with pytest.raises(
        PicturaError, match=r"architecture without weights.* vgg19-caffe or vgg19-normalised or vgg19-torchvision"
    ):
        encoders.load_encoder("vgg19")
    for setting in ("pooling", "padding", "dtype", "family"):
        with pytest.raises(PicturaError, match=f"no {setting} 'mux'"):
            encoders.load_encoder("compact", **{setting: "mux"})


def test_family_is_what_is_said_then_what_the_file_says_then_torchvision(tmp_path: Path, squeeze: State) -> None:
    said = written(squeeze, tmp_path, {"family": "caffe"})
    assert encoders.load_encoder("squeezenet1_1", weights=said).std[0, 0].item() == pytest.approx(1 / 255)
    assert encoders.load_encoder("squeezenet1_1", weights=said, family="torchvision").std[0, 0].item() == pytest.approx(
        0.229
    )
    assert encoders.load_encoder("squeezenet1_1", weights=written(squeeze, tmp_path)).std[0, 0].item() == pytest.approx(
        0.229
    )


def test_a_known_file_keeps_its_preprocessing_under_its_architecture_s_name(tmp_path: Path) -> None:
    path = tmp_path / RECORDS["vgg19-caffe"].filename
    state = {k: v for k, v in random_state("vgg19").items() if int(k.split(".")[1]) < 6}
    save_file(state, path)
    encoder = encoders.load_encoder("vgg19", weights=path)
    assert encoder.std[0, 0].item() == pytest.approx(1 / 255)
    assert encoder.scales == RECORDS["vgg19-caffe"].scales
    assert encoders.load_encoder("vgg19", weights=path, pooling="average").scales == {}
    assert encoders.load_encoder("vgg19", weights=path, family="torchvision").scales == {}


def test_the_name_of_known_weights_brings_their_preprocessing_to_any_file(tmp_path: Path) -> None:
    encoder = encoders.load_encoder("compact", weights=written(random_state("compact"), tmp_path))
    assert (encoder.mean[0, 0].item(), encoder.std[0, 0].item()) == pytest.approx((0.45, 0.25))
    assert encoder.scale("conv3_1") == 1.0


def test_batch_norm_variants_carry_a_warning(tmp_path: Path) -> None:
    state = {k: v for k, v in random_state("vgg11_bn").items() if int(k.split(".")[1]) < 4}
    assert "batch norm" in encoders.load_encoder("vgg11_bn", weights=written(state, tmp_path)).warning
    compact = written(random_state("compact"), tmp_path)
    assert encoders.load_encoder("compact", weights=compact).warning == ""


def test_compact_repeats_borders_unless_told_otherwise(tmp_path: Path) -> None:
    path = written({k: v.half() for k, v in random_state("compact").items()}, tmp_path)
    flat = torch.full((1, 3, 32, 32), 0.8)
    rims = []
    for padding in (None, "zeros"):
        response = encoders.load_encoder("compact", weights=path, padding=padding, dtype="float32")(flat, ["relu4_1"])
        rims.append(response["relu4_1"].std((2, 3)).max())
    assert rims[0] < 1e-6 < 1e-4 < rims[1]


def test_number_type_is_chosen_by_the_processor(tmp_path: Path, squeeze: State, monkeypatch) -> None:
    path = written(squeeze, tmp_path)
    for fast, expected in ((True, torch.bfloat16), (False, torch.float32)):
        for question in device._FAST_BF16:
            monkeypatch.setattr(torch.cpu, question, lambda fast=fast: fast, raising=False)
        assert encoders.load_encoder("squeezenet1_1", weights=path).dtype == expected
    assert device.default_dtype("cuda") == "float32"


def test_listing_encoders_does_not_import_torch() -> None:
    code = "import sys; from pictura import encoders; encoders.available_encoders(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
