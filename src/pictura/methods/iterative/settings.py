"""Settings of the iterative methods, frozen and validated, and the presets built from them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from pictura.encoders.records import STYLE_LAYERS
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.settings import MAX_WEIGHT, FrozenSettings, validate_settings

# σ of the noise a run starts from. The 2015 release draws σ = 1 on pixels from 0 to 255, so 1/255, which is all but
# flat grey, and neural-style 0.001 of that. Ours, σ = 0.1, is visible noise.
INIT_NOISE = 0.1
# How far L-BFGS moves a pixel, of its range and on average, until it knows a curvature. No release scales its first
# move; in our trial the Gram term falls from the first step on with this, and without it grows on noise.
FIRST_MOVE = 0.01

MAX_STEPS = 100_000  # hours even of small pictures; published recipes take up to 4000


class Settings(FrozenSettings):
    """Everything that decides how a picture is made, apart from the pictures.

    Bounds without a meaning of their own keep float32 (1e6, MAX_WEIGHT), time (a ratio of 1.01 is 210 scales up to 1024
    pixels) and torch's generator (63 bits) from overflowing.
    """

    preset: str = Field(default="balanced", description="the preset these settings started from")
    encoder: str = Field(default="compact", description="network whose features define content and style")
    pooling: Literal["max", "average"] = Field(default="max", description="max or average pooling in the encoder")
    padding: Literal["zeros", "replicate", "reflect"] = Field(
        default="replicate", description="border padding of the encoder"
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description="arithmetic of the encoder")
    loss: Literal["wasserstein", "gram"] = Field(default="wasserstein", description="style term")
    content_layers: dict[str, float] = Field(
        default={"relu2_1": 0.3, "relu3_1": 1.0, "relu4_2": 1.0}, description="layer → weight of the content term"
    )
    style_layers: dict[str, float] = Field(
        # Equal, unlike crowsonkb's 256:64:16:4:1: our features are measured in units of each layer's size, and the
        # compact encoder paints longer strokes so (docs/compact.md).
        default=dict.fromkeys(STYLE_LAYERS, 1.0),
        description="layer → weight of the style term",
    )
    content_weight: float = Field(default=0.07, ge=0, le=MAX_WEIGHT, description="α, weight of the content term")
    style_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="β, weight of the style term")
    tv_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="weight of total variation (mean squares)")
    optimizer: Literal["adam", "lbfgs", "sgd"] = Field(default="adam", description="optimizer of the pixels")
    learning_rate: float = Field(default=0.03, gt=0, le=1e6, description="step size, pixels in [0, 1]")
    init: str = Field(
        default="adain", description="content, style, noise, grey, adain (that method's picture) or a picture's path"
    )
    init_noise: float = Field(
        default=INIT_NOISE, ge=0, le=1, description="σ around grey of init noise; 1/255 in the paper's release"
    )
    first_move: float = Field(
        default=FIRST_MOVE, gt=0, le=1, description="lbfgs: how far a pixel moves until a curvature is known"
    )
    steps: tuple[Annotated[int, Field(le=10**7)], ...] = Field(
        # AdaIN's picture has done what the coarser scales are for: on the eight pairs of docs/compact.md judged style
        # 0.18 for 0.23 and content 0.87 for 1.05 with 80, 60, 40, 25, 15 steps from the photograph.
        default=(0, 0, 0, 12, 20),
        description="steps per scale, coarse to fine; 0 leaves a scale out",
    )
    scale_factor: float = Field(default=2**0.5, ge=1.01, le=16, description="ratio of one scale to the next")
    averaging: float = Field(default=0.9, ge=0, lt=1, description="decay of the averaged iterate; 0 takes the last one")
    smoothing: float = Field(
        default=0.02, ge=0, le=1, description="σ of the noise added to the encoder's input; lbfgs goes without"
    )
    style_scale: float = Field(
        default=1.0, gt=0, le=100, description="size of the style's strokes; 2 paints them twice as large"
    )
    margin: float = Field(
        # By `benchmarks/eye.py`; 0 leaves edges a tenth more saturated than the inside (docs/optimisation.md).
        default=1 / 64,
        ge=0,
        le=0.25,
        description="mirrored border painted along and cut off, a share of the longest side; in tiles there is none",
    )
    denoise: float = Field(default=0.0, ge=0, le=1, description="edge-preserving denoising of the result")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the noise; one seed, one picture")

    @field_validator("steps", mode="before")
    @classmethod
    def _list_steps(cls, steps: Any) -> Any:
        """One number is that of a single scale; a text is the command line's ``80,60,40``."""
        if isinstance(steps, str):
            return steps.split(",")
        return (steps,) if isinstance(steps, int) else steps

    @model_validator(mode="after")
    def _check_usable(self) -> Self:
        if not self.steps or min(self.steps) < 0 or sum(self.steps) == 0:
            raise ValueError("steps need at least one positive number, for example 80,60,40")
        if sum(self.steps) > MAX_STEPS:
            raise ValueError(f"steps are {MAX_STEPS} at most in all")
        for name in ("content_layers", "style_layers"):
            layers = getattr(self, name)
            if any(weight < 0 for weight in layers.values()):
                raise ValueError(f"{name} must have weights of 0 or more")
        if not any(self.style_layers.values()):
            raise ValueError("style_layers need at least one layer with a positive weight")
        return self

    def with_changes(self, **changes: Any) -> "Settings":
        """A validated copy with some fields changed.

        Raises:
            PicturaError: unknown field or unusable value.
        """
        return build_settings(self.model_dump() | changes)


def build_settings(values: dict[str, Any]) -> Settings:
    """Settings from plain values; a user's mistake is one sentence."""
    return validate_settings(Settings, values)


BALANCED = Settings()
PRESETS: dict[str, Settings] = {
    # A few steps on AdaIN's picture, for a first look.
    "fast": BALANCED.with_changes(preset="fast", steps=(0, 0, 0, 0, 3)),
    "balanced": BALANCED,
    # VGG-19 itself, a little longer: a fortieth of the strongest published recipe's work.
    "quality": BALANCED.with_changes(
        preset="quality", encoder="vgg19-caffe", steps=(0, 0, 0, 20, 30), content_weight=0.06
    ),
    # No content term, a start from noise, and every stage of a texture counts.
    "texture": BALANCED.with_changes(
        preset="texture",
        init="noise",
        content_weight=0.0,
        tv_weight=0.0,
        steps=(100, 80, 60, 30, 15),
        learning_rate=0.1,
        smoothing=0.07,
    ),
    # Gatys, Ecker and Bethge, CVPR 2016, as printed: normalized VGG-19 with average pooling, conv4_2 against conv1_1 …
    # conv5_1 equally weighted (the papers write conv and mean the response after its ReLU), white noise, L-BFGS.
    # The numbers are those of the authors' release, leongatys/NeuralImageSynthesis: 1e6 for the content, 1e9 / 5 for
    # the style at each layer. But it multiplies other terms than the paper prints (LossLayers.lua): MSE is a mean
    # without ½, and GramMSE of Gram matrices divided by M is Σ (G - A)² / (M² N²) = 4 E. So 1e6 mean (F - P)² is
    # 2e6 · ½ mean (F - P)², and 1e9 / 5 · 4 E is 4e9 · 0.2 E: for our terms, ½ mean and E, 2e6 and 4e9. 500 evaluations
    # are those of the release, too. Ours instead of the release's: `init_noise` and `first_move`, see there.
    "paper": BALANCED.with_changes(
        preset="paper",
        encoder="vgg19-normalised",
        pooling="average",
        padding="zeros",
        dtype="float32",
        loss="gram",
        content_layers={"relu4_2": 1.0},
        style_layers=dict.fromkeys(STYLE_LAYERS, 0.2),
        content_weight=2e6,
        style_weight=4e9,
        tv_weight=0.0,
        optimizer="lbfgs",
        learning_rate=1.0,
        smoothing=0.0,
        init="noise",
        steps=(500,),
        averaging=0.0,
        margin=0.0,
    ),
}


@check_arguments
def preset(name: str) -> Settings:
    """One of `PRESETS`.

    Raises:
        PicturaError: unknown name.
    """
    if name not in PRESETS:
        raise PicturaError(f"There is no preset '{name}'; there are {', '.join(PRESETS)}.{did_you_mean(name, PRESETS)}")
    return PRESETS[name]
