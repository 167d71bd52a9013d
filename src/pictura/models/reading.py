"""A bundle is read: found, its digest compared, its numbers checked before anything is built of them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from pictura.models import config, store
from pictura.models.bundle import Bundle
from pictura.runtime.errors import PicturaError

# What safetensors itself does not limit. The four networks of a CycleGAN have 113 MB; this leaves room.
MAX_BYTES = 2**31
MAX_TENSORS = 10_000
ALLOWED_DTYPES = {"F16", "BF16", "F32", "I64"}
PICKLE_SUFFIXES = {".pth", ".pt", ".pkl", ".pickle", ".bin", ".ckpt", ".t7", ".tar"}


def read_bundle(source: str | Path) -> Bundle:
    """The bundle at a folder or file, of a shipped name, or ``owner/name@commit`` on the hub.

    Weights come in float32, counters in int64. Nothing but a hub name that is not in the cache touches the network.

    Raises:
        PicturaError: there is no such bundle, its digest is another, or its numbers are damaged.
    """
    found = store.find_bundle(source)
    beside = config.read_config(found.path.parent) if found.folder else None
    expected = found.sha256 or _config_digest(beside)
    if expected is not None:
        check_digest(found.path, expected)
    with open_safetensors(found.path) as file:
        inside = (file.metadata() or {}).get(config.METADATA_KEY)
        told = _merge_config(None if inside is None else config.parse_config(inside, found.path), beside, found.path)
        tensors = {key: _read_tensor(file, key, found.path) for key in sorted(file.keys())}
    return Bundle(told["method"], told["settings"], tensors, told["about"], str(source))


def check_digest(path: Path, sha256: str) -> None:
    """Refuse a file that is not the one that was meant, byte for byte."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise PicturaError(
            f"'{path}' is not the file that was saved (SHA-256 {found[:12]}… instead of {sha256[:12]}…): "
            "fetch or save the bundle again."
        )


def _config_digest(beside: dict[str, Any] | None) -> str | None:
    weights = (beside or {}).get("weights")
    digest = weights.get("sha256") if isinstance(weights, dict) else None
    return digest if isinstance(digest, str) else None


@contextmanager
def open_safetensors(path: Path) -> Iterator[Any]:
    """The safetensors file at `path`, nothing read but its header, within our limits; else a PicturaError."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise PicturaError(
            f"'{path}' may be a pickle, which can run code when it is read: `pictura import` converts known ones."
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PicturaError(f"'{path}' is larger than {MAX_BYTES / 2**30:g} GB, which no bundle is: check the file.")
        with safe_open(path, framework="pt") as file:
            if len(file.keys()) > MAX_TENSORS:
                raise PicturaError(f"'{path}' holds more than {MAX_TENSORS} tensors, which no bundle does: it is none.")
            yield file
    except (SafetensorError, OSError) as error:
        raise PicturaError(f"'{path}' cannot be read as a safetensors file ({error}): fetch it again.") from error


def _merge_config(inside: dict[str, Any] | None, beside: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    """What the weights say of themselves; of config.json only the words for people, which may have been edited."""
    if inside is None:
        if beside is None:
            raise PicturaError(
                f"'{path}' holds weights but not what they are for: `pictura import` converts weights of others."
            )
        return beside
    if beside is None:
        return inside
    if (inside["method"], inside["settings"]) != (beside["method"], beside["settings"]):
        raise PicturaError(f"'{path.parent / config.CONFIG_FILE}' is of another model than '{path.name}': remove it.")
    return inside | {"about": beside["about"]}


def _read_tensor(file: Any, key: str, path: Path) -> Tensor:
    """One tensor in float32 or int64, and finite."""
    kind = file.get_slice(key).get_dtype()
    if kind not in ALLOWED_DTYPES:
        raise PicturaError(f"'{key}' in '{path}' is stored as {kind}: save it as F32 or F16.")
    tensor: Tensor = file.get_tensor(key)
    if not tensor.is_floating_point():
        return tensor
    tensor = tensor.float()
    if not tensor.isfinite().all():
        raise PicturaError(f"'{key}' in '{path}' holds infinite or undefined numbers: fetch the file again.")
    return tensor
