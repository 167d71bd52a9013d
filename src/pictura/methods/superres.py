"""Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, section 3.2 and 4.2.

One feed-forward network f_W takes a small picture x to ŷ = f_W(x), as near as can be to the large y that x was made of:
near in pixels (``loss="pixel"``, the paper's ℓ_pixel) or in the responses φ_j of a network that recognises things
(``loss="feature"``, ℓ_feat, which gives up PSNR for sharpness).

``variant="paper"`` is the paper's network, ``"slim"`` ours: it begins at bicubic and works at the small size only.
Ours, too: Charbonnier's distance instead of the square, a falling rate, averaged weights, and beside the feature loss
a pixel term, ``ℓ_low``, which holds the result to x when it is made small again, so that colours stay, and ``ℓ_grid``:
where x is smooth all that a convolutional network can add for φ to see as texture is a pattern that repeats with x's
pixels, and this the truth does not have. φ also sees every crop from another corner, so that no grid is learned that
its poolings pass over.
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.encoders import Encoder, load_encoder
from pictura.encoders.records import ENCODER_ALIASES
from pictura.losses.perceptual import add_noise
from pictura.networks.tiling.enlarging import enlarge_image
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart
from pictura.networks.upscaler import JohnsonUpscaler, Upscaler
from pictura.picture.degrade import crop_to_scale, degrade, imresize
from pictura.picture.resize import from_float, to_float
from pictura.picture.transfer import match_histogram
from pictura.runtime.device import Precision
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import MAX_BLOCKS, MAX_CHANNELS, OptimSettings

# Network, width, residual blocks of each variant.
VARIANTS: dict[str, tuple[type[Upscaler | JohnsonUpscaler], int, int]] = {
    "slim": (Upscaler, 48, 5),
    "paper": (JohnsonUpscaler, 64, 4),
}
# Pixels by which a crop is moved at most before φ sees it, less one: if the poolings of φ always began at the same of
# the new pixels, what they leave out would become a grid in the pictures.
SHIFT = 8
GRID_WINDOW = 8  # side in small pixels of what ℓ_grid looks at: its own texture averages out there, a grid does not
FLOOR = 1e-3  # of Charbonnier's distance √(d² + FLOOR²): a quarter of an 8-bit step


class SuperresSettings(OptimSettings):
    """Architecture, degradation, losses, rates; defaults are those of the network that is shipped."""

    scale: Literal[4, 8] = Field(default=4, description="how many times wider and higher the result is")
    variant: Literal["slim", "paper"] = Field(default="slim", description="our network or the paper's")
    channels: int | None = Field(
        default=None, ge=1, le=MAX_CHANNELS, description="width; by default 48, in the paper's network 64"
    )
    blocks: int | None = Field(
        default=None, ge=1, le=MAX_BLOCKS, description="residual blocks; by default 5, in the paper's network 4"
    )
    blur: float = Field(
        default=0.0,
        ge=0,
        le=16,
        description="σ in pixels of the blur before bicubic reduction; 1 in the paper, 0 elsewhere",
    )
    loss: Literal["pixel", "feature"] = Field(default="pixel", description="what a result is measured by")
    distance: Literal["charbonnier", "squared"] = Field(default="charbonnier", description="of pixels; squared: paper")
    encoder: str = Field(default="vgg16", description="φ of the feature loss: vgg16, vgg19-caffe, compact")
    layers: dict[str, float] = Field(default={"relu2_2": 1.0}, description="layer j of φ → weight in the feature loss")
    pixel_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of ℓ_pixel beside the feature loss")
    low_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of ℓ_low beside the feature loss")
    grid_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of ℓ_grid beside the feature loss")
    smoothing: float = Field(
        default=0.0, ge=0, le=1, description="σ of the noise through which φ looks at result and truth"
    )
    match_histogram: bool = Field(
        default=False, description="give the result the colours' distribution of the small picture, as the paper does"
    )


class Superres(Method):
    """f_W, the loss network φ, and one step of training."""

    name: ClassVar[str] = "superres"
    paper: ClassVar[str] = (
        "Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, "
        "arXiv 1603.08155"
    )
    data: ClassVar[DataKind] = "images"
    Settings = SuperresSettings
    settings: SuperresSettings

    def __init__(self, settings: SuperresSettings) -> None:
        super().__init__(settings)
        kind, channels, blocks = VARIANTS[settings.variant]
        network = kind(settings.scale, settings.channels or channels, settings.blocks or blocks)
        self.part = NetworkPart(
            self._upscale, receptive_radius=network.receptive_radius, floats_per_pixel=network.floats_per_pixel
        )
        self.upscaler: nn.Module = network
        self.encoder: Encoder | None = None

    @classmethod
    def tiny(cls) -> SuperresSettings:
        """Two layers at the small size."""
        return SuperresSettings(channels=8, blocks=1)

    def networks(self) -> dict[str, nn.Module]:
        """The one that enlarges."""
        return {"upscaler": self.upscaler}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam, as in the paper; β₂ of 0.99 forgets the flat crops sooner."""
        beta_2 = 0.99 if self.settings.variant == "slim" else 0.999
        return {"upscaler": build_player(self.settings, self.upscaler, steps, betas=(0.9, beta_2))}

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """The loss network φ."""
        if self.settings.loss == "feature":
            self.encoder = load_encoder(
                ENCODER_ALIASES.get(self.settings.encoder, self.settings.encoder), device=str(device)
            )
            for layer in self.settings.layers:
                self.encoder.resolve(layer)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Small pictures x are made of the batch's y; losses pixel, feature, low as far as they have a weight."""
        y = self._crop_truth(batch)
        x = degrade(y, self.settings.scale, self.settings.blur)
        top, left = torch.randint(SHIFT, (2,), generator=generator).tolist()
        losses = self.losses(self.upscaler(x).float(), y, x, (top, left), generator)
        update(upscaler=sum(losses.values(), torch.zeros((), device=y.device)))
        return {name: loss.detach() for name, loss in losses.items()}

    def losses(
        self,
        made: Tensor,
        y: Tensor,
        x: Tensor,
        corner: tuple[int, int] = (0, 0),
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """ŷ against y and x: each term with its weight; φ sees what lies right of and below the corner (top, left).

        `generator` is needed where the settings ask for noise before φ.
        """
        s = self.settings
        if s.loss == "pixel":
            return {"pixel": self._pixel_loss(made, y)}
        top, left = corner
        found = {"feature": self._feature_loss(made[..., top:, left:], y[..., top:, left:], generator)}
        if s.pixel_weight:
            found["pixel"] = s.pixel_weight * self._pixel_loss(made, y)
        if s.low_weight:
            low = imresize(made, (x.shape[-2], x.shape[-1]))
            found["low"] = s.low_weight * self._pixel_loss(low, x)
        if s.grid_weight:
            found["grid"] = s.grid_weight * grid(made - y, s.scale).square().add(FLOOR**2).sqrt().mean()
        return found

    def show(self, batch: Batch) -> list[Tensor]:
        """Bicubic, ours, the truth."""
        y = self._crop_truth(batch)
        x = degrade(y, self.settings.scale, self.settings.blur)
        with torch.no_grad():
            made = self.upscaler(x).float().clamp(0, 1)
        return [imresize(x, (y.shape[-2], y.shape[-1])).clamp(0, 1), made, y]

    @property
    def factor(self) -> int:
        """How many times wider and higher the result is."""
        return self.settings.scale

    def enlarge(
        self,
        image: Tensor,
        *,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to 1×3×(scale H)×(scale W) of the same dtype.

        Args:
            image: x.
            memory: bytes to work in beside image and result; what does not fit goes in tiles, with the same result.
            precision: arithmetic of the convolutions; auto is bfloat16 where the processor is fast in it.

        Raises:
            PicturaError: not an image, an option it does not know, or too little memory.
        """
        check_options(self.name, unknown, self.enlarge)
        check_image(image)
        x = to_float(image) if self.settings.match_histogram else image
        output = enlarge_image(x, self.part, memory, precision)
        return from_float(match_histogram(output, x), image.dtype) if self.settings.match_histogram else output

    def export_network(self) -> nn.Module:
        """The network: it takes pictures as they are."""
        if self.settings.match_histogram:
            raise PicturaError("A matched histogram cannot be exported: set match_histogram to false in the settings.")
        return self.upscaler

    def _upscale(self, x: Tensor, _: Tensor) -> Tensor:
        made: Tensor = self.upscaler(x.contiguous(memory_format=torch.channels_last))
        return made.float()

    def _crop_truth(self, batch: Batch) -> Tensor:
        scale, image = self.settings.scale, batch["image"]
        if min(image.shape[-2:]) < scale:
            raise PicturaError(f"Crops of {min(image.shape[-2:])} pixels are too small for ×{scale}: take 64 or more.")
        return crop_to_scale(image, scale)

    def _pixel_loss(self, made: Tensor, y: Tensor) -> Tensor:
        """ℓ_pixel, equation 3: the mean square; or Charbonnier's distance, which an outlier does not rule."""
        if self.settings.distance == "squared":
            return (made - y).square().mean()
        return ((made - y).square() + FLOOR**2).sqrt().mean()

    def _feature_loss(self, made: Tensor, y: Tensor, generator: torch.Generator | None) -> Tensor:
        """ℓ_feat, equation 2, each layer in units of its own variance so that weights mean the same on every φ."""
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        names = list(self.settings.layers)
        noise = add_noise(torch.zeros_like(y), self.settings.smoothing, generator)
        with torch.no_grad():
            truth = self.encoder(y + noise, names)
        found = self.encoder(made + noise, names)  # the same noise: what is weaker than it counts less than what is not
        terms = [
            weight * (found[j] - truth[j]).square().sum(1).mean() / self.encoder.scale(j) ** 2
            for j, weight in self.settings.layers.items()
        ]
        return torch.stack(terms).sum()


def grid(difference: Tensor, scale: int) -> Tensor:
    """What a difference N×3×H×W has in it that repeats every `scale` pixels, in windows of WINDOW small pixels."""
    phases = nn.functional.pixel_unshuffle(difference, scale)
    side = min(GRID_WINDOW, *phases.shape[-2:])
    return nn.functional.avg_pool2d(phases, side, max(1, side // 2))
