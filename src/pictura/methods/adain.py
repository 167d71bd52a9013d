"""Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017.

The encoder f looks at the content c and the style s. AdaIN gives the content's responses the mean and deviation of the
style's, t = AdaIN(f(c), f(s)), and a decoder g draws the picture, T(c, s) = g(t). What is learned is g alone, from
L = L_c + λ L_s: L_c = ‖f(g(t)) - t‖², and L_s the differences of means and deviations at relu1_1 … relu4_1.

Ours instead of the paper's, by default: the compact encoder, three levels and a code of the style in the decoder (see
`pictura.networks.adain`), and the losses of our optimisation, Wasserstein-2 of Gaussians. All it wants to know of a
style are a `Style`'s numbers, so that the bank's work as paintings do. The paper's own is ``variant="paper"``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder, load_encoder
from pictura.losses.perceptual import PerceptualLoss
from pictura.losses.total_variation import total_variation
from pictura.methods.exporting import AdaINPipeline
from pictura.networks.adain import (
    ADAIN_BLOCKS,
    ADAIN_WIDTHS,
    ADAPTED_LAYERS,
    EPS,
    AdaIN,
    Decoder,
    LightDecoder,
    pack_features,
    unpack_features,
)
from pictura.networks.compact import COMPONENTS
from pictura.networks.layers.padding import autocast_dtype
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart, stream
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.runtime.device import Precision, autocast
from pictura.runtime.errors import PicturaError
from pictura.style import STYLE_LAYERS, STYLE_SIZES, Moments, StyleSource, encode_style, load_style
from pictura.style.description import describe, description_size, statistics_of
from pictura.style.sources import load_paintings, mix_styles
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

MIN_SIDE = 32  # side of a picture: an eighth of it must have something to normalise
PAPER_LAYERS = STYLE_LAYERS[:4]
# Longest sides at which a painting is a style in training: those a saved style keeps, and what lies between.
TRAINING_SIZES = (181, 256, 362, 512)


class AdaINSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the network that is shipped."""

    variant: Literal["light", "paper"] = Field(default="light", description="paper: one level, as printed")
    encoder: str = Field(default="compact", description="f: compact, or for the paper's variant vgg19-normalised")
    loss_encoder: str = Field(default="compact", description="what light's losses look through, such as vgg19-caffe")
    widths: tuple[int, int, int] = Field(
        default=ADAIN_WIDTHS, description="channels of light at an eighth, a quarter and a half of the size"
    )
    blocks: int = Field(default=ADAIN_BLOCKS, ge=0, description="residual blocks of light")
    paintings: str = Field(default="", description="folder of paintings to train with")
    content_layers: dict[str, float] = Field(
        default={"relu3_1": 1.0, "relu4_2": 1.0}, description="layer → weight in light's content term"
    )
    content_weight: float = Field(default=0.12, ge=0, description="of the content term; the paper's is 1")
    style_weight: float = Field(default=1.0, ge=0, description="λ; the paper's release: 10")
    smoothing: float = Field(default=0.07, ge=0, le=1, description="σ of the noise f looks through at results; light")
    relative: bool = Field(default=True, description="style term as a share of the photo's own; light")
    tv_weight: float = Field(default=2.0, ge=0, description="of total variation, mean squares; none in the paper")
    photo_weight: float = Field(default=60.0, ge=0, description="of mean squares to the photo, at strength 0; light")
    full: float = Field(default=0.75, ge=0, le=1, description="share of pictures at full strength; light")
    learning_rate: float = Field(default=5e-4, gt=0, description="Adam's rate; the paper's is 1e-4")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")


class Adain(Method):
    """f, AdaIN, g, and one step of training."""

    name: ClassVar[str] = "adain"
    paper: ClassVar[str] = (
        "Huang, Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017, "
        "arXiv 1703.06868"
    )
    data: ClassVar[DataKind] = "images"
    Settings = AdaINSettings
    settings: AdaINSettings

    def __init__(self, settings: AdaINSettings) -> None:
        super().__init__(settings)
        self._encoder: Encoder | None = None
        self.styles: list[Moments] = []
        self.perceptual_loss: PerceptualLoss | None = None
        self.norm_layers = {layer: AdaIN() for layer in ADAPTED_LAYERS}
        self.decoder: nn.Module
        self.decoder = self._build_decoder().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def tiny(cls) -> AdaINSettings:
        """A few channels."""
        return AdaINSettings(widths=(8, 8, 8), blocks=1, paintings="paintings")

    def networks(self) -> dict[str, nn.Module]:
        """g; f is named in the settings and loaded when needed."""
        return {"decoder": self.decoder}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam, as in the paper."""
        return {"decoder": build_player(self.settings, self.decoder, steps)}

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """Load f and encode the paintings at each size."""
        s = self.settings
        layers = PAPER_LAYERS if s.variant == "paper" else STYLE_LAYERS
        encoder = self._load_encoder(device)
        paintings = [(p.to(device), size) for p in load_paintings(s.paintings) for size in TRAINING_SIZES]
        self.styles = [encode_style(p, encoder, layers, size) for p, size in paintings]
        if s.variant == "paper":
            return
        loss_encoder = encoder if s.loss_encoder == s.encoder else load_encoder(s.loss_encoder, device=str(device))
        loss_styles = [encode_style(p, loss_encoder, layers, size, s.smoothing, generator) for p, size in paintings]
        weights = dict.fromkeys(layers, 1.0)
        self.perceptual_loss = PerceptualLoss(
            loss_encoder, loss_styles, s.content_layers, weights, smoothing=s.smoothing, relative=s.relative
        )
        descriptions = torch.stack([describe(style) for style in self.styles])
        self.light.centre.copy_(descriptions.mean(0))
        self.light.spread.copy_(descriptions.std(0) + 0.1 * descriptions.std())

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses content and style, and for light tv and photo; each picture in a style and strength of its own."""
        x = crop_to_multiple(batch["image"], 8, MIN_SIDE)
        drawn = torch.randint(len(self.styles), (len(x),), generator=generator).tolist()
        losses = (
            self._paper_losses(x, drawn)
            if self.settings.variant == "paper"
            else self._light_losses(
                x, drawn, _sample_strengths(len(x), self.settings.full, generator).to(x.device), generator
            )
        )
        update(decoder=torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    def _paper_losses(self, x: Tensor, drawn: Sequence[int]) -> dict[str, Tensor]:
        """Equations 11 to 13, as means (the release's sums differ in λ only)."""
        f = self._load_encoder(x.device)
        mean, std = statistics_of([self.styles[i] for i in drawn])
        t = self._adapt(f(x, ["relu4_1"]), mean, std, torch.ones(len(x), device=x.device))["relu4_1"]
        found = f(self.decoder(t), PAPER_LAYERS)
        style_loss = x.new_zeros(())
        for layer in PAPER_LAYERS:
            variance, middle = torch.var_mean(found[layer], (2, 3), correction=0)
            style_loss = style_loss + F.mse_loss(middle, mean[layer]) + F.mse_loss((variance + EPS).sqrt(), std[layer])
        s = self.settings
        return {
            "content": s.content_weight * F.mse_loss(found["relu4_1"], t),
            "style": s.style_weight * style_loss,
        }

    def _light_losses(
        self, x: Tensor, drawn: Sequence[int], strength: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        if self.perceptual_loss is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        s = self.settings
        made = self._decode(self._load_encoder(x.device)(x, ADAPTED_LAYERS), [self.styles[i] for i in drawn], strength)
        content_loss, style_loss = self.perceptual_loss(made, x, drawn, generator)
        photo = (made - x).square().mean((1, 2, 3))
        return {
            "content": s.content_weight * (strength * content_loss).mean(),
            "style": s.style_weight * (strength * style_loss).mean(),
            "tv": s.tv_weight * total_variation(made),
            "photo": s.photo_weight * ((1 - strength) * photo).mean(),
        }

    def show(self, batch: Batch) -> list[Tensor]:
        """The photo, it in four styles, and in the first at half strength."""
        x = crop_to_multiple(batch["image"], 8, MIN_SIDE)
        wanted = [(i * len(self.styles) // 4 + len(TRAINING_SIZES) - 1, 1.0) for i in range(4)] + [
            (len(TRAINING_SIZES) - 1, 0.5)
        ]
        with torch.no_grad():
            made = [self._stylize(x, self.styles[i % len(self.styles)], strength) for i, strength in wanted]
        return [x, *(one.clamp(0, 1) for one in made)]

    @property
    def style_names(self) -> tuple[str, ...]:
        """None: it takes any style."""
        return ()

    def open_style(self, styles: Sequence[Any], weights: Sequence[float]) -> StyleSource:
        """The weighted mean of whatever `load_style` takes; each painting is encoded once a size."""
        return mix_styles([self.load_style(style) for style in styles], weights)

    def stylize(
        self,
        image: Tensor,
        *,
        style: Any = None,
        strength: float = 1.0,
        style_scale: float = 1.0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        out: Tensor | None = None,
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in any style.

        Args:
            image: the content c.
            style: from `open_style`, or what `pictura.style.load_style` takes: names, files, pictures, styles.
            strength: α of equation 14, from 0, the photo, to 1, all of the style; it may go on to 1.5.
            style_scale: size of the strokes; 1 takes the painting as large as the picture, up to 512 pixels.
            memory: bytes to work in beside image and result; what does not fit goes in tiles, with the same result.
            precision: arithmetic; auto is bfloat16 where the processor is fast in it.
            out: where the result goes, for example the image itself; by default somewhere new.

        Raises:
            PicturaError: not an image, an unknown style or option, a strength out of range.
        """
        check_options(self.name, unknown, self.stylize)
        check_image(image)
        if not 0 <= strength <= 1.5:
            raise PicturaError(f"strength must be between 0 (content only) and 1.5, got {strength:g}.")
        moments = self.style_moments(style, max(image.shape[-2:]) * style_scale)
        with torch.no_grad(), autocast(precision, image.device):
            return stream(
                image,
                self._parts(moments, strength),
                memory=memory,
                bytes_per_float=autocast_dtype(image).itemsize if self.settings.variant == "light" else 4,
                multiple=8,
                smallest=MIN_SIDE,
                whole=lambda x: self._stylize(x, moments, strength),
                out=out,
            )

    def load_style(self, style: Any = None) -> StyleSource:
        """A style under f for any number of pictures, see `pictura.style.load_style`; by default the starry night."""
        style = "starry-night" if style is None else style
        return load_style(style, self._load_encoder(), STYLE_LAYERS, size_range=STYLE_SIZES)

    def style_moments(self, style: Any = None, size: float = 512) -> Moments:
        """Moments of a style's features under f, with its painting's longest side at `size` pixels."""
        return self.load_style(style).at(size)

    def export_network(self) -> nn.Module:
        """Content and style pictures to T(c, s) at full strength."""
        looking = load_encoder(self.settings.encoder, dtype="float32")
        return AdaINPipeline(looking, self.decoder, self.settings.variant == "light")

    @property
    def light(self) -> LightDecoder:
        """g of the light variant, without what the training loop wraps around it."""
        network = getattr(self.decoder, "module", self.decoder)
        if not isinstance(network, LightDecoder):
            raise PicturaError("The paper's network has no code of a style; take the light variant.")
        return network

    def _build_decoder(self) -> nn.Module:
        s = self.settings
        if s.variant == "paper":
            return Decoder(COMPONENTS["relu4_1"] if s.encoder == "compact" else 512)
        if s.encoder != "compact":
            raise PicturaError(f"The light variant looks through compact, not {s.encoder}; take the variant paper.")
        return LightDecoder(
            [COMPONENTS[layer] for layer in ADAPTED_LAYERS], description_size(COMPONENTS), s.widths, s.blocks
        )

    def _load_encoder(self, device: torch.device | None = None) -> Encoder:
        if self._encoder is None:  # two threads may both load it: the same weights, whichever stays
            self._encoder = load_encoder(self.settings.encoder, device=str(device or "cpu"))
        return self._encoder

    def _stylize(self, x: Tensor, style: Moments, strength: float) -> Tensor:
        """Pictures in one piece."""
        f, strengths = self._load_encoder(x.device), torch.full((len(x),), strength, device=x.device)
        if self.settings.variant == "paper":
            mean, std = statistics_of([style] * len(x))
            made: Tensor = self.decoder(self._adapt(f(x, ["relu4_1"]), mean, std, strengths)["relu4_1"])
            return made
        return self._decode(f(x, ADAPTED_LAYERS), [style] * len(x), strengths)

    def _decode(self, found: dict[str, Tensor], styles: Sequence[Moments], strength: Tensor) -> Tensor:
        """Light: responses, which are used up, to pictures."""
        mean, std = statistics_of(styles)
        t = self._adapt(found, mean, std, strength)
        description = torch.stack([describe(style) for style in styles])
        made: Tensor = self.decoder(*(t[layer] for layer in ADAPTED_LAYERS), description, strength)
        return made

    def _adapt(
        self, found: dict[str, Tensor], mean: Mapping[str, Tensor], std: Mapping[str, Tensor], strength: Tensor
    ) -> dict[str, Tensor]:
        """AdaIN at each of these layers, one after the other out of `found`: they are what takes most memory.

        In the precision that the decoder's convolutions would ask for in any case.
        """
        dtype = autocast_dtype(next(iter(found.values())))
        return {
            layer: self.norm_layers[layer](found.pop(layer), mean[layer], std[layer], strength).to(dtype)
            for layer in list(found)
        }

    def _parts(self, style: Moments, strength: float) -> list[NetworkPart]:
        """For `stream`: what f sees, packed into one map; exchanges and what is at an eighth; the rest."""
        f, (mean, std), s = self._load_encoder(), statistics_of([style]), torch.tensor([strength])
        field = f.receptive_field("relu4_1") // 2
        if self.settings.variant == "paper":
            # Nine convolutions with half their reach at an eighth of the size, and less on the way up.
            run = lambda x, _: self._stylize(x, style, strength)  # noqa: E731, a one-liner of the protocol
            return [
                NetworkPart(run, [self.norm_layers["relu4_1"]], field + 8 + 4 * 5 + 2 * 2 + 2, floats_per_pixel=400)
            ]
        code, deep = self.light.code(describe(style)[None], s), 8 * (1 + 2 * self.settings.blocks)

        def look(x: Tensor, _: Tensor) -> Tensor:
            return pack_features(f(x, ADAPTED_LAYERS)).to(autocast_dtype(x))

        def start(_: Tensor, seen: Tensor) -> Tensor:
            t = self._adapt(unpack_features(seen), mean, std, s)
            t["relu4_1"] = self.light.start(t["relu4_1"], code)
            return pack_features(t)

        def end(_: Tensor, seen: Tensor) -> Tensor:
            y = unpack_features(seen, self.settings.widths[0])
            return self.light.end(y["relu2_1"], y["relu3_1"], y["relu4_1"], code)

        return [
            NetworkPart(look, [], field, floats_per_pixel=60),
            # They see what f gave, whatever the others make of it.
            NetworkPart(
                start,
                [self.norm_layers[layer] for layer in ADAPTED_LAYERS],
                deep,
                floats_per_pixel=30,
                independent=True,
            ),
            NetworkPart(end, [], 8 + 4 * 4 + 2 * 3 + 2, floats_per_pixel=60),
        ]


def _sample_strengths(count: int, full: float, generator: torch.Generator) -> Tensor:
    """1 for this share of pictures; half of the others 0, the rest between."""
    kind, strength = torch.rand(2, count, generator=generator).unbind()
    strength[kind < full] = 1.0
    strength[kind > (1 + full) / 2] = 0.0
    return strength
