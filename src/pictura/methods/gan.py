"""Goodfellow et al.: Generative Adversarial Nets, NIPS 2014, arXiv 1406.2661, with the networks of DCGAN.

A generator makes pictures of noise, a critic tells them from real ones (equation 1):

    min_G max_D  V(D, G) = E[log D(x)] + E[log(1 - D(G(z)))],

which at the optimum is -log 4, with D = ½ everywhere. G maximizes log D(G(z)) instead (section 3), which does not
saturate. Other games of the field are settings: `adversarial`, with `penalty` for that of Gulrajani et al. 2017 (arXiv
1704.00028) and `critic_steps`, updates of D for one of G.

Networks and rates are DCGAN's (Radford, Metz and Chintala, ICLR 2016, arXiv 1511.06434): see `pictura.networks.dcgan`.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from pictura.losses.adversarial import ADVERSARIAL, AdversarialKind, gradient_penalty
from pictura.networks.coders import Prior, draw_codes, fit_pictures, show_pictures
from pictura.networks.dcgan import DCCritic, DCGenerator
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.method import Batch, DataKind, Update
from pictura.training.sampling import PlainGAN, PriorSampler
from pictura.training.settings import MAX_STEPS, Channels, OptimSettings, Share


class GANSettings(OptimSettings):
    """Architecture, game and rates; the defaults are those of soumith/dcgan.torch."""

    size: int = Field(default=64, ge=8, le=1024, description="side of the pictures in pixels: 28, 32, 64, …")
    channels: Literal[1, 3] = Field(default=3, description="1: grey, 3: colour")
    width: Channels = Field(default=64, description="channels of the largest maps")
    code: int = Field(default=100, ge=1, le=4096, description="numbers in z")
    noise: Prior = Field(default="normal", description="of z: of std 1, in [-1, 1], or in [0, 1]")
    adversarial: AdversarialKind = Field(default="log", description="the game")
    penalty: float = Field(
        default=0.0, ge=0, le=MAX_WEIGHT, description="weight of D's gradient penalty; 10 in WGAN-GP"
    )
    critic_steps: int = Field(default=1, ge=1, le=100, description="updates of D for one of G; 5 in WGAN")
    norm: Literal["batch", "none"] = Field(default="batch", description="of D; none goes with a gradient penalty")
    dropout: Share = Field(default=0.0, description="of D's features")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="of both sides")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = GANSettings()
PAPER = GANSettings(noise="uniform")  # DCGAN, section 4; its figure 1 has 5×5 kernels and twice the channels


class GAN(PlainGAN, PriorSampler):
    """G and D."""

    name: ClassVar[str] = "gan"
    paper: ClassVar[str] = "Goodfellow et al.: Generative Adversarial Nets, NIPS 2014, arXiv 1406.2661"
    data: ClassVar[DataKind] = "images"
    Settings = GANSettings
    settings: GANSettings

    def __init__(self, settings: GANSettings) -> None:
        super().__init__(settings)
        s = settings
        self.G = DCGenerator(s.size, s.channels, s.width, s.code)
        self.D = DCCritic(s.size, s.channels, s.width, dropout=s.dropout, norm=s.norm == "batch")

    @classmethod
    def tiny(cls) -> GANSettings:
        """A few channels."""
        return GANSettings(size=16, width=4, code=5)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D, so often as the settings say, each time on new codes; then G against the new D, on the last ones."""
        s, game = self.settings, ADVERSARIAL[self.settings.adversarial]
        x = self._fit(batch["image"])
        for _ in range(s.critic_steps):
            fake = self.G(self.draw(len(x), generator).to(x))
            of_D = game.critic([self.D(x)], [self.D(fake.detach())])
            if s.penalty:
                of_D = of_D + s.penalty * gradient_penalty(lambda mixed: [self.D(mixed)], x, fake, generator)
            update(D=of_D)
        of_G = game.generator([self.D(fake)])
        update(G=of_G)
        return {"D": of_D.detach(), "G": of_G.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, and pictures of three codes."""
        x, draws = self._fit(batch["image"]), torch.Generator().manual_seed(0)
        return [show_pictures((x + 1) / 2), *(self.decode(self.draw(len(x), draws).to(x)) for _ in range(3))]

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z."""
        return draw_codes(self.settings.noise, count, self.settings.code, generator)

    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×S×S in [0, 1]."""
        return show_pictures((self.G(codes) + 1) / 2)

    def _fit(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to N×C×S×S in [-1, 1]."""
        return 2 * fit_pictures(images, self.settings.size, self.settings.channels) - 1
