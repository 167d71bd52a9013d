"""The words of a bundle as JSON: in config.json, and again inside the weights, so that either file explains itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura import __version__
from pictura.runtime.documents import UnreadableDocument, parse_json, read_limited
from pictura.runtime.errors import PicturaError

WEIGHTS_FILE, CONFIG_FILE, CARD_FILE, PICTURE_FILE = "model.safetensors", "config.json", "README.md", "picture.jpg"
BUNDLE_FORMAT = "pictura-bundle-1"
# The only key of the weights' metadata: safetensors writes several in an order that changes from run to run, and equal
# bundles are to be equal byte for byte.
METADATA_KEY = "pictura"
_FIELDS = {"method": str, "settings": dict, "about": dict}


def encode_config(method: str, settings: Mapping[str, Any], about: Mapping[str, Any], **more: Any) -> str:
    """The JSON of a bundle; `more` is what config.json has beside it."""
    words = {"format": BUNDLE_FORMAT, "pictura": __version__, "method": method, "settings": settings, "about": about}
    return json.dumps(words | more, indent=2, ensure_ascii=False)


def parse_config(content: str | bytes, where: Path) -> dict[str, Any]:
    """The JSON of a bundle, its shape checked: method, settings and about are there.

    Raises:
        PicturaError: it is no such JSON, or of a later format.
    """
    try:
        values = parse_json(content)
    except UnreadableDocument as error:
        raise PicturaError(
            f"'{where}' contains invalid settings ({error}); download or save the model again."
        ) from error
    if not isinstance(values, dict) or "format" not in values:
        raise PicturaError(f"'{where}' is not a pictura model; `pictura import` converts other projects' weights.")
    if values["format"] != BUNDLE_FORMAT:
        raise PicturaError(
            f"'{where}' has the format '{values['format']}', and this pictura reads '{BUNDLE_FORMAT}': update pictura."
        )
    for name, kind in _FIELDS.items():
        if not isinstance(values.get(name), kind):
            raise PicturaError(f"'{where}' has no valid '{name}'; download or save the model again.")
    return values


def read_config(folder: Path) -> dict[str, Any] | None:
    """What the folder's config.json says, None where there is none."""
    path = folder / CONFIG_FILE
    try:
        content = read_limited(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PicturaError(f"'{path}' cannot be read ({error.strerror}): check its permissions.") from error
    return parse_config(content, path)


def weights_sha256(words: dict[str, Any] | None) -> str | None:
    """The digest of the weights that config.json vouches for, None where it names none."""
    weights = (words or {}).get("weights")
    sha256 = weights.get("sha256") if isinstance(weights, dict) else None
    return sha256 if isinstance(sha256, str) else None
