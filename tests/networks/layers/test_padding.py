"""Borders keep their precision."""

import pytest
import torch

from pictura.networks.layers.padding import pad


@pytest.mark.parametrize("mode", ["replicate", "reflect"])
def test_half_precision_stays_under_autocast(mode):
    x = torch.randn(1, 4, 6, 5).bfloat16().to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        made = pad(x, 2, mode)
    assert made.dtype == torch.bfloat16
    assert torch.equal(made.float(), torch.nn.functional.pad(x.float(), [2] * 4, mode=mode))
    assert made.is_contiguous(memory_format=torch.channels_last)
