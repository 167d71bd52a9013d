"""What an encoder answers, and what it refuses."""

import pytest
import torch
from torch import nn

from pictura.encoders.encoder import Encoder
from pictura.encoders.layers import FastMaxPool2d
from pictura.encoders.records import FAMILIES
from pictura.runtime.errors import PicturaError


def picture(side: int = 32) -> torch.Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_answers_the_layers_asked_for_in_float32(toy) -> None:
    found = toy()(picture(), ["relu2_1", "conv1_1"])
    assert list(found) == ["relu2_1", "conv1_1"]
    assert found["conv1_1"].shape == (1, 8, 32, 32)
    assert found["relu2_1"].shape == (1, 12, 16, 16)


def test_prepares_the_picture_as_its_family_says() -> None:
    for family in FAMILIES.values():
        encoder = Encoder([("same", nn.Identity())], family)
        x = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1)
        expected = [(v - m) / s for v, m, s in zip((0.2, 0.5, 0.7), family.mean, family.std, strict=True)]
        assert encoder(x, ["same"])["same"].flatten().tolist() == pytest.approx(expected, abs=1e-4)


def test_caffe_means_mean_minus_the_training_mean_in_0_to_255() -> None:
    encoder = Encoder([("same", nn.Identity())], FAMILIES["caffe"])
    white = encoder(torch.ones(1, 3, 1, 1), ["same"])["same"].flatten().tolist()
    assert white == pytest.approx([255 - 123.68, 255 - 116.779, 255 - 103.939], abs=1e-3)


def test_convolution_is_not_overwritten_by_its_relu(toy) -> None:
    found = toy()(picture(), ["conv1_1", "relu1_1"])
    assert found["conv1_1"].min() < 0
    assert torch.equal(found["relu1_1"], found["conv1_1"].relu())


@pytest.mark.parametrize("name", ["vgg11", "vgg11_bn", "resnet18", "densenet121", "squeezenet1_1"])
def test_no_response_is_overwritten_by_a_later_layer(whole, name: str) -> None:
    encoder, fresh = whole(name), {}
    for layer, stage in zip(encoder.layers, encoder.stages, strict=True):
        stage.register_forward_hook(lambda *args, layer=layer: fresh.update({layer: args[2].clone()}))
    found = encoder(picture(), encoder.layers)
    for layer in encoder.layers:
        assert torch.equal(found[layer], fresh[layer]), layer


def test_runs_no_further_than_the_deepest_layer_asked_for(toy) -> None:
    encoder, ran = toy(), []
    for name, stage in zip(encoder.layers, encoder.stages, strict=True):
        stage.register_forward_hook(lambda *_, name=name: ran.append(name))
    encoder(picture(), ["conv1_1", "pool1"])
    assert ran == ["conv1_1", "relu1_1", "pool1"]


def test_average_pooling_has_the_geometry_of_the_max_pooling_it_replaces(toy) -> None:
    found = toy(pooling="average")(picture(), ["relu1_1", "pool1"])
    torch.testing.assert_close(found["pool1"], nn.functional.avg_pool2d(found["relu1_1"], 2))


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "compact"])
@pytest.mark.parametrize("side", [33, 34])
def test_average_pooling_keeps_every_shape(whole, name: str, side: int) -> None:
    maximum, average = whole(name), whole(name, pooling="average")
    assert not any(isinstance(module, nn.MaxPool2d) for module in average.modules())
    x = picture(side)
    shapes = {n: r.shape for n, r in maximum(x, maximum.layers).items()}
    assert {n: r.shape for n, r in average(x, average.layers).items()} == shapes


@pytest.mark.parametrize("padding", ["replicate", "reflect"])
@pytest.mark.parametrize("name", ["toy", "compact", "squeezenet1_1"])
def test_padding_by_repetition_leaves_a_constant_picture_constant(toy, whole, name: str, padding: str) -> None:
    encoder = toy(padding=padding) if name == "toy" else whole(name, padding=padding)
    flat = torch.tensor([0.1, 0.6, 0.9]).view(1, 3, 1, 1).expand(1, 3, 48, 48)
    for response in encoder(flat, encoder.layers).values():
        assert (response - response.mean((2, 3), keepdim=True)).abs().max() < 1e-5


def test_padding_with_zeros_has_a_rim(toy) -> None:
    response = toy()(torch.full((1, 3, 32, 32), 0.9), ["conv1_1"])["conv1_1"]
    assert response.std((2, 3)).max() > 1e-2


def test_padding_changes_the_rim_only(toy) -> None:
    zeros, repeated = (toy(padding=p)(picture(), ["conv2_1"])["conv2_1"] for p in ("zeros", "replicate"))
    torch.testing.assert_close(zeros[..., 2:-2, 2:-2], repeated[..., 2:-2, 2:-2])
    assert not torch.allclose(zeros, repeated)


def test_heads_are_read_at_their_layer(toy) -> None:
    head = nn.Conv2d(8, 5, 1)
    found = toy(heads={"relu1_1": head})(picture(), ["relu1_1", "pool1"])
    assert found["relu1_1"].shape[1] == 5
    assert found["pool1"].shape[1] == 8


def test_names(toy, whole) -> None:
    assert toy().layers == ("conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1")
    assert toy().resolve("conv2_1") == "conv2_1"
    compact = whole("compact", "meta")
    assert compact.resolve("conv4_2") == "relu4_2"
    assert compact.resolve("relu4_2") == "relu4_2"


def test_a_name_understood_differently_answers_under_the_name_asked_for(whole) -> None:
    found = whole("compact")(picture(), ["conv3_1", "relu3_1"])
    assert torch.equal(found["conv3_1"], found["relu3_1"])


def test_unknown_layer(toy) -> None:
    with pytest.raises(PicturaError, match=r"no layer 'rleu2_1', only conv1_1, relu1_1, .* mean 'relu2_1'\?"):
        toy()(picture(), ["rleu2_1"])


def test_too_small_picture(whole) -> None:
    encoder = whole("vgg19", "meta")
    with pytest.raises(PicturaError, match=r"40×15 pixels, too small for layer 'relu5_1'.* at least 16 pixels"):
        encoder(torch.zeros(1, 3, 15, 40), ["relu1_1", "relu5_1"])


def test_weights_are_frozen_and_gradients_reach_the_picture(toy) -> None:
    encoder = nn.Sequential(toy()).train()[0]
    assert not encoder.training and not any(module.training for module in encoder.modules())
    assert not any(p.requires_grad for p in encoder.parameters())
    x = picture().requires_grad_()
    encoder(x, ["relu2_1"])["relu2_1"].sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_bfloat16_is_near_float32_and_comes_back_as_float32(toy) -> None:
    x = picture()
    full, half = (toy(dtype=d)(x, ["relu2_1"])["relu2_1"] for d in ("float32", "bfloat16"))
    assert half.dtype == torch.float32
    assert not torch.equal(full, half)
    assert (full - half).norm() < 0.02 * full.norm()


def test_responses_are_channels_last(toy) -> None:
    response = toy()(picture(), ["relu2_1"])["relu2_1"]
    assert response.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("side", [2, 9, 32])
def test_pooling_without_gradients_is_torchs_bit_for_bit(side: int, dtype: torch.dtype) -> None:
    x = torch.randn(2, 3, side, side + 1).to(dtype, memory_format=torch.channels_last)
    made = FastMaxPool2d(2)(x)
    assert torch.equal(made, nn.functional.max_pool2d(x, 2))
    assert made.is_contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    assert torch.equal(FastMaxPool2d(2)(x), made)


def test_answers_in_its_own_precision_whatever_autocast_wants(toy) -> None:
    alone = toy()(picture(), ["relu2_1"])["relu2_1"]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(toy()(picture(), ["relu2_1"])["relu2_1"], alone)
