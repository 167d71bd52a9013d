"""Where weight files lie on this disk, and how a missing one gets there."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from pictura.encoders.records import RECORDS, HubFile, Weights
from pictura.runtime.cache import cache_folder
from pictura.runtime.errors import PicturaError

PACKAGE_FOLDER = Path(__file__).parents[1] / "assets" / "encoders"


class AvailableEncoder(NamedTuple):
    """A known weight file and where it lies, or None where it does not."""

    record: Weights
    path: Path | None


def weights_folder() -> Path:
    """``$PICTURA_WEIGHTS`` if set, else ``pictura/weights`` in the user's cache; it need not exist."""
    return cache_folder("weights", "PICTURA_WEIGHTS")


def find_weights(record: Weights) -> Path | None:
    """The file of `record` on this disk: shipped with the package, or in `weights_folder`; its content is not looked at."""
    for place in (PACKAGE_FOLDER, weights_folder()):
        path = place / record.filename
        if path.is_file():
            return path
    return None


def available_encoders() -> list[AvailableEncoder]:
    """All known weights and where each lies; reads no file and no network."""
    return [AvailableEncoder(record, find_weights(record)) for record in RECORDS.values()]


def fetch_weights(record: Weights) -> Path:
    """The file of `record`, its SHA-256 checked; downloaded into `weights_folder` when it is not on this disk.

    Raises PicturaError when it is nowhere to be had, or is not the file it should be.
    """
    path = find_weights(record)
    if path is None:
        return _download_weights(record)
    _check_sha256(path, record)
    return path


def _check_sha256(path: Path, record: Weights) -> None:
    """Refuse a file that is not the published one, byte for byte."""
    if record.sha256 is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != record.sha256:
        raise PicturaError(
            f"'{path}' is not the file published as '{record.name}' (SHA-256 {found[:12]}… instead of "
            f"{record.sha256[:12]}…): delete it and fetch it again."
        )


def _download_weights(record: Weights) -> Path:
    """Fetch to a side folder, so that a broken or wrong file never stands where `find_weights` looks."""
    target = weights_folder() / record.filename
    if record.hub is None:
        raise PicturaError(
            f"The weights '{record.name}' are not on this disk: put '{target.name}' into {weights_folder()}."
        )
    arrived = _download_from_hub(record, record.hub, weights_folder() / "downloads" / record.name)
    try:
        _check_sha256(arrived, record)
    except PicturaError:
        arrived.unlink()
        raise
    return arrived.replace(target)


def _download_from_hub(record: Weights, hub: HubFile, into: Path) -> Path:
    """Download `hub` under `into`; the hub's client goes on where a broken download stopped."""
    by_hand = f"save {hub.url} as '{record.filename}' in {weights_folder()}"
    try:
        from huggingface_hub import hf_hub_download  # type: ignore[import-not-found, unused-ignore]  # an extra
    except ImportError as error:
        raise PicturaError(
            f"Fetching the weights '{record.name}' needs huggingface_hub: pip install 'pictura[hub]', or {by_hand}."
        ) from error
    try:
        return Path(hf_hub_download(hub.repo, hub.filename, revision=hub.revision, local_dir=into))
    except OSError as error:  # no network (LocalEntryNotFoundError), no answer, no space
        raise PicturaError(
            f"The weights '{record.name}' are not on this disk and could not be fetched ({type(error).__name__}): "
            f"try again with a network, or {by_hand}."
        ) from error
