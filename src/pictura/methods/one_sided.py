"""Ours: photographs A to another domain B by one small generator, trained on one processor core in less than an hour.

G turns real_A into fake_B = G(real_A). Three ideas carry it:

- The critic D is small heads on the frozen features φ of the compact encoder (Sauer et al. 2021, arXiv 2111.01007),
  with the hinge loss. It and the generator see pictures at a random scale, so that no pattern that repeats with the
  pixels can please it.
- ℓ_adv, which would grow and shrink with D, is scaled so that its gradient at fake_B has the size of that of a mean
  absolute difference; so no weight has to be found again for another domain.
- No second generator brings B back to A. The content term, 1 - correlation of φ(fake_B) and φ(real_A), is held at a
  target by its weight λ, which moves a little every step: the target says how far from the photograph one may go.

Beside them, if asked for, CycleGAN's identity loss |G(real_B) - real_B| every few steps: what is in B stays as it is.
"""

import math
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.encoders import Encoder, load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.balance import GradientBalance
from pictura.losses.correlation import correlation_loss
from pictura.networks.compact import least_side, select_components
from pictura.networks.critics import FeatureCritic
from pictura.networks.patchgan import PatchGAN
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.networks.translator import (
    TRANSLATOR_BLOCKS,
    TRANSLATOR_WIDTHS,
    NoisyTranslator,
    Translator,
    noise_like,
    translate_image,
)
from pictura.runtime.device import Precision
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_direction, check_image, check_options
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import Schedule, linear_decay
from pictura.training.settings import Channels, OptimSettings, Scales
from pictura.training.translating import NetworkTranslator

Features = dict[str, Tensor]
MOVED = 0.01  # how much λ moves in a step that is off by the whole target
BOUNDS = (5e-4, 2.5)  # of λ
BLURS = (4, 8)  # pixels over which colours are averaged: strokes are smaller, things and drops of paint larger
# Ours: of ukiyo-e's prints, whose skies got dark clouds and posts without them.
EXAGGERATED = 2  # times that a step between blurred neighbours may grow
INVISIBLE_STEP = 0.02  # of the range: five levels of 255
IDENTITY = 4  # steps from one identity loss to the next
LAST = 0.05  # share of the rate that is left at the end
BETAS = (0.5, 0.99)  # of Adam: little momentum, as GANs are trained


class OneSidedSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the painters."""

    widths: tuple[int, int, int] = Field(
        default=TRANSLATOR_WIDTHS, description="channels of G at a half, a quarter and an eighth of the size"
    )
    blocks: int = Field(default=TRANSLATOR_BLOCKS, ge=0, description="residual blocks of G")
    layers: dict[str, float] = Field(
        default=dict.fromkeys(("relu2_1", "relu3_1", "relu4_1", "relu5_1"), 1.0),
        min_length=1,
        description="layer of φ that D looks at → weight",
    )
    ground: Literal[1, 2, 4, 8] = Field(
        default=1, description="pixels averaged in the photograph under the paint; 1: its details shine through"
    )
    content_layers: dict[str, float] = Field(
        default={"relu3_1": 1.0, "relu4_1": 1.0}, min_length=1, description="layer of φ → weight in the content term"
    )
    critic: Literal["compact", "patch"] = Field(
        default="compact", description="D: heads on φ, or a PatchGAN of 70 pixels"
    )
    critic_width: Channels = Field(default=64, description="channels of D's heads, or of its first layer")
    target: float = Field(default=0.35, gt=0, lt=1, description="1 - correlation at which content is held")
    content_weight: float = Field(default=5e-3, gt=0, description="λ at first")
    # A flat sky may take any light, but no trunk may stand in it. Strokes and the light of the whole cost nothing.
    flat_weight: float = Field(
        default=0.0, ge=0, description="of the penalty on what is drawn where the photograph is flat"
    )
    # With it G stays at the photograph for long: at 0.5 the pixels had moved by 0.011 after 700 steps, by 0.09 without.
    identity_weight: float = Field(default=0.0, ge=0, description="of the identity loss, which keeps colours")
    full_strength: float = Field(
        default=1.0, gt=0, le=4, description="share of what was learned that a strength of 1 is at use"
    )
    rescale: Scales = Field(default=(0.75, 1.35), description="least and greatest scale that φ looks at")
    learning_rate: float = Field(default=5e-4, gt=0, description="Adam's rate for G")
    critic_rate: float = Field(default=3e-4, gt=0, description="Adam's rate for D")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of G's averaged weights; 0: the last ones")


class OneSided(NetworkTranslator):
    """G, D, φ, and one step of training."""

    name: ClassVar[str] = "one_sided"
    paper: ClassVar[str] = (
        "ours, after Sauer, Chitta, Müller, Geiger: Projected GANs Converge Faster, NeurIPS 2021, arXiv 2111.01007"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = OneSidedSettings
    settings: OneSidedSettings
    signed = False

    def __init__(self, settings: OneSidedSettings) -> None:
        super().__init__(settings)
        select_components(settings.content_layers)  # refuses what is no layer
        self.network = Translator(settings.widths, settings.blocks, ground=settings.ground)
        self.generators = {"A2B": self.network}
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs
        channels = select_components(settings.layers)
        self.heads = FeatureCritic(channels, settings.critic_width) if settings.critic == "compact" else None
        self.generator: nn.Module = self.network  # while it trains, what the loop wraps around them
        self.critic: nn.Module = self.heads or PatchGAN(width=settings.critic_width)
        self.encoder: Encoder | None = None
        self.steps = 0
        self.balance = GradientBalance()
        self.content_weight = settings.content_weight

    @classmethod
    def tiny(cls) -> OneSidedSettings:
        """A few channels."""
        return OneSidedSettings(widths=(4, 8, 8), blocks=1, critic_width=8, identity_weight=0.5, flat_weight=1.0)

    def networks(self) -> dict[str, nn.Module]:
        """G and D."""
        return {"generator": self.generator, "critic": self.critic}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"generator": self.generator}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam with little momentum, as GANs are trained."""
        s = self.settings
        of_critic = s.model_copy(update={"learning_rate": s.critic_rate})
        return {
            "generator": build_player(s, self.generator, steps, betas=BETAS, schedule=decay_late),
            "critic": build_player(of_critic, self.critic, steps, betas=BETAS, schedule=decay_late, ema=0),
        }

    def check_crop(self, crop: int) -> None:
        """G needs its smallest side, and the encoder two positions in its deepest layer."""
        layers = (*self.settings.layers, *self.settings.content_layers)
        least = max(self.network.smallest, math.ceil(least_side(layers) / self.settings.rescale[0]))
        if crop < least:
            raise PicturaError(f"{self.name} needs crops of {least} pixels or more, not {crop}: set crop={least}.")

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """φ."""
        self.encoder = load_encoder("compact", device=str(device))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """G, then D on the same pictures."""
        real_a, real_b = self.select_pictures(batch)
        fake_b = self.generator(real_a, noise_like(real_a, generator)).float()
        features_a, features_fake, features_b = self._encode(real_a, fake_b, real_b, self._factor(generator))
        if self.heads is not None:
            self.heads.measure(features_b)
        losses = self._generator_losses(fake_b, features_fake, features_a)
        if self.settings.flat_weight:
            losses["flat"] = self.settings.flat_weight * drawn_on_flats(fake_b, real_a)
        if self.settings.identity_weight and self.steps % IDENTITY == 0:
            same_b = self.generator(real_b, noise_like(real_b, generator)).float()
            losses["identity"] = self.settings.identity_weight * (same_b - real_b).abs().mean()
        update(generator=torch.stack(list(losses.values())).sum())
        # Real and fake in one batch, so that spectral norms are of the same moment.
        both = {layer: torch.cat([features_b[layer], features_fake[layer].detach()]) for layer in self.settings.layers}
        answers = self._ask(torch.cat([real_b, fake_b.detach()]), both)
        real, fake = zip(*(answer.chunk(2) for answer in answers), strict=True)
        critic = ADVERSARIAL["hinge"].critic(real, fake, self._weights)
        update(critic=critic)
        self.steps += 1
        content = losses["content"].detach() / self._control_content(losses["content"])
        moved = (fake_b - real_a).detach().abs().mean()
        shown = {"critic": critic.detach(), "content": content, "λ": torch.tensor(self.content_weight), "moved": moved}
        return shown | ({"flat": losses["flat"].detach()} if "flat" in losses else {})

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, and something of B."""
        real_a, real_b = self.select_pictures(batch)
        with torch.no_grad():
            made = self.generator(real_a, noise_like(real_a, torch.Generator().manual_seed(0)))
        return [real_a, made.float().clamp(0, 1), real_b]

    def translate(
        self,
        image: Tensor,
        *,
        direction: str | None = None,
        strength: float = 1.0,
        seed: int = 0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        noise: Tensor | None = None,
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in the other domain.

        Args:
            image: real_A.
            direction: ``A2B``, the only one.
            strength: 0 is the photograph, 1 what was learned (`full_strength` of it); more exaggerates.
            seed: of the noise.
            memory: bytes to work in beside image and result; what does not fit goes in tiles, with the same result.
            precision: arithmetic of the convolutions; auto is bfloat16 where the processor is fast in it.
            noise: uniform noise like the image, instead of the seed's; its first channel counts.

        Raises:
            PicturaError: not an image, an unknown option or direction, or too little memory.
        """
        check_options(self.name, unknown, self.translate)
        check_image(image)
        check_direction(self.name, direction, self.directions)
        strength *= self.settings.full_strength
        options: dict[str, Any] = {"seed": seed, "memory": memory, "precision": precision, "noise": noise}
        return translate_image(image, self.network, strength=strength, **options)

    def export_network(self) -> nn.Module:
        """A picture and noise to the picture in the other domain."""
        return NoisyTranslator(self.network, self.settings.full_strength)

    def state(self) -> dict[str, Tensor]:
        """What the controllers know, and how many steps were taken."""
        return {"controllers": torch.tensor([self.steps, self.balance.scale, self.content_weight], dtype=torch.float64)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        steps, self.balance.scale, self.content_weight = tensors["controllers"].tolist()
        self.steps = int(steps)

    def _factor(self, generator: torch.Generator) -> float:
        least, greatest = self.settings.rescale
        return least + (greatest - least) * float(torch.rand((), generator=generator))

    def _encode(
        self, real_a: Tensor, fake_b: Tensor, real_b: Tensor, factor: float
    ) -> tuple[Features, Features, Features]:
        """φ of all three at one scale; those of real pictures without gradient."""
        if self.encoder is None:
            raise PicturaError("Call prepare() before step(): the loss network is not loaded.")
        content = list(self.settings.content_layers)
        layers = list(dict.fromkeys((*self.settings.layers, *content)))
        features_fake = self.encoder(_rescale(fake_b, factor), layers)
        with torch.no_grad():
            features_a = self.encoder(_rescale(real_a, factor), content)
            features_b = self.encoder(_rescale(real_b, factor), list(self.settings.layers))
        return features_a, features_fake, features_b

    def _generator_losses(self, fake_b: Tensor, features_fake: Features, features_a: Features) -> dict[str, Tensor]:
        """The adversarial term, as strong at fake_B as a mean absolute difference, and λ times the content term."""
        adversarial = ADVERSARIAL["hinge"].generator(self._ask(fake_b, features_fake), self._weights)
        adversarial = self.balance(adversarial, fake_b, self.steps)
        content = correlation_loss(features_fake, features_a, self.settings.content_layers)
        return {"adversarial": adversarial, "content": self.content_weight * content}

    def _ask(self, picture: Tensor, features: Features) -> list[Tensor]:
        """D's answers."""
        answers: list[Tensor] = self.critic(2 * picture - 1 if self.heads is None else features)
        return answers

    @property
    def _weights(self) -> list[float]:
        """Of D's answers."""
        return [] if self.heads is None else list(self.settings.layers.values())

    def _control_content(self, weighed: Tensor) -> float:
        """Move λ towards what would bring content to its target; returns the λ that was."""
        before = self.content_weight
        content = float(weighed.detach()) / before
        least, greatest = BOUNDS
        after = before * math.exp(MOVED * (content / self.settings.target - 1))
        self.content_weight = min(greatest, max(least, after))
        return before


def decay_late(steps: int) -> Schedule | None:
    """1 for the first half of `steps`, then linearly to `LAST`; None for 0."""
    return linear_decay(steps, last=LAST)


def drawn_on_flats(fake: Tensor, real: Tensor) -> Tensor:
    """By how much steps between blurred neighbours exceed real's: mean squares, of rows and columns, added; N×3×H×W."""
    squares = []
    for blur in BLURS:
        made, seen = F.avg_pool2d(fake, blur), F.avg_pool2d(real, blur)
        for axis in (2, 3):
            allowed = EXAGGERATED * seen.diff(dim=axis).abs().amax(1, keepdim=True) + INVISIBLE_STEP
            squares.append((made.diff(dim=axis).abs() - allowed).relu().square().mean())
    return torch.stack(squares).sum()


def _rescale(x: Tensor, factor: float) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear")
