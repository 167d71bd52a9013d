"""Isola, Zhu, Zhou and Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017.

arXiv 1611.07004. From pairs: G turns real_A into fake_B = G(real_A), which is to be near real_B and look real beside
real_A. With pictures in [-1, 1] and D's answers before the sigmoid σ (the paper's equations 1–4):

    ℓ_D = -½ (E[log σ(D(real_A, real_B))] + E[log(1 - σ(D(real_A, fake_B)))])
    ℓ_G = -E[log σ(D(real_A, fake_B))] + λ E|real_B - fake_B|

ℓ_G's first term is the form that does not saturate, and ℓ_D is halved (section 3.3). The only noise is dropout in G,
in use, too, and norms use the statistics of the pictures at hand. Where the paper and the released code differ, see
`PAPER` and `RELEASED`; released is junyanz/pytorch-CycleGAN-and-pix2pix, which its authors name as the one to use, and
phillipi/pix2pix is the first release.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.encoders import load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.balance import GradientBalance
from pictura.networks.layers.dropout import draw_noise
from pictura.networks.layers.normalized import NormKind
from pictura.networks.translation import (
    AnyGenerator,
    CompactCritic,
    CriticName,
    DropoutKind,
    Exported,
    GeneratorName,
    build_critic,
    build_generator,
    check_crop,
)
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import Channels, OptimSettings
from pictura.training.translating import NetworkTranslator

BETAS = (0.5, 0.999)  # of Adam, section 3.3
# The critic's objective is divided by 2 "to slow down its learning" (section 3.3); in least squares the ½ is inside.
HALVED = {"log": 0.5}


class Pix2PixSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the released code."""

    objective: Literal["L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN"] = Field(
        default="L1+cGAN", description="terms of the objective; the critic of cGAN sees real_A, that of GAN does not"
    )
    generator: GeneratorName = Field(default="unet_256", description="G; translator is our slim network")
    critic: CriticName = Field(default="patch70", description="D by its patch; compact is heads on our encoder")
    norm: NormKind = Field(default="batch", description="of the papers' networks")
    dropout: DropoutKind = Field(
        default="released", description="steps of the U-Net that drop: 2–4 (released) or 1–3 (paper) of those up"
    )
    generator_width: Channels = Field(default=64, description="channels of G where there are fewest")
    critic_width: Channels = Field(default=64, description="channels of D where there are fewest")
    adversarial: Literal["log", "least_squares", "hinge"] = Field(default="log", description="the game of G and D")
    lambda_l1: float = Field(default=100.0, ge=0, le=MAX_WEIGHT, description="λ, weight of L1")
    balance: float = Field(
        default=0.0, ge=0, le=MAX_WEIGHT, description="gradient from D held at this share of L1's; 0: as it comes"
    )
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="Adam's rate for both")


RELEASED = Pix2PixSettings()
PAPER = Pix2PixSettings(
    dropout="paper",  # appendix: CD512-CD512-CD512; so phillipi/pix2pix models.lua, and not junyanz's networks.py
    decay_steps=0,  # a constant rate; so phillipi/pix2pix; junyanz's falls to 0 in the second half
)


class Pix2Pix(NetworkTranslator):
    """G, D, and one step of training."""

    name: ClassVar[str] = "pix2pix"
    paper: ClassVar[str] = (
        "Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, "
        "arXiv 1611.07004"
    )
    data: ClassVar[DataKind] = "paired"
    Settings = Pix2PixSettings
    settings: Pix2PixSettings
    generators: dict[str, AnyGenerator]

    def __init__(self, settings: Pix2PixSettings) -> None:
        super().__init__(settings)
        s = settings
        G = build_generator(s.generator, s.norm, width=s.generator_width, dropout=s.dropout)
        self.generators = {"A2B": G}  # the data setting ``direction`` says which side of the pairs is A
        self.judge = build_critic(s.critic, s.norm, width=s.critic_width, conditional=self.conditional)
        self.G: nn.Module = G  # while it trains, what the loop wraps around them
        self.D: nn.Module = self.judge
        self.steps = 0
        self.balance = GradientBalance()

    @classmethod
    def tiny(cls) -> Pix2PixSettings:
        """A few channels; the U-Nets need larger crops than a test's."""
        return Pix2PixSettings(generator="resnet_6", critic="patch34", generator_width=2, critic_width=4)

    @property
    def adversarial(self) -> bool:
        """Whether there is a D."""
        return "GAN" in self.settings.objective

    @property
    def conditional(self) -> bool:
        """Whether D sees real_A."""
        return "cGAN" in self.settings.objective

    def networks(self) -> dict[str, nn.Module]:
        """G, and D if the objective has one."""
        return {"G": self.G} | ({"D": self.D} if self.adversarial else {})

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G."""
        return {"G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam for each; the rate falls linearly in the second half."""
        s = self.settings
        players = {"G": build_player(s, self.G, steps, betas=BETAS, schedule=linear_decay)}
        if self.adversarial:
            players["D"] = build_player(s, self.D, steps, betas=BETAS, schedule=linear_decay, ema=0)
        return players

    def check_crop(self, crop: int) -> None:
        """A U-Net needs its multiple, a critic its patch."""
        s = self.settings
        check_crop(crop, s.generator, self.generators["A2B"], s.critic, self.judge if self.adversarial else None)

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """The encoder of the compact critic."""
        if isinstance(self.judge, CompactCritic):
            self.judge.open_eyes(load_encoder("compact", device=str(device)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D on real_B and fake_B, then G with the D that has learned (junyanz's pix2pix_model.py)."""
        s, game = self.settings, ADVERSARIAL[self.settings.adversarial]
        real_A, real_B = self.select_pictures(batch)
        fake_B = self.G(real_A, draw_noise(real_A, generator)).float()
        condition = real_A if self.conditional else None
        losses = {}
        if self.adversarial:
            if isinstance(self.judge, CompactCritic):
                self.judge.measure(real_B)
            answers = self.D(real_B, condition), self.D(fake_B.detach(), condition)
            losses["D"] = HALVED.get(s.adversarial, 1.0) * game.critic(*answers)
            update(D=losses["D"])
        if "L1" in s.objective:
            losses["G_L1"] = s.lambda_l1 * (real_B - fake_B).abs().mean()
        if self.adversarial:
            losses["G_GAN"] = self._balance_term(game.generator(self.D(fake_B, condition)), fake_B, losses.get("G_L1"))
        update(G=torch.stack([loss for name, loss in losses.items() if name != "D"]).sum())
        self.steps += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, real_B."""
        real_A, real_B = self.select_pictures(batch)
        fake_B = self.G(real_A, draw_noise(real_A, torch.Generator().manual_seed(0)))
        return [(x.float() + 1) / 2 for x in (real_A, fake_B, real_B)]

    def export_network(self) -> nn.Module:
        """G, if it has no noise.

        Raises:
            PicturaError: it has: a file of ONNX would compute something else.
        """
        return Exported(self.generators["A2B"], self.settings.dropout != "none")

    def state(self) -> dict[str, Tensor]:
        """How many steps were taken, and the adversarial term's scale."""
        return {"controllers": torch.tensor([self.steps, self.balance.scale], dtype=torch.float64)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        steps, self.balance.scale = tensors["controllers"].tolist()
        self.steps = int(steps)

    def _balance_term(self, adversarial: Tensor, fake_B: Tensor, l1: Tensor | None) -> Tensor:
        """The term as it comes, or scaled so that its gradient at fake_B is the asked share of L1's."""
        if not self.settings.balance:
            return adversarial
        return self.settings.balance * self.balance(adversarial, fake_B, self.steps, l1)
