"""What differs between the paper's AdaIN and ours: decoder, losses, and the way of an image in tiles."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder
from pictura.encoders.records import Padding
from pictura.methods.adain.settings import AdaINSettings
from pictura.networks.adain import AdaIN
from pictura.networks.layers.padding import autocast_dtype
from pictura.networks.tiling.streaming import NetworkPart
from pictura.style import Moments

Losses = dict[str, Tensor]


class Variant(abc.ABC):
    """One kind of decoder g, with what it is trained by; g itself is passed in, since the loop wraps it.

    style_layers: layers at which a style is compared.
    adapted_layers: layers of the content that AdaIN adapts and g decodes.
    padding: border of f where the settings say none; None for the encoder's own.
    """

    style_layers: ClassVar[tuple[str, ...]]
    adapted_layers: ClassVar[tuple[str, ...]]
    padding: ClassVar[Padding | None] = None

    def __init__(self, settings: AdaINSettings) -> None:
        self.settings = settings
        self.norm_layers = {layer: AdaIN() for layer in self.adapted_layers}

    @abc.abstractmethod
    def build_decoder(self) -> nn.Module:
        """g, with random weights."""

    @abc.abstractmethod
    def prepare(
        self, f: Encoder, decoder: nn.Module, paintings: Iterable[tuple[Tensor, int]], generator: torch.Generator
    ) -> None:
        """Before a training: load what the losses need; paintings 1×3×H×W with the longest side they are encoded at."""

    @abc.abstractmethod
    def losses(
        self,
        f: Encoder,
        decoder: nn.Module,
        x: Tensor,
        styles: Sequence[Moments],
        chosen: Sequence[int],
        generator: torch.Generator,
    ) -> Losses:
        """Weighted terms for contents N×3×H×W, each in the style of that number."""

    @abc.abstractmethod
    def decode(
        self, decoder: nn.Module, features: dict[str, Tensor], styles: Sequence[Moments], strength: Tensor
    ) -> Tensor:
        """The content's features at `adapted_layers`, which are used up, to N×3×H×W in N styles and strengths."""

    @abc.abstractmethod
    def parts(self, f: Encoder, decoder: nn.Module, style: Moments, strength: float) -> list[NetworkPart]:
        """T(c, s) for `pictura.networks.tiling.streaming.stream`."""

    @abc.abstractmethod
    def bytes_per_float(self, image: Tensor) -> int:
        """Bytes that most of the numbers of a pass take, inside autocast."""

    def stylize(self, f: Encoder, decoder: nn.Module, x: Tensor, style: Moments, strength: float) -> Tensor:
        """T(c, s) for N×3×H×W in one piece."""
        strengths = torch.full((len(x),), strength, device=x.device)
        return self.decode(decoder, f(x, self.adapted_layers), [style] * len(x), strengths)

    def adapt(
        self, features: dict[str, Tensor], mean: Mapping[str, Tensor], std: Mapping[str, Tensor], strength: Tensor
    ) -> dict[str, Tensor]:
        """AdaIN at each of these layers, one after the other out of `features`: they are what takes most memory.

        In the precision that the decoder's convolutions would ask for in any case.
        """
        dtype = autocast_dtype(next(iter(features.values())))
        return {
            layer: self.norm_layers[layer](features.pop(layer), mean[layer], std[layer], strength).to(dtype)
            for layer in list(features)
        }
