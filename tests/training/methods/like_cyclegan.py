"""In the shape of Zhu et al. 2017 (CycleGAN): two generators in one player, two critics, pools of images as state."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.picture.resize import from_float, to_float
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, Method, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import OptimSettings

POOL = 3


class LikeCycleganSettings(OptimSettings):
    betas: tuple[float, float] | None = Field(default=(0.5, 0.999), description="Adam's, as in the paper")
    learning_rate: float = Field(default=2e-3, gt=0, description="ten times the paper's")
    lambda_cycle: float = Field(default=10.0, ge=0, description="λ of both cycles")
    ema: float = Field(default=0.9, ge=0, lt=1, description="of both generators")


class LikeCyclegan(Method):
    name = "like_cyclegan"
    paper = "Nobody: Two of Each, 1903"
    data = "unpaired"
    Settings = LikeCycleganSettings
    settings: LikeCycleganSettings

    def __init__(self, settings: LikeCycleganSettings) -> None:
        super().__init__(settings)
        self.G_A: nn.Module = generator_network()
        self.G_B: nn.Module = generator_network()
        self.D_A: nn.Module = nn.Conv2d(3, 1, 3, padding=1)
        self.D_B: nn.Module = nn.Conv2d(3, 1, 3, padding=1)
        self.pools: dict[str, list[Tensor]] = {"A": [], "B": []}

    @classmethod
    def tiny(cls) -> LikeCycleganSettings:
        return LikeCycleganSettings()

    def networks(self) -> dict[str, nn.Module]:
        return {"G_A": self.G_A, "G_B": self.G_B, "D_A": self.D_A, "D_B": self.D_B}

    def deployed_networks(self) -> dict[str, nn.Module]:
        return {"G_A": self.G_A, "G_B": self.G_B}

    def players(self, steps: int) -> dict[str, Player]:
        s = self.settings
        return {
            "generators": build_player(s, [self.G_A, self.G_B], steps, schedule=linear_decay),
            "critics": build_player(s, [self.D_A, self.D_B], steps, schedule=linear_decay, ema=0),
        }

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        real_A, real_B = batch["A"], batch["B"]
        fake_B, fake_A = self.G_A(real_A), self.G_B(real_B)
        rec_A, rec_B = self.G_B(fake_B), self.G_A(fake_A)
        gan = (self.D_A(fake_B) - 1).square().mean() + (self.D_B(fake_A) - 1).square().mean()
        cycle = (rec_A - real_A).abs().mean() + (rec_B - real_B).abs().mean()
        update(generators=gan + self.settings.lambda_cycle * cycle)
        critic = sum(
            (D(real) - 1).square().mean() + D(self.query(pool, fake, generator)).square().mean()
            for D, real, pool, fake in ((self.D_A, real_B, "B", fake_B), (self.D_B, real_A, "A", fake_A))
        )
        update(critics=critic)
        return {"gan": gan.detach(), "cycle": cycle.detach(), "critic": critic.detach()}

    def query(self, name: str, fake: Tensor, generator: torch.Generator) -> Tensor:
        """Half of the time an older image, as in the paper."""
        pool, images = self.pools[name], []
        for image in fake.detach():
            images.append(image)
            if len(pool) < POOL:
                pool.append(image)
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(POOL, (), generator=generator))
                images[-1], pool[place] = pool[place], image
        return torch.stack(images)

    def show(self, batch: Batch) -> list[Tensor]:
        return [batch["A"], self.G_A(batch["A"]), batch["B"], self.G_B(batch["B"])]

    @property
    def directions(self) -> tuple[str, ...]:
        return ("A2B", "B2A")

    def translate(
        self, image: Tensor, *, direction: str | None = None, precision: str = "auto", **unknown: Any
    ) -> Tensor:
        check_options(self.name, unknown, self.translate)
        check_image(image)
        with torch.no_grad():
            made = {"A2B": self.G_A, "B2A": self.G_B}[direction or "A2B"](to_float(image))
        return from_float(made, image.dtype)

    def state(self) -> dict[str, Tensor]:
        return {f"{name}.{i}": image for name, pool in self.pools.items() for i, image in enumerate(pool)}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        self.pools = {name: [tensors[key] for key in sorted(tensors) if key[0] == name] for name in self.pools}


def generator_network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1), nn.Sigmoid())
