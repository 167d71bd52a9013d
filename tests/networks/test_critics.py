"""The critic on features: its scales, its norms, what its gradient reaches."""

import pytest
import torch
from torch import nn

from pictura.networks.critics import MEASURED_IMAGES, EncoderCritic, FeatureCritic
from pictura.runtime.errors import PicturaError

LAYERS = {"relu2_1": 6, "relu3_1": 4}


def features(count: int, scale: float = 1.0) -> dict[str, torch.Tensor]:
    return {layer: scale * torch.randn(count, channels, 8, 10) for layer, channels in LAYERS.items()}


def test_one_answer_for_each_position_of_each_layer() -> None:
    answers = FeatureCritic(LAYERS, 8)(features(2))
    assert [tuple(answer.shape) for answer in answers] == [(2, 1, 8, 10)] * 2


def test_scales_make_large_and_small_features_alike_and_then_stay() -> None:
    torch.manual_seed(0)
    critic = FeatureCritic(LAYERS, 8)
    for _ in range(MEASURED_IMAGES // 4):
        critic.measure(features(4, scale=100.0))
    given = features(16, scale=100.0)["relu2_1"] * critic._scale("relu2_1")
    assert abs(given.var((0, 2, 3)).mean().item() - 1) < 0.1
    before = critic.variance_relu2_1.clone()
    critic.measure(features(4, scale=1.0))
    assert torch.equal(critic.variance_relu2_1, before)


def test_whitening_is_half() -> None:
    critic = FeatureCritic({"a": 2}, 8)
    x = torch.randn(64, 2, 8, 8) * torch.tensor([1.0, 0.01]).view(1, 2, 1, 1)
    critic.measure({"a": x})
    std = (x * critic._scale("a")).std((0, 2, 3))
    torch.testing.assert_close(std[0] / std[1], torch.tensor(10.0), rtol=0.1, atol=0)


def test_no_convolution_enlarges() -> None:
    torch.manual_seed(0)
    critic = FeatureCritic(LAYERS, 8)
    for _ in range(20):  # power iterations
        critic(features(1))
    critic.eval()
    for head in critic.heads.values():
        for layer in head:
            if isinstance(layer, nn.Conv2d):
                assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2) < 1.05


def test_state_comes_back() -> None:
    torch.manual_seed(0)
    one, other = FeatureCritic(LAYERS, 8), FeatureCritic(LAYERS, 8)
    one.measure(features(4))
    one.eval()
    other.load_state_dict(one.state_dict())
    other.eval()
    given = features(1)
    for a, b in zip(one(given), other(given), strict=True):
        assert torch.equal(a, b)


def test_a_condition_is_seen_by_every_head() -> None:
    critic = FeatureCritic(LAYERS, 8, condition=3)
    given = features(1)
    for one, other in zip(
        critic(given, torch.zeros(1, 3, 64, 80)), critic(given, torch.ones(1, 3, 64, 80)), strict=True
    ):
        assert not torch.equal(one, other)


def test_a_critic_with_eyes_keeps_them_out_of_its_weights() -> None:
    torch.manual_seed(0)
    critic = EncoderCritic({"a": 3}, 8, condition=3)
    with pytest.raises(PicturaError, match="prepare"):
        critic(torch.rand(1, 3, 16, 16))
    critic.open_eyes(lambda x, layers: dict.fromkeys(layers, x[..., ::4, ::4]))
    critic.measure(torch.rand(2, 3, 16, 16))
    (answer,) = critic(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    assert answer.shape == (2, 1, 4, 4)
    assert all(key.startswith("critic.") for key in critic.state_dict())
    assert critic.critic.pictures == 2
