"""Wide networks keep torch's own order on the processor, all others have their channels last."""

import torch
from torch import nn

from pictura.training.memory_format import WIDE, choose_memory_format

CPU = torch.device("cpu")


def test_the_widest_layer_decides() -> None:
    slim, wide = nn.Sequential(nn.Conv2d(3, WIDE, 3)), nn.Sequential(nn.Conv2d(3, WIDE + 1, 3))
    deep = nn.Sequential(nn.ConvTranspose2d(3, 256, 4))
    assert choose_memory_format([slim], CPU) == torch.channels_last
    assert choose_memory_format([slim, wide], CPU) == torch.contiguous_format
    assert choose_memory_format([deep], CPU) == torch.contiguous_format
    assert choose_memory_format([deep], torch.device("cuda")) == torch.channels_last
    assert choose_memory_format([nn.Linear(3, 1000)], CPU) == torch.channels_last
