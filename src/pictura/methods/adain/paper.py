"""AdaIN as printed: one level, relu4_1, and the losses of equations 11 to 13."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder
from pictura.methods.adain.variant import Losses, Variant
from pictura.networks.adain import EPS, Decoder
from pictura.networks.compact import COMPONENTS
from pictura.networks.tiling.streaming import NetworkPart
from pictura.style import STYLE_LAYERS, Moments
from pictura.style.description import statistics_of

VGG_CHANNELS = 512  # of VGG-19 at relu4_1


class PaperVariant(Variant):
    """The paper's."""

    style_layers = STYLE_LAYERS[:4]
    adapted_layers = ("relu4_1",)
    padding = "reflect"  # before each convolution, as both releases: net.lua, net.py

    def build_decoder(self) -> nn.Module:
        """The mirror of VGG-19 up to relu4_1."""
        return Decoder(COMPONENTS["relu4_1"] if self.settings.encoder == "compact" else VGG_CHANNELS)

    def prepare(
        self, f: Encoder, decoder: nn.Module, paintings: Iterable[tuple[Tensor, int]], generator: torch.Generator
    ) -> None:
        """Nothing: f itself is the loss network."""

    def losses(
        self,
        f: Encoder,
        decoder: nn.Module,
        x: Tensor,
        styles: Sequence[Moments],
        chosen: Sequence[int],
        generator: torch.Generator,
    ) -> Losses:
        """L_c and λ L_s as means (the release's sums differ in λ only), at full strength."""
        mean, std = statistics_of([styles[i] for i in chosen])
        t = self.adapt(f(x, self.adapted_layers), mean, std, torch.ones(len(x), device=x.device))["relu4_1"]
        features = f(decoder(t), self.style_layers)
        style_loss = x.new_zeros(())
        for layer in self.style_layers:
            variance, middle = torch.var_mean(features[layer], (2, 3), correction=0)
            style_loss = style_loss + F.mse_loss(middle, mean[layer]) + F.mse_loss((variance + EPS).sqrt(), std[layer])
        return {
            "content": self.settings.content_weight * F.mse_loss(features["relu4_1"], t),
            "style": self.settings.style_weight * style_loss,
        }

    def decode(
        self, decoder: nn.Module, features: dict[str, Tensor], styles: Sequence[Moments], strength: Tensor
    ) -> Tensor:
        """g(t); strength is α of equation 14."""
        mean, std = statistics_of(styles)
        image: Tensor = decoder(self.adapt(features, mean, std, strength)["relu4_1"])
        return image

    def parts(self, f: Encoder, decoder: nn.Module, style: Moments, strength: float) -> list[NetworkPart]:
        """All of it in one part."""
        # Nine convolutions with half their reach at an eighth of the size, and less on the way up.
        radius = f.receptive_field("relu4_1") // 2 + 8 + 4 * 5 + 2 * 2 + 2
        norm_layers = list(self.norm_layers.values())
        return [
            NetworkPart(
                lambda x, _: self.stylize(f, decoder, x, style, strength), norm_layers, radius, floats_per_pixel=400
            )
        ]

    def bytes_per_float(self, image: Tensor) -> int:
        """Four: the decoder's widest maps stay in float32."""
        return 4
