"""Settings of a training: a method's, with those of its optimizers, and what a person asks of the loop."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pictura.runtime.settings import MAX_WEIGHT, FrozenSettings
from pictura.training.recipes import RENAMED_SETTINGS

# Ours, far beyond what anybody trains: a file must not ask for more.
MAX_CHANNELS = 4096
MAX_BLOCKS = 256
MAX_STEPS = 10**9
MAX_CROP = 2**14
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS)]
Scales = tuple[Annotated[float, Field(gt=0, le=8)], Annotated[float, Field(gt=0, le=8)]]  # least, greatest
Share = Annotated[float, Field(ge=0, lt=1)]


class MethodSettings(FrozenSettings):
    """Base of every method's `Settings`: architecture, losses and rates; all that rebuilds the networks."""


class OptimSettings(MethodSettings):
    """Base of the settings of a method whose players are optimized as most are; `build_player` makes a player of them.

    A method that has other defaults, or more to say, declares the field again.
    """

    optimizer: Literal["adam", "sgd", "rmsprop"] = Field(default="adam", description="sgd has a momentum of 0.9")
    learning_rate: float = Field(default=1e-3, gt=0, le=1e6, description="of the first step")
    betas: tuple[Share, Share] | None = Field(default=None, description="Adam's β₁ and β₂; by default the method's")
    decay_steps: int | None = Field(
        default=None,
        ge=0,
        le=MAX_STEPS,
        description="steps in which the rate falls; by default the steps the run started with; 0: constant",
    )
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")

    @model_validator(mode="before")
    @classmethod
    def _accept_former_names(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        renamed = {new: values[old] for old, new in RENAMED_SETTINGS.items() if old in values}
        return renamed | {name: value for name, value in values.items() if name not in RENAMED_SETTINGS}


class TrainSettings(FrozenSettings):
    """What a person asks of the loop, whatever it trains.

    One optimisation step sees ``batch × accumulate × processes`` samples.
    """

    steps: int = Field(default=1000, ge=1, le=MAX_STEPS, description="optimisation steps in all")
    batch: int = Field(default=4, ge=1, le=4096, description="samples a device sees at once")
    crop: int = Field(default=256, ge=1, le=MAX_CROP, description="side of the square crops in pixels")
    accumulate: int = Field(default=1, ge=1, le=4096, description="batches whose gradients are averaged into one step")
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        default="auto", description="arithmetic of the networks; auto is bf16-mixed where the device is fast in it"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of weights, order and augmentation")
    save_every: int = Field(default=500, ge=1, le=MAX_STEPS, description="steps from one checkpoint to the next")
    show_every: int = Field(
        default=500, ge=1, le=MAX_STEPS, description="steps from one sample sheet and loss plot to the next"
    )
    keep: int = Field(default=3, ge=1, le=10000, description="number of newest checkpoints to keep")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="device to train on")
    devices: int = Field(default=1, ge=1, le=1024, description="devices (on the CPU: processes) of one machine")
    nodes: int = Field(default=1, ge=1, le=1024, description="machines")
    threads: int | None = Field(default=None, ge=1, le=1024, description="processor threads a process computes with")
    workers: int = Field(default=0, ge=0, le=1024, description="processes that prepare samples beside the training")
    clip: float | None = Field(default=None, gt=0, le=MAX_WEIGHT, description="maximum gradient norm per player")
    tensorboard: bool = Field(default=False, description="also write events for TensorBoard, which need tensorboardX")


def starting_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A model's settings for a run that begins with it: how long its rate fell was a matter of its own run."""
    return {name: value for name, value in settings.items() if name != "decay_steps" or value == 0}
