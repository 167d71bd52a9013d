"""Liu and Tuzel: Coupled Generative Adversarial Networks, NIPS 2016, arXiv 1606.07536.

Two generators with their first layers in common, so that a code z has a picture in each domain that shows the same; two
critics with their last layers in common. Nothing is translated in training: both pairs play the game of a plain GAN,

    ℓ_D = -log D_A(x_A) - log(1 - D_A(G_A(z))) - log D_B(x_B) - log(1 - D_B(G_B(z)))
    ℓ_G = -log D_A(G_A(z)) - log D_B(G_B(z)),

as means over both domains (equation 2). Networks and rates are those of the release, mingyuliutw/CoGAN.

Translation inverts a generator, as in the comparison of CycleGAN (arXiv 1703.10593, section 5.1): of a photograph x
the z is searched for whose picture in its own domain is x, and its picture in the other one is the result. That paper
says neither distance nor optimizer; the search here is ours: Adam on |G_A(z) - x|² from several starts, of which the
one that comes nearest counts. What G_A cannot paint is lost, which is why this baseline looks as it does.
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pictura.losses.adversarial import ADVERSARIAL
from pictura.networks.coders import decode_in_parts, show_pictures
from pictura.networks.cogan import (
    CODE,
    DIGITS_SIZE,
    digits_critics,
    digits_generators,
    picture_critics,
    picture_generators,
)
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.resize import from_float, map_bands, resize, to_float
from pictura.runtime.device import Precision, autocast
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_direction, check_image, check_options, check_sample
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import MAX_CHANNELS, MAX_STEPS, OptimSettings

DOMAINS = ("A", "B")
SMALLEST = 16  # side of pictures
BETAS = (0.5, 0.999)  # of Adam


class CoGANSettings(OptimSettings):
    """Architecture and rates, the release's of faces (cogan/models/celeba) at half its size; and the search."""

    layout: Literal["pictures", "digits"] = Field(
        default="pictures", description="networks for pictures of any power of two, or the digits' of 28 pixels"
    )
    size: int = Field(default=64, ge=SMALLEST, le=1024, description="side of the pictures: a power of two; digits: 28")
    width: int = Field(default=1024, ge=1, le=MAX_CHANNELS, description="channels of the smallest maps of pictures")
    own_generator_layers: int = Field(default=2, ge=1, le=8, description="a generator's last layers, not shared")
    own_critic_layers: int = Field(default=2, ge=1, le=8, description="a critic's first layers, not shared")
    noise: Literal["uniform", "normal"] = Field(default="uniform", description="of z: in [-1, 1], or of std 1")
    weight_decay: float = Field(default=1e-4, ge=0, le=1, description="of filters; of digits, of all weights")
    learning_rate: float = Field(default=2e-4, gt=0, le=1e6, description="of both sides")
    decay_steps: int | None = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which it falls; 0: constant")
    starts: int = Field(default=4, ge=1, le=256, description="codes from which the search begins")
    search_steps: int = Field(default=200, ge=0, le=10**5, description="steps of the search")
    search_rate: float = Field(default=0.1, gt=0, le=100, description="Adam's rate in the search")


RELEASED = CoGANSettings(size=128)  # faces; of the networks' sharing for them only a single branch was released
DIGITS = CoGANSettings(  # cogan_pytorch: MNIST and its edges
    layout="digits", size=DIGITS_SIZE, noise="normal", own_generator_layers=1, own_critic_layers=1, weight_decay=5e-4
)
PAPER = RELEASED  # the paper trains what was released


class CoGAN(Method):
    """A pair of generators, a pair of critics."""

    name: ClassVar[str] = "cogan"
    paper: ClassVar[str] = "Liu, Tuzel: Coupled Generative Adversarial Networks, NIPS 2016, arXiv 1606.07536"
    data: ClassVar[DataKind] = "unpaired"
    Settings = CoGANSettings
    settings: CoGANSettings

    def __init__(self, settings: CoGANSettings) -> None:
        super().__init__(settings)
        _check_layout(settings)
        s = settings
        if s.layout == "digits":
            self.pair, critics = digits_generators(), digits_critics()
        else:
            self.pair = picture_generators(s.size, s.width, s.own_generator_layers)
            critics = picture_critics(s.size, s.width, s.own_critic_layers)
        self.generators: nn.Module = self.pair  # while it trains, what the loop wraps around it
        self.critics: nn.Module = critics

    @classmethod
    def tiny(cls) -> CoGANSettings:
        """A few channels, and a short search."""
        return CoGANSettings(width=32, starts=2, search_steps=3)

    def networks(self) -> dict[str, nn.Module]:
        """Both pairs."""
        return {"generators": self.generators, "critics": self.critics}

    def deployed_networks(self) -> dict[str, nn.Module]:
        """The generators."""
        return {"generators": self.generators}

    def players(self, steps: int) -> dict[str, Player]:
        """One Adam for each pair; shared layers are in it once."""
        all_decay = self.settings.layout == "digits"

        def player(network: nn.Module, **options: Any) -> Player:
            filters = [p for p in network.parameters() if p.dim() > 1 or all_decay]
            others = [p for p in network.parameters() if p.dim() <= 1 and not all_decay]
            groups = [{"params": filters, "weight_decay": self.settings.weight_decay}]
            groups += [{"params": others}] if others else []
            return build_player(self.settings, network, steps, parameters=groups, betas=BETAS, **options)

        return {"generators": player(self.generators), "critics": player(self.critics, ema=0)}

    def check_crop(self, crop: int) -> None:
        """The networks have one size."""
        if crop != self.settings.size:
            raise PicturaError(
                f"This CoGAN paints {self.settings.size} pixels a side, not {crop}: set crop={self.settings.size}, "
                "or the method's size."
            )

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """The critics, then the generators with new codes."""
        real = self._pictures(batch)
        with torch.no_grad():
            fake = self.generators(self._draw(len(real[0]), generator).to(real[0]))
        of_critics = ADVERSARIAL["log"].critic(*self._judge(real, fake))
        update(critics=of_critics)
        fake = self.generators(self._draw(len(real[0]), generator).to(real[0]))
        of_generators = ADVERSARIAL["log"].generator(self._judge(real, fake)[1])
        update(generators=of_generators)
        return {"D": of_critics.detach(), "G": of_generators.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """Something of A, the pictures of a few codes in A and in B, and something of B."""
        real_A, real_B = self._pictures(batch)
        with torch.no_grad():
            fake_A, fake_B = self.generators(self._draw(len(real_A), torch.Generator().manual_seed(0)).to(real_A))
        return [self._to_pixels(x) for x in (real_A, fake_A, fake_B, real_B)]

    directions: tuple[str, ...] = ("A2B", "B2A")

    def translate(
        self,
        image: Tensor,
        *,
        direction: str | None = None,
        strength: float = 1.0,
        seed: int = 0,
        memory: int = DEFAULT_MEMORY,
        precision: Precision = "auto",
        **unknown: Any,
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to the same in the other domain, by a search for its code.

        The generators paint one size only: the image is resized to it, whatever its shape, and the result is resized
        back, no sharper than that. The search takes seconds, and `starts` and `search_steps` say how many.

        Args:
            image: of the domain that the direction begins with.
            direction: ``A2B``, the default, or ``B2A``.
            strength: 0 is the image itself, 1 what was found.
            seed: of the codes from which the search begins.
            memory: not used: the search takes the same whatever the image's size.
            precision: arithmetic of the convolutions; auto is bfloat16 where the processor is fast in it.

        Raises:
            PicturaError: not an image, an unknown option or direction.
        """
        check_options(self.name, unknown, self.translate)
        check_image(image)
        domain = self.directions.index(check_direction(self.name, direction, self.directions))
        size = self.settings.size
        with torch.inference_mode(False), autocast(precision, image.device):
            x = self._from_pixels(to_float(resize(image, (size, size))).clone())
            z = self._invert(x, domain, torch.Generator().manual_seed(seed))
            with torch.no_grad():
                found = self._to_pixels(self.pair.paint(z, 1 - domain)).clamp(0, 1)
        result = resize(from_float(found, image.dtype), (image.shape[-2], image.shape[-1]))
        return map_bands(lambda x, y: torch.lerp(x, y, strength).clamp(0, 1), image, result)

    @property
    def labels(self) -> tuple[str, ...]:
        """The domains."""
        return DOMAINS

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        """count×3×S×S in [0, 1] of that domain; without one A and B in turn, the two of one code side by side.

        Raises:
            PicturaError: a count below 1, or a domain that there is not.
        """
        check_sample(self.name, count, label, self.labels)
        if label is not None:
            domain, device = DOMAINS.index(label), next(self.pair.parameters()).device
            codes = self._draw(count, generator).to(device)
            return decode_in_parts(lambda z: show_pictures(self._to_pixels(self.pair.paint(z, domain))), codes)
        codes = self._draw((count + 1) // 2, generator).to(next(self.pair.parameters()).device)
        both = decode_in_parts(lambda z: self._to_pixels(torch.stack(self.pair(z), 1).flatten(0, 1)), codes)
        return show_pictures(both[:count])

    def _invert(self, x: Tensor, domain: int, generator: torch.Generator) -> Tensor:
        """The code 1×Z whose picture in the domain comes nearest to x, 1×3×S×S."""
        s = self.settings
        z = self._draw(s.starts, generator).to(x).requires_grad_()
        optimizer = torch.optim.Adam([z], lr=s.search_rate)

        def distances() -> Tensor:
            return (self.pair.paint(z, domain) - x).square().mean((1, 2, 3))

        with torch.enable_grad():
            for _ in range(s.search_steps):
                (z.grad,) = torch.autograd.grad(distances().sum(), z)  # of z only: the model stays as it is
                optimizer.step()
                if s.noise == "uniform":
                    z.data.clamp_(-1, 1)
        with torch.no_grad():
            return z[distances().argmin(), None]

    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        """count×Z codes."""
        if self.settings.noise == "normal":
            return torch.randn(count, CODE, generator=generator)
        return 2 * torch.rand(count, CODE, generator=generator) - 1

    def _judge(self, real: list[Tensor], fake: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """The critics' answers to real and to generated pictures, in one batch as in the release: it has batch norm."""
        answers = self.critics([torch.cat([r, f]) for r, f in zip(real, fake, strict=True)])
        halves = [torch.split(answer, [len(r), len(answer) - len(r)]) for answer, r in zip(answers, real, strict=True)]
        return [half[0] for half in halves], [half[1] for half in halves]

    def _pictures(self, batch: Batch) -> list[Tensor]:
        """Of A and of B, as the networks take them."""
        return [self._from_pixels(batch[side]) for side in "AB"]

    def _from_pixels(self, x: Tensor) -> Tensor:
        """Digits end in a sigmoid, pictures in tanh."""
        return x if self.settings.layout == "digits" else 2 * x - 1

    def _to_pixels(self, x: Tensor) -> Tensor:
        return x if self.settings.layout == "digits" else (x + 1) / 2


def _check_layout(s: CoGANSettings) -> None:
    """Refuse sizes and layers that there are not.

    Raises:
        PicturaError: says which there are.
    """
    if s.layout == "digits":
        if s.size != DIGITS_SIZE:
            raise PicturaError(f"The digits' networks paint 28 pixels, not {s.size}: set size=28.")
        return
    if s.size & (s.size - 1):
        raise PicturaError(
            f"CoGAN paints pictures whose side is a power of two, not {s.size}: set size=64, for example."
        )
    layers = s.size.bit_length() - 2  # of both, without a generator's first and a critic's last ones, which are shared
    if max(s.own_generator_layers, s.own_critic_layers) > layers:
        raise PicturaError(
            f"At {s.size} pixels CoGAN's networks have {layers} layers that need not be shared: "
            f"own_generator_layers and own_critic_layers must be at most {layers}."
        )
