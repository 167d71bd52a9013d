"""The settings of photorealistic style."""

from pydantic import Field

from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.settings import Channels, OptimSettings


class PhotoSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of the network that is shipped."""

    network: bool = Field(default=True, description="off: the closed form alone, without weights")
    width: Channels = Field(default=64, description="channels of the network's first layers")
    content_weight: float = Field(default=0.3, ge=0, le=MAX_WEIGHT, description="of relu4_1, each picture normalized")
    gamut_weight: float = Field(default=5.0, ge=0, le=MAX_WEIGHT, description="of colours outside of [0, 1]")
    contrast_weight: float = Field(
        default=1.0, ge=0, le=MAX_WEIGHT, description="of local contrast that all of the picture has not gained or lost"
    )
    smooth_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="of differences between cells")
    halo_weight: float = Field(
        default=600.0, ge=0, le=MAX_WEIGHT, description="of what changing maps paint where the photo is flat"
    )
    learning_rate: float = Field(default=1e-3, gt=0, le=1e6, description="Adam's rate")
    ema: float = Field(default=0.99, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")
