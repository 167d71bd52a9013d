"""Autoencoder: an encoder and a decoder that give a picture back through a small code.

Rumelhart, Hinton and Williams, Learning Internal Representations by Error Propagation, 1986, section 4; with the
networks and the loss of the variational one beside it (`pictura.methods.vae`), of which it is the part without noise:

    z = E(x),  L = -log p(x|z)

Nothing says where codes lie, so there is nothing to draw samples from.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.losses.elbo import bernoulli_loss, gaussian_loss
from pictura.networks.coders import (
    Activation,
    CoderLayout,
    build_decoder,
    build_encoder,
    fit_pictures,
    show_pictures,
)
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import Channels, OptimSettings

MAX_CODE = 4096  # numbers in a code
MAX_SIDE = 1024  # of the pictures
Likelihood = Literal["bernoulli", "gaussian"]


class AutoencoderSettings(OptimSettings):
    """Architecture, likelihood and rate; the defaults are those of the released VAE (pytorch/examples vae/main.py)."""

    layout: CoderLayout = Field(default="mlp", description="fully connected, or convolutions that halve the side")
    size: int = Field(default=28, ge=4, le=MAX_SIDE, description="side of the pictures in pixels")
    channels: Literal[1, 3] = Field(default=1, description="1: grey, 3: colour")
    width: Channels = Field(default=400, description="hidden units, or channels of the largest maps of convolutions")
    code: int = Field(default=20, ge=1, le=MAX_CODE, description="numbers in a code")
    activation: Activation = Field(default="relu", description="of hidden units")
    likelihood: Likelihood = Field(default="bernoulli", description="of a pixel given the code")
    sigma: float = Field(default=1.0, gt=0, le=100, description="σ of the gaussian likelihood, in units of the range")
    decay_steps: int | None = Field(default=0, ge=0, le=10**9, description="steps in which the rate falls; 0: constant")


RELEASED = AutoencoderSettings()


class Autoencoder(Method):
    """E and G."""

    name: ClassVar[str] = "autoencoder"
    paper: ClassVar[str] = (
        "Rumelhart, Hinton, Williams: Learning Internal Representations by Error Propagation, in Parallel Distributed "
        "Processing, 1986"
    )
    data: ClassVar[DataKind] = "images"
    Settings = AutoencoderSettings
    settings: AutoencoderSettings
    outputs: ClassVar[int] = 1  # of the encoder, for each number of the code
    prior: ClassVar[str] = "none"

    def __init__(self, settings: AutoencoderSettings) -> None:
        super().__init__(settings)
        s = settings
        shape = (s.layout, s.size, s.channels, s.width)
        self.E: nn.Module = build_encoder(*shape, self.outputs * s.code, s.activation)
        self.G: nn.Module = build_decoder(*shape, s.code, s.activation)

    @classmethod
    def tiny(cls) -> AutoencoderSettings:
        """A few numbers a layer."""
        return cls.Settings(size=16, width=8, code=6)

    def networks(self) -> dict[str, nn.Module]:
        """Both."""
        return {"E": self.E, "G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """One optimizer for both."""
        return {"coders": build_player(self.settings, [self.E, self.G], steps)}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """The likelihood of what comes back."""
        x = self.fit(batch["image"])
        loss = self.likelihood_loss(self.G(self.E(x)), x)
        update(coders=loss)
        return {"likelihood": loss.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x and G(E(x))."""
        return [show_pictures(self.fit(batch["image"])), self.decode(self.encode(batch["image"]))]

    def encode(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] of any size to codes N×Z."""
        codes: Tensor = self.E(self.fit(images)).float()
        return codes[:, : self.settings.code]

    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×S×S in [0, 1]."""
        return show_pictures(torch.sigmoid(self.G(codes).float()))

    def fit(self, images: Tensor) -> Tensor:
        """N×3×H×W to N×C×S×S."""
        return fit_pictures(images, self.settings.size, self.settings.channels)

    def likelihood_loss(self, logits: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z), in nats a picture."""
        if self.settings.likelihood == "bernoulli":
            return bernoulli_loss(logits, x)
        return gaussian_loss(torch.sigmoid(logits.float()), x, self.settings.sigma)
