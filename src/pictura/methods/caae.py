"""Zhang, Song and Qi: Age Progression/Regression by Conditional Adversarial Autoencoder, CVPR 2017, arXiv 1702.08423.

E encodes a face x as z = E(x), G makes a face of z and an age l: G(z, l). With x's own age the face is to come back;
with another one it is the same face at that age. Two critics see to the rest: D_z makes the codes uniform in (-1, 1),
so that what lies between two faces is a face, and D_img, which is told the age, makes the faces look real at it. The
paper minimizes (equation 7), over E and G,

    λ |x - G(z, l)|² + γ TV(G(z, l)) - E[log D_z(z)] - E[log D_img(G(z, l), l)]

At the paper's size it takes some 60 hours of a processor core. Where paper and release differ, see `PAPER`, `RELEASED`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.data.ages import AGE_GROUPS, age_group, age_shares
from pictura.losses.adversarial import log_critic, log_generator
from pictura.networks.caae import AGES, CODE, CodeCritic, FaceCritic, FaceEncoder, FaceGenerator
from pictura.picture.resize import from_float, resize, to_float
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.capabilities import check_edit, check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import Channels, OptimSettings

BETAS = (0.5, 0.999)  # of Adam
SHOWN_AGES = (3, 8, 13, 18, 25, 35, 45, 55, 65, 75)
YOUNG = 25.0  # years that a code is decoded with, if nobody says


class CAAESettings(OptimSettings):
    """Architecture, losses, rates; the defaults are the release's."""

    side: int = Field(default=128, ge=32, le=1024, description="side of the faces in pixels, a power of 2")
    width: Channels = Field(default=64, description="channels of E's first layer, a multiple of 4")
    code: int = Field(default=CODE, ge=AGES, le=4096, description="numbers of a code")
    gender: bool = Field(default=True, description="whether a label after the age says 0 male or 1 female")
    reconstruction: Literal["l1", "l2"] = Field(default="l1", description="distance of x and G(z, l)")
    reconstruction_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="λ")
    tv_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="γ, of the total variation")
    image_weight: float = Field(default=1e-4, ge=0, le=MAX_WEIGHT, description="of D_img's term")
    code_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of D_z's term")
    face: tuple[tuple[float, float], ...] = Field(
        # UTKFace's means, made symmetrical.
        default=((0.306, 0.288), (0.694, 0.288), (0.5, 0.516), (0.328, 0.687), (0.672, 0.687)),
        min_length=5,
        max_length=5,
        description="left and right eye as seen, nose tip and mouth corners in the data, in shares of a side",
    )
    learning_rate: float = Field(default=2e-4, gt=0, le=1, description="Adam's, of all players")
    decay_steps: int | None = Field(default=0, ge=0, description="steps in which it falls; 0: constant")

    @field_validator("side")
    @classmethod
    def _check_side(cls, side: int) -> int:
        if side & (side - 1):
            raise ValueError("must be a power of 2, such as 64 or 128")
        return side

    @field_validator("width")
    @classmethod
    def _check_width(cls, width: int) -> int:
        if width % 4:
            raise ValueError("must be a multiple of 4")
        return width


RELEASED = CAAESettings()  # ZZUTK/Face-Aging-CAAE, FaceAging.py; batches of 100
PAPER = CAAESettings(
    gender=False,  # equation 7 knows ages only; the release adds two labels
    reconstruction="l2",  # equation 7; the release has it as a comment beside the mean absolute difference
    reconstruction_weight=100.0,  # section 4.2; the release: 1
    tv_weight=10.0,  # section 4.2; the release: 0
    image_weight=1.0,  # equation 7; the release: 1e-4
    code_weight=1.0,  # equation 7; the release: 0
)


class CAAE(Method):
    """E, G, D_z and D_img."""

    name: ClassVar[str] = "caae"
    paper: ClassVar[str] = (
        "Zhang, Song, Qi: Age Progression/Regression by Conditional Adversarial Autoencoder, CVPR 2017, arXiv "
        "1702.08423"
    )
    data: ClassVar[DataKind] = "labelled"
    Settings = CAAESettings
    settings: CAAESettings

    def __init__(self, settings: CAAESettings) -> None:
        super().__init__(settings)
        s = settings
        self.E: nn.Module = FaceEncoder(s.side, s.width, s.code)
        self.G: nn.Module = FaceGenerator(s.side, s.width, s.code, gender=s.gender)
        self.D_z: nn.Module = CodeCritic(s.code)
        self.D_img: nn.Module = FaceCritic(s.side, gender=s.gender)

    @classmethod
    def tiny(cls) -> CAAESettings:
        """A few channels."""
        return CAAESettings(side=32, width=4, code=10, gender=False, code_weight=1.0)

    def networks(self) -> dict[str, nn.Module]:
        """All four."""
        return self.deployed_networks() | {"D_z": self.D_z, "D_img": self.D_img}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """E and G."""
        return {"E": self.E, "G": self.G}

    def players(self, steps: int) -> dict[str, Player]:
        """One Adam for E and G, one for each critic."""
        of = {"autoencoder": [self.E, self.G], "D_z": [self.D_z], "D_img": [self.D_img]}
        return {name: build_player(self.settings, networks, steps, betas=BETAS) for name, networks in of.items()}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """All players at once, from the same codes and faces, as the release runs them."""
        s = self.settings
        x, labels = self._shrink(batch["image"]), self._labels(batch["label"])
        z = self.E(x).float()
        made = self.G(z, *labels).float()
        prior = 2 * torch.rand(z.shape, generator=generator).to(z.device) - 1
        drawn, coded = self.D_z(prior), self.D_z(z)
        real, fake = self.D_img(x, *labels), self.D_img(made, *labels)
        difference = made - x
        losses = {
            "reconstruction": difference.abs().mean() if s.reconstruction == "l1" else difference.square().mean(),
            "tv": total_variation(made),
            "image": log_generator(fake.float()),
            "code": log_generator(coded.float()),
        }
        weights = (s.reconstruction_weight, s.tv_weight, s.image_weight, s.code_weight)
        critics = {"D_z": log_critic(drawn.float(), coded.float()), "D_img": log_critic(real.float(), fake.float())}
        update(autoencoder=sum_weighted(losses, weights), **critics)
        return {name: loss.detach() for name, loss in (losses | critics).items()}

    def show(self, batch: Batch) -> list[Tensor]:
        """x, and it at each of the ten ages."""
        x, labels = self._shrink(batch["image"]), self._labels(batch["label"])
        with torch.no_grad():
            z = self.E(x).float()
            faces = [self.G(z, _signs(age_shares(torch.full((len(z),), age, device=z.device))), *labels[1:])
                     for age in SHOWN_AGES]  # fmt: skip
        return [(1 + face.float()) / 2 for face in (x, *faces)]

    def encode(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1], of any size, to codes N×code in (-1, 1)."""
        with torch.no_grad():
            codes: Tensor = self.E(self._shrink(images))
        return codes

    def decode(self, codes: Tensor, *, age: float = YOUNG, female: float = 0.0) -> Tensor:
        """N×code to N×3×side×side in [0, 1], at this age in years.

        Where the model knows genders, `female` is 1, or -1 for male, or something between.
        """
        count = len(codes)
        labels = [_signs(age_shares(torch.full((count,), float(age), device=codes.device)))]
        if self.settings.gender:
            labels.append(torch.tensor([[-female, female]], device=codes.device).expand(count, -1))
        with torch.no_grad():
            faces: Tensor = self.G(codes, *labels)
        return (1 + faces) / 2

    @property
    def attributes(self) -> tuple[str, ...]:
        """``age`` in years; ``female``, too, where the model knows genders."""
        return ("age", "female") if self.settings.gender else ("age",)

    @property
    def side(self) -> int:
        """The side in pixels of its faces; any other is resized."""
        return self.settings.side

    @property
    def face(self) -> tuple[tuple[float, float], ...]:
        """Where eyes, nose tip and mouth corners lie in its faces, in shares of the side."""
        return self.settings.face

    def edit(self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0, **unknown: Any) -> Tensor:
        """The face 1×3×H×W, of any size, encoded and decoded at this age; strength mixes it with the image itself.

        Args:
            image: an aligned face in [0, 1] (or uint8), with eyes and mouth at about `face`.
            attributes: ``age`` in years; ``female``, from -1 to 1, where the model knows it, by default 0.
            strength: share of the result; 0 is the image itself.

        Raises:
            PicturaError: not an image, an unknown option or attribute, no age, or a number that is none.
        """
        check_options(self.name, unknown, self.edit)
        check_image(image)
        check_edit(self.attributes, attributes, strength)
        if "age" not in attributes or not 0 <= attributes["age"] <= 100:
            raise PicturaError("A model of caae needs an age of 0 to 100 years: give for example age=65.")
        if strength == 0:
            return image
        picture = to_float(image)
        face = self.decode(self.encode(picture), age=attributes["age"], female=attributes.get("female", 0.0))
        height, width = image.shape[-2:]
        return from_float(torch.lerp(picture, resize(face, (height, width)), strength).clamp(0, 1), image.dtype)

    def _shrink(self, images: Tensor) -> Tensor:
        """To the networks' side and range."""
        return 2 * resize(to_float(images), (self.settings.side,) * 2) - 1

    def _labels(self, label: Tensor) -> list[Tensor]:
        """Age in years N, or age and gender N×2, to labels of ±1: N×10, and N×2 where genders are known."""
        columns = label.view(len(label), -1)
        wanted = 2 if self.settings.gender else 1
        if columns.shape[1] < wanted:
            raise PicturaError("caae with gender=true needs two labels: set labels=age,gender, or gender=false.")
        labels = [_signs(F.one_hot(age_group(columns[:, 0].float()), len(AGE_GROUPS)).float())]
        if self.settings.gender:
            labels.append(_signs(F.one_hot(columns[:, 1].clamp(0, 1), 2).float()))
        return labels


def total_variation(x: Tensor) -> Tensor:
    """Half the sum of squared differences of neighbours, by the side and the number of pictures, as in the release."""
    down, across = x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]
    return (down.square().sum() + across.square().sum()) / (2 * x.shape[-1] * len(x))


def sum_weighted(losses: Mapping[str, Tensor], weights: tuple[float, ...]) -> Tensor:
    """What E and G minimize."""
    return torch.stack([weight * loss for weight, loss in zip(weights, losses.values(), strict=True)]).sum()


def _signs(shares: Tensor) -> Tensor:
    """0 and 1 to -1 and +1."""
    return 2 * shares - 1
