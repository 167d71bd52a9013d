"""Pixel loss + GAN and feature loss + GAN, the simplest baselines of CycleGAN's comparison.

Zhu et al. 2017, arXiv 1703.10593, section 5.1, after Shrivastava et al. 2017 (SimGAN, arXiv 1612.07828), whose refiner
is another network. G turns A into B; D judges, and a content term holds G(a) at a itself: a mean absolute difference of
pixels, or of an encoder's features (junyanz/CycleGAN, models/content_gan_model.lua and util/content_loss.lua):

    ℓ_D = ½ (E[(D(real_B) - 1)²] + E[D(fake_B)²])
    ℓ_G = E[(D(fake_B) - 1)²] + λ E|φ(fake_B) - φ(real_A)|

where φ is the identity, or VGG-16 to relu4_2 of the picture at 224 pixels. VGG does not come with pictura: by default φ
is our compact encoder to the layer of that name, at the picture's own size; `PAPER_FEATURES` says what the paper has.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder, load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.networks.layers.dropout import draw_noise
from pictura.networks.layers.normalized import NormKind
from pictura.networks.translation import (
    AnyGenerator,
    CompactCritic,
    CriticName,
    Exported,
    GeneratorName,
    build_critic,
    build_generator,
    check_crop,
)
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.image_pool import ImagePool
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import Channels, OptimSettings
from pictura.training.translating import NetworkTranslator

BETAS = (0.5, 0.999)  # of Adam, as released


class ContentGANSettings(OptimSettings):
    """Architecture, losses, rates; the defaults are those of the comparison, with pixels."""

    content: Literal["pixel", "feature"] = Field(default="pixel", description="what is to stay as it is")
    encoder: str = Field(default="compact", description="φ of feature")
    layer: str = Field(default="relu4_2", description="layer of φ")
    resize: int = Field(default=0, ge=0, le=4096, description="side to which φ's pictures are resized; 0: their own")
    content_weight: float = Field(default=10.0, ge=0, le=MAX_WEIGHT, description="λ of the content term")
    generator: GeneratorName = Field(default="resnet_9", description="resnet_6 for crops of 128")
    critic: CriticName = Field(default="patch70", description="by its patch; compact is heads on our encoder")
    norm: NormKind = Field(default="instance", description="of the papers' networks")
    generator_width: Channels = Field(default=64, description="channels of the generator where there are fewest")
    critic_width: Channels = Field(default=64, description="channels of the critic where there are fewest")
    pool: int = Field(default=50, ge=0, le=10000, description="pictures that the critic's pool holds; 0: none")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="Adam's rate for both")


RELEASED = ContentGANSettings()
PAPER = RELEASED  # pixel loss + GAN; the paper says no more than the code
PAPER_FEATURES = ContentGANSettings(content="feature", encoder="vgg16", layer="relu4_2", resize=224)


class ContentGAN(NetworkTranslator):
    """G, D, and φ."""

    name: ClassVar[str] = "content_gan"
    paper: ClassVar[str] = (
        "pixel or feature loss + GAN of Zhu, Park, Isola, Efros, ICCV 2017, arXiv 1703.10593, after Shrivastava et "
        "al., CVPR 2017, arXiv 1612.07828"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = ContentGANSettings
    settings: ContentGANSettings
    generators: dict[str, AnyGenerator]

    def __init__(self, settings: ContentGANSettings) -> None:
        super().__init__(settings)
        s = settings
        self.generators = {"A2B": build_generator(s.generator, s.norm, width=s.generator_width)}
        self.judge = build_critic(s.critic, s.norm, width=s.critic_width)
        self.G: nn.Module = self.generators["A2B"]  # while it trains, what the loop wraps around them
        self.D: nn.Module = self.judge
        self.pool = ImagePool(s.pool)
        self.encoder: Encoder | None = None

    @classmethod
    def tiny(cls) -> ContentGANSettings:
        """A few channels, a pool that is soon full, and features."""
        return ContentGANSettings(
            content="feature", generator="resnet_6", critic="patch34", generator_width=2, critic_width=4, pool=3
        )

    def networks(self) -> dict[str, nn.Module]:
        """G and D."""
        return {"G": self.G, "D": self.D}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam for each; the rates fall linearly in the second half."""
        return {
            "G": build_player(self.settings, self.G, steps, betas=BETAS, schedule=linear_decay),
            "D": build_player(self.settings, self.D, steps, betas=BETAS, schedule=linear_decay, ema=0),
        }

    def check_crop(self, crop: int) -> None:
        """The generator needs its multiple, the critic its patch."""
        check_crop(crop, self.settings.generator, self.generators["A2B"], self.settings.critic, self.judge)

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """φ, and the encoder of the compact critic."""
        if self.settings.content == "feature":
            self.encoder = load_encoder(self.settings.encoder, device=str(device))
            self.encoder.resolve(self.settings.layer)  # that there is such a layer
        if isinstance(self.judge, CompactCritic):
            self.judge.open_eyes(load_encoder("compact", device=str(device)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D on fakes from the pool, then G against the new D."""
        real_A, real_B = self.select_pictures(batch)
        fake_B = self.G(real_A, draw_noise(real_A, generator)).float()
        if isinstance(self.judge, CompactCritic):
            self.judge.measure(real_B)
        game = ADVERSARIAL["least_squares"]
        of_D = game.critic(self.D(real_B), self.D(self.pool.query(fake_B, generator)))
        update(D=of_D)
        of_G, content = game.generator(self.D(fake_B)), self.settings.content_weight * self._content(fake_B, real_A)
        update(G=of_G + content)
        return {"D": of_D.detach(), "G": of_G.detach(), "content": content.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, and something of B."""
        real_A, real_B = self.select_pictures(batch)
        fake_B = self.G(real_A, draw_noise(real_A, torch.Generator().manual_seed(0)))
        return [(x.float() + 1) / 2 for x in (real_A, fake_B, real_B)]

    def export_network(self) -> nn.Module:
        """G."""
        return Exported(self.generators["A2B"])

    def state(self) -> dict[str, Tensor]:
        """The pool."""
        return self.pool.state("fake_B")

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        self.pool.load_state(tensors, "fake_B")

    def _content(self, fake_B: Tensor, real_A: Tensor) -> Tensor:
        """E|φ(fake_B) - φ(real_A)|, of pixels in [-1, 1]."""
        if self.settings.content == "pixel":
            return (fake_B - real_A).abs().mean()
        features_fake = self._features(fake_B)
        with torch.no_grad():
            features_real = self._features(real_A)
        return (features_fake - features_real).abs().mean()

    def _features(self, x: Tensor) -> Tensor:
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        x, side = (x + 1) / 2, self.settings.resize
        if side:  # its corners stay where they are in Torch's SpatialUpSamplingBilinear
            x = F.interpolate(x, (side, side), mode="bilinear", align_corners=True)
        features: Tensor = self.encoder(x, [self.settings.layer])[self.settings.layer]
        return features.float()
