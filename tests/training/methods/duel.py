"""Two players with all that makes a resume hard: dropout, running statistics, a pool of images, averages, schedules."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, Method, Player, Update
from pictura.training.settings import MethodSettings

POOL = 6


class DuelSettings(MethodSettings):
    width: int = Field(default=4, ge=1, description="channels of both")
    rate: float = Field(default=2e-3, gt=0, description="of both")
    ema: float = Field(default=0.9, ge=0, lt=1, description="decay of the generator's averaged weights")


class Duel(Method):
    name = "duel"
    paper = "Nobody: How to Duel, 1901"
    data = "images"
    Settings = DuelSettings
    settings: DuelSettings

    def __init__(self, settings: DuelSettings) -> None:
        super().__init__(settings)
        w = settings.width
        self.generator: nn.Module = nn.Sequential(
            nn.Conv2d(3, w, 3, padding=1), nn.BatchNorm2d(w), nn.Dropout(0.3), nn.ReLU(), nn.Conv2d(w, 3, 3, padding=1)
        )
        self.critic: nn.Module = nn.Sequential(
            nn.Conv2d(3, w, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(w, 1, 3, padding=1)
        )
        self.pool: list[Tensor] = []

    @classmethod
    def tiny(cls) -> DuelSettings:
        return DuelSettings()

    def networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "critic": self.critic}

    def players(self, steps: int) -> dict[str, Player]:
        s = self.settings
        adam = torch.optim.Adam(self.generator.parameters(), lr=s.rate, betas=(0.5, 0.999))
        rms = torch.optim.RMSprop(self.critic.parameters(), lr=s.rate, momentum=0.5)
        return {
            "generator": Player(self.generator, adam, schedule=lambda step: 1 / (1 + step / 10), ema=s.ema),
            "critic": Player(self.critic, rms),
        }

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        image = batch["image"]
        real = nn.functional.avg_pool2d(image, 3, stride=1, padding=1)
        fake = self.generator(image)
        critic = (self.critic(real) - 1).square().mean() + self.critic(self.pooled(fake, generator)).square().mean()
        update(critic=critic)
        adversarial = (self.critic(fake) - 1).square().mean()
        pixel = (fake - real).abs().mean()
        update(generator=adversarial + 10 * pixel)
        return {"critic": critic.detach(), "adversarial": adversarial.detach(), "pixel": pixel.detach()}

    def pooled(self, fake: Tensor, generator: torch.Generator) -> Tensor:
        """Half of the time an older one, as in CycleGAN."""
        given = []
        for one in fake.detach():
            if len(self.pool) < POOL:
                self.pool.append(one)
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(POOL, (), generator=generator))
                one, self.pool[place] = self.pool[place], one
            given.append(one)
        return torch.stack(given)

    def show(self, batch: Batch) -> list[Tensor]:
        return [batch["image"], self.generator(batch["image"])]

    directions = ("A2B",)

    def translate(
        self, image: Tensor, *, direction: str | None = None, precision: str = "auto", **unknown: Any
    ) -> Tensor:
        check_options(self.name, unknown, self.translate)
        check_image(image)
        self.generator.eval()
        with torch.no_grad():
            return self.generator(image).clamp(0, 1)

    def state(self) -> dict[str, Tensor]:
        return {str(i): image for i, image in enumerate(self.pool)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        self.pool = [tensors[str(i)] for i in range(len(tensors))]
