"""Two convolutions that learn to blur: the smallest method there is."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, Method, Player, Update
from pictura.training.settings import MethodSettings


class BlurSettings(MethodSettings):
    width: int = Field(default=4, ge=1, description="channels between the two")
    rate: float = Field(default=1e-2, gt=0, description="of the descent")


class Blur(Method):
    name = "blur"
    paper = "Nobody: How to Blur, 1900"
    data = "images"
    Settings = BlurSettings
    settings: BlurSettings

    def __init__(self, settings: BlurSettings) -> None:
        super().__init__(settings)
        self.blurrer: nn.Module = nn.Sequential(
            nn.Conv2d(3, settings.width, 3, padding=1), nn.ReLU(), nn.Conv2d(settings.width, 3, 3, padding=1)
        )

    @classmethod
    def tiny(cls) -> BlurSettings:
        return BlurSettings()

    def networks(self) -> dict[str, nn.Module]:
        return {"blurrer": self.blurrer}

    def players(self, steps: int) -> dict[str, Player]:
        return {"blurrer": Player(self.blurrer, torch.optim.SGD(self.blurrer.parameters(), lr=self.settings.rate))}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        loss = (self.blurrer(batch["image"]) - target(batch["image"])).square().mean()
        update(blurrer=loss)
        return {"blur": loss.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        return [batch["image"], target(batch["image"]), self.blurrer(batch["image"])]

    directions = ("A2B",)

    def translate(
        self, image: Tensor, *, direction: str | None = None, precision: str = "auto", **unknown: Any
    ) -> Tensor:
        check_options(self.name, unknown, self.translate)
        check_image(image)
        with torch.no_grad():
            return self.blurrer(image).clamp(0, 1)

    def export_network(self) -> nn.Module:
        return self.blurrer


def target(image: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(image, 3, stride=1, padding=1, count_include_pad=False)
