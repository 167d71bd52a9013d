"""In the shape of Zhang et al. 2017 (CAAE): an encoder, a generator with labels, a critic of codes, one of images."""

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.training.method import Batch, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

SIDE, CODE, LABELS = 8, 6, 2  # of the images, of a code, how many labels


class LikeCaaeSettings(OptimSettings):
    betas: tuple[float, float] | None = Field(default=(0.5, 0.999), description="Adam's, as in the paper")
    weight: float = Field(default=1e-2, ge=0, description="of both critics, beside the reconstruction")


class LikeCaae(Method):
    name = "like_caae"
    paper = "Nobody: Codes and Labels, 1904"
    data = "labelled"
    Settings = LikeCaaeSettings
    settings: LikeCaaeSettings

    def __init__(self, settings: LikeCaaeSettings) -> None:
        super().__init__(settings)
        self.encoder: nn.Module = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE**2, CODE), nn.Tanh())
        self.generator: nn.Module = nn.Sequential(
            nn.Linear(CODE + LABELS, 3 * SIDE**2), nn.Unflatten(1, (3, SIDE, SIDE)), nn.Sigmoid()
        )
        self.critic_z: nn.Module = nn.Sequential(nn.Linear(CODE, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        self.critic_image: nn.Module = nn.Conv2d(3 + LABELS, 1, 3, padding=1)

    @classmethod
    def tiny(cls) -> LikeCaaeSettings:
        return LikeCaaeSettings()

    def networks(self) -> dict[str, nn.Module]:
        return self.deployed_networks() | {"critic_z": self.critic_z, "critic_image": self.critic_image}

    def deployed_networks(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder, "generator": self.generator}

    def players(self, steps: int) -> dict[str, Player]:
        return {name: build_player(self.settings, network, steps) for name, network in self.networks().items()}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        x, label = shrink(batch["image"]), one_hot(batch["label"])
        z = self.encoder(x).float()
        prior = 2 * torch.rand(z.shape, generator=generator).to(z.device) - 1
        rec = self.generator(torch.cat([z, label], 1))
        planes = label[..., None, None].expand(-1, -1, SIDE, SIDE)
        real, fake = (self.critic_image(torch.cat([images, planes], 1)) for images in (x, rec))
        drawn, coded = self.critic_z(prior), self.critic_z(z)
        softplus, w = nn.functional.softplus, self.settings.weight
        l1 = (rec - x).abs().mean()
        gan_z, gan_image = softplus(-coded).mean(), softplus(-fake).mean()
        update(
            encoder=l1 + w * gan_z,
            generator=l1 + w * gan_image,
            critic_z=softplus(-drawn).mean() + softplus(coded).mean(),
            critic_image=softplus(-real).mean() + softplus(fake).mean(),
        )
        return {"l1": l1.detach(), "gan_z": gan_z.detach(), "gan_image": gan_image.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        x = shrink(batch["image"])
        rows = [one_hot(torch.full_like(batch["label"], label)) for label in range(LABELS)]
        return [x, *(self.generator(torch.cat([self.encoder(x), row], 1)) for row in rows)]

    @property
    def face(self) -> tuple[tuple[float, float], ...]:
        return ((0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.35, 0.7), (0.65, 0.7))

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("label",)

    def edit(self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0) -> Tensor:
        second = torch.tensor([[1 - attributes["label"], attributes["label"]]])
        with torch.no_grad():
            changed = self.generator(torch.cat([self.encoder(shrink(image)), second], 1))
        resized = nn.functional.interpolate(changed, image.shape[2:], mode="bilinear")
        return torch.lerp(image, resized, strength)


def shrink(images: Tensor) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(images, SIDE)


def one_hot(label: Tensor) -> Tensor:
    return nn.functional.one_hot(label, LABELS).float()
