"""Johnson's network as the training loop and the tasks see it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pictura.encoders import load_encoder
from pictura.encoders.records import ENCODER_ALIASES
from pictura.losses.perceptual import PerceptualLoss
from pictura.losses.total_variation import total_variation
from pictura.methods.johnson.settings import JohnsonSettings
from pictura.models import Bundle
from pictura.networks.johnson import ExamplesNet, JohnsonNet
from pictura.networks.layers.padding import autocast_dtype
from pictura.networks.slim import SlimNet, replace_styles
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, stream
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.runtime.device import Precision, autocast
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.style import load_style, normalize_weights
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player

StyleNetwork = JohnsonNet | ExamplesNet | SlimNet
StyleChoice = str | int | Mapping[str, float] | None
SHEET_STYLES = 6  # styles on a sample sheet


class Johnson(Method):
    """f_W, the loss network φ, and one step of training."""

    name: ClassVar[str] = "johnson"
    paper: ClassVar[str] = (
        "Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, "
        "arXiv 1603.08155"
    )
    data: ClassVar[DataKind] = "images"
    Settings = JohnsonSettings
    settings: JohnsonSettings

    def __init__(self, settings: JohnsonSettings) -> None:
        super().__init__(settings)
        self.names = [Path(style).stem for style in settings.styles]
        if len(set(self.names)) < len(self.names):
            raise PicturaError(f"Two styles have the same name, in {', '.join(self.names)}: rename one of the files.")
        self.slim = settings.variant == "slim"  # several styles, each at any strength
        if not self.slim and len(self.names) > 1:
            raise PicturaError(
                f"The variant '{settings.variant}' supports one style, got {len(self.names)}; "
                "give one or set variant to 'slim'."
            )
        self.network = _build_network(settings)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
        self.generator: nn.Module = self.network  # while it trains, what the loop wraps around it
        self.perceptual_loss: PerceptualLoss | None = None

    @classmethod
    def tiny(cls) -> JohnsonSettings:
        """A few channels."""
        return JohnsonSettings(widths=(4, 8, 8), blocks=1)

    def networks(self) -> dict[str, nn.Module]:
        """f_W."""
        return {"generator": self.generator}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam, as in the paper."""
        return {"generator": build_player(self.settings, self.generator, steps)}

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """Load the loss network φ and encode the paintings with it."""
        s = self.settings
        encoder = load_encoder(ENCODER_ALIASES.get(s.encoder, s.encoder), device=str(device))
        styles = [
            load_style(style, encoder, list(s.style_layers), noise=s.smoothing, generator=generator).at(s.style_size)
            for style in s.styles
        ]
        self.perceptual_loss = PerceptualLoss(
            encoder, styles, s.content_layers, s.style_layers, s.loss, s.smoothing, s.relative
        )

    def begin(self, bundle: Bundle) -> None:
        """Also with weights for other styles: what is known by name stays, a new one is the mean of all at first."""
        before = [Path(style).stem for style in bundle.settings["styles"]]
        super().begin(replace(bundle, tensors=replace_styles(bundle.tensors, before, self.names)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses content, style, tv, photo; each picture of the batch in a style and at a strength of its own."""
        x = self._crop_to_multiple(batch["image"])
        style, strength = self._sample_styles(len(x), generator)
        output = self._run_network(self.generator, x, self._batch_mix(style, strength)).float()
        losses = self.losses(output, x, style, strength.to(x.device), generator)
        update(generator=torch.stack(list(losses.values())).sum())
        return {name: loss.detach() for name, loss in losses.items()}

    def losses(
        self,
        output: Tensor,
        x: Tensor,
        style: list[int],
        strength: Tensor,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """ŷ against x and its painting: each term with its weight, as the mean over the pictures.

        `generator` is needed where the settings ask for noise before φ.
        """
        if self.perceptual_loss is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        s = self.settings
        content_loss, style_loss = self.perceptual_loss(output, x, style, generator)
        losses = {
            "content": s.content_weight * (strength * content_loss).mean(),
            "style": s.style_weight * (strength * style_loss).mean(),
            "tv": s.tv_weight * total_variation(output),
        }
        if self.slim:
            photo = (output - x).square().mean((1, 2, 3))
            losses["photo"] = s.photo_weight * ((1 - strength) * photo).mean()
        return losses

    def show(self, batch: Batch) -> list[Tensor]:
        """The photo, and it in each style; the first one at half strength, too."""
        x = self._crop_to_multiple(batch["image"])
        columns = [(style, 1.0) for style in range(min(SHEET_STYLES, len(self.names)))]
        if self.slim:
            columns.append((0, 0.5))
        with torch.no_grad():
            outputs = [
                self._run_network(self.generator, x, self._batch_mix([style] * len(x), torch.full((len(x),), strength)))
                for style, strength in columns
            ]
        return [x, *(output.float().clamp(0, 1) for output in outputs)]

    @property
    def style_names(self) -> tuple[str, ...]:
        """The styles that the network was trained for."""
        return tuple(self.names)

    def open_style(self, styles: Sequence[Any], weights: Sequence[float]) -> dict[str, float]:
        """Several of its styles by name, with their weights."""
        for style in styles:
            if style not in self.names:
                raise PicturaError(
                    f"This network paints {', '.join(self.names)}, not '{style}'; --method adain paints any style."
                )
        return {name: weight for name, weight in zip(styles, weights, strict=True) if weight}

    def stylize(
        self,
        image: Tensor,
        *,
        style: StyleChoice = None,
        strength: float = 1.0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        out: Tensor | None = None,
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in a style.

        Args:
            image: the photo.
            style: a style's name, its number from 0, or several by name with their weights; by default the first.
            strength: from 0, the photo, to 1, all of the style; slim only.
            memory: bytes to work in beside image and result; what does not fit goes in tiles, with the same result.
            precision: arithmetic; auto is bfloat16 where the processor is fast in it.
            out: where the result goes, for example the image itself; by default somewhere new.

        Raises:
            PicturaError: not an image, an unknown style or option, a strength out of range.
        """
        check_options(self.name, unknown, self.stylize)
        check_image(image)
        network, mix = self.network, self._style_mix(style, strength)
        with torch.no_grad(), autocast(precision, image.device):
            return stream(
                image,
                network.parts(mix),
                memory=memory,
                bytes_per_float=autocast_dtype(image).itemsize if self.slim else 4,
                multiple=network.multiple,
                smallest=network.smallest,
                whole=lambda x: self._run_network(network, x, mix),
                out=out,
            )

    def export_network(self, style: StyleChoice = None, strength: float = 1.0) -> nn.Module:
        """f_W for one choice of style and strength, as `stylize` takes them."""
        return _SingleStyle(self.network, self._style_mix(style, strength))

    def _run_network(self, network: nn.Module, x: Tensor, mix: Tensor | None) -> Tensor:
        output: Tensor = network(x) if mix is None else network(x, mix)
        return output

    def _crop_to_multiple(self, x: Tensor) -> Tensor:
        return crop_to_multiple(x, self.network.multiple, self.network.smallest)

    def _sample_styles(self, count: int, generator: torch.Generator) -> tuple[list[int], Tensor]:
        """A style's number and a strength for each picture, in full or anything between none and that."""
        style = torch.randint(len(self.names), (count,), generator=generator).tolist()
        kind, strength = torch.rand(2, count, generator=generator)
        if not self.slim:
            return style, torch.ones(count)
        strength[kind < self.settings.full] = 1.0
        return style, strength

    def _batch_mix(self, style: list[int], strength: Tensor) -> Tensor | None:
        """The shares of photo and styles for pictures of these styles and strengths; None where there is one style."""
        if not self.slim:
            return None
        shares = torch.zeros(len(style), len(self.names) + 1)
        shares[:, 0] = 1 - strength
        shares[torch.arange(len(style)), torch.tensor(style) + 1] = strength
        return shares.to(next(self.network.parameters()).device)

    def _style_mix(self, style: StyleChoice, strength: float) -> Tensor | None:
        """The same for one picture and what a person asked for."""
        if not 0 <= strength <= 1:
            raise PicturaError(f"strength must be between 0 (content only) and 1, got {strength:g}.")
        weights = style if isinstance(style, Mapping) else {style: 1.0}
        indices = [self._style_index(name) for name in weights]
        if not self.slim:
            if strength < 1:
                raise PicturaError(
                    f"strength below 1 needs the slim variant, but this network is '{self.settings.variant}'."
                )
            return None
        mix = torch.zeros(1, len(self.names) + 1)
        mix[0, 0] = 1 - strength
        for index, share in zip(indices, normalize_weights(list(weights.values())), strict=True):
            mix[0, index + 1] += strength * share
        return mix.to(next(self.network.parameters()).device)

    def _style_index(self, style: str | int | None) -> int:
        """A style's place in the network."""
        if style is None:
            return 0
        if isinstance(style, int) and 0 <= style < len(self.names):
            return style
        if style in self.names:
            return self.names.index(style)
        raise PicturaError(
            f"This network has no style '{style}', only {', '.join(self.names)}.{did_you_mean(str(style), self.names)}"
        )


class _SingleStyle(nn.Module):
    """N×3×H×W in [0, 1] to the same, in one style."""

    def __init__(self, network: StyleNetwork, mix: Tensor | None) -> None:
        super().__init__()
        self.network, self.multiple, self.smallest = network, network.multiple, network.smallest
        self.register_buffer("mix", mix)

    def forward(self, pictures: Tensor) -> Tensor:
        """One pass."""
        output: Tensor = self.network(pictures) if self.mix is None else self.network(pictures, self.mix)
        return output.clamp(0, 1)


def _build_network(s: JohnsonSettings) -> StyleNetwork:
    if s.variant == "slim":
        return SlimNet(len(s.styles), s.widths, s.blocks)
    if s.variant == "examples":
        return ExamplesNet(s.filters)
    return JohnsonNet(s.filters, "batch" if s.variant == "paper" else "instance")
