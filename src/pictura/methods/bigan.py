"""BiGAN and ALI as translators of images, as CycleGAN's comparison has them.

Donahue, Krähenbühl and Darrell, Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782; Dumoulin et al.,
Adversarially Learned Inference, ICLR 2017, arXiv 1606.00704. There an encoder and a generator turn pictures into codes
and back, and one critic sees both together. Zhu et al. (arXiv 1703.10593, section 5.1) put a second picture in the
code's place: G turns A into B, E turns B into A, and D tells the pairs (a, G(a)) from the pairs (E(b), b), each of
which wants to be taken for the other. With least squares (junyanz/CycleGAN, models/bigan_model.lua):

    ℓ_D = ½ (E[(D(a, G(a)) - 1)²] + E[D(E(b), b)²])
    ℓ_G = E[D(a, G(a))²],  ℓ_E = E[(D(E(b), b) - 1)²]

Where D cannot tell them apart, E inverts G. Nothing else ties the two, which is why this baseline fails in that paper.
"""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.encoders import load_encoder
from pictura.losses.adversarial import ADVERSARIAL
from pictura.networks.layers.dropout import draw_noise
from pictura.networks.layers.normalized import NormKind
from pictura.networks.translation import (
    AnyGenerator,
    CompactCritic,
    CriticName,
    Exported,
    GeneratorName,
    build_critic,
    build_generator,
    check_crop,
)
from pictura.training.image_pool import ImagePool
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import Channels, OptimSettings
from pictura.training.translating import NetworkTranslator

BETAS = (0.5, 0.999)  # of Adam, as released


class BiGANSettings(OptimSettings):
    """Architecture and rates; the defaults are those of the comparison, CycleGAN's."""

    generator: GeneratorName = Field(default="resnet_9", description="of both directions: resnet_6 for crops of 128")
    critic: CriticName = Field(default="patch70", description="of pairs, by its patch; compact is heads on our encoder")
    norm: NormKind = Field(default="instance", description="of the papers' networks")
    generator_width: Channels = Field(default=64, description="channels of a generator where there are fewest")
    critic_width: Channels = Field(default=64, description="channels of the critic where there are fewest")
    pool: int = Field(
        default=50, ge=0, le=10000, description="pairs of each kind that the critic's pools hold; 0: none"
    )
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="Adam's rate for all")


RELEASED = BiGANSettings()
PAPER = RELEASED  # CycleGAN's paper says no more than its code


class BiGAN(NetworkTranslator):
    """G, E, and the critic of pairs."""

    name: ClassVar[str] = "bigan"
    paper: ClassVar[str] = (
        "Donahue, Krähenbühl, Darrell: Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782; as a translator in "
        "Zhu et al. 2017, arXiv 1703.10593"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = BiGANSettings
    settings: BiGANSettings
    generators: dict[str, AnyGenerator]

    def __init__(self, settings: BiGANSettings) -> None:
        super().__init__(settings)
        s = settings
        self.generators = {
            direction: build_generator(s.generator, s.norm, width=s.generator_width) for direction in ("A2B", "B2A")
        }
        self.judge = build_critic(s.critic, s.norm, width=s.critic_width, conditional=True)
        self.G: nn.Module = self.generators["A2B"]
        self.E: nn.Module = self.generators["B2A"]
        self.D: nn.Module = self.judge
        self.pools = {"real_AB": ImagePool(s.pool), "fake_AB": ImagePool(s.pool)}

    @classmethod
    def tiny(cls) -> BiGANSettings:
        """A few channels, and pools that are soon full."""
        return BiGANSettings(generator="resnet_6", critic="patch34", generator_width=2, critic_width=4, pool=3)

    def networks(self) -> dict[str, nn.Module]:
        """All three."""
        return {"G": self.G, "E": self.E, "D": self.D}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """G and E."""
        return {"G": self.G, "E": self.E}

    def players(self, steps: int) -> dict[str, Player]:
        """One Adam for G and E, which is the same as one for each, and one for D; the rates fall in the second half."""
        return {
            "GE": build_player(self.settings, [self.G, self.E], steps, betas=BETAS, schedule=linear_decay),
            "D": build_player(self.settings, self.D, steps, betas=BETAS, schedule=linear_decay, ema=0),
        }

    def check_crop(self, crop: int) -> None:
        """A generator needs its multiple, a critic its patch."""
        s = self.settings
        check_crop(crop, s.generator, self.generators["A2B"], s.critic, self.judge)

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """The encoder of the compact critic."""
        if isinstance(self.judge, CompactCritic):
            self.judge.open_eyes(load_encoder("compact", device=str(device)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D on pairs from the pools, then G and E against the new D."""
        real_A, real_B = self.select_pictures(batch)
        fake_B = self.G(real_A, draw_noise(real_A, generator)).float()
        fake_A = self.E(real_B, draw_noise(real_B, generator)).float()
        # The release's names, which say nothing about the pictures: G's pairs are labelled 1 and E's 0.
        real_AB, fake_AB = torch.cat([real_A, fake_B], 1), torch.cat([fake_A, real_B], 1)
        if isinstance(self.judge, CompactCritic):
            self.judge.measure(real_B)
        loss = ADVERSARIAL["least_squares"].critic(
            self._judge(self.pools["real_AB"].query(real_AB, generator)),
            self._judge(self.pools["fake_AB"].query(fake_AB, generator)),
        )
        update(D=loss)
        of_G = torch.stack([answer.float().square().mean() for answer in self._judge(real_AB)]).mean()
        of_E = ADVERSARIAL["least_squares"].generator(self._judge(fake_AB))
        update(GE=of_G + of_E)
        return {"D": loss.detach(), "G": of_G.detach(), "E": of_E.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """real_A, fake_B, real_B, fake_A."""
        real_A, real_B = self.select_pictures(batch)
        noise = torch.Generator().manual_seed(0)
        fake_B, fake_A = self.G(real_A, draw_noise(real_A, noise)), self.E(real_B, draw_noise(real_B, noise))
        return [(x.float() + 1) / 2 for x in (real_A, fake_B, real_B, fake_A)]

    def export_network(self) -> nn.Module:
        """G; a file of ONNX has one direction."""
        return Exported(self.generators["A2B"])

    def state(self) -> dict[str, Tensor]:
        """The pools."""
        return {key: t for name, pool in self.pools.items() for key, t in pool.state(name).items()}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with them."""
        for name, pool in self.pools.items():
            pool.load_state(tensors, name)

    def _judge(self, pairs: Tensor) -> list[Tensor]:
        """D's answers to pairs N×6×H×W."""
        a, b = pairs.chunk(2, 1)
        answers: list[Tensor] = self.D(b, a)
        return answers
