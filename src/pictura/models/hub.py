"""A model from huggingface.co at one commit, into the cache, its digest checked before it is called by its name."""

import contextlib
import shutil
from pathlib import Path

from pictura.models import config
from pictura.runtime.downloads import HubFile, verify_sha256
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import translate_os_errors

_REQUIRED_FILES = (config.CONFIG_FILE, config.WEIGHTS_FILE)
_OPTIONAL_FILES = (config.CARD_FILE, config.PICTURE_FILE)


def fetch_bundle(repo: str, revision: str, target: Path, side: Path) -> Path:
    """The weights of a hub bundle in the cache's folder `target`, or else downloaded into it beside config.json.

    `side` is a folder of the same file system for what is not yet whole.

    Raises:
        PicturaError: it cannot be had, or its files are not those that were saved.
    """
    if not (target / config.WEIGHTS_FILE).is_file():
        _download_bundle(repo, revision, target, side)
    return target / config.WEIGHTS_FILE


def _download_bundle(repo: str, revision: str, target: Path, side: Path) -> None:
    """To a side folder first, so that a broken or wrong bundle never stands where it is looked for."""
    name = f"{repo}@{revision}"
    by_hand = f"put {' and '.join(HubFile(repo, revision, file).url for file in _REQUIRED_FILES)} into {target}"
    for file in _REQUIRED_FILES:
        HubFile(repo, revision, file).download(side, f"the model '{name}'", by_hand)
    try:
        _verify_weights(side, name)
    except PicturaError:
        shutil.rmtree(side, ignore_errors=True)
        raise
    for file in _OPTIONAL_FILES:
        with contextlib.suppress(PicturaError):  # a bundle without card or picture is one all the same
            HubFile(repo, revision, file).download(side, f"the model '{name}'", by_hand)
    with translate_os_errors(target):
        shutil.rmtree(side / ".cache", ignore_errors=True)  # the hub client's own notes
        if target.is_dir():  # config.json alone, put there by hand
            shutil.rmtree(target)
        side.replace(target)


def _verify_weights(folder: Path, name: str) -> None:
    sha256 = config.weights_sha256(config.read_config(folder))
    if sha256 is None:
        raise PicturaError(f"'{name}' on the hub has no SHA-256 for its weights, so it was not saved by pictura.")
    verify_sha256(folder / config.WEIGHTS_FILE, sha256)
