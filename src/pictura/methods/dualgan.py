"""Yi, Zhang, Tan and Gong: DualGAN: Unsupervised Dual Learning for Image-to-Image Translation, ICCV 2017.

arXiv 1704.02510. Two domains without pairs, A (the paper's U) and B (its V). G_A turns A into B, G_B turns B into A;
D_A judges B, where G_A's pictures want to belong, and D_B judges A. With pictures in [-1, 1]:

    ℓ_D = D_A(fake_B) - D_A(real_B) + D_B(fake_A) - D_B(real_A)
    ℓ_G = λ_A |rec_A - real_A| + λ_B |rec_B - real_B| - D_A(fake_B) - D_B(fake_A)

where fake_B = G_A(real_A), rec_A = G_B(fake_B) and so on (the paper's equations 1–3; in the third it prints the two D
the other way round). The critics are Wasserstein's: their weights are clipped, or their gradient is penalized. Each
side has one optimizer. Where paper and release differ, see `PAPER` and `RELEASED`; the networks are the release's.
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.losses.adversarial import ADVERSARIAL, AdversarialLoss, gradient_penalty
from pictura.networks.dualgan import CriticKind, DualCritic, DualGenerator
from pictura.networks.layers.dropout import draw_noise
from pictura.networks.translation import Exported
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import cosine_decay
from pictura.training.settings import MAX_CHANNELS, MAX_STEPS, OptimSettings
from pictura.training.translating import NetworkTranslator

# TensorFlow's RMSProp as model.py calls it: decay 0.9, and 1e-10 under the root. Its mean square begins at 1, torch's
# at 0, so that torch's first steps are larger.
RMSPROP = {"alpha": 0.9, "eps": 1e-5}


class DualGANSettings(OptimSettings):
    """Architecture, losses, rates; the defaults are the release's (main.py, model.py)."""

    width: int = Field(default=64, ge=1, le=MAX_CHANNELS, description="channels of the generators at half the size")
    levels: int = Field(default=8, ge=2, le=10, description="halvings in the generators")
    dropout: bool = Field(default=False, description="the first three ups lose half of their numbers, also in use")
    critic: CriticKind = Field(default="global", description="one answer to a whole picture, or one to each patch")
    critic_width: int = Field(default=64, ge=1, le=MAX_CHANNELS, description="channels of the critics at half the size")
    size: int = Field(default=256, ge=4, le=2**13, description="side of the crops in pixels")
    gan: Literal["wgan-gp", "wgan", "classic"] = Field(
        default="wgan-gp", description="critics with a gradient penalty, with clipped weights, or with a sigmoid"
    )
    penalty: float = Field(default=10.0, ge=0, le=MAX_WEIGHT, description="weight of the gradient penalty")
    clip: float = Field(default=0.01, gt=0, le=MAX_WEIGHT, description="largest weight of a clipped critic")
    n_critic: int = Field(default=1, ge=1, le=1000, description="steps of the critics to one of the generators")
    lambda_a: float = Field(default=500.0, ge=0, le=MAX_WEIGHT, description="weight of |rec_A - real_A|")
    lambda_b: float = Field(default=500.0, ge=0, le=MAX_WEIGHT, description="weight of |rec_B - real_B|")
    optimizer: Literal["adam", "sgd", "rmsprop"] = Field(default="rmsprop", description="of both sides")
    learning_rate: float = Field(default=5e-5, gt=0, le=1e6, description="of both sides")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = DualGANSettings()
PAPER = DualGANSettings(
    critic="patch",  # section 3.3: a Markovian patch critic; the release's of that kind sees 129 pixels, not 70
    gan="wgan",  # section 3.2: Wasserstein GAN with clipping; the release's default is the gradient penalty
    n_critic=3,  # section 3.3: 2–4 steps of the critics; the release: 1
    dropout=True,  # section 3.1: the only noise, in training and test; off in the release, on in its first version
)


class DualGAN(NetworkTranslator):
    """Two generators, two critics."""

    name: ClassVar[str] = "dualgan"
    paper: ClassVar[str] = (
        "Yi, Zhang, Tan, Gong: DualGAN: Unsupervised Dual Learning for Image-to-Image Translation, ICCV 2017, "
        "arXiv 1704.02510"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = DualGANSettings
    settings: DualGANSettings
    generators: dict[str, DualGenerator]

    def __init__(self, settings: DualGANSettings) -> None:
        super().__init__(settings)
        s = settings
        if s.size % 2**s.levels:
            raise PicturaError(
                f"DualGAN's generators halve a picture {s.levels} times: size must be divisible by {2**s.levels}, "
                f"not {s.size}; set size or levels."
            )
        self.generators = {d: DualGenerator(s.width, s.levels, s.dropout) for d in ("A2B", "B2A")}
        self.G_A: nn.Module = self.generators["A2B"]
        self.G_B: nn.Module = self.generators["B2A"]
        self.D_A: nn.Module = DualCritic(s.critic_width, s.critic, s.size)
        self.D_B: nn.Module = DualCritic(s.critic_width, s.critic, s.size)
        self.steps = 0

    @classmethod
    def tiny(cls) -> DualGANSettings:
        """A few channels, and what the paper has beside the release: clipping, more steps of the critics, noise."""
        return DualGANSettings(width=4, levels=4, critic_width=4, size=64, gan="wgan", n_critic=2, dropout=True)

    def networks(self) -> dict[str, nn.Module]:
        """All four."""
        return {"G_A": self.G_A, "G_B": self.G_B, "D_A": self.D_A, "D_B": self.D_B}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """The generators."""
        return {"G_A": self.G_A, "G_B": self.G_B}

    def players(self, steps: int) -> dict[str, Player]:
        """One optimizer for both generators, one for both critics."""

        def player(*networks: nn.Module, **options: Any) -> Player:
            group: dict[str, Any] = {"params": nn.ModuleList(networks).parameters()}
            group |= RMSPROP if self.settings.optimizer == "rmsprop" else {}
            return build_player(
                self.settings, networks, steps, parameters=[group], betas=(0.5, 0.999), schedule=cosine_decay, **options
            )

        return {"generators": player(self.G_A, self.G_B), "critics": player(self.D_A, self.D_B, ema=0)}

    def check_crop(self, crop: int) -> None:
        """The U-Net halves it many times, and a global critic takes one size only."""
        s = self.settings
        if crop % 2**s.levels or (s.critic == "global" and crop != s.size):
            raise PicturaError(
                f"This DualGAN is made for crops of {s.size} pixels, not {crop}: set crop={s.size}, or the method's "
                "size and levels."
            )

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """The critics, and at every n_critic-th step the generators."""
        real_A, real_B = self.select_pictures(batch)
        losses = {}
        fake_B, fake_A = self._paint(self.G_A, real_A, generator), self._paint(self.G_B, real_B, generator)
        losses["D_A"] = self._critic_loss(self.D_A, real_B, fake_B.detach(), generator)
        losses["D_B"] = self._critic_loss(self.D_B, real_A, fake_A.detach(), generator)
        update(critics=losses["D_A"] + losses["D_B"])
        if self.settings.gan == "wgan":
            self._clip()
        self.steps += 1
        if self.steps % self.settings.n_critic:
            return _detach(losses)
        losses |= self._generator_losses(real_A, real_B, fake_A, fake_B, generator)
        update(generators=_sum_of_generators(losses))
        if self.settings.gan == "classic":  # run_optim in model.py: twice
            fake_B, fake_A = self._paint(self.G_A, real_A, generator), self._paint(self.G_B, real_B, generator)
            losses |= self._generator_losses(real_A, real_B, fake_A, fake_B, generator)
            update(generators=_sum_of_generators(losses))
        return _detach(losses)

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, rec_A, real_B, fake_A, rec_B."""
        real_A, real_B = self.select_pictures(batch)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            fake_B, fake_A = self._paint(self.G_A, real_A, generator), self._paint(self.G_B, real_B, generator)
            rec_A, rec_B = self._paint(self.G_B, fake_B, generator), self._paint(self.G_A, fake_A, generator)
        return [(x + 1) / 2 for x in (real_A, fake_B, rec_A, real_B, fake_A, rec_B)]

    def export_network(self) -> nn.Module:
        """G_A, if it has no noise; a file of ONNX has one direction.

        Raises:
            PicturaError: it has noise.
        """
        return Exported(self.generators["A2B"], self.settings.dropout)

    def state(self) -> dict[str, Tensor]:
        """How many steps were taken."""
        return {"steps": torch.tensor(self.steps)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        self.steps = int(tensors["steps"])

    @property
    def _game(self) -> AdversarialLoss:
        return ADVERSARIAL["log" if self.settings.gan == "classic" else "wasserstein"]

    def _paint(self, G: nn.Module, x: Tensor, generator: torch.Generator) -> Tensor:
        """One picture, with new noise if there is dropout."""
        made: Tensor = G(x, draw_noise(x, generator) if self.settings.dropout else None)
        return made

    def _critic_loss(self, D: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        loss = self._game.critic(D(real), D(fake))
        if self.settings.gan == "wgan-gp":
            loss = loss + self.settings.penalty * gradient_penalty(D, real, fake, generator)
        return loss

    def _generator_losses(
        self, real_A: Tensor, real_B: Tensor, fake_A: Tensor, fake_B: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        rec_A, rec_B = self._paint(self.G_B, fake_B, generator), self._paint(self.G_A, fake_A, generator)
        return {
            "G_A": self._game.generator(self.D_A(fake_B)),
            "G_B": self._game.generator(self.D_B(fake_A)),
            "rec_A": self.settings.lambda_a * (rec_A - real_A).abs().mean(),
            "rec_B": self.settings.lambda_b * (rec_B - real_B).abs().mean(),
        }

    @torch.no_grad()
    def _clip(self) -> None:
        """All weights of both critics into [-c, c], norms included, as the release does after each of their steps."""
        for parameter in (*self.D_A.parameters(), *self.D_B.parameters()):
            parameter.clamp_(-self.settings.clip, self.settings.clip)


def _sum_of_generators(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack([losses[name] for name in ("G_A", "G_B", "rec_A", "rec_B")]).sum()


def _detach(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: loss.detach() for name, loss in losses.items()}
