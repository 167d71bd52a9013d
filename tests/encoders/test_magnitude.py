"""The sizes of responses."""

import torch
from torch import nn
from torch.nn import functional

from pictura.encoders.encoder import Encoder
from pictura.encoders.magnitude import measure, noise_picture
from pictura.encoders.records import RECORDS, Preprocessing

PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_measure_is_the_root_of_the_total_variance_over_pictures_of_any_size() -> None:
    encoder = Encoder([("same", nn.Identity())], PLAIN)
    pictures = [torch.rand(1, 3, 5, 7), torch.rand(2, 3, 9, 4) * 0.3]
    pixels = torch.cat([p.movedim(1, 0).flatten(1) for p in pictures], 1)
    expected = pixels.var(1, correction=0).sum().sqrt().item()
    assert abs(measure(encoder, pictures, ["same"])["same"] - expected) < 1e-5


def test_noise_picture_is_a_picture_and_always_the_same() -> None:
    picture = noise_picture(128)
    assert picture.shape == (1, 3, 128, 128)
    assert torch.equal(picture, noise_picture(128))
    assert picture.min() >= 0 and picture.max() <= 1
    assert abs(picture.mean() - 0.45) < 0.05
    assert 0.15 < picture.std() < 0.3


def test_noise_picture_keeps_most_of_its_variance_at_half_the_size() -> None:
    """As natural pictures do; white noise keeps a quarter."""
    picture = noise_picture(128)
    assert functional.avg_pool2d(picture, 2).var() > 0.7 * picture.var()


def test_estimated_once_where_nothing_is_known(toy) -> None:
    encoder = toy(scales={"relu1_1": 7.0})
    assert encoder.scale("relu1_1") == 7.0
    first = encoder.scale("conv2_1")
    assert first > 0
    assert encoder.scales["conv2_1"] == first
    assert toy().scale("conv2_1") == first


def test_compact_is_of_size_one_everywhere() -> None:
    assert set(RECORDS["compact"].scales.values()) == {1.0}
