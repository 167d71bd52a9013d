"""The settings of AdaIN's two variants."""

from typing import Literal

from pydantic import Field

from pictura.encoders.records import Padding
from pictura.networks.adain import ADAIN_BLOCKS, ADAIN_WIDTHS
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.settings import MAX_BLOCKS, Channels, OptimSettings


class AdaINSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the network that is shipped."""

    variant: Literal["light", "paper"] = Field(default="light", description="paper: one level, as printed")
    encoder: str = Field(default="compact", description="f: compact, or for the paper's variant vgg19-normalised")
    loss_encoder: str = Field(default="compact", description="what light's losses look through, such as vgg19-caffe")
    widths: tuple[Channels, Channels, Channels] = Field(
        default=ADAIN_WIDTHS, description="channels of light at an eighth, a quarter and a half of the size"
    )
    blocks: int = Field(default=ADAIN_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks of light")
    padding: Padding | None = Field(
        default=None, description="border of f; by default that of paper and releases, reflect, and light's own"
    )
    paintings: str = Field(
        default="",
        description="folder of paintings, encoded once; paper: without one styles are crops of side B",
    )
    content_layers: dict[str, float] = Field(
        default={"relu3_1": 1.0, "relu4_2": 1.0}, description="layer → weight in light's content term"
    )
    content_weight: float = Field(
        default=0.12, ge=0, le=MAX_WEIGHT, description="of the content term; the paper's is 1"
    )
    style_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="λ; the paper's release: 10")
    smoothing: float = Field(default=0.07, ge=0, le=1, description="σ of the noise f looks through at results; light")
    relative: bool = Field(default=True, description="style term as a share of the photo's own; light")
    tv_weight: float = Field(
        default=2.0, ge=0, le=MAX_WEIGHT, description="of total variation, mean squares; none in the paper"
    )
    photo_weight: float = Field(
        default=60.0, ge=0, le=MAX_WEIGHT, description="of mean squares to the photo, at strength 0; light"
    )
    full: float = Field(default=0.75, ge=0, le=1, description="share of pictures at full strength; light")
    learning_rate: float = Field(default=5e-4, gt=0, le=1e6, description="Adam's rate; the paper's is 1e-4")
    rate_decay: float = Field(
        default=0.0, ge=0, le=1, description="δ of a rate that falls as 1 / (1 + δ step) instead; both releases: 5e-5"
    )
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")
