"""A bundle from huggingface.co at one commit, into the cache, its digest checked before it is called by its name."""

import contextlib
import shutil
from pathlib import Path

from pictura.models import config, reading, store
from pictura.runtime.errors import PicturaError

_REQUIRED_FILES = (config.CONFIG_FILE, config.WEIGHTS_FILE)
_OPTIONAL_FILES = (config.CARD_FILE, config.PICTURE_FILE)


def fetch_bundle(repo: str, revision: str) -> Path:
    """The weights of a hub bundle, from the cache or else downloaded into it beside config.json.

    Raises:
        PicturaError: it cannot be had, or its files are not those that were saved.
    """
    target = store.hub_folder(repo, revision)
    if not (target / config.WEIGHTS_FILE).is_file():
        _download(repo, revision, target)
    return target / config.WEIGHTS_FILE


def _download(repo: str, revision: str, target: Path) -> None:
    """To a side folder first, so that a broken or wrong bundle never stands where it is looked for."""
    side = store.models_folder() / "downloads" / target.name
    for name in _REQUIRED_FILES:
        _get_file(repo, name, revision, side)
    try:
        _check_download(side, f"{repo}@{revision}")
    except PicturaError:
        shutil.rmtree(side, ignore_errors=True)
        raise
    for name in _OPTIONAL_FILES:
        with contextlib.suppress(PicturaError):  # a bundle without card or picture is one all the same
            _get_file(repo, name, revision, side)
    try:
        shutil.rmtree(side / ".cache", ignore_errors=True)  # the hub client's own notes
        if target.is_dir():  # config.json alone, put there by hand
            shutil.rmtree(target)
        side.replace(target)
    except OSError as error:
        raise PicturaError(
            f"'{target}' could not be written ({error.strerror}): check the folder's permissions."
        ) from error


def _check_download(side: Path, name: str) -> None:
    told = config.read_config(side)
    digest = ((told or {}).get("weights") or {}).get("sha256")
    if not isinstance(digest, str):
        raise PicturaError(f"'{name}' on the hub does not say the SHA-256 of its weights: it is not saved by pictura.")
    reading.check_digest(side / config.WEIGHTS_FILE, digest)


def _get_file(repo: str, name: str, revision: str, into: Path) -> None:
    """One file; the hub's client goes on where a broken download stopped."""
    target = store.hub_folder(repo, revision)
    links = " and ".join(f"https://huggingface.co/{repo}/resolve/{revision}/{one}" for one in _REQUIRED_FILES)
    by_hand = f"put {links} into {target}"
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise PicturaError(
            f"Fetching '{repo}' needs huggingface_hub: pip install 'pictura[hub]', or {by_hand}."
        ) from error
    try:
        hf_hub_download(repo, name, revision=revision, local_dir=into)
    except OSError as error:  # no network, no such repository or file, no answer, no space
        raise PicturaError(
            f"'{repo}@{revision}' is not in the cache and could not be fetched ({type(error).__name__}): "
            f"try again with a network, or {by_hand}."
        ) from error
