"""Files opened with plain errors and written whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pictura.runtime.errors import PicturaError, did_you_mean

_DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """The file open for reading; PicturaError when it is missing, a folder or not to be read."""
    try:
        if path.is_dir():
            raise PicturaError(f"'{path}' is a folder: give one picture file in it.")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise PicturaError(f"'{path}' does not exist: check the name.{_suggest_name(path)}") from error
    except OSError as error:
        raise PicturaError(f"'{path}' cannot be read ({error.strerror}): check its name and permissions.") from error
    with file:
        yield file


def _suggest_name(path: Path) -> str:
    with contextlib.suppress(OSError):
        return did_you_mean(path.name, [p.name for p in path.parent.iterdir()])
    return ""


def check_free(path: str | Path, overwrite: bool = False) -> Path:
    """The path, when a file can be put there: not a folder, not taken, in a folder that can be written or made."""
    path = Path(path)
    try:
        if path.is_dir():
            raise PicturaError(f"'{path}' is a folder: give a file name in it to write to.")
        if path.exists() and not overwrite:
            raise PicturaError(f"'{path}' exists already: choose another name or add --overwrite.")
        folder = next((p for p in path.absolute().parents if p.exists()), path)
    except OSError as error:
        raise PicturaError(_describe_error(path, error)) from error
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise PicturaError(f"'{path}' cannot be written because '{folder}' is not a folder you may write in.")
    return path


def write_atomic(path: str | Path, content: bytes | Callable[[BinaryIO], object], *, overwrite: bool = False) -> Path:
    """Write bytes, or what a writer puts into the open file, so that the file appears whole or not at all.

    Missing folders are made. The bytes go to a hidden neighbour, reach the disk, and take the name in one step
    (rename, then the folder synced, so that it outlives a power cut). PicturaError says what stood in the way.
    """
    path = check_free(path, overwrite)
    target = path.resolve()  # a link stays a link: what it points to is replaced
    temporary = target.with_name(f".pictura-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_and_sync(temporary, content)
        check_free(path, overwrite)  # again: writing may have taken long
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise PicturaError(_describe_error(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def _write_and_sync(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            content(file)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have a folder's names reach the disk. Windows opens no folders and some file systems sync none."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _describe_error(path: Path, error: OSError) -> str:
    if error.errno in _DISK_FULL:
        return f"'{path}' could not be written because the disk or your quota is full: free some room and try again."
    return f"'{path}' could not be written ({error.strerror or error}): check the name and the folder's permissions."
