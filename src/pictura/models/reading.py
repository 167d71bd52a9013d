"""A bundle is read: found, its digest compared, its numbers checked before anything is built of them."""

from pathlib import Path
from typing import Any

from pictura.models import config, store
from pictura.models.bundle import Bundle
from pictura.runtime.downloads import open_safetensors, verify_sha256
from pictura.runtime.errors import PicturaError
from pictura.runtime.numbers import read_tensor


def read_bundle(source: str | Path) -> Bundle:
    """The bundle at a folder or file, of a shipped name, or ``owner/name@commit`` on the hub.

    Weights come in float32, counters in int64. Nothing but a hub name that is not in the cache touches the network.

    Raises:
        PicturaError: there is no such bundle, its digest is another, or its numbers are damaged.
    """
    location = store.find_bundle(source)
    path = location.path
    beside = config.read_config(path.parent) if location.folder else None
    sha256 = location.sha256 or config.weights_sha256(beside)
    if sha256 is not None:
        verify_sha256(path, sha256)
    with open_safetensors(path) as file:
        header = (file.metadata() or {}).get(config.METADATA_KEY)
        inside = None if header is None else config.parse_config(header, path)
        words = _merge_config(inside, beside, path)
        tensors = {key: read_tensor(file, key, path) for key in sorted(file.keys())}
    return Bundle(words["method"], words["settings"], tensors, words["about"], str(source))


def _merge_config(inside: dict[str, Any] | None, beside: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    """What the weights say of themselves; of config.json only the words for people, which may have been edited."""
    if inside is None:
        if beside is None:
            raise PicturaError(
                f"'{path}' contains weights without pictura settings; `pictura import` converts other projects' "
                "weights."
            )
        return beside
    if beside is None:
        return inside
    if (inside["method"], inside["settings"]) != (beside["method"], beside["settings"]):
        raise PicturaError(f"'{path.parent / config.CONFIG_FILE}' does not match '{path.name}'; remove it.")
    return inside | {"about": beside["about"]}
