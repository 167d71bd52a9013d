"""In the shape of Liu and Tuzel 2016 (CoGAN): generators share their first layer, critics their last."""

import torch
from torch import Tensor, nn

from pictura.training.method import Batch, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

SIDE, CODE = 8, 6


class LikeCoganSettings(OptimSettings):
    pass


class LikeCogan(Method):
    name = "like_cogan"
    paper = "Nobody: Layers in Common, 1906"
    data = "unpaired"
    Settings = LikeCoganSettings
    settings: LikeCoganSettings

    def __init__(self, settings: LikeCoganSettings) -> None:
        super().__init__(settings)
        first, last = nn.Linear(CODE, 3 * SIDE**2), nn.Conv2d(4, 1, SIDE)
        self.g_A, self.g_B = (
            nn.Sequential(first, nn.Unflatten(1, (3, SIDE, SIDE)), nn.Conv2d(3, 3, 3, padding=1), nn.Sigmoid())
            for _ in range(2)
        )
        self.f_A, self.f_B = (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), last) for _ in range(2))

    @classmethod
    def tiny(cls) -> LikeCoganSettings:
        return LikeCoganSettings(ema=0.9)

    def networks(self) -> dict[str, nn.Module]:
        return self.deployed_networks() | {"f_A": self.f_A, "f_B": self.f_B}

    def deployed_networks(self) -> dict[str, nn.Module]:
        return {"g_A": self.g_A, "g_B": self.g_B}

    def players(self, steps: int) -> dict[str, Player]:
        return {
            "generators": build_player(self.settings, [self.g_A, self.g_B], steps, betas=(0.5, 0.999)),
            "critics": build_player(self.settings, [self.f_A, self.f_B], steps, betas=(0.5, 0.999), ema=0),
        }

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        real = {name: nn.functional.adaptive_avg_pool2d(batch[name], SIDE) for name in ("A", "B")}
        z = torch.randn(len(real["A"]), CODE, generator=generator).to(real["A"].device)
        fake = {"A": self.g_A(z), "B": self.g_B(z)}
        critics, softplus = {"A": self.f_A, "B": self.f_B}, nn.functional.softplus
        critic = sum(softplus(-f(real[n])).mean() + softplus(f(fake[n].detach())).mean() for n, f in critics.items())
        update(critics=critic)
        gan = sum(softplus(-f(fake[n])).mean() for n, f in critics.items())
        update(generators=gan)
        return {"critic": critic.detach(), "gan": gan.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        count = len(batch["A"])
        return [self.sample(count, generator=torch.Generator().manual_seed(0), label=label) for label in self.labels]

    @property
    def labels(self) -> tuple[str, ...]:
        return ("A", "B")

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        with torch.no_grad():
            return {"A": self.g_A, "B": self.g_B}[label or "A"](torch.randn(count, CODE, generator=generator))
