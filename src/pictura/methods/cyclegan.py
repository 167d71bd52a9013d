"""Zhu, Park, Isola and Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks.

ICCV 2017, arXiv 1703.10593. From two domains without pairs: G_A (the paper's G) turns A into B, G_B (its F) turns B
into A; D_A judges pictures of B, D_B those of A, as in the released code. With fake_B = G_A(real_A), rec_A =
G_B(fake_B), idt_A = G_A(real_B) and so on, pictures in [-1, 1], and λ_idt in units of λ (the paper's equations 1–3,
with least squares, and section 5.2):

    ℓ_G = E[(D_A(fake_B) - 1)²] + E[(D_B(fake_A) - 1)²] + λ_A E|rec_A - real_A| + λ_B E|rec_B - real_B|
        + λ_idt (λ_B E|idt_A - real_B| + λ_A E|idt_B - real_A|)
    ℓ_D = ½ (E[(D_A(real_B) - 1)²] + E[D_A(fake_B)²]) + the same of D_B

where ℓ_D sees fakes from a pool of the last 50. Both generators have one optimizer, both critics another, and the
generators come first. Where the paper and the released code differ, see `PAPER` and `RELEASED`; released is
junyanz/pytorch-CycleGAN-and-pix2pix.
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
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.image_pool import ImagePool
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import Channels, OptimSettings
from pictura.training.translating import NetworkTranslator

BETAS = (0.5, 0.999)  # of Adam, as released
HALVED = {"log": 0.5}  # D's objective is divided by 2 (appendix 7.1); in least squares the ½ is inside
Directions = Literal["both", "A2B"]


class CycleGANSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the released code."""

    generator: GeneratorName = Field(
        default="resnet_9", description="of both directions: resnet_6 for crops of 128; translator is our slim network"
    )
    critic: CriticName = Field(default="patch70", description="by its patch; compact is heads on our encoder")
    norm: NormKind = Field(default="instance", description="of the papers' networks")
    dropout: DropoutKind = Field(default="none", description="whether the generators' blocks drop; an option released")
    generator_width: Channels = Field(default=64, description="channels of a generator where there are fewest")
    critic_width: Channels = Field(default=64, description="channels of a critic where there are fewest")
    adversarial: Literal["least_squares", "log", "hinge", "none"] = Field(
        default="least_squares", description="the game: log is equation 1 as printed; none: cycle alone"
    )
    cycle: Literal["both", "forward", "backward", "none"] = Field(
        default="both", description="cycles that count: forward is rec_A, backward rec_B"
    )
    lambda_a: float = Field(default=10.0, ge=0, le=MAX_WEIGHT, description="λ_A, weight of |rec_A - real_A|")
    lambda_b: float = Field(default=10.0, ge=0, le=MAX_WEIGHT, description="λ_B, weight of |rec_B - real_B|")
    identity: float = Field(default=0.5, ge=0, le=MAX_WEIGHT, description="λ_idt, in units of λ_A and λ_B")
    balance: float = Field(
        default=0.0,
        ge=0,
        le=MAX_WEIGHT,
        description="gradient from a critic held at this share of λ times a mean absolute difference's; 0: as it comes",
    )
    pool: int = Field(default=50, ge=0, le=10000, description="pictures that each critic's pool holds; 0: none")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="Adam's rate for all")
    directions: Directions = Field(default="both", description="what the model holds: both generators, or G_A only")


RELEASED = CycleGANSettings()
PAPER = CycleGANSettings(
    identity=0.0,  # section 5.2: only for photos of paintings, there 0.5; both released codes have it on
)


class CycleGAN(NetworkTranslator):
    """Two generators, two critics, and one step of training."""

    name: ClassVar[str] = "cyclegan"
    paper: ClassVar[str] = (
        "Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, "
        "ICCV 2017, arXiv 1703.10593"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = CycleGANSettings
    settings: CycleGANSettings
    generators: dict[str, AnyGenerator]

    def __init__(self, settings: CycleGANSettings) -> None:
        super().__init__(settings)
        s = settings
        if s.adversarial == "none" and s.cycle == "none":
            raise PicturaError("Without a critic and without a cycle there is nothing to learn: set one of them.")
        self.generators = {
            direction: build_generator(s.generator, s.norm, width=s.generator_width, dropout=s.dropout, ground=1)
            for direction in ("A2B", "B2A")
        }
        self.judges = [build_critic(s.critic, s.norm, width=s.critic_width) for _ in "AB"]
        self.G_A: nn.Module = self.generators["A2B"]
        self.G_B: nn.Module = self.generators["B2A"]
        self.D_A: nn.Module = self.judges[0]
        self.D_B: nn.Module = self.judges[1]
        self.pools = {"fake_A": ImagePool(s.pool), "fake_B": ImagePool(s.pool)}
        self.balances = {"G_A": GradientBalance(), "G_B": GradientBalance()}
        self.steps = 0

    @classmethod
    def tiny(cls) -> CycleGANSettings:
        """A few channels, and a pool that is soon full."""
        return CycleGANSettings(generator="resnet_6", critic="patch34", generator_width=2, critic_width=4, pool=3)

    @property
    def adversarial(self) -> bool:
        """Whether there are critics."""
        return self.settings.adversarial != "none"

    def networks(self) -> dict[str, nn.Module]:
        """The generators, and the critics if the objective has any."""
        generators = {"G_A": self.G_A, "G_B": self.G_B}
        return generators | ({"D_A": self.D_A, "D_B": self.D_B} if self.adversarial else {})

    def deployed_networks(self) -> dict[str, nn.Module]:
        """The generators of the directions that the model is to have."""
        return {"G_A": self.G_A} | ({"G_B": self.G_B} if self.settings.directions == "both" else {})

    def players(self, steps: int) -> dict[str, Player]:
        """One optimizer for both generators, one for both critics; the rate falls linearly in the second half."""
        s = self.settings
        players = {"G": build_player(s, [self.G_A, self.G_B], steps, betas=BETAS, schedule=linear_decay)}
        if self.adversarial:
            players["D"] = build_player(s, [self.D_A, self.D_B], steps, betas=BETAS, schedule=linear_decay, ema=0)
        return players

    def check_crop(self, crop: int) -> None:
        """A generator needs its multiple, a critic its patch."""
        s = self.settings
        check_crop(crop, s.generator, self.generators["A2B"], s.critic, self.judges[0] if self.adversarial else None)

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """The encoder of the compact critics."""
        for judge in self.judges:
            if isinstance(judge, CompactCritic):
                judge.open_eyes(load_encoder("compact", device=str(device)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """The generators, then the critics on fakes from the pools."""
        real_A, real_B = self.select_pictures(batch)
        noise_A, noise_B = draw_noise(real_A, generator), draw_noise(real_B, generator)
        fake_B, fake_A = self.G_A(real_A, noise_A).float(), self.G_B(real_B, noise_B).float()
        losses = self._cycle_losses(real_A, real_B, fake_A, fake_B, generator)
        losses |= self._identity_losses(real_A, real_B, generator)
        if self.adversarial:
            for judge, real in zip(self.judges, (real_B, real_A), strict=True):
                if isinstance(judge, CompactCritic):
                    judge.measure(real)
            losses["G_A"] = self._adversarial("G_A", self.D_A, fake_B)
            losses["G_B"] = self._adversarial("G_B", self.D_B, fake_A)
        update(G=torch.stack(list(losses.values())).sum())
        if self.adversarial:
            losses["D_A"] = self._critic_loss(self.D_A, real_B, self.pools["fake_B"].query(fake_B, generator))
            losses["D_B"] = self._critic_loss(self.D_B, real_A, self.pools["fake_A"].query(fake_A, generator))
            update(D=losses["D_A"] + losses["D_B"])
        self.steps += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, rec_A, real_B, fake_A, rec_B."""
        real_A, real_B = self.select_pictures(batch)
        noise_A, noise_B = (draw_noise(real, torch.Generator().manual_seed(0)) for real in (real_A, real_B))
        fake_B, fake_A = self.G_A(real_A, noise_A), self.G_B(real_B, noise_B)
        rec_A, rec_B = self.G_B(fake_B, noise_A), self.G_A(fake_A, noise_B)
        return [(x.float() + 1) / 2 for x in (real_A, fake_B, rec_A, real_B, fake_A, rec_B)]

    @property
    def directions(self) -> tuple[str, ...]:
        """Both, unless the model holds G_A only."""
        return ("A2B", "B2A") if self.settings.directions == "both" else ("A2B",)

    def export_network(self) -> nn.Module:
        """G_A, if it has no noise; a file of ONNX has one direction.

        Raises:
            PicturaError: it has noise.
        """
        return Exported(self.generators["A2B"], self.settings.dropout != "none")

    def state(self) -> dict[str, Tensor]:
        """How many steps were taken, the adversarial terms' scales, the pools."""
        scales = [balance.scale for balance in self.balances.values()]
        pools = {key: t for name, pool in self.pools.items() for key, t in pool.state(name).items()}
        return {"controllers": torch.tensor([self.steps, *scales], dtype=torch.float64)} | pools

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        steps, *scales = tensors["controllers"].tolist()
        self.steps = int(steps)
        for balance, scale in zip(self.balances.values(), scales, strict=True):
            balance.scale = scale
        for name, pool in self.pools.items():
            pool.load_state(tensors, name)

    def _cycle_losses(
        self, real_A: Tensor, real_B: Tensor, fake_A: Tensor, fake_B: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        s, losses = self.settings, {}
        if s.cycle in ("both", "forward"):
            rec_A = self.G_B(fake_B, draw_noise(fake_B, generator)).float()
            losses["cycle_A"] = s.lambda_a * (rec_A - real_A).abs().mean()
        if s.cycle in ("both", "backward"):
            rec_B = self.G_A(fake_A, draw_noise(fake_A, generator)).float()
            losses["cycle_B"] = s.lambda_b * (rec_B - real_B).abs().mean()
        return losses

    def _identity_losses(self, real_A: Tensor, real_B: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        s = self.settings
        if not s.identity:
            return {}
        idt_A = self.G_A(real_B, draw_noise(real_B, generator)).float()
        idt_B = self.G_B(real_A, draw_noise(real_A, generator)).float()
        return {
            "idt_A": s.identity * s.lambda_b * (idt_A - real_B).abs().mean(),
            "idt_B": s.identity * s.lambda_a * (idt_B - real_A).abs().mean(),
        }

    def _adversarial(self, name: str, D: nn.Module, fake: Tensor) -> Tensor:
        """A generator's share of the game, as it comes or held at a share of its λ."""
        s = self.settings
        loss = ADVERSARIAL[s.adversarial].generator(D(fake))  # type: ignore[index]  # not none here
        if not s.balance:
            return loss
        weight = s.balance * (s.lambda_a if name == "G_A" else s.lambda_b)
        return weight * self.balances[name](loss, fake, self.steps)

    def _critic_loss(self, D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        kind = self.settings.adversarial
        return HALVED.get(kind, 1.0) * ADVERSARIAL[kind].critic(D(real), D(fake))  # type: ignore[index]
