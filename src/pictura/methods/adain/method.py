"""AdaIN as the training loop and the tasks see it; what is the paper's and what ours is in the variants."""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pictura.encoders import Encoder, load_encoder
from pictura.encoders.store import check_present
from pictura.losses.moments import moments
from pictura.methods.adain.light import LightVariant, as_light
from pictura.methods.adain.paper import PaperVariant
from pictura.methods.adain.pipeline import AdaINPipeline
from pictura.methods.adain.settings import AdaINSettings
from pictura.methods.adain.variant import Variant
from pictura.networks.adain import LightDecoder
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, stream
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.runtime.device import DType, Precision, autocast, default_dtype
from pictura.runtime.errors import PicturaError
from pictura.style import STYLE_LAYERS, STYLE_SIZES, Moments, StyleSource, encode_style, load_style
from pictura.style.sources import SizedPaintings, mix_styles
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.schedules import inverse_decay

VARIANTS: dict[str, type[Variant]] = {"light": LightVariant, "paper": PaperVariant}
MIN_SIDE = 32  # side of an image: an eighth of it must have something to normalize
# Longest sides at which a painting is a style in training: those a saved style keeps, and what lies between.
TRAINING_SIZES = (181, 256, 362, 512)


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
        self._encoders: dict[DType, Encoder] = {}
        self.styles: list[Moments] = []
        self.variant: Variant = VARIANTS[settings.variant](settings)
        self.decoder: nn.Module
        self.decoder = self.variant.build_decoder().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def tiny(cls) -> AdaINSettings:
        """A few channels."""
        return AdaINSettings(widths=(8, 8, 8), blocks=1, paintings="paintings")

    def networks(self) -> dict[str, nn.Module]:
        """g; f is named in the settings and loaded when needed."""
        return {"decoder": self.decoder}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam, as in the paper."""
        s = self.settings
        if s.rate_decay:
            return {"decoder": build_player(s, self.decoder, steps, schedule=lambda _: inverse_decay(s.rate_decay))}
        return {"decoder": build_player(s, self.decoder, steps)}

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """Load f and, where a folder is named, encode its paintings at each size."""
        self._encoders.clear()  # of another precision
        f = self._load_encoder(fetch=True)
        if self.data_kind == "unpaired":
            return
        paintings = SizedPaintings(self.settings.paintings, TRAINING_SIZES, device)
        self.styles = [encode_style(p, f, self.variant.style_layers, size) for p, size in paintings]
        self.variant.prepare(f, self.decoder, paintings, generator)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses content and style, and for light tv and photo; each picture in a style and strength of its own."""
        f = self._load_encoder()
        if self.data_kind == "unpaired":
            x, styles = crop_to_multiple(batch["A"], 8, MIN_SIDE), self._encode_crops(f, batch["B"])
            chosen = list(range(len(x)))
        else:
            x, styles = crop_to_multiple(batch["image"], 8, MIN_SIDE), self.styles
            chosen = torch.randint(len(styles), (len(x),), generator=generator).tolist()
        losses = self.variant.losses(f, self.decoder, x, styles, chosen, generator)
        update(decoder=torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """The photo, it in four styles, and in the first at half strength; or photo, painting, and both as one."""
        if self.data_kind == "unpaired":
            return self._show_crops(batch)
        x = crop_to_multiple(batch["image"], 8, MIN_SIDE)
        last = len(TRAINING_SIZES) - 1  # of a painting's sizes, the largest
        columns = [(i * len(self.styles) // 4 + last, 1.0) for i in range(4)] + [(last, 0.5)]
        with torch.no_grad():
            outputs = [self._stylize(x, self.styles[i % len(self.styles)], strength) for i, strength in columns]
        return [x, *(output.clamp(0, 1) for output in outputs)]

    def _show_crops(self, batch: Batch) -> list[Tensor]:
        x, style = (crop_to_multiple(batch[side], 8, MIN_SIDE) for side in ("A", "B"))
        f = self._load_encoder()
        full = torch.ones(len(x), device=x.device)
        with torch.no_grad():
            features, styles = f(x, self.variant.adapted_layers), self._encode_crops(f, style)
            return [x, style, self.variant.decode(self.decoder, features, styles, full).clamp(0, 1)]

    @torch.no_grad()
    def _encode_crops(self, f: Encoder, crops: Tensor) -> list[Moments]:
        """The moments of each painting of a batch, as it came."""
        features = f(crops, self.variant.style_layers)
        return [{layer: moments(maps[i : i + 1]) for layer, maps in features.items()} for i in range(len(crops))]

    @property
    def data_kind(self) -> DataKind:
        """Photos; for the paper's variant without a folder of paintings, photos and paintings."""
        paper = self.settings.variant == "paper" and not self.settings.paintings
        return "unpaired" if paper else self.data

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
        f = self._load_encoder(precision)
        target = self._open(style, f).at(max(image.shape[-2:]) * style_scale)
        with torch.no_grad(), autocast(precision, image.device):
            return stream(
                image,
                self.variant.parts(f, self.decoder, target, strength),
                memory=memory,
                bytes_per_float=self.variant.bytes_per_float(image),
                multiple=8,
                smallest=MIN_SIDE,
                whole=lambda x: self.variant.stylize(f, self.decoder, x, target, strength),
                out=out,
            )

    def load_style(self, style: Any = None) -> StyleSource:
        """A style under f for any number of pictures, see `pictura.style.load_style`; by default the starry night."""
        return self._open(style, self._load_encoder())

    def _open(self, style: Any, f: Encoder) -> StyleSource:
        style = "starry-night" if style is None else style
        return load_style(style, f, STYLE_LAYERS, size_range=STYLE_SIZES)

    def style_moments(self, style: Any = None, size: float = 512) -> Moments:
        """Moments of a style's features under f, with its painting's longest side at `size` pixels."""
        return self.load_style(style).at(size)

    def export_network(self) -> nn.Module:
        """Content and style pictures to T(c, s) at full strength."""
        f = copy.deepcopy(self._load_encoder("float32"))  # which the file's writer moves to the CPU
        return AdaINPipeline(f, self.decoder, self.variant)

    @property
    def light(self) -> LightDecoder:
        """g of the light variant."""
        return as_light(self.decoder)

    def _load_encoder(self, precision: Precision = "auto", fetch: bool = False) -> Encoder:
        """f, where g is, and fetched only if a user's own settings, those of a training, ask for it.

        In float32 where that was asked for: its share of the result is rounded as all of it is.
        """
        device = next(self.decoder.parameters()).device
        dtype: DType = "float32" if precision == "float32" else default_dtype(device)
        if dtype not in self._encoders:  # two threads may both load it: the same weights, whichever stays
            if not fetch:
                check_present(self.settings.encoder, "This model")
            padding, place = self.settings.padding or self.variant.padding, str(device)
            self._encoders[dtype] = load_encoder(self.settings.encoder, padding=padding, dtype=dtype, device=place)
        f = self._encoders[dtype]
        return f if f.mean.device == device else f.to(device)

    def _stylize(self, x: Tensor, style: Moments, strength: float) -> Tensor:
        return self.variant.stylize(self._load_encoder(), self.decoder, x, style, strength)
