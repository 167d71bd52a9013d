"""Ours: photographs from what is left of them, A being made of B on the spot: no pairs are needed, only good pictures.

real_A = real_B with noise, blurred, without colours, or only its outlines. G gives back what is missing; losses are
those of `pictura.methods.paired`. What can be known (noise, blur) is a matter of ℓ_1, what has to be invented
(colours, what is between the outlines) of D as well.
"""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from pictura.methods.paired import Paired, PairedSettings
from pictura.networks.restorer import RESTORER_BLOCKS, RESTORER_WIDTH, Restorer
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.networks.translator import Translator, luma
from pictura.picture.degrade import add_noise, draw_outlines, gaussian_blur, motion_blur, quantize
from pictura.training.method import Batch, DataKind
from pictura.training.settings import MAX_BLOCKS, Channels

Sigma = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[float, Field(ge=0, le=64)]
AT_FULL_SIZE = ("noise", "blur")  # what a network without norms at half the size puts right


class RestorationSettings(PairedSettings):
    """What is missing, and the settings of `paired`."""

    missing: Literal["noise", "blur", "colours", "paint"] = Field(
        default="noise", description="what real_A differs in: noise, blur, without colours, or outlines only"
    )
    sigma: tuple[Sigma, Sigma] = Field(
        default=(0.0, 0.2), description="least and greatest σ of the noise, of the range [0, 1]"
    )
    radius: tuple[Pixels, Pixels] = Field(default=(0.3, 2.5), description="least and greatest σ of the blur in pixels")
    shake: tuple[Pixels, Pixels] = Field(
        default=(2.0, 9.0), description="least and greatest length of a motion blur in pixels"
    )
    width: Channels = Field(default=RESTORER_WIDTH, description="channels of G for noise and blur")
    depth: int = Field(default=RESTORER_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks of G for these")


class Restoration(Paired):
    """As `Paired`, of single pictures."""

    name: ClassVar[str] = "restoration"
    paper: ClassVar[str] = (
        "ours, after Zhang et al.: Beyond a Gaussian Denoiser, TIP 2017, arXiv 1608.03981, and Isola et al.: "
        "Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, arXiv 1611.07004"
    )
    data: ClassVar[DataKind] = "images"
    Settings = RestorationSettings
    settings: RestorationSettings

    @classmethod
    def tiny(cls) -> RestorationSettings:
        """A few channels."""
        return RestorationSettings(width=4, depth=1, critic_width=8)

    def build_network(self) -> Translator | Restorer:
        """G: at full size, or the translator for what has to be invented."""
        s = self.settings
        if s.missing in AT_FULL_SIZE:
            return Restorer(s.width, s.depth)
        if s.missing == "colours":
            return Translator(s.widths, s.blocks, ground=1, deep=s.deep, keep_luma=True, noise=s.noise)
        return Translator(s.widths, s.blocks, ground=0, deep=s.deep, noise=s.noise)

    def pairs(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """real_A made of real_B."""
        real_b = crop_to_multiple(batch["image"], self.network.multiple, self.network.smallest)
        return self._spoil(real_b, generator), real_b

    def _spoil(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """What is left of N×3×H×W in [0, 1]."""
        s = self.settings
        if s.missing == "noise":
            return add_noise(x, _draw(s.sigma, len(x), generator).to(x), generator)
        if s.missing == "colours":
            return luma(x).expand_as(x).contiguous()
        if s.missing == "paint":
            return draw_outlines(x)
        if float(torch.rand((), generator=generator)) < 0.5:
            return quantize(gaussian_blur(x, float(_draw(s.radius, 1, generator))))
        angle = math.pi * float(torch.rand((), generator=generator))
        return quantize(motion_blur(x, float(_draw(s.shake, 1, generator)), angle))


def _draw(between: tuple[float, float], count: int, generator: torch.Generator) -> Tensor:
    """Uniform numbers, N."""
    least, greatest = between
    return least + (greatest - least) * torch.rand(count, generator=generator)
