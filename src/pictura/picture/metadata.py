"""What stands beside the pixels: pictura's own settings, and what a file says of its picture.

Settings are JSON under `pictura` in PNG, ImageDescription in JPEG, WebP and TIFF.
"""

import contextlib
import json
import warnings
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from pictura.picture import formats
from pictura.picture.notes import Notes
from pictura.runtime import files
from pictura.runtime.documents import parse_json
from pictura.runtime.errors import PicturaError

_TAGS = frozenset(ExifTags.Base[name] for name in ("Artist", "Copyright", "DateTime", "Make", "Model"))
_PHOTO_TAGS = frozenset(
    ExifTags.Base[name]
    for name in (
        *("DateTimeOriginal", "DateTimeDigitized", "SubsecTime", "SubsecTimeOriginal", "SubsecTimeDigitized"),
        *("OffsetTime", "OffsetTimeOriginal", "OffsetTimeDigitized"),
        *("ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength", "LensModel"),
    )
)
_GROUPS = {ExifTags.IFD.Exif: _PHOTO_TAGS, ExifTags.IFD.GPSInfo: range(32)}  # EXIF 3.0, table 15: GPS has 0 to 31
_AUTHOR, _COPYRIGHT = "Author", "Copyright"
_TEXTS = ("Title", _AUTHOR, "Description", _COPYRIGHT, "Creation Time", "Source", "Disclaimer")  # PNG 3rd ed., table 20
_MAX_TEXT = 4000  # characters; JPEG has 64 kB for all of EXIF, and pictura's settings are there too
_MAX_RESOLUTION = 65535  # pixels per inch: the most that JPEG's header holds


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


def notes_of(image: Image.Image) -> Notes:
    """What an opened file says of its picture; nothing that is odd, and never its orientation or its thumbnail."""
    try:
        exif = image.getexif()
        tags = {tag: value for tag, value in _pick_tags(exif, _TAGS).items() if isinstance(value, str)}
        photo, location = (_pick_group(exif, group, wanted) for group, wanted in _GROUPS.items())
        resolution = _resolution_of(image, exif)
    except formats.DECODE_ERRORS:
        return Notes()
    texts = {key: str(image.info[key]) for key in _TEXTS if isinstance(image.info.get(key), str)}
    texts = {key: text for key, text in texts.items() if image.format == "PNG" and len(text) <= _MAX_TEXT}
    for key, tag in ((_AUTHOR, ExifTags.Base.Artist), (_COPYRIGHT, ExifTags.Base.Copyright)):
        if key in texts:
            tags.setdefault(tag, texts[key])
        elif tag in tags and image.format == "PNG":
            texts[key] = tags[tag]
    return Notes(resolution, tags, photo, texts, location)


def _pick_tags(found: Mapping[int, Any], wanted: Container[int]) -> dict[int, Any]:
    picked = {tag: _check_value(found[tag]) for tag in found if tag in wanted}
    return {tag: value for tag, value in picked.items() if value is not None}


def _pick_group(exif: Image.Exif, group: ExifTags.IFD, wanted: Container[int]) -> dict[int, Any]:
    """Those of a directory's tags; none of them if one has a type that Pillow could not write again."""
    picked = _pick_tags(exif.get_ifd(group), wanted)
    directory = ImageFileDirectory_v2(group=group)
    try:
        directory.update(picked)
        directory.tobytes(8)
    except formats.DECODE_ERRORS:
        return {}
    return picked


def _check_value(value: Any) -> Any:
    """A tag's value as it can be written again; None where it cannot."""
    if isinstance(value, str):  # bytes, which Pillow takes for Latin-1; most programs write UTF-8
        with contextlib.suppress(UnicodeError):
            value = value.encode("latin-1").decode()
        return value.replace("\0", "") or None if len(value) <= _MAX_TEXT else None
    if isinstance(value, bytes):
        return value if len(value) <= _MAX_TEXT else None
    if isinstance(value, tuple):
        return value if len(value) <= 4 and all(_check_value(part) is not None for part in value) else None
    return value if isinstance(value, (int, IFDRational)) and 0 <= value < 2**32 else None


def _resolution_of(image: Image.Image, exif: Image.Exif) -> tuple[float, float] | None:
    given = image.info.get("dpi")
    if given is None and image.format not in ("JPEG", "TIFF") and ExifTags.Base.XResolution in exif:
        scale = 2.54 if exif.get(ExifTags.Base.ResolutionUnit) == 3 else 1  # 3 is centimetres
        given = tuple(scale * exif.get(tag, 0) for tag in (ExifTags.Base.XResolution, ExifTags.Base.YResolution))
    if not isinstance(given, tuple) or len(given) != 2 or not all(0 < float(side) < _MAX_RESOLUTION for side in given):
        return None
    across, down = (round(float(side), 4) for side in given)
    return (down, across) if orientation_of(image) >= 5 else (across, down)


def exif_groups(notes: Notes, *, keep_location: bool) -> dict[ExifTags.IFD, dict[int, Any]]:
    """EXIF's directories beside the first, those that hold something; the place only if asked."""
    groups = {ExifTags.IFD.Exif: notes.photo, ExifTags.IFD.GPSInfo: notes.location if keep_location else {}}
    return {group: dict(values) for group, values in groups.items() if values}


def build_exif(notes: Notes, description: str | None) -> Image.Exif:
    """The first directory of EXIF: notes, upright and without thumbnail, and a description."""
    exif = Image.Exif()
    for tag, value in notes.tags.items():
        exif[tag] = value.encode() if isinstance(value, str) else value  # Pillow would write "?" for what is not ASCII
    if notes.resolution is not None:
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = map(IFDRational, notes.resolution)
        exif[ExifTags.Base.ResolutionUnit] = 2  # inches
    if description is not None:
        exif[ExifTags.Base.ImageDescription] = description
    return exif


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
