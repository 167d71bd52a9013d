"""The critic on features: its scales, its norms, what its gradient reaches."""

import torch
from torch import nn

from pictura.networks.critics import MEASURED_IMAGES, FeatureCritic

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
