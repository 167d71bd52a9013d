"""Settings of a data set: labels, direction, augmentation, memory."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import FrozenSettings, validate_settings

DataKind = Literal["images", "paired", "unpaired", "labelled"]
DATA_KINDS: tuple[DataKind, ...] = get_args(DataKind)
SPLITS = ("train", "val", "test")
# pix2pix and CycleGAN load 286 pixels for a crop of 256 (phillipi/pix2pix data/donkey_folder.lua; junyanz's options).
LOAD_RATIO = 286 / 256
Factor = Annotated[float, Field(gt=0, le=64)]


class DataSettings(FrozenSettings):
    """How a data set is read and augmented; `load`, `fit` and `scale` default to those of the kind.

    Kinds `paired` and `unpaired` follow pix2pix and CycleGAN: stretched to 286/256 of the crop, cropped at random,
    mirrored. Kind `images` shows each picture between just large enough for the crop and twice that, which spans what
    Johnson (256 for 256) and AdaIN (512 for 256) do. Kind `labelled` shows the whole shorter side.
    """

    noun: ClassVar[str] = "data setting"

    load: int | None = Field(
        default=None,
        ge=0,
        le=2**16,
        description="side in pixels to which pictures are resized before the crop; 0: own size",
    )
    fit: Literal["stretch", "shorter"] | None = Field(
        default=None, description="resize to a shape like the crop's, or the shorter side, keeping the shape"
    )
    scale: tuple[Factor, Factor] | None = Field(
        default=None, description="scale jitter: least and greatest factor on the load size"
    )
    mirror: bool = Field(default=True, description="mirror half of the pictures left to right")
    direction: Literal["AtoB", "BtoA"] = Field(default="AtoB", description="BtoA swaps the two sides")
    label_maps: Literal["auto", "none", "A", "B", "both"] = Field(
        default="auto", description="sides on the disk that are label maps, resized by nearest; auto: palette pictures"
    )
    label_values: Literal["colours", "indices"] = Field(
        default="colours", description="label maps as colours, or as class numbers (int64, height×width)"
    )
    csv: str | None = Field(default=None, description="table of labels; by default the only .csv in the folder")
    pattern: str | None = Field(default=None, description="labels in file names, such as {age}_{gender}_*")
    labels: tuple[str, ...] = Field(default=(), description="columns of the table or parts of the pattern to use")
    cache: int = Field(default=512, ge=0, le=2**20, description="megabytes of decoded pictures to keep in memory")

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if self.scale is not None and not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError("scale needs two positive factors, the smaller first, for example 1,2")
        if self.csv is not None and self.pattern is not None:
            raise ValueError("labels come from a table or from a pattern, not from both")
        return self


def data_settings(values: dict[str, Any]) -> DataSettings:
    """Build `DataSettings` from plain values.

    Raises:
        PicturaError: unknown field or unusable value.
    """
    return validate_settings(DataSettings, values)


def parse_data_settings(pairs: Sequence[str]) -> DataSettings:
    """Parse texts such as ``direction=BtoA`` or ``labels=age,gender``.

    Raises:
        PicturaError: not KEY=VALUE, unknown field or unusable value.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise PicturaError(f"Expected KEY=VALUE, got '{pair}': write for example direction=BtoA.")
        values[name] = value.split(",") if name in ("scale", "labels") else value
    return data_settings(values)
