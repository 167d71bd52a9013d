"""Encoders and decoders of small pictures: the fully connected ones of the papers, and convolutional ones.

A code is N×Z, a picture N×C×S×S. What a decoder gives are logits, whose sigmoid is the picture.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError

CoderLayout = Literal["mlp", "conv"]
Activation = Literal["relu", "tanh"]
Prior = Literal["normal", "uniform", "unit"]
PART = 64  # codes that are decoded at once
SLOPE = 0.2  # of the convolutions' leaky ReLU
LEAST = 8  # side below which no map is halved
WIDEST = 8  # times `width`: channels of the smallest maps at most


def build_encoder(
    layout: CoderLayout, size: int, channels: int, width: int, outputs: int, activation: Activation = "relu"
) -> nn.Sequential:
    """Pictures N×C×S×S to N×outputs; `width`: hidden units (mlp), or channels of the largest maps (conv)."""
    if layout == "mlp":
        inner = channels * size**2
        return nn.Sequential(
            nn.Flatten(), nn.Linear(inner, width), build_activation(activation), nn.Linear(width, outputs)
        )
    side, widths = plan_maps(size, width)
    steps = [
        nn.Sequential(nn.Conv2d(c, d, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(d), nn.LeakyReLU(SLOPE))
        for c, d in zip([channels, *widths], widths, strict=False)
    ]
    return nn.Sequential(*steps, nn.Flatten(), nn.Linear(widths[-1] * side**2, outputs))


def build_decoder(
    layout: CoderLayout, size: int, channels: int, width: int, inputs: int, activation: Activation = "relu"
) -> nn.Sequential:
    """N×inputs to the logits of pictures N×C×S×S; the encoder's mirror image."""
    if layout == "mlp":
        inner = channels * size**2
        return nn.Sequential(
            nn.Linear(inputs, width),
            build_activation(activation),
            nn.Linear(width, inner),
            nn.Unflatten(1, (channels, size, size)),
        )
    side, widths = plan_maps(size, width)
    first = widths[-1]
    layers: list[nn.Module] = [
        nn.Linear(inputs, first * side**2, bias=False),
        nn.Unflatten(1, (first, side, side)),
        nn.BatchNorm2d(first),
        nn.LeakyReLU(SLOPE),
    ]
    for c, d in zip(widths[:0:-1], widths[-2::-1], strict=True):
        layers += [nn.ConvTranspose2d(c, d, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(d), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(widths[0], channels, 4, stride=2, padding=1))


def plan_maps(size: int, width: int) -> tuple[int, list[int]]:
    """The side of the smallest map, and the channels after each halving.

    Raises:
        PicturaError: the size cannot be halved down to that.
    """
    side, widths = size, list[int]()
    while side >= LEAST and side % 2 == 0:
        side //= 2
        widths.append(width * min(WIDEST, 1 << len(widths)))
    if side >= LEAST or not widths:
        raise PicturaError(f"Convolutions cannot halve {size} pixels often enough: set size=32, for example.")
    return side, widths


def build_activation(name: Activation) -> nn.Module:
    """By name."""
    return nn.Tanh() if name == "tanh" else nn.ReLU()


def fit_pictures(images: Tensor, size: int, channels: int) -> Tensor:
    """N×3×H×W in [0, 1] of any size to N×C×S×S; one channel is the mean of the three."""
    images = resize(images, (size, size))
    return images.mean(1, keepdim=True) if channels == 1 else images


def show_pictures(x: Tensor) -> Tensor:
    """N×C×S×S in [0, 1] to N×3×S×S; of one channel three equal ones."""
    return x.float().clamp(0, 1).expand(-1, 3, -1, -1)


def draw_codes(prior: Prior, count: int, size: int, generator: torch.Generator) -> Tensor:
    """count×size numbers of N(0, 1) for "normal", of [-1, 1] for "uniform", of [0, 1] for "unit"."""
    if prior == "normal":
        return torch.randn(count, size, generator=generator)
    codes = torch.rand(count, size, generator=generator)
    return codes if prior == "unit" else 2 * codes - 1


@torch.no_grad()
def decode_in_parts(decode: Callable[..., Tensor], *codes: Tensor) -> Tensor:
    """`decode` of N codes, and of what goes with each, a few at a time, so that memory does not grow with them."""
    return torch.cat([decode(*part) for part in zip(*(torch.split(one, PART) for one in codes), strict=True)])
