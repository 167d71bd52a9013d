"""SRCNN by its published numbers: 8,032 and 57,184 weights, 21 and 17 pixels of a crop of 33."""

import pytest
import torch

from pictura.networks.srcnn import SRCNN


@pytest.mark.parametrize(
    ("kernels", "weights", "count", "side"),
    [((9, 1, 5), 8_032, 8_129, 21), ((9, 3, 5), 24_416, 24_513, 19), ((9, 5, 5), 57_184, 57_281, 17)],
)
def test_the_variants(kernels, weights, count, side):
    network = SRCNN(kernels)
    assert sum(p.numel() for p in network.parameters() if p.dim() > 1) == weights
    assert sum(p.numel() for p in network.parameters()) == count
    assert network(torch.rand(2, 1, 33, 33)).shape == (2, 1, side, side)
    assert 33 - 2 * network.border == side
