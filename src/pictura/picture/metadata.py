"""pictura's own settings inside a picture: JSON under `pictura` in PNG, as ImageDescription in JPEG, WebP and TIFF."""

import json
import warnings
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pictura.picture import formats
from pictura.runtime import files
from pictura.runtime.documents import parse_json
from pictura.runtime.errors import PicturaError


def pack_settings(settings: dict[str, Any]) -> str:
    """The settings as one line of ASCII, {"pictura": …}; TypeError when they cannot be JSON."""
    return json.dumps({"pictura": settings}, allow_nan=False)


def settings_of(image: Image.Image) -> dict[str, Any] | None:
    """pictura's settings in an opened image, or None: other programs use the same fields."""
    try:
        text = image.info.get("pictura") or image.getexif().get(ExifTags.Base.ImageDescription)
        settings = parse_json(text)["pictura"] if isinstance(text, str) else None
    except formats.DECODE_ERRORS:
        return None
    return settings if isinstance(settings, dict) else None


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 (upright) when it is missing or invalid."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except formats.DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings pictura wrote into a picture; nothing is decoded.

    Raises:
        PicturaError: the file cannot be read or contains no settings.
    """
    path = Path(path)
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's about odd metadata
        settings = settings_of(formats.open_header(file, path))
    if settings is None:
        raise PicturaError(
            f"'{path}' contains no pictura settings: give an image that pictura wrote (BMP stores none)."
        )
    return settings
