"""Where the encoders' weight files lie on this disk."""

from pathlib import Path
from typing import NamedTuple

from pictura.encoders.records import ENCODER_ALIASES, RECORDS, Weights
from pictura.runtime.downloads import Artifact
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import cache_folder

PACKAGE_FOLDER = Path(__file__).parents[1] / "assets" / "encoders"


class AvailableEncoder(NamedTuple):
    """A known weight file and where it lies, or None where it does not."""

    record: Weights
    path: Path | None


def weights_folder() -> Path:
    """``$PICTURA_WEIGHTS`` if set, else ``pictura/weights`` in the user's cache; it need not exist."""
    return cache_folder("weights", "PICTURA_WEIGHTS")


def weights_artifact(record: Weights) -> Artifact:
    """The file of `record`: shipped with the package, or in `weights_folder`."""
    return Artifact(record.name, record.filename, weights_folder(), PACKAGE_FOLDER, record.sha256, record.hub)


def check_present(name: str, who: str) -> None:
    """Refuse known weights that are not on this disk: `who`, a file that names them, is no user who asks to fetch them.

    Raises:
        PicturaError: says where it is told how to get them.
    """
    record = RECORDS.get(ENCODER_ALIASES.get(name, name))
    if record is not None and weights_artifact(record).find() is None:
        raise PicturaError(
            f"{who} needs the encoder '{name}', which is not on this disk: `pictura encoders` says how to get it."
        )


def available_encoders() -> list[AvailableEncoder]:
    """All known weights and where each lies; reads no file and no network."""
    return [AvailableEncoder(record, weights_artifact(record).find()) for record in RECORDS.values()]
