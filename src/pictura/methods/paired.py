"""Ours: pictures of A to their partners of B, from pairs, by one small generator on one processor core.

G turns real_A into fake_B = G(real_A), which is to be near real_B and look real beside real_A. As in pix2pix (Isola et
al. 2017, arXiv 1611.07004) with three levers that make minutes of hours:

- ℓ_feat, the distance of fake_B and real_B in the features φ of the compact encoder, says more than ℓ_1 where a
  window's edge lies a pixel aside (Johnson et al. 2016, arXiv 1603.08155).
- The critic D is small heads on φ (Sauer et al. 2021, Projected GANs, arXiv 2111.01007) that also see real_A, or a
  PatchGAN. The generator's gradient from it is held at a share of the other terms' gradient (`losses.balance`).
- φ looks at pictures at a random scale: no ripple that repeats with the pixels can please it.
"""

import math
from functools import partial
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder, load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.balance import GradientBalance
from pictura.networks.compact import least_side, select_components
from pictura.networks.critics import FeatureCritic
from pictura.networks.patchgan import PatchGAN
from pictura.networks.restorer import Restorer
from pictura.networks.translator import (
    TRANSLATOR_BLOCKS,
    TRANSLATOR_WIDTHS,
    QuietTranslator,
    Translator,
    noise_like,
)
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import MAX_BLOCKS, Channels, OptimSettings, Scales
from pictura.training.translating import NetworkTranslator

Features = dict[str, Tensor]
BETAS = (0.5, 0.99)  # of Adam: little momentum, as GANs are trained
LAST = 0.05  # share of the rate that is left at the end


class PairedSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those for pictures made of label maps."""

    widths: tuple[Channels, Channels, Channels] = Field(
        default=TRANSLATOR_WIDTHS, description="channels of G at a half, a quarter and an eighth of the size"
    )
    blocks: int = Field(default=TRANSLATOR_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks at an eighth")
    deep: int = Field(default=2, ge=0, le=MAX_BLOCKS, description="residual blocks at a sixteenth; 0: none")
    ground: Literal[0, 1, 2, 4, 8] = Field(
        default=0, description="what G paints on: 0 nothing, 1 real_A, 2 and more real_A blurred by so many pixels"
    )
    noise: bool = Field(default=False, description="whether G is given noise, to make something of flat surfaces")
    layers: dict[str, float] = Field(
        default=dict.fromkeys(("relu2_1", "relu3_1", "relu4_1", "relu5_1"), 1.0),
        min_length=1,
        description="layer of φ that D and the feature loss look at → weight",
    )
    critic: Literal["compact", "patch", "none"] = Field(
        default="compact", description="D: heads on φ, a PatchGAN of 70 pixels, or none"
    )
    critic_width: Channels = Field(default=64, description="channels of D's heads")
    adversarial_weight: float = Field(
        default=1.0, ge=0, le=MAX_WEIGHT, description="gradient at fake_B from D, as a share of that of the other terms"
    )
    l1_weight: float = Field(default=4.0, ge=0, le=MAX_WEIGHT, description="of ℓ_1 = |fake_B - real_B|")
    feature_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="of ℓ_feat")
    rescale: Scales = Field(default=(0.75, 1.35), description="least and greatest scale that φ looks at")
    learning_rate: float = Field(default=5e-4, gt=0, le=1, description="Adam's rate for G")
    critic_rate: float = Field(default=3e-4, gt=0, le=1, description="Adam's rate for D")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of G's averaged weights; 0: the last ones")


class Paired(NetworkTranslator):
    """G, D, φ, and one step of training."""

    name: ClassVar[str] = "paired"
    paper: ClassVar[str] = (
        "ours, after Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR "
        "2017, arXiv 1611.07004, and Sauer et al.: Projected GANs Converge Faster, NeurIPS 2021, arXiv 2111.01007"
    )
    data: ClassVar[DataKind] = "paired"
    Settings = PairedSettings
    settings: PairedSettings
    signed = False

    def __init__(self, settings: PairedSettings) -> None:
        super().__init__(settings)
        self.network = self.build_network()
        self.generators = {"A2B": self.network}
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
        channels, width = select_components(settings.layers), settings.critic_width
        self.heads = FeatureCritic(channels, width, condition=3) if settings.critic == "compact" else None
        self.generator: nn.Module = self.network  # while it trains, what the loop wraps around them
        self.critic: nn.Module = self.heads or PatchGAN(inputs=6, width=width)
        self.encoder: Encoder | None = None
        self.steps = 0
        self.balance = GradientBalance()

    @classmethod
    def tiny(cls) -> PairedSettings:
        """A few channels."""
        return PairedSettings(widths=(4, 8, 8), blocks=1, deep=0, critic_width=8)

    def build_network(self) -> Translator | Restorer:
        """G."""
        s = self.settings
        return Translator(s.widths, s.blocks, ground=s.ground, deep=s.deep, noise=s.noise)

    def networks(self) -> dict[str, nn.Module]:
        """G and D."""
        return {"generator": self.generator} | ({"critic": self.critic} if self.adversarial else {})

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"generator": self.generator}

    @property
    def adversarial(self) -> bool:
        """Whether there is a D."""
        return self.settings.critic != "none" and self.settings.adversarial_weight > 0

    def players(self, steps: int) -> dict[str, Player]:
        """Adam with little momentum, as GANs are trained."""
        s = self.settings
        of_critic = s.model_copy(update={"learning_rate": s.critic_rate})
        decay = partial(linear_decay, last=LAST)
        players = {"generator": build_player(s, self.generator, steps, betas=BETAS, schedule=decay)}
        if self.adversarial:
            players["critic"] = build_player(of_critic, self.critic, steps, betas=BETAS, schedule=decay, ema=0)
        return players

    def check_crop(self, crop: int) -> None:
        """G needs its smallest side, and the encoder two positions in its deepest layer."""
        least = self.network.smallest
        if self.looks:
            least = max(least, math.ceil(least_side(self.settings.layers) / self.settings.rescale[0]))
        if crop < least:
            raise PicturaError(f"{self.name} needs crops of {least} pixels or more, not {crop}: set crop={least}.")

    @property
    def looks(self) -> bool:
        """Whether a loss or D looks through φ."""
        return self.settings.feature_weight > 0 or (self.heads is not None and self.adversarial)

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """φ."""
        self.encoder = load_encoder("compact", device=str(device))

    def pairs(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """real_A and real_B of a batch, of sides that G can take."""
        return self.select_pictures(batch)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """G, then D on the same pictures."""
        s = self.settings
        real_a, real_b = self.pairs(batch, generator)
        fake_b = self.generator(real_a, self._noise(real_a, generator)).float()
        features_b, features_fake = self._encode(real_b, fake_b, generator)
        losses = {"l1": s.l1_weight * (fake_b - real_b).abs().mean()}
        if s.feature_weight:
            losses["feature"] = s.feature_weight * self._feature_loss(features_fake, features_b)
        shown = {name: loss.detach() for name, loss in losses.items()}
        if not self.adversarial:
            update(generator=_sum(losses))
            return shown
        if self.heads is not None:
            self.heads.measure(features_b)
        adversarial = ADVERSARIAL["hinge"].generator(self._ask(fake_b, features_fake, real_a), self._weights)
        balanced = self.balance(adversarial, fake_b, self.steps, _sum(losses))
        update(generator=_sum(losses) + s.adversarial_weight * balanced)
        # Real and fake in one batch, so that spectral norms are of the same moment.
        both = {layer: torch.cat([f, features_fake[layer].detach()]) for layer, f in features_b.items()}
        answers = self._ask(torch.cat([real_b, fake_b.detach()]), both, torch.cat([real_a, real_a]))
        real, fake = zip(*(answer.chunk(2) for answer in answers), strict=True)
        critic = ADVERSARIAL["hinge"].critic(real, fake, self._weights)
        update(critic=critic)
        self.steps += 1
        return shown | {"critic": critic.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, real_B."""
        generator = torch.Generator().manual_seed(0)
        real_a, real_b = self.pairs(batch, generator)
        with torch.no_grad():
            made = self.generator(real_a, self._noise(real_a, generator))
        return [real_a, made.float().clamp(0, 1), real_b]

    def export_network(self) -> nn.Module:
        """G, if it has no noise.

        Raises:
            PicturaError: it has.
        """
        if self.settings.noise:
            raise PicturaError("A translator of pairs that was trained with noise cannot be exported.")
        return QuietTranslator(self.network, self.network.multiple, self.network.smallest)

    def state(self) -> dict[str, Tensor]:
        """How many steps were taken, and the adversarial term's scale."""
        return {"controllers": torch.tensor([self.steps, self.balance.scale], dtype=torch.float64)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        steps, self.balance.scale = tensors["controllers"].tolist()
        self.steps = int(steps)

    def _noise(self, real_a: Tensor, generator: torch.Generator) -> Tensor | None:
        return noise_like(real_a, generator) if self.settings.noise else None

    def _encode(self, real_b: Tensor, fake_b: Tensor, generator: torch.Generator) -> tuple[Features, Features]:
        """φ of both at one random scale, the former without gradient; nothing where nobody looks at it."""
        if not self.looks:
            return {}, {}
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        layers = list(self.settings.layers)
        least, greatest = self.settings.rescale
        factor = least + (greatest - least) * float(torch.rand((), generator=generator))
        with torch.no_grad():
            features_b = self.encoder(_rescale(real_b, factor), layers)
        return features_b, self.encoder(_rescale(fake_b, factor), layers)

    def _feature_loss(self, fake: Features, real: Features) -> Tensor:
        """ℓ_feat: mean absolute difference by layer, in units of the root mean square of the layer's channels."""
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        terms = [
            weight * (fake[j] - real[j]).abs().mean() * real[j].shape[1] ** 0.5 / self.encoder.scale(j)
            for j, weight in self.settings.layers.items()
        ]
        return torch.stack(terms).sum() / sum(self.settings.layers.values())

    def _ask(self, picture: Tensor, features: Features, real_a: Tensor) -> list[Tensor]:
        """D's answers."""
        seen = (features, real_a) if self.heads is not None else (2 * picture - 1, 2 * real_a - 1)
        answers: list[Tensor] = self.critic(*seen)
        return answers

    @property
    def _weights(self) -> list[float]:
        """Of D's answers."""
        return [] if self.heads is None else list(self.settings.layers.values())


def _sum(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def _rescale(x: Tensor, factor: float) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear")
