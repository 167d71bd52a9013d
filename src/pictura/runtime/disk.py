"""Folders that appear whole or not at all, and survive a power cut once they are there."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import sync_folder

_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class FileDigest(NamedTuple):
    """What a manifest says of a file."""

    bytes: int
    sha256: str


@contextlib.contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """An OSError inside becomes one sentence about `path`; everything older on the disk is left as it is."""
    try:
        yield
    except OSError as error:
        if is_full(error) or error.errno == errno.EFBIG:
            raise PicturaError(
                f"'{path}' could not be written because the disk or your quota is full; what was saved before is "
                "intact: free some room and add --resume."
            ) from error
        raise PicturaError(
            f"'{path}' could not be written ({error.strerror or error}): check the name and the folder's permissions."
        ) from error


def is_full(error: OSError) -> bool:
    """Whether an error is about room, which removing something makes."""
    return error.errno in _DISK_FULL


def temporary_path(folder: Path) -> Path:
    """A name for a hidden neighbour of `folder`, where its files are written before it gets its own name."""
    return folder.with_name(f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def write_synced(path: Path, content: bytes) -> FileDigest:
    """Write a new file and have it reach the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if (size := path.stat().st_size) != len(content):
        raise OSError(errno.EIO, f"only {size} of {len(content)} bytes arrived")
    return FileDigest(len(content), hashlib.sha256(content).hexdigest())


def digest_file(path: Path) -> FileDigest:
    """Size and digest of a file, as the disk gives it."""
    with path.open("rb") as file:
        return FileDigest(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def move_into_place(temporary: Path, folder: Path) -> None:
    """Give a finished folder its name; its files have reached the disk, now so do the names."""
    sync_folder(temporary)
    temporary.rename(folder)
    sync_folder(folder.parent)


def remove_folder(folder: Path) -> None:
    """Take a folder away: first its name, so that no half of it is ever taken for the whole."""
    with contextlib.suppress(OSError):
        trash = folder.with_name(f".{folder.name.lstrip('.')}-{secrets.token_hex(4)}.trash")
        folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)


def free_bytes(folder: Path) -> int:
    """Bytes of room there."""
    return shutil.disk_usage(folder).free


def encode_json(value: Any, indent: int | None = None) -> bytes:
    """JSON; floats come back as they were."""
    return (json.dumps(value, indent=indent) + "\n").encode()
