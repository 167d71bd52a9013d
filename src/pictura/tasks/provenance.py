"""What pictura writes into the pictures it makes, so that they can be made again."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pictura.methods.iterative.settings import Settings, build_settings
from pictura.picture import read_settings
from pictura.runtime.arguments import check_arguments
from pictura.runtime.documents import read_json
from pictura.runtime.errors import PicturaError, reason


@check_arguments
def load_settings(path: str | Path) -> Settings:
    """The settings in a picture that pictura made, or in a JSON file.

    Raises:
        PicturaError: there are none, or they are not ours.
    """
    values = read_provenance(path)
    settings = build_settings(values.get("settings", values))
    refuse_foreign_settings(settings, path)
    return settings


def refuse_foreign_settings(settings: Settings, path: str | Path, typed: Collection[str] = ()) -> None:
    """Refuse settings from a file that would open another file or ask a network, unless a user has `typed` them.

    Raises:
        PicturaError: says how to name it again, or to fetch it.
    """
    from pictura.encoders.store import check_present
    from pictura.methods.iterative.init import INIT_KINDS

    if settings.init not in INIT_KINDS and not {"init", "preset"} & set(typed):
        raise PicturaError(
            f"'{path}' starts from the picture '{settings.init}', a file of whoever made it: "
            f"if you trust it, add --init {settings.init}."
        )
    if not {"encoder", "preset"} & set(typed):
        check_present(settings.encoder, f"'{path}'")


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What pictura wrote into a picture: settings, styles, weights, size; or the same from a JSON file.

    Raises:
        PicturaError: there is none.
    """
    path = Path(path)
    values = _read_json(path) if path.suffix == ".json" else read_settings(path)
    if not isinstance(values, dict) or not isinstance(values.get("settings", values), dict):
        raise PicturaError(f'{path} contains no settings: write an object such as {{"loss": "gram"}}.')
    return values


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise PicturaError(f"{path} cannot be read as JSON settings: {reason(error)}.") from error
