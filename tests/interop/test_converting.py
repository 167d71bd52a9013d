"""Weights of other projects: their keys, their quirks, and files that are not what they are called."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pictura.interop.converting import convert_weights, find_reference
from pictura.interop.references import FAMILIES, REFERENCES
from pictura.networks.adain import Decoder
from pictura.runtime.errors import PicturaError

KEYS = REFERENCES["pytorch-examples"].keys


@pytest.fixture
def examples():
    generator = torch.Generator().manual_seed(0)
    return {key: torch.rand(shape, generator=generator) for key, shape in KEYS.items()}


def test_the_network_of_pytorch_examples_has_its_published_size():
    assert len(KEYS) == 62
    assert sum(torch.Size(shape).numel() for shape in KEYS.values()) == 1_679_235


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_old_statistics_and_parallel_names_go(examples, tmp_path, zipped, prefix):
    noted = {f"{name}.running_{kind}": torch.zeros(4) for name in ("in1", "res3.in2") for kind in ("mean", "var")}
    noted["in4.num_batches_tracked"] = torch.tensor(3)
    state = {prefix + key: tensor for key, tensor in (examples | noted).items()}
    torch.save(state, tmp_path / "candy.pth", _use_new_zipfile_serialization=zipped)
    bundle = convert_weights(tmp_path / "candy.pth", "pytorch-examples", {"licence": "MIT"})
    assert bundle.method == "johnson"
    assert bundle.settings == {"variant": "examples", "filters": 32, "styles": ["candy"]}
    assert (bundle.about["title"], bundle.about["licence"]) == ("candy", "MIT")
    assert set(bundle.tensors) == {f"generator.{key}" for key in examples}
    assert all(torch.equal(bundle.tensors[f"generator.{key}"], tensor) for key, tensor in examples.items())


def test_float16_becomes_float32(examples, tmp_path):
    save_file({key: tensor.half() for key, tensor in examples.items()}, tmp_path / "a.safetensors")
    tensors = convert_weights(tmp_path / "a.safetensors", "pytorch-examples").tensors
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"in1.weight": None}, r"is missing 'in1\.weight', which weights of pytorch-examples have"),
        ({"fc.weight": torch.zeros(1)}, r"contains 'fc\.weight', which weights of pytorch-examples do not"),
        ({"conv1.conv2d.bias": torch.zeros(16)}, r"shape \(16,\) where weights of pytorch-examples have \(32,\)"),
        ({"in1.bias": torch.full((32,), float("nan"))}, r"'in1\.bias' in .* contains NaN or infinity"),
        ({"\x1b[2J": torch.zeros(1)}, r"contains '\\x1b\[2J'"),
    ],
)
def test_other_weights_are_refused(examples, tmp_path, change, said):
    changed = {key: tensor for key, tensor in (examples | change).items() if tensor is not None}
    save_file(changed, tmp_path / "a.safetensors")
    with pytest.raises(PicturaError, match=said):
        convert_weights(tmp_path / "a.safetensors", "pytorch-examples")


def test_projects():
    with pytest.raises(PicturaError, match=r"Unknown project.*Did you mean 'pytorch-examples'"):
        find_reference("pytorch-example")
    for name in (*REFERENCES, *FAMILIES):
        assert find_reference(name).paper


def test_decoder_of_naoto_computes_what_that_project_does(tmp_path):
    """pytorch-AdaIN/net.py, restated: the paper's decoder with padding as modules of their own."""
    generator, layers = torch.Generator().manual_seed(0), []
    for step in ((512, 256), None, (256, 256), (256, 256), (256, 256), (256, 128), None, (128, 128), (128, 64), None):
        if step is None:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        else:
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(*step, 3), nn.ReLU()]
    theirs = nn.Sequential(
        *layers, nn.ReflectionPad2d(1), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(64, 3, 3)
    )
    torch.save(theirs.state_dict(), tmp_path / "decoder.pth")
    bundle = convert_weights(tmp_path / "decoder.pth", "adain-naoto")
    assert bundle.method == "adain"
    ours = Decoder(512)
    bundle.fill({"decoder": ours})
    features = torch.rand(1, 512, 4, 3, generator=generator)
    assert torch.equal(ours(features), theirs(features))


def test_published_candy(weights, tmp_path):
    from pictura.encoders.store import weights_folder

    path = weights_folder() / "fns_candy.safetensors"
    if not path.is_file():
        pytest.skip("the published pytorch/examples weights are not on this disk")
    bundle = convert_weights(path, "pytorch-examples")
    assert all(torch.equal(bundle.tensors[f"generator.{key}"], t.float()) for key, t in load_file(path).items())
