"""What a file says of its picture beside pixels, profile and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Notes:
    """Resolution, author, copyright, dates and place, as far as the file tells.

    resolution: pixels per inch, horizontal and vertical.
    tags: EXIF's tags of the picture, by number: author, copyright, date, camera.
    photo: EXIF's tags of the exposure: its dates.
    texts: PNG's texts, by keyword.
    location: EXIF's GPS tags; written only on request, since a home may be among them.
    """

    resolution: tuple[float, float] | None = None
    tags: Mapping[int, Any] = field(default_factory=dict)
    photo: Mapping[int, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    location: Mapping[int, Any] = field(default_factory=dict)
