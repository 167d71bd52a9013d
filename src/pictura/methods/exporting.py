"""AdaIN as one network from pictures to pictures, for ONNX."""

import copy

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder
from pictura.networks.adain import ADAPTED_LAYERS, AdaIN
from pictura.style import STYLE_LAYERS
from pictura.style.description import describe, statistics_of


class AdaINPipeline(nn.Module):
    """The whole of it, with f inside, in float32: contents N×3×H×W in one style 1×3×h×w."""

    multiple, smallest = 8, 32

    def __init__(self, f: Encoder, decoder: nn.Module, light: bool) -> None:
        super().__init__()
        self.f, self.light = f, light
        self.decoder = copy.deepcopy(decoder).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.adain = AdaIN()

    def forward(self, picture: Tensor, style: Tensor) -> Tensor:
        """One pass."""
        layers = STYLE_LAYERS if self.light else ("relu4_1",)
        look = {layer: _feature_moments(r[0]) for layer, r in self.f(style, layers).items()}
        mean, std = statistics_of([look])
        full = torch.ones(1, dtype=picture.dtype)
        t = [
            self.adain(r, mean[layer], std[layer], full)
            for layer, r in self.f(picture, ADAPTED_LAYERS if self.light else layers).items()
        ]
        made: Tensor = self.decoder(*t, describe(look)[None], full) if self.light else self.decoder(*t)
        return made


def _feature_moments(f: Tensor) -> tuple[Tensor, Tensor]:
    """Of one picture's responses C×H×W, in operations that an exporter knows."""
    flat = f.flatten(1)
    return flat.mean(1), flat @ flat.T / flat.shape[1]
