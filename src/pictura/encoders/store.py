"""Where the encoders' weight files lie on this disk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pictura.encoders.records import ENCODER_ALIASES, RECORDS, Weights
from pictura.runtime.downloads import Artifact
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import cache_folder

ALLOW_FETCHING = "PICTURA_FETCH"  # variable of the environment: 1 allows to fetch on first use
Getter = Callable[[Weights], Path]
_getters: list[Getter] = []  # at most one: `interop.encoders` reads checkpoints and is above this room
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


def converted_file(record: Weights) -> Path:
    """Where `pictura encoders get` puts the weights that it makes of a published checkpoint.

    Under a name of its own where the usual one is promised to a file with a digest.
    """
    return weights_folder() / (record.filename if record.sha256 is None else f"converted-{record.filename}")


def find_weights(record: Weights) -> Path | None:
    """The file on this disk, its content unread, or None."""
    made = converted_file(record)
    return weights_artifact(record).find() or (made if made.is_file() else None)


def set_getter(getter: Getter) -> None:
    """Tell what makes a weight file of a published checkpoint, to be asked on first use where the user allows it."""
    _getters[:] = [getter]


def fetch_weights(record: Weights) -> Path:
    """The weights on this disk, fetched when they are not and may be.

    Raises:
        PicturaError: says where they are published and how they get here; or they are not the published ones.
    """
    artifact = weights_artifact(record)
    if artifact.find() is not None:
        return artifact.fetch()  # its digest is compared
    if (made := find_weights(record)) is not None:
        return made
    if record.origin is not None and record.origin.sha256 and os.environ.get(ALLOW_FETCHING) == "1" and _getters:
        return _getters[0](record)
    if record.hub is not None:
        return artifact.fetch()
    raise PicturaError(f"The weights '{record.name}' are not on this disk: {how_to_get(record)}.")


def how_to_get(record: Weights) -> str:
    """What a person can do, as an imperative."""
    by_hand = f"put '{record.filename}' into {weights_folder()}"
    if record.origin is None:
        return by_hand
    get = f"pictura encoders get {record.name}"
    if record.origin.sha256:
        return f"`{get}` fetches them, or set {ALLOW_FETCHING}=1 to have them fetched on first use, or {by_hand}"
    return f"download {record.origin.url} ({record.origin.said}) and `{get} --from FILE`, or {by_hand}"


def check_present(name: str, who: str) -> None:
    """Refuse known weights that are not on this disk: `who`, a file that names them, is no user who asks to fetch them.

    Raises:
        PicturaError: says where it is told how to get them.
    """
    record = RECORDS.get(ENCODER_ALIASES.get(name, name))
    if record is not None and find_weights(record) is None:
        raise PicturaError(
            f"{who} needs the encoder '{name}', which is not on this disk: `pictura encoders` says how to get it."
        )


def available_encoders() -> list[AvailableEncoder]:
    """All known weights and where each lies; reads no file and no network."""
    return [AvailableEncoder(record, find_weights(record)) for record in RECORDS.values()]
