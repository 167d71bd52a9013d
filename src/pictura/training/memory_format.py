"""The memory format in which networks are trained."""

from collections.abc import Iterable

import torch
from torch import nn

Convolution = (nn.Conv2d, nn.ConvTranspose2d)
WIDE = 128  # channels; narrower convolutions are as fast or faster in channels-last (24 to 96 were measured)


def choose_memory_format(networks: Iterable[nn.Module], device: torch.device) -> torch.memory_format:
    """Channels last, but for wide networks on the CPU.

    There the gradient of a wide 3×3 convolution's weights takes two to five times as long in that order (oneDNN without
    AVX-512; measured: 256 channels of 64² 324 ms against 195, 128 of 128² 346 against 65).
    """
    widest = max(
        (layer.out_channels for network in networks for layer in network.modules() if isinstance(layer, Convolution)),
        default=0,
    )
    return torch.contiguous_format if device.type == "cpu" and widest > WIDE else torch.channels_last
