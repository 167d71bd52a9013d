"""Kingma and Welling: Auto-Encoding Variational Bayes, ICLR 2014, arXiv 1312.6114.

An encoder gives the mean μ and the variance σ² of a picture's code, a decoder gives the picture back from a code drawn
there, and a prior keeps codes together, so that those drawn from it are pictures, too:

    q(z|x) = N(μ(x), σ²(x)),  p(z) = N(0, I),  z = μ + σ ε
    -ELBO = -E_q[log p(x|z)] + KL(q(z|x) ‖ p(z))

Networks and rates are those of pytorch/examples vae/main.py: 784-400-(20, 20)-400-784, Adam. Ours beside them are the
convolutions, for pictures of 28 to 64 pixels, and a Gaussian likelihood: its σ says how large an error of a pixel is,
and with it how much a code has to tell.
"""

from typing import ClassVar

import torch
from torch import Tensor

from pictura.losses.elbo import kl_to_normal, sample_code
from pictura.methods.autoencoder import Autoencoder, AutoencoderSettings
from pictura.networks.coders import draw_codes
from pictura.training.method import Batch, DataKind, Update
from pictura.training.sampling import PriorSampler


class VAESettings(AutoencoderSettings):
    """As the autoencoder's."""


RELEASED = VAESettings()
PAPER = VAESettings(width=500, activation="tanh")  # section 5: 500 hidden units, tanh (appendix C); Adagrad there


class VAE(Autoencoder, PriorSampler):
    """E gives μ and log σ², G the picture."""

    name: ClassVar[str] = "vae"
    paper: ClassVar[str] = "Kingma, Welling: Auto-Encoding Variational Bayes, ICLR 2014, arXiv 1312.6114"
    data: ClassVar[DataKind] = "images"
    Settings = VAESettings
    settings: VAESettings
    outputs: ClassVar[int] = 2
    prior: ClassVar[str] = "normal"

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """-ELBO with one draw of z a picture (section 2.3)."""
        x = self.fit(batch["image"])
        mean, log_variance = self.E(x).float().chunk(2, 1)
        likelihood = self.likelihood_loss(self.G(sample_code(mean, log_variance, generator)), x)
        kl = kl_to_normal(mean, log_variance)
        update(coders=likelihood + kl)
        return {"likelihood": likelihood.detach(), "KL": kl.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, G(μ(x)), and two of the prior."""
        x, back = super().show(batch)
        draws = torch.Generator().manual_seed(0)
        samples = [self.decode(self.draw(len(x), draws).to(x)) for _ in range(2)]
        return [x, back, *samples]

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z of N(0, I)."""
        return draw_codes("normal", count, self.settings.code, generator)
