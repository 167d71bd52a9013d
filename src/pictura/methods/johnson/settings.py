"""The settings of Johnson's networks, the paper's, its release's and ours."""

from typing import Literal

from pydantic import Field

from pictura.losses.perceptual import StyleLossKind
from pictura.networks.slim import SLIM_BLOCKS, SLIM_WIDTHS
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.settings import MAX_BLOCKS, MAX_CHANNELS, MAX_CROP, Channels, OptimSettings


class JohnsonSettings(OptimSettings):
    """Architecture, styles, losses, rates; defaults are those of the network that is shipped."""

    variant: Literal["paper", "instance", "examples", "slim"] = Field(
        default="slim",
        description="paper: as printed; instance: as its release; examples: as pytorch/examples; slim: ours",
    )
    filters: int = Field(default=32, ge=1, le=MAX_CHANNELS, description="of the first convolution; not in slim")
    widths: tuple[Channels, Channels, Channels] = Field(
        default=SLIM_WIDTHS, description="channels of slim at a half, a quarter and an eighth of the size"
    )
    blocks: int = Field(default=SLIM_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks of slim")
    styles: tuple[str, ...] = Field(
        default=("starry-night",), min_length=1, description="paintings, .style files or shipped styles; slim: several"
    )
    style_size: int = Field(
        default=512, ge=32, le=MAX_CROP, description="longest side of the paintings: large is coarse strokes"
    )
    encoder: str = Field(default="compact", description="loss network φ: compact, vgg16 (the paper's), vgg19-caffe")
    loss: StyleLossKind = Field(default="wasserstein", description="style term; gram: the paper's")
    content_layers: dict[str, float] = Field(
        default={"relu3_1": 1.0, "relu4_2": 1.0}, description="layer → weight in ℓ_feat"
    )
    style_layers: dict[str, float] = Field(
        default=dict.fromkeys(("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), 1.0),
        description="layer → weight in ℓ_style",
    )
    content_weight: float = Field(default=0.05, ge=0, le=MAX_WEIGHT, description="λ_c")
    style_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="λ_s")
    smoothing: float = Field(default=0.0, ge=0, le=1, description="σ of the noise φ looks through at ŷ")
    relative: bool = Field(default=False, description="style term as a share of the photo's own; wasserstein only")
    tv_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="λ_TV, of mean squares")
    photo_weight: float = Field(
        default=50.0, ge=0, le=MAX_WEIGHT, description="λ_photo, of mean squares, at strength 0"
    )
    full: float = Field(default=0.7, ge=0, le=1, description="share of pictures at full strength; slim only")
