"""Larsen, Sønderby, Larochelle and Winther: Autoencoding beyond pixels using a learned similarity metric, ICML 2016,
arXiv 1512.09300.

A VAE and a GAN that share a network: the VAE's decoder is the GAN's generator, and what comes back is compared with the
picture in the critic's features Dis_l instead of in pixels. With z of the encoder and z_p of the prior N(0, I):

    L_prior = KL(q(z|x) ‖ p(z)),   L_llike = ½ Σ (Dis_l(x) - Dis_l(Dec(z)))²,
    L_GAN = log Dis(x) + log(1 - Dis(Dec(z_p))) [+ log(1 - Dis(Dec(z)))]

Each network has a loss of its own (algorithm 1), all of one forward pass:

    Enc minimizes L_prior + L_llike,   Dec minimizes γ L_llike + L_GAN,   Dis maximizes L_GAN

So no gradient of the GAN reaches the encoder, and none of the likelihood the critic. The release weights L_GAN in the
decoder's loss with 1 - γ, and keeps decoder and critic in balance: the one that is far ahead waits (`balance_steps`).
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.losses.elbo import kl_to_normal, sample_code, squared_loss
from pictura.networks.coders import draw_codes, fit_pictures, show_pictures
from pictura.networks.vaegan import Critic, build_decoder, build_encoder, check_size
from pictura.training.distributed import mean_of_all
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.sampling import PriorSampler
from pictura.training.settings import MAX_STEPS, Channels, OptimSettings

EQUILIBRIUM = 0.68  # of D's mean cross-entropy, about log 2; aegan.py


class VAEGANSettings(OptimSettings):
    """Architecture, weights and rates; the defaults are those of the release's faces (celeba_aegan.py)."""

    size: int = Field(default=64, ge=8, le=1024, description="side of the pictures in pixels, a multiple of 8")
    width: float = Field(default=1.0, gt=0, le=8, description="times the paper's channels")
    units: Channels = Field(default=1024, description="of the encoder's fully connected layer")
    code: int = Field(default=128, ge=1, le=4096, description="numbers in z")
    gamma: float = Field(default=1e-6, ge=0, le=1e6, description="γ, weight of the likelihood for the decoder")
    fakes: Literal["prior", "both"] = Field(
        default="prior", description="what the critic is shown: decodings of the prior, or also of pictures' codes"
    )
    gan: Literal["saturating", "log"] = Field(
        default="saturating", description="the decoder's form of the game: -L_GAN's, or -log Dis(Dec(z))"
    )
    complement: bool = Field(default=True, description="whether L_GAN counts 1 - γ for the decoder, instead of 1")
    balance: bool = Field(default=True, description="whether critic or decoder wait while they are far ahead")
    margin: float = Field(default=0.35, ge=0, le=10, description="of the balance, around 0.68")
    weight_decay: float = Field(default=1e-5, ge=0, le=1, description="of all weights")
    optimizer: Literal["adam", "sgd", "rmsprop"] = Field(default="rmsprop", description="of all three")
    # celeba_aegan.py: 0.025, divided by the batch of 64.
    learning_rate: float = Field(default=4e-4, gt=0, le=1e6, description="of all three")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = VAEGANSettings()
PAPER = VAEGANSettings(
    units=2048,  # table 1
    fakes="both",  # algorithm 1
    complement=False,  # algorithm 1
    balance=False,  # of which the paper says nothing
    learning_rate=3e-4,  # section 4
    weight_decay=0.0,
)


class VAEGAN(PriorSampler):
    """Enc, Dec, Dis."""

    name: ClassVar[str] = "vaegan"
    paper: ClassVar[str] = (
        "Larsen, Sønderby, Larochelle, Winther: Autoencoding beyond pixels using a learned similarity metric, "
        "ICML 2016, arXiv 1512.09300"
    )
    data: ClassVar[DataKind] = "images"
    Settings = VAEGANSettings
    settings: VAEGANSettings
    prior: ClassVar[str] = "normal"

    def __init__(self, settings: VAEGANSettings) -> None:
        super().__init__(settings)
        s = settings
        check_size(s.size)
        self.Enc: nn.Module = build_encoder(s.size, s.code, s.units, s.width)
        self.Dec: nn.Module = build_decoder(s.size, s.code, s.width)
        self.Dis: nn.Module = Critic(s.size, s.width)

    @classmethod
    def tiny(cls) -> VAEGANSettings:
        """A few channels."""
        return VAEGANSettings(size=16, width=1 / 32, units=8, code=5, gamma=1e-2)

    def networks(self) -> dict[str, nn.Module]:
        """All three."""
        return {"Enc": self.Enc, "Dec": self.Dec, "Dis": self.Dis}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """Enc and Dec."""
        return {"Enc": self.Enc, "Dec": self.Dec}

    def players(self, steps: int) -> dict[str, Player]:
        """One optimizer each."""

        def player(network: nn.Module, ema: float) -> Player:
            groups = [{"params": list(network.parameters()), "weight_decay": self.settings.weight_decay}]
            return build_player(self.settings, network, steps, parameters=groups, ema=ema)

        average = self.settings.ema
        return {"Enc": player(self.Enc, average), "Dec": player(self.Dec, average), "Dis": player(self.Dis, 0)}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """All three at once; the balance leaves out the critic or the decoder."""
        s = self.settings
        x = self._fit(batch["image"])
        mean, log_variance = self.Enc(x).float().chunk(2, 1)
        z = sample_code(mean, log_variance, generator)
        z_p = self.draw(len(x), generator).to(z)
        back, fake = self.Dec(z), self.Dec(z_p)
        (real_answers, real_features), (back_answers, back_features) = self.Dis(x), self.Dis(back)
        fake_answers, _ = self.Dis(fake)

        prior = kl_to_normal(mean, log_variance)
        # Of Dis_l(x) only the critic's weights could learn, and they do not learn from this.
        likelihood = squared_loss(back_features, real_features)
        shown = torch.cat([fake_answers, back_answers]) if s.fakes == "both" else fake_answers
        of_real, of_fake = F.softplus(-real_answers).mean(), F.softplus(shown).mean()
        of_Dis = of_real + of_fake
        of_GAN = -of_fake if s.gan == "saturating" else F.softplus(-shown).mean()
        share = 1 - s.gamma if s.complement else 1.0
        losses = {"Enc": prior + likelihood, "Dec": s.gamma * likelihood + share * of_GAN, "Dis": of_Dis}
        if s.balance:
            r, f = mean_of_all(torch.stack([of_real, of_fake]).detach()).tolist()
            critic_goes, decoder_goes = balance_steps(r, f, s.margin)
            goes = {"Enc": True, "Dec": decoder_goes, "Dis": critic_goes}
            losses = {name: loss for name, loss in losses.items() if goes[name]}
        update(**losses)
        return {"prior": prior.detach(), "llike": likelihood.detach(), "GAN": of_Dis.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, Dec(Enc(x)), and two of the prior."""
        x, draws = self._fit(batch["image"]), torch.Generator().manual_seed(0)
        codes = [self.draw(len(x), draws).to(x) for _ in range(2)]
        back = self.decode(self.encode(batch["image"]))
        return [show_pictures((x + 1) / 2), back, *(self.decode(z) for z in codes)]

    def encode(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] of any size to the means N×Z of their codes."""
        codes: Tensor = self.Enc(self._fit(images)).float()
        return codes[:, : self.settings.code]

    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×S×S in [0, 1]."""
        return show_pictures((self.Dec(codes).float() + 1) / 2)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z of N(0, I)."""
        return draw_codes("normal", count, self.settings.code, generator)

    def _fit(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to N×3×S×S in [-1, 1]."""
        return 2 * fit_pictures(images, self.settings.size, 3) - 1


def balance_steps(of_real: float, of_fake: float, margin: float) -> tuple[bool, bool]:
    """Whether the critic and the decoder take this step (aegan.py; the paper has no such rule).

    of_real, of_fake: the critic's mean cross-entropy on real and on made pictures. Where one is far below 0.68 the
    critic is ahead and waits, where one is far above the decoder waits; where both would, both go on.
    """
    critic = min(of_real, of_fake) >= EQUILIBRIUM - margin
    decoder = max(of_real, of_fake) <= EQUILIBRIUM + margin
    return (critic, decoder) if critic or decoder else (True, True)
