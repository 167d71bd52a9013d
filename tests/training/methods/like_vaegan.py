"""In the shape of Larsen et al. 2016 (VAE/GAN): three losses of one forward pass, each for a player of its own."""

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.training.method import Batch, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

SIDE, WIDTH, CODE = 8, 4, 6  # of the images, of the hidden layers, of a code


class LikeVaeganSettings(OptimSettings):
    optimizer: str = Field(default="rmsprop", description="the paper's")
    gamma: float = Field(default=1e-2, ge=0, description="γ, how far reconstruction counts in the decoder's loss")
    ema: float = Field(default=0.9, ge=0, lt=1, description="of encoder and decoder")


class LikeVaegan(Method):
    name = "like_vaegan"
    paper = "Nobody: Three Losses of One Graph, 1902"
    data = "images"
    Settings = LikeVaeganSettings
    settings: LikeVaeganSettings

    def __init__(self, settings: LikeVaeganSettings) -> None:
        super().__init__(settings)
        self.encoder: nn.Module = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE**2, 2 * CODE))
        self.decoder: nn.Module = nn.Sequential(
            nn.Linear(CODE, 3 * SIDE**2), nn.Unflatten(1, (3, SIDE, SIDE)), nn.Conv2d(3, 3, 3, padding=1), nn.Sigmoid()
        )
        self.features: nn.Module = nn.Sequential(nn.Conv2d(3, WIDTH, 3, padding=1), nn.LeakyReLU(0.2))
        self.critic: nn.Module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, 1))

    @classmethod
    def tiny(cls) -> LikeVaeganSettings:
        return LikeVaeganSettings()

    def networks(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder, "decoder": self.decoder, "features": self.features, "critic": self.critic}

    def deployed_networks(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder, "decoder": self.decoder}

    def players(self, steps: int) -> dict[str, Player]:
        s = self.settings
        return {
            "encoder": build_player(s, self.encoder, steps),
            "decoder": build_player(s, self.decoder, steps),
            "critic": build_player(s, [self.features, self.critic], steps, ema=0),
        }

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        x = shrink(batch["image"])
        mean, log_variance = self.encoder(x).float().chunk(2, 1)
        noise = torch.randn(2, *mean.shape, generator=generator).to(mean.device)
        rec, fake = self.decoder(mean + noise[0] * (log_variance / 2).exp()), self.decoder(noise[1])
        seen = [self.features(images) for images in (x, rec, fake)]
        real_score, rec_score, fake_score = (self.critic(f) for f in seen)
        prior = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        like = (seen[0] - seen[1]).square().mean()
        gan = sum(nn.functional.softplus(s).mean() for s in (-real_score, rec_score, fake_score))
        update(encoder=prior + like, decoder=self.settings.gamma * like - gan, critic=gan)
        return {"prior": prior.detach(), "like": like.detach(), "gan": gan.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        x = shrink(batch["image"])
        return [x, self.decode(self.encode(x))]

    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(shrink(images)).chunk(2, 1)[0]

    def decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes)

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        with torch.no_grad():
            return self.decode(torch.randn(count, CODE, generator=generator))


def shrink(images: Tensor) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(images, SIDE)
