"""AdaIN as one network from images to an image, for ONNX."""

import copy

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder
from pictura.methods.adain.variant import Variant
from pictura.style import STYLE_LAYERS


class AdaINPipeline(nn.Module):
    """All of T(c, s) in float32, f included: contents N×3×H×W in one style 1×3×h×w, at full strength."""

    multiple, smallest = 8, 32
    untouched = ("style",)  # read as it is, as the program reads a painting

    def __init__(self, f: Encoder, decoder: nn.Module, variant: Variant) -> None:
        super().__init__()
        self.f, self.variant = f, variant
        self.decoder = copy.deepcopy(decoder).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        # The paper's decoder needs no other layer of the style than that which it adapts; ours describes all of them.
        self.layers = STYLE_LAYERS if len(variant.adapted_layers) > 1 else variant.adapted_layers

    def forward(self, picture: Tensor, style: Tensor) -> Tensor:
        """N×3×H×W and 1×3×h×w to N×3×H×W, not clamped."""
        moments = {layer: _feature_moments(r[0]) for layer, r in self.f(style, self.layers).items()}
        full = torch.ones(1, dtype=picture.dtype)
        return self.variant.decode(self.decoder, self.f(picture, self.variant.adapted_layers), [moments], full)


def _feature_moments(f: Tensor) -> tuple[Tensor, Tensor]:
    """Of one image's features C×H×W, in operations that an exporter knows."""
    flat = f.flatten(1)
    return flat.mean(1), flat @ flat.T / flat.shape[1]
