"""What pictura writes into the pictures it makes, so that they can be made again."""

import json
from pathlib import Path
from typing import Any

from pictura.methods.iterative.settings import Settings, build_settings
from pictura.picture import read_settings
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError


@check_arguments
def load_settings(path: str | Path) -> Settings:
    """The settings in a picture that pictura made, or in a JSON file.

    Raises:
        PicturaError: there are none, or they are not ours.
    """
    values = read_provenance(path)
    return build_settings(values.get("settings", values))


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What pictura wrote into a picture: settings, styles, weights, size; or the same from a JSON file.

    Raises:
        PicturaError: there is none.
    """
    path = Path(path)
    values = _read_json(path) if path.suffix == ".json" else read_settings(path)
    if not isinstance(values, dict) or not isinstance(values.get("settings", values), dict):
        raise PicturaError(f'{path} holds no settings: write an object such as {{"loss": "gram"}}.')
    return values


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PicturaError(f"{path} cannot be read as JSON settings: {error}.") from error
