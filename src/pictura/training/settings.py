"""Settings of a training: what is frozen for every method, and what a person asks of the loop."""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pictura.runtime.errors import PicturaError, did_you_mean

SettingsModel = TypeVar("SettingsModel", bound=BaseModel)


class MethodSettings(BaseModel):
    """Base of every method's `Settings`: architecture, losses and rates; all that rebuilds the networks."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrainSettings(BaseModel):
    """What a person asks of the loop, whatever it trains.

    One optimisation step sees ``batch × accumulate × processes`` samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

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


def validate_settings(kind: type[SettingsModel], values: dict[str, Any]) -> SettingsModel:
    """Settings of one kind from plain values.

    Raises:
        PicturaError: unknown key, with the nearest known one, or an unusable value.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise PicturaError(f"There is no setting '{field}'.{did_you_mean(field, kind.model_fields)}") from error
        raise PicturaError(f"Setting {field or 'values'}: {first['msg'].removeprefix('Value error, ')}.") from error
