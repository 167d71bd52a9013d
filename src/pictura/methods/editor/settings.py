"""Settings of the editor; `editor` is the method."""

from typing import Literal

from pydantic import Field

from pictura.networks.editor import EDITOR_BLOCKS, EDITOR_WIDTHS
from pictura.runtime.settings import MAX_WEIGHT
from pictura.training.settings import MAX_BLOCKS, MAX_STEPS, Channels, OptimSettings, Scales


class EditorSettings(OptimSettings):
    """Architecture, losses, rates; defaults are those of a smile."""

    kind: Literal["binary", "age"] = Field(
        default="binary", description="what labels are: 0 without and 1 with the attribute, or an age in years"
    )
    attribute: str = Field(default="smiling", min_length=1, description="name of a binary attribute")
    side: int = Field(default=96, ge=32, le=1024, description="side in pixels at which faces are edited")
    face: tuple[tuple[float, float], ...] = Field(
        # UTKFace's means, made symmetrical: training mirrors.
        default=((0.306, 0.288), (0.694, 0.288), (0.5, 0.516), (0.328, 0.687), (0.672, 0.687)),
        min_length=5,
        max_length=5,
        description="left and right eye as seen, nose tip and mouth corners in the data, in shares of a side",
    )
    widths: tuple[Channels, Channels, Channels] = Field(
        default=EDITOR_WIDTHS, description="channels of G at a half, a quarter and an eighth of the side"
    )
    blocks: int = Field(default=EDITOR_BLOCKS, ge=0, le=MAX_BLOCKS, description="residual blocks of G at an eighth")
    deep: int = Field(default=1, ge=0, le=MAX_BLOCKS, description="residual blocks of G at a sixteenth; 0: none")
    layers: dict[str, float] = Field(
        default={"relu2_1": 0.4, "relu3_1": 1.0, "relu4_1": 2.0, "relu5_1": 2.0},
        min_length=1,
        description="layer of φ that D looks at → weight in what G is told",
    )
    critic_width: Channels = Field(
        default=96, description="channels of D's heads, or as many as their layer has, if that is less"
    )
    class_weight: float = Field(default=1.0, ge=0, le=MAX_WEIGHT, description="of the class losses of D and G")
    # With spectral norm D's answers rarely leave [-0.3, 0.3], where a hinge at 1 tells little: a smile does without,
    # ages come out as lines that nobody would take for wrinkles.
    gain: float = Field(default=1.0, gt=0, le=MAX_WEIGHT, description="factor on D's answers in the hinge")
    warmup: int = Field(default=300, ge=0, le=MAX_STEPS, description="steps in which D learns alone, at first")
    small_side: int = Field(default=0, ge=0, le=1024, description="side to which pictures are reduced at first; 0: no")
    small_steps: int = Field(default=0, ge=0, le=MAX_STEPS, description="steps in which they are")
    target: float = Field(default=0.2, gt=0, lt=1, description="1 - correlation at which content is held")
    content_weight: float = Field(default=1e-3, gt=0, description="λ at first")
    own_weight: float = Field(default=2.0, ge=0, le=MAX_WEIGHT, description="of (G(x, c) - x)² where c is x's class")
    # Low-pass only: wrinkles and teeth are fine, a red rim is not.
    colour_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of blurred changes of colour, squared")
    # The heads on φ forgive fine lines that no camera takes; a critic of pixels does not.
    patch_weight: float = Field(
        default=0.0, ge=0, le=MAX_WEIGHT, description="of a critic of patches beside D, in shares of D's; 0: none"
    )
    # What D asks of old faces is met soonest by a few strong lines, which nobody takes for wrinkles.
    line_weight: float = Field(default=0.0, ge=0, le=MAX_WEIGHT, description="of lines that are drawn, squared")
    flow_weight: float = Field(
        default=2e-3, ge=0, le=MAX_WEIGHT, description="of differences of neighbours in the flow"
    )
    flow_rate: float = Field(default=0.3, gt=0, le=100, description="factor on the rate of the flow's last layer")
    full_strength: float = Field(
        default=1.0, gt=0, le=4, description="share of what was learned that a strength of 1 is at use"
    )
    rescale: Scales = Field(default=(0.8, 1.25), description="least and greatest scale that φ looks at")
    learning_rate: float = Field(default=5e-4, gt=0, le=1, description="Adam's rate for G")
    critic_rate: float = Field(default=2e-3, gt=0, le=1, description="Adam's rate for D")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of G's averaged weights; 0: the last ones")
