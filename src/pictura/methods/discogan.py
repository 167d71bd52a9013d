"""Kim, Cha, Kim, Lee and Kim: Learning to Discover Cross-Domain Relations with Generative Adversarial Networks, 2017.

ICML 2017, arXiv 1703.05192. Two domains without pairs; G_AB turns A into B, G_BA turns B into A; D_A and D_B judge.
With x_AB = G_AB(x_A), x_ABA = G_BA(x_AB) and so on, the release minimizes, of G_AB's half,

    (0.1 GAN + 0.9 FM) (1 - rate) + rate |x_ABA - x_A|²

where GAN is -log D_B(x_AB), and FM, feature matching, is the distance of the batch's mean features in D_B from those of
x_B. The rate of reconstruction is small at first: it would keep the mapping from moving (the authors in issue 1). Of
three iterations the first is D's and the others G's. Where paper and release differ, see `PAPER` and `RELEASED`.
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.losses.adversarial import ADVERSARIAL
from pictura.networks.discogan import DiscoCritic, DiscoGenerator, keep_statistics
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.method import Batch, DataKind, Player, Update, build_player
from pictura.training.settings import MAX_CHANNELS, MAX_STEPS, OptimSettings
from pictura.training.translating import NetworkTranslator

SMALLEST = 64  # side of the crops: the critic's last filter takes 4×4 positions at a sixteenth
BETAS = (0.5, 0.999)  # of Adam


class DiscoGANSettings(OptimSettings):
    """Architecture, losses, rates; the defaults are the release's (image_translation.py, model.py)."""

    objective: Literal["discogan", "recongan", "gan"] = Field(
        default="discogan", description="both directions; A to B with reconstruction; A to B without"
    )
    width: int = Field(default=64, ge=1, le=MAX_CHANNELS, description="channels of all networks at half the size")
    extra_layers: bool = Field(default=False, description="a code of 100 channels in the middle of the generators")
    gan_weight: float = Field(default=0.1, ge=0, le=MAX_WEIGHT, description="of the adversarial loss")
    feature_weight: float = Field(default=0.9, ge=0, le=MAX_WEIGHT, description="of feature matching")
    starting_rate: float = Field(default=0.01, ge=0, le=1, description="share of reconstruction at first")
    default_rate: float = Field(default=0.5, ge=0, le=1, description="share of reconstruction afterwards")
    gan_curriculum: int = Field(default=10_000, ge=0, le=MAX_STEPS, description="iterations at the starting rate")
    update_interval: int = Field(default=3, ge=2, le=1000, description="of so many iterations the first is D's")
    weight_decay: float = Field(default=1e-5, ge=0, le=1, description="of all weights")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="of both sides")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")


RELEASED = DiscoGANSettings()
PAPER = DiscoGANSettings(
    gan_weight=1.0,  # equations 3–7: L_GAN + L_CONST, of equal weight …
    feature_weight=0.0,  # … without feature matching, which only the release has (issue 10)
    starting_rate=0.5,  # and without a schedule; the release: 0.01 for 10,000 iterations
    update_interval=2,  # not said: a step of each in turn; the release: two of G to one of D
    weight_decay=1e-4,  # section 3; the release: 1e-5. Its batches are of 200
)


class DiscoGAN(NetworkTranslator):
    """Two generators, two critics; of the ablations those that they need.

    In use things must be about as large as in the crops of its training. Its batch norms use running moments: the
    release tests with those of 200 pictures at once, and here is one.
    """

    name: ClassVar[str] = "discogan"
    paper: ClassVar[str] = (
        "Kim, Cha, Kim, Lee, Kim: Learning to Discover Cross-Domain Relations with Generative Adversarial Networks, "
        "ICML 2017, arXiv 1703.05192"
    )
    data: ClassVar[DataKind] = "unpaired"
    Settings = DiscoGANSettings
    settings: DiscoGANSettings
    generators: dict[str, DiscoGenerator]

    def __init__(self, settings: DiscoGANSettings) -> None:
        super().__init__(settings)
        s = settings
        self.generators = {d: DiscoGenerator(s.width, s.extra_layers) for d in ("A2B", "B2A")}
        self.G_AB: nn.Module = self.generators["A2B"]
        self.G_BA: nn.Module = self.generators["B2A"]
        self.D_A: nn.Module = DiscoCritic(s.width)
        self.D_B: nn.Module = DiscoCritic(s.width)
        self.steps = 0

    @classmethod
    def tiny(cls) -> DiscoGANSettings:
        """A few channels."""
        return DiscoGANSettings(width=4)

    def networks(self) -> dict[str, nn.Module]:
        """Of the objective."""
        networks = {"G_AB": self.G_AB, "D_B": self.D_B}
        if self.settings.objective != "gan":
            networks["G_BA"] = self.G_BA
        if self.settings.objective == "discogan":
            networks["D_A"] = self.D_A
        return networks

    def deployed_networks(self) -> dict[str, nn.Module]:
        """Generators of the directions that were trained."""
        return {"G_AB": self.G_AB, "G_BA": self.G_BA} if len(self.directions) == 2 else {"G_AB": self.G_AB}

    def players(self, steps: int) -> dict[str, Player]:
        """One Adam for the generators, one for the critics, with weight decay."""
        networks = self.networks()

        def player(kind: str, **options: Any) -> Player:
            own = [network for name, network in networks.items() if name.startswith(kind)]
            groups = [{"params": nn.ModuleList(own).parameters(), "weight_decay": self.settings.weight_decay}]
            return build_player(self.settings, own, steps, parameters=groups, betas=BETAS, **options)

        return {"generators": player("G"), "critics": player("D", ema=0)}

    def check_crop(self, crop: int) -> None:
        """The critic's last filter takes 4×4 positions at a sixteenth of the size."""
        if crop < SMALLEST or crop % DiscoGenerator.multiple:
            raise PicturaError(
                f"DiscoGAN takes crops whose side is divisible by 16 and at least 64 pixels, not {crop}: set crop=64."
            )

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """One iteration: D's, or G's."""
        x_A, x_B = self.select_pictures(batch)
        if self.steps % self.settings.update_interval == 0:
            losses = self._critic_losses(x_A, x_B)
            update(critics=torch.stack(list(losses.values())).sum())
        else:
            losses = self._generator_losses(x_A, x_B)
            update(generators=torch.stack(list(losses.values())).sum())
        self.steps += 1
        return {name: loss.detach() for name, loss in losses.items()}

    @property
    def rate(self) -> float:
        """Share of reconstruction in this iteration."""
        s = self.settings
        return s.starting_rate if self.steps < s.gan_curriculum else s.default_rate

    def show(self, batch: Batch) -> list[Tensor]:
        """x_A, x_AB, x_ABA, x_B, x_BA, x_BAB, as far as there are networks for them."""
        x_A, x_B = self.select_pictures(batch)
        with torch.no_grad():
            x_AB = self.G_AB(x_A)
            if self.settings.objective == "gan":
                return [x_A, x_AB, x_B]
            x_ABA = self.G_BA(x_AB)
            if self.settings.objective == "recongan":
                return [x_A, x_AB, x_ABA, x_B]
            x_BA = self.G_BA(x_B)
            return [x_A, x_AB, x_ABA, x_B, x_BA, self.G_AB(x_BA)]

    @property
    def directions(self) -> tuple[str, ...]:
        """Both, of the whole objective."""
        return ("A2B", "B2A") if self.settings.objective == "discogan" else ("A2B",)

    def export_network(self) -> nn.Module:
        """G_AB; a file of ONNX has one direction."""
        return self.generators["A2B"]

    def state(self) -> dict[str, Tensor]:
        """How many iterations there were."""
        return {"steps": torch.tensor(self.steps)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on with it."""
        self.steps = int(tensors["steps"])

    def select_pictures(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """x_A and x_B in [0, 1], cropped."""
        x_A, x_B = (crop_to_multiple(batch[side], DiscoGenerator.multiple, SMALLEST) for side in "AB")
        if self.settings.extra_layers and len(x_A) == 1 and max(x_A.shape[-2:]) < SMALLEST + DiscoGenerator.multiple:
            raise PicturaError("The extra layers have one position a picture here: use a batch of at least 2.")
        return x_A, x_B

    def _critic_losses(self, x_A: Tensor, x_B: Tensor) -> dict[str, Tensor]:
        """½ of D's log loss each, as get_gan_loss does."""
        log = ADVERSARIAL["log"]
        with torch.no_grad():
            x_AB = self.G_AB(x_A)
        losses = {"D_B": log.critic(self.D_B(x_B)[0], self.D_B(x_AB)[0]) / 2}
        if self.settings.objective == "discogan":
            with torch.no_grad():
                x_BA = self.G_BA(x_B)
            losses["D_A"] = log.critic(self.D_A(x_A)[0], self.D_A(x_BA)[0]) / 2
        return losses

    def _generator_losses(self, x_A: Tensor, x_B: Tensor) -> dict[str, Tensor]:
        """All terms with their weights."""
        objective, rate = self.settings.objective, self.rate
        x_AB = self.G_AB(x_A)
        if objective == "gan":  # not shared with a reconstruction
            return {"G_AB": self._adversarial_loss(self.D_B, x_B, x_AB)}
        losses = {"G_AB": (1 - rate) * self._adversarial_loss(self.D_B, x_B, x_AB)}
        losses["const_A"] = rate * self._reconstruction_loss(self.G_BA, x_AB, x_A)
        if objective == "discogan":
            x_BA = self.G_BA(x_B)
            losses["G_BA"] = (1 - rate) * self._adversarial_loss(self.D_A, x_A, x_BA)
            losses["const_B"] = rate * self._reconstruction_loss(self.G_AB, x_BA, x_B)
        return losses

    def _adversarial_loss(self, D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """0.1 GAN + 0.9 FM."""
        s = self.settings
        answers, features_fake = D(fake)
        with torch.no_grad():
            _, features_real = D(real)
        matching = [(r.mean(0) - f.mean(0)).square().mean() for r, f in zip(features_real, features_fake, strict=True)]
        return s.gan_weight * ADVERSARIAL["log"].generator(answers) + s.feature_weight * torch.stack(matching).sum()

    def _reconstruction_loss(self, G: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """|G(fake) - real|²; in use G sees real pictures only, so its running moments are of these."""
        with keep_statistics(G):
            rec: Tensor = G(fake)
        return (rec - real).square().mean()
