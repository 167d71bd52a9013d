"""The settings of WCT²."""

from typing import Literal

from pydantic import Field

from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.settings import OptimSettings


class WCT2Settings(OptimSettings):
    """Where features are transformed, losses, rates; defaults are those of the decoder that is shipped."""

    sites: tuple[Literal["encoder", "skip", "decoder"], ...] = Field(
        default=("encoder", "skip", "decoder"), description="where features are whitened and coloured; the paper's: all"
    )
    colour_weight: float = Field(
        default=4.0, ge=0, le=MAX_WEIGHT, description="of what differs between the three colours, which vary less"
    )
    level_weight: float = Field(
        default=0.02,
        ge=0,
        le=MAX_WEIGHT,
        description="of each level's LL, relative; the paper has Gram matrices",
    )
    learning_rate: float = Field(default=1e-3, gt=0, le=1e6, description="Adam's rate")
    ema: float = Field(default=0.99, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")
