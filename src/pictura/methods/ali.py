"""BiGAN and ALI: a GAN that also learns to encode.

Dumoulin et al., Adversarially Learned Inference, ICLR 2017, arXiv 1606.00704; Donahue, Krähenbühl and Darrell,
Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782 (BiGAN). An encoder and a generator make pairs of a picture
and a code from either side, and one critic tells the two kinds apart:

    V = E[log D(x, E(x))] + E[log(1 - D(G(z), z))]

D maximizes V. E and G play against it, both with both terms, labels exchanged, so that the gradient does not vanish:
-log D(G(z), z) - log(1 - D(x, E(x))). Where D cannot tell the pairs apart, E inverts G. ALI's encoder draws a code,
E(x) = μ(x) + σ(x) ε; BiGAN's is a function of x: `stochastic` chooses. As a translator, with a picture in the code's
place, it is `pictura.methods.bigan`.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.losses.adversarial import ADVERSARIAL
from pictura.losses.elbo import sample_code
from pictura.networks.ali import JointLayout, build_coders, build_joint_critic
from pictura.networks.coders import draw_codes, fit_pictures, show_pictures
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.sampling import PriorSampler
from pictura.training.settings import MAX_STEPS, Channels, OptimSettings

BETAS = (0.5, 0.999)  # of Adam; the paper prints β₂ as 1e-3, which is 1 - β₂


class ALISettings(OptimSettings):
    """Architecture and rates; the defaults are those of ALI's faces (CelebA, appendix A)."""

    layout: JointLayout = Field(default="faces", description="ALI's of 64 pixels, fully connected, or ours: conv")
    size: int = Field(default=64, ge=8, le=1024, description="side of the pictures in pixels")
    channels: Literal[1, 3] = Field(default=3, description="1: grey, 3: colour")
    width: Channels = Field(default=64, description="channels of the largest maps; hidden units of mlp")
    code: int = Field(default=256, ge=1, le=4096, description="numbers in z")
    stochastic: bool = Field(default=True, description="whether E draws a code (ALI) or gives one (BiGAN)")
    noise: Literal["normal", "uniform"] = Field(default="normal", description="of z: of std 1, or in [-1, 1]")
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="of all weights")
    learning_rate: float = Field(default=1e-4, gt=0, le=1e6, description="of all three")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = PAPER = ALISettings()
BIGAN = ALISettings(  # jeffdonahue/bigan train_gan.py, MNIST; the rate falls in the second half of 400 epochs
    layout="mlp",
    size=28,
    channels=1,
    width=1024,
    code=50,
    stochastic=False,
    noise="uniform",
    weight_decay=2.5e-5,
    learning_rate=2e-4,
)


class ALI(PriorSampler):
    """E, G and D."""

    name: ClassVar[str] = "ali"
    paper: ClassVar[str] = (
        "Dumoulin et al.: Adversarially Learned Inference, ICLR 2017, arXiv 1606.00704; Donahue, Krähenbühl, Darrell: "
        "Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782"
    )
    data: ClassVar[DataKind] = "images"
    Settings = ALISettings
    settings: ALISettings

    def __init__(self, settings: ALISettings) -> None:
        super().__init__(settings)
        s = settings
        shape = (s.layout, s.size, s.channels, s.width, s.code)
        E, G = build_coders(*shape, outputs=2 * s.code if s.stochastic else s.code)
        self.E: nn.Module = E
        self.G: nn.Module = G
        self.D: nn.Module = build_joint_critic(*shape)

    @classmethod
    def tiny(cls) -> ALISettings:
        """A few channels."""
        return ALISettings(layout="conv", size=16, width=4, code=5)

    def networks(self) -> dict[str, nn.Module]:
        """All three."""
        return {"E": self.E, "G": self.G, "D": self.D}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """E and G."""
        return {"E": self.E, "G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """One Adam for E and G, which is the same as one each, and one for D."""

        def player(*networks: nn.Module, ema: float) -> Player:
            parameters = [p for network in networks for p in network.parameters()]
            groups = [{"params": parameters, "weight_decay": self.settings.weight_decay}]
            return build_player(self.settings, networks, steps, parameters=groups, betas=BETAS, ema=ema)

        return {"EG": player(self.E, self.G, ema=self.settings.ema), "D": player(self.D, ema=0)}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """D and, in the same step and of the same answers, E and G."""
        x = self._fit(batch["image"])
        z = self.draw(len(x), generator).to(x)
        found, made = self._encode(x, generator), torch.sigmoid(self.G(z).float())
        of_pictures, of_codes = [self.D(x, found)], [self.D(made, z)]
        log = ADVERSARIAL["log"]
        of_D, of_EG = log.critic(of_pictures, of_codes), log.critic(of_codes, of_pictures)
        update(D=of_D, EG=of_EG)
        return {"D": of_D.detach(), "EG": of_EG.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, G(E(x)), and two of the prior."""
        draws = torch.Generator().manual_seed(0)
        x, back = show_pictures(self._fit(batch["image"])), self.decode(self.encode(batch["image"]))
        return [x, back, *(self.decode(self.draw(len(x), draws).to(x)) for _ in range(2))]

    @property
    def prior(self) -> str:
        """Of the codes."""
        return self.settings.noise

    def encode(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] of any size to codes N×Z, the means where E draws."""
        codes: Tensor = self.E(self._fit(images)).float()
        return codes[:, : self.settings.code]

    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×S×S in [0, 1]."""
        return show_pictures(torch.sigmoid(self.G(codes).float()))

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z."""
        return draw_codes(self.settings.noise, count, self.settings.code, generator)

    def _encode(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """E's code of each picture, drawn where it draws."""
        codes: Tensor = self.E(x).float()
        if not self.settings.stochastic:
            return codes
        mean, log_variance = codes.chunk(2, 1)
        return sample_code(mean, log_variance, generator)

    def _fit(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to N×C×S×S."""
        return fit_pictures(images, self.settings.size, self.settings.channels)
