"""Settings: frozen, checked, and with one sentence for a mistake in them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pictura.runtime.errors import PicturaError, did_you_mean

MAX_WEIGHT = 1e12  # of a term in a loss: its square is still a number in float32
MAX_LIST = 1024  # members of a list or table of settings
MAX_TEXT = 4096  # letters of a text, which is a name or a path


class FrozenSettings(BaseModel):
    """Base of all settings: they do not change, and have no unknown fields and no infinite numbers.

    A file may say anything, and what a setting asks for is made before anyone looks at it. So each number has an upper
    bound of its own, and whatever is inside lists and tables has these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    noun: ClassVar[str] = "setting"  # what an error calls one of them

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        for name in type(self).model_fields:
            _check_bounds(name, getattr(self, name))
        return self


def _check_bounds(name: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ValueError(f"{name} may have {MAX_TEXT} letters, got {len(value):,}")
    if isinstance(value, dict | tuple | list):
        if len(value) > MAX_LIST:
            raise ValueError(f"{name} may have {MAX_LIST} members, got {len(value):,}")
        for one in [*value, *value.values()] if isinstance(value, dict) else value:
            _check_bounds(name, one)
    if isinstance(value, float) and abs(value) > MAX_WEIGHT:
        raise ValueError(f"{name} must be at most {MAX_WEIGHT:g}, got {value:g}")


SettingsModel = TypeVar("SettingsModel", bound=FrozenSettings)


def validate_settings(kind: type[SettingsModel], values: Mapping[str, Any]) -> SettingsModel:
    """Settings of one kind from plain values.

    Raises:
        PicturaError: unknown key, with the nearest known one, or an unusable value.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise PicturaError(f"Unknown {kind.noun} '{name}'.{did_you_mean(name, kind.model_fields)}") from error
        message = first["msg"].removeprefix("Value error, ")
        raise PicturaError(f"{kind.noun.capitalize()} {name or 'values'}: {message}.") from error
