"""Settings: frozen, checked, and with one sentence for a mistake in them."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pictura.runtime.errors import PicturaError, did_you_mean


class FrozenSettings(BaseModel):
    """Base of all settings: they do not change, and have no unknown fields and no infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    noun: ClassVar[str] = "setting"  # what an error calls one of them


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
