"""In the shape of Goodfellow et al. 2014, as a Wasserstein GAN: five updates of the critic with fresh noise a step."""

import torch
from torch import Tensor, nn

from pictura.training.method import Batch, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

SIDE, CODE, UPDATES = 8, 6, 5


class LikeGanSettings(OptimSettings):
    pass


class LikeGan(Method):
    name = "like_gan"
    paper = "Nobody: Five to One, 1905"
    data = "images"
    Settings = LikeGanSettings
    settings: LikeGanSettings

    def __init__(self, settings: LikeGanSettings) -> None:
        super().__init__(settings)
        self.generator: nn.Module = nn.Sequential(
            nn.Linear(CODE, 3 * SIDE**2), nn.Unflatten(1, (3, SIDE, SIDE)), nn.Sigmoid()
        )
        self.critic: nn.Module = nn.Sequential(nn.Conv2d(3, 4, SIDE), nn.ReLU(), nn.Conv2d(4, 1, 1))

    @classmethod
    def tiny(cls) -> LikeGanSettings:
        return LikeGanSettings(optimizer="rmsprop")

    def networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "critic": self.critic}

    def deployed_networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator}

    def players(self, steps: int) -> dict[str, Player]:
        return {name: build_player(self.settings, network, steps) for name, network in self.networks().items()}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        real = nn.functional.adaptive_avg_pool2d(batch["image"], SIDE)

        def fake() -> Tensor:
            return self.generator(torch.randn(len(real), CODE, generator=generator).to(real.device))

        for _ in range(UPDATES):
            distance = self.critic(real).mean() - self.critic(fake().detach()).mean()
            update(critic=-distance)
        generated = -self.critic(fake()).mean()
        update(generator=generated)
        return {"distance": distance.detach(), "generator": generated.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        count = len(batch["image"])
        return [self.sample(count, generator=torch.Generator().manual_seed(i)) for i in range(2)]

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        with torch.no_grad():
            return self.generator(torch.randn(count, CODE, generator=generator))
