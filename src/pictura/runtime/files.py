"""Files and folders: opened with plain errors, written whole or not at all, and safe from a power cut once written."""

import contextlib
import errno
import hashlib
import json
import mimetypes
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from pictura.runtime.errors import DiskFullError, PicturaError, did_you_mean

_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_RETRY = "free some space and try again"
# An address, of whose two slashes a path has made one; a drive's name, C:/, has one letter.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/+[^/]", re.IGNORECASE)


class FileDigest(NamedTuple):
    """Size and SHA-256 of a file."""

    bytes: int
    sha256: str


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """The file open for reading; PicturaError when it is missing, a folder or not to be read."""
    try:
        if path.is_dir():
            raise PicturaError(f"'{path}' is a folder: give one picture file in it.")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise PicturaError(explain_missing(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise PicturaError(f"{str(path)!r} cannot be read ({reason}): check its name and permissions.") from error
    with file:
        yield file


def is_address(path: Path | str) -> bool:
    """Whether it is an address of the network, and not the name of a file."""
    return _ADDRESS.match(str(path)) is not None


def explain_missing(path: Path | str) -> str:
    """The sentence for a file that is not there: an address to be fetched first, or a name like one that is."""
    if is_address(path):
        return f"'{path}' is an address, and only files are read: save it with a browser or curl, and give that file."
    return f"'{path}' does not exist: check the name.{_suggest_name(Path(path))}"


def _suggest_name(path: Path) -> str:
    """A neighbour's name, if it can be given instead: a file, and a picture where one was asked for."""

    def is_picture(name: str) -> bool:
        return str(mimetypes.guess_type(name)[0]).startswith("image/")

    with contextlib.suppress(OSError):
        names = [p.name for p in path.parent.iterdir() if p.is_file() and is_picture(p.name) >= is_picture(path.name)]
        return did_you_mean(path.name, names)
    return ""


def digest_file(path: Path) -> FileDigest:
    """Size and SHA-256 of a file, as the disk gives it."""
    with path.open("rb") as file:
        return FileDigest(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def check_free(path: str | Path, overwrite: bool = False) -> Path:
    """The path, when a file can be put there: not a folder, not taken, in a folder that can be written or made."""
    path = Path(path)
    with translate_os_errors(path):
        if path.is_dir():
            raise PicturaError(f"'{path}' is a folder: give a file name in it to write to.")
        if path.exists() and not overwrite:
            raise PicturaError(f"'{path}' exists already: choose another name or add --overwrite.")
        folder = next((p for p in path.absolute().parents if p.exists()), path)
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
        with translate_os_errors(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_and_sync(temporary, content)
            check_free(path, overwrite)  # again: writing may have taken long
            temporary.replace(target)
            sync_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def remove_temporaries(folder: Path) -> None:
    """Remove what killed programs left half written in a folder: files of `write_atomic` that nobody writes.

    One that is being written is locked by its writer; where the file system has no locks nothing is removed.
    """
    for left in folder.glob(".pictura-*.tmp"):
        with contextlib.suppress(OSError):
            if os.name == "nt":
                left.unlink()  # refused while it is open
                continue
            with left.open("rb") as file:
                if lock_file(file):
                    left.unlink()


def lock_file(file: IO[Any]) -> bool | None:
    """Whether the open file is this process's alone from now until it is closed; None where there are no locks."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def write_synced(path: Path, content: bytes) -> FileDigest:
    """Write a new file, have it reach the disk, and return what it should be; errors stay OSErrors."""
    _write_and_sync(path, content)
    if (size := path.stat().st_size) != len(content):
        raise OSError(errno.EIO, f"only {size} of {len(content)} bytes arrived")
    return FileDigest(len(content), hashlib.sha256(content).hexdigest())


def _write_and_sync(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    with path.open("xb") as file:
        if os.name != "nt":  # there a lock would keep the file from its name; an open file is not removed anyhow
            lock_file(file)
        if isinstance(content, bytes):
            file.write(content)
        else:
            content(file)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def translate_os_errors(path: Path, when_full: str = _RETRY) -> Iterator[None]:
    """An OSError inside becomes one sentence about `path`; `when_full` says what to do about a full disk."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error) or error.errno == errno.EFBIG:
            raise DiskFullError(
                f"'{path}' could not be written: the disk or your quota is full; {when_full}."
            ) from error
        raise PicturaError(
            f"'{path}' could not be written ({error.strerror or error}): check the name and the folder's permissions."
        ) from error


def is_disk_full(error: OSError) -> bool:
    """Whether removing something would help; a limit on the size of one file (EFBIG) does not count."""
    return error.errno in _DISK_FULL


def free_bytes(folder: Path) -> int:
    """Bytes that can still be written there."""
    return shutil.disk_usage(folder).free


def temporary_folder(folder: Path) -> Path:
    """A name for a hidden neighbour of `folder`, where its files are written before it gets its own name."""
    return folder.with_name(f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def move_into_place(temporary: Path, folder: Path) -> None:
    """Give a finished folder its name; its files have reached the disk, now so do the names."""
    sync_folder(temporary)
    temporary.rename(folder)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have a folder's names reach the disk. Windows opens no folders and some file systems sync none."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_folder(folder: Path) -> None:
    """Remove a folder: first its name, so that no half of it is ever taken for the whole."""
    with contextlib.suppress(OSError):
        trash = folder.with_name(f".{folder.name.lstrip('.')}-{secrets.token_hex(4)}.trash")
        folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)


def cache_folder(kind: str, variable: str) -> Path:
    """The folder in environment variable `variable`, else ``pictura/<kind>`` in the user's cache; it need not exist."""
    if named := os.environ.get(variable):
        return Path(named).expanduser()
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    cache = Path(local) if local else Path.home() / ".cache"
    return cache / "pictura" / kind


def encode_json(value: Any, indent: int | None = None) -> bytes:
    """JSON in UTF-8 with a line end; floats come back as they were."""
    return (json.dumps(value, indent=indent) + "\n").encode()
