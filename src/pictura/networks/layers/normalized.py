"""What the networks of pix2pix and CycleGAN have in common: a convolution and its norm, and their first weights.

As in their authors' junyanz/pytorch-CycleGAN-and-pix2pix, models/networks.py: with batch norm a convolution has no
bias; with instance norm it has one, though the norm removes it, and the norm has neither scale nor shift.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from pictura.networks.layers.norm import BatchNorm, InstanceNorm

NormKind = Literal["batch", "instance"]
INITIAL_STD = 0.02  # of all weights, as in DCGAN (Radford et al. 2016, section 4)


class NormalizedConv(nn.Module):
    """A convolution, and its norm if `kind` is not None."""

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, kind: NormKind | None) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = None if kind is None else build_norm(kind, convolution.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×c×H'×W', as the convolution makes it."""
        y: Tensor = self.convolution(x)
        return y if self.norm is None else self.norm(y)


def build_norm(kind: NormKind, channels: int) -> InstanceNorm:
    """Batch norm with scale and shift, or instance norm without."""
    return BatchNorm(channels) if kind == "batch" else InstanceNorm(channels, affine=False)


def norm_layers(module: nn.Module) -> list[InstanceNorm]:
    """The norms in it, in order."""
    return [layer for layer in module.modules() if isinstance(layer, InstanceNorm)]


def initialize(network: nn.Module) -> None:
    """Filters from N(0, 0.02), scales of norms from N(1, 0.02), no biases and shifts, in place."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INITIAL_STD)
        elif isinstance(module, InstanceNorm) and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, INITIAL_STD)
        if isinstance(bias := getattr(module, "bias", None), Tensor):
            nn.init.zeros_(bias)


def mix(image: Tensor, made: Tensor, strength: float) -> Tensor:
    """So much of what was made of an image, whose first channels are of the same kind; 1: all, 0: the image."""
    return made if strength == 1 else torch.lerp(image[:, : made.shape[1]], made, strength)
