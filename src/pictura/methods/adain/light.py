"""Our AdaIN: three levels, a style code in the decoder, and the losses of our optimization."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder, load_encoder
from pictura.losses.perceptual import PerceptualLoss
from pictura.losses.total_variation import total_variation
from pictura.methods.adain.settings import AdaINSettings
from pictura.methods.adain.variant import Losses, Variant
from pictura.networks.adain import ADAPTED_LAYERS, LightDecoder, pack_features, unpack_features
from pictura.networks.compact import COMPONENTS
from pictura.networks.layers.padding import autocast_dtype
from pictura.networks.tiling.streaming import NetworkPart
from pictura.runtime.errors import PicturaError
from pictura.style import STYLE_LAYERS, Moments, encode_style
from pictura.style.description import describe, description_size, statistics_of


class LightVariant(Variant):
    """Ours."""

    style_layers = STYLE_LAYERS
    adapted_layers = ADAPTED_LAYERS

    def __init__(self, settings: AdaINSettings) -> None:
        super().__init__(settings)
        if settings.encoder != "compact":
            raise PicturaError(
                f"The light variant needs the encoder 'compact', got '{settings.encoder}'; "
                "use it or set variant to 'paper'."
            )
        self.perceptual_loss: PerceptualLoss | None = None

    def build_decoder(self) -> nn.Module:
        """Three levels, see `LightDecoder`."""
        s = self.settings
        channels = [COMPONENTS[layer] for layer in self.adapted_layers]
        return LightDecoder(channels, description_size(COMPONENTS), s.widths, s.blocks)

    def prepare(
        self, f: Encoder, decoder: nn.Module, paintings: Iterable[tuple[Tensor, int]], generator: torch.Generator
    ) -> None:
        """The loss network, and the mean and spread of all style codes."""
        s, layers = self.settings, self.style_layers
        loss_encoder = f if s.loss_encoder == s.encoder else load_encoder(s.loss_encoder, device=str(f.mean.device))
        targets = [encode_style(p, loss_encoder, layers, size, s.smoothing, generator) for p, size in paintings]
        self.perceptual_loss = PerceptualLoss(
            loss_encoder,
            targets,
            s.content_layers,
            dict.fromkeys(layers, 1.0),
            smoothing=s.smoothing,
            relative=s.relative,
        )
        codes = torch.stack([describe(encode_style(p, f, layers, size)) for p, size in paintings])
        light = as_light(decoder)
        light.centre.copy_(codes.mean(0))
        light.spread.copy_(codes.std(0) + 0.1 * codes.std())

    def losses(
        self,
        f: Encoder,
        decoder: nn.Module,
        x: Tensor,
        styles: Sequence[Moments],
        chosen: Sequence[int],
        generator: torch.Generator,
    ) -> Losses:
        """Content, style, total variation, and the photo itself, each image at a strength of its own."""
        if self.perceptual_loss is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        s, strength = self.settings, _sample_strengths(len(x), self.settings.full, generator).to(x.device)
        output = self.decode(decoder, f(x, self.adapted_layers), [styles[i] for i in chosen], strength)
        content_loss, style_loss = self.perceptual_loss(output, x, chosen, generator)
        photo = (output - x).square().mean((1, 2, 3))
        return {
            "content": s.content_weight * (strength * content_loss).mean(),
            "style": s.style_weight * (strength * style_loss).mean(),
            "tv": s.tv_weight * total_variation(output),
            "photo": s.photo_weight * ((1 - strength) * photo).mean(),
        }

    def decode(
        self, decoder: nn.Module, features: dict[str, Tensor], styles: Sequence[Moments], strength: Tensor
    ) -> Tensor:
        """g of three levels and the style's code."""
        mean, std = statistics_of(styles)
        t = self.adapt(features, mean, std, strength)
        code = torch.stack([describe(style) for style in styles])
        image: Tensor = decoder(*(t[layer] for layer in self.adapted_layers), code, strength)
        return image

    def parts(self, f: Encoder, decoder: nn.Module, style: Moments, strength: float) -> list[NetworkPart]:
        """f's features, packed into one map; AdaIN and what is at an eighth of the size; the way up."""
        light, (mean, std) = as_light(decoder), statistics_of([style])
        strengths = torch.tensor([strength], device=f.mean.device)
        code, deep = light.code(describe(style)[None], strengths), 8 * (1 + 2 * self.settings.blocks)

        def encode(x: Tensor, _: Tensor) -> Tensor:
            return pack_features(f(x, self.adapted_layers)).to(autocast_dtype(x))

        def start(_: Tensor, features: Tensor) -> Tensor:
            t = self.adapt(unpack_features(features), mean, std, strengths)
            t["relu4_1"] = light.start(t["relu4_1"], code)
            return pack_features(t)

        def end(_: Tensor, features: Tensor) -> Tensor:
            y = unpack_features(features, self.settings.widths[0])
            return light.end(y["relu2_1"], y["relu3_1"], y["relu4_1"], code)

        norm_layers = [self.norm_layers[layer] for layer in self.adapted_layers]
        return [
            NetworkPart(encode, [], f.receptive_field("relu4_1") // 2, floats_per_pixel=60),
            # They see what f gave, whatever the others make of it.
            NetworkPart(start, norm_layers, deep, floats_per_pixel=30, independent=True),
            NetworkPart(end, [], 8 + 4 * 4 + 2 * 3 + 2, floats_per_pixel=60),
        ]

    def bytes_per_float(self, image: Tensor) -> int:
        """Those of autocast: nearly all is in its precision."""
        return autocast_dtype(image).itemsize


def as_light(decoder: nn.Module) -> LightDecoder:
    """g, without what the training loop wraps around it.

    Raises:
        PicturaError: it is the paper's.
    """
    network = getattr(decoder, "module", decoder)
    if not isinstance(network, LightDecoder):
        raise PicturaError("The paper variant has no style code; set variant to 'light'.")
    return network


def _sample_strengths(count: int, full: float, generator: torch.Generator) -> Tensor:
    """1 for this share of images; half of the others 0, the rest between."""
    kind, strength = torch.rand(2, count, generator=generator).unbind()
    strength[kind < full] = 1.0
    strength[kind > (1 + full) / 2] = 0.0
    return strength
