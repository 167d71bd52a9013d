"""Mirza and Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784.

A GAN whose generator is told what to paint, and whose critic knows what was asked for (equation 2):

    min_G max_D  E[log D(x|y)] + E[log(1 - D(G(z|y)|y))],

G in the form that does not saturate. y is a label as a vector with one 1. Two layouts: "mlp", the paper's fully
connected networks; and "conv", those of DCGAN, where y stands beside z, and beside the critic's pixels as one map a
class. Where the condition is a picture, that is pix2pix (`pictura.methods.pix2pix`).
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from pictura.losses.adversarial import ADVERSARIAL, AdversarialKind
from pictura.networks.cgan import CCritic, CGenerator
from pictura.networks.coders import CoderLayout, Prior, decode_in_parts, draw_codes, fit_pictures, show_pictures
from pictura.networks.dcgan import DCCritic, DCGenerator
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_sample
from pictura.training.method import Batch, DataKind, Update
from pictura.training.sampling import PlainGAN
from pictura.training.settings import MAX_STEPS, Channels, OptimSettings, Share


class CGANSettings(OptimSettings):
    """Architecture and rates: the paper's networks of MNIST with DCGAN's Adam; nothing was released."""

    labels: tuple[str, ...] = Field(
        default=tuple("0123456789"),
        min_length=1,
        description="names of the classes by their numbers; a training takes them from its data",
    )
    layout: CoderLayout = Field(default="mlp", description="the paper's fully connected networks, or DCGAN's")
    size: int = Field(default=28, ge=8, le=1024, description="side of the pictures in pixels")
    channels: Literal[1, 3] = Field(default=1, description="1: grey, 3: colour")
    width: Channels = Field(default=64, description="channels of the largest maps of DCGAN's networks")
    code: int = Field(default=100, ge=1, le=4096, description="numbers in z")
    noise: Prior = Field(default="unit", description="of z: of [0, 1], of [-1, 1], or of std 1")
    truncation: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="times z in use: the less, the surer samples are, and the more alike (Brock et al. 2019)",
    )
    dropout: Share = Field(default=0.0, description="of the features of DCGAN's critic; the paper's own have 0.5")
    adversarial: AdversarialKind = Field(default="log", description="the game")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="of both sides")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = CGANSettings()
# Section 4.1: SGD; the momentum rises from 0.5 to 0.7, and the rate falls by 1.00004 a step, which a cosine does here.
PAPER = CGANSettings(optimizer="sgd", learning_rate=0.1, decay_steps=None)


class CGAN(PlainGAN):
    """G and D."""

    name: ClassVar[str] = "cgan"
    paper: ClassVar[str] = "Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784"
    data: ClassVar[DataKind] = "labelled"
    Settings = CGANSettings
    settings: CGANSettings

    def __init__(self, settings: CGANSettings) -> None:
        super().__init__(settings)
        s, classes = settings, len(settings.labels)
        if s.layout == "mlp":
            self.G = CGenerator(s.size, s.channels, s.code, classes)
            self.D = CCritic(s.size, s.channels, classes)
        else:
            self.G = DCGenerator(s.size, s.channels, s.width, s.code, classes)
            self.D = DCCritic(s.size, s.channels, s.width, classes, s.dropout)

    @classmethod
    def tiny(cls) -> CGANSettings:
        """Two classes and a few channels."""
        return CGANSettings(labels=("a", "b"), layout="conv", size=16, width=4, code=5)

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D, then G against the new D, with the labels of the batch for both."""
        x = self._fit(batch["image"])
        y = self._vectors(batch["label"]).to(x)
        fake = self.G(self._draw(len(x), generator).to(x), y)
        game = ADVERSARIAL[self.settings.adversarial]
        of_D = game.critic([self.D(x, y)], [self.D(fake.detach(), y)])
        update(D=of_D)
        of_G = game.generator([self.D(fake, y)])
        update(G=of_G)
        return {"D": of_D.detach(), "G": of_G.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, and two pictures of its label."""
        x = self._fit(batch["image"])
        y, draws = self._vectors(batch["label"]).to(x), torch.Generator().manual_seed(0)
        fakes = [self._paint(self._draw(len(x), draws).to(x), y) for _ in range(2)]
        return [show_pictures((x + 1) / 2), *fakes]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes."""
        return self.settings.labels

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        """count×3×S×S in [0, 1] of that label, or of all in turn.

        Raises:
            PicturaError: a count below 1, or a label it does not know.
        """
        check_sample(self.name, count, label, self.labels)
        numbers = torch.arange(count) % len(self.labels)
        if label is not None:
            numbers.fill_(self.labels.index(label))
        codes, device = self.settings.truncation * self._draw(count, generator), next(self.G.parameters()).device
        return decode_in_parts(self._paint, codes.to(device), self._vectors(numbers).to(device))

    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        return draw_codes(self.settings.noise, count, self.settings.code, generator)

    def _paint(self, z: Tensor, y: Tensor) -> Tensor:
        return show_pictures((self.G(z, y) + 1) / 2)

    def _fit(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to N×C×S×S in [-1, 1]."""
        return 2 * fit_pictures(images, self.settings.size, self.settings.channels) - 1

    def _vectors(self, numbers: Tensor) -> Tensor:
        """Class numbers N to N×K with one 1 each.

        Raises:
            PicturaError: a number without a name, or several labels a picture.
        """
        known = len(self.labels)
        if numbers.dim() != 1:
            raise PicturaError("This model knows one label a picture: choose one of the data's with labels=NAME.")
        if bool(((numbers < 0) | (numbers >= known)).any()):
            raise PicturaError(
                f"The data have labels from {int(numbers.min())} to {int(numbers.max())}, the model {known} names for "
                "them, from 0 on: set labels to their names."
            )
        return F.one_hot(numbers, known).float()
