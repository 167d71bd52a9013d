"""FCN-8s has the paper's layers, and gives scores of the picture's size."""

import pytest
import torch

from pictura.networks.fcn import FCN8s

# Of 21 classes: VGG-16's convolutions, fc6 and fc7, scores, two learnt enlargements, and the last one.
VOC = (
    14_714_688 + (512 * 49 * 4096 + 4096) + (4096 * 4096 + 4096) + 21 * (4096 + 512 + 256 + 3) + 21**2 * (16 + 16 + 256)
)


def test_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in FCN8s(21).parameters()) == VOC == 134_489_759


@pytest.mark.parametrize("size", [(32, 32), (45, 70), (1, 1)])
def test_scores_have_the_picture_s_size(size):
    network = FCN8s(3, hidden=8, narrower=16).eval()
    assert network(torch.rand(1, 3, *size)).shape == (1, 3, *size)


def test_enlargements_begin_bilinear():
    """A ramp stays a ramp, of half the slope."""
    network = FCN8s(2, hidden=8, narrower=16)
    ramp = torch.arange(8.0).expand(1, 2, 4, 8)
    found = network.upscore2(ramp)[0, 0, 4, 2:-2]
    torch.testing.assert_close(found.diff(), torch.full((13,), 0.5))


def test_all_learn_at_once():
    torch.manual_seed(0)
    network = FCN8s(2, hidden=8, narrower=16).eval()
    network(torch.rand(1, 3, 32, 32))[:, 0].sum().backward()
    for layer in (network.score_fr, network.score_pool4, network.score_pool3):
        assert layer.weight.grad.abs().max() > 0
    assert network.upscore8.weight.grad is None
