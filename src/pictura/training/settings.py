"""Settings of a training: what is frozen for every method, and what a person asks of the loop."""

from typing import Literal

from pydantic import Field

from pictura.runtime.settings import FrozenSettings


class MethodSettings(FrozenSettings):
    """Base of every method's `Settings`: architecture, losses and rates; all that rebuilds the networks."""


class TrainSettings(FrozenSettings):
    """What a person asks of the loop, whatever it trains.

    One optimisation step sees ``batch × accumulate × processes`` samples.
    """

    steps: int = Field(default=1000, ge=1, description="optimisation steps in all")
    batch: int = Field(default=4, ge=1, description="samples a device sees at once")
    crop: int = Field(default=256, ge=1, description="side of the square crops in pixels")
    accumulate: int = Field(default=1, ge=1, description="batches whose gradients are averaged into one step")
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        default="auto", description="arithmetic of the networks; auto is bf16-mixed where the device is fast in it"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of weights, order and augmentation")
    save_every: int = Field(default=500, ge=1, description="steps from one checkpoint to the next")
    show_every: int = Field(default=500, ge=1, description="steps from one sample sheet and loss plot to the next")
    keep: int = Field(default=3, ge=1, description="newest checkpoints that stay")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="where the networks compute")
    devices: int = Field(default=1, ge=1, description="devices (on the CPU: processes) of one machine")
    nodes: int = Field(default=1, ge=1, description="machines")
    threads: int | None = Field(default=None, ge=1, description="processor threads a process computes with")
    workers: int = Field(default=0, ge=0, description="processes that prepare samples beside the training")
    clip: float | None = Field(default=None, gt=0, description="greatest norm of a player's gradient")
    tensorboard: bool = Field(default=False, description="also write events for TensorBoard, which need tensorboardX")
