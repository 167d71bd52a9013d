"""Painted frames, encoded and kept part by part beside the output, so that a video that was stopped can go on.

A part is a fixed number of frames with an encoder of its own, so that it is the same whether the video was stopped or
not. It appears in the folder whole or not at all. When all frames are painted, the parts are put together without
being encoded again, and the folder is removed.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from pictura.runtime.documents import parse_json, read_json
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import encode_json, lock_file, remove_folder, sync_folder, translate_os_errors, write_synced

_HEADER = struct.Struct("<qqqBI")  # times and duration, whether it is a key frame, number of bytes
_STATE = "job.json"
WHEN_FULL = "free some space, and go on with --resume"


class EncodedFrame(NamedTuple):
    """A packet of the encoder; times in the time base of the clip."""

    pts: int
    dts: int
    duration: int
    key: bool
    data: bytes


class Parts:
    """The folder of one output; made by `open_parts`."""

    def __init__(self, folder: Path, target: Path, state: dict[str, Any]) -> None:
        self.folder, self.target, self.state = folder, target, state
        self.finished = False  # whether the output is whole

    def paths(self) -> list[Path]:
        """The whole parts in order, from the first to before the first that is missing."""
        found: list[Path] = []
        while (path := self._path(len(found))).is_file():
            found.append(path)
        return found

    def add(self, frames: Iterable[EncodedFrame], last: Tensor | None = None) -> None:
        """Keep the next part, and its last painted frame where the next one goes by it.

        Raises:
            DiskFullError, PicturaError: it cannot be written.
        """
        path = self._path(number := len(self.paths()))
        temporary = path.with_suffix(".tmp")
        with translate_os_errors(self.target, WHEN_FULL):
            try:
                if last is not None:
                    self._last(number).unlink(missing_ok=True)
                    write_synced(self._last(number), last.contiguous().numpy().tobytes())
                with temporary.open("wb") as file:
                    write_frames(file, frames)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
                sync_folder(self.folder)
                self._last(number - 1).unlink(missing_ok=True)
            finally:
                temporary.unlink(missing_ok=True)

    def read(self) -> Iterator[EncodedFrame]:
        """All encoded frames of all whole parts."""
        for path in self.paths():
            with path.open("rb") as file:
                yield from read_frames(file)

    def read_last(self, size: tuple[int, int]) -> Tensor | None:
        """The last painted frame of all parts, 1×3×H×W, where it was kept."""
        path = self._last(len(self.paths()) - 1)
        return (
            torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32).view(1, 3, *size)
            if path.is_file()
            else None
        )

    def note_beginning(self) -> None:
        """Remember that the file at the output's place is only the beginning, so that going on may replace it."""
        self.write_state({**self.state, "beginning": _facts(self.target)})

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.part"

    def _last(self, number: int) -> Path:
        return self.folder / f"{number:06d}.frame"

    def write_state(self, state: dict[str, Any]) -> None:
        """Write down what the folder is for."""
        self.state = state
        temporary = self.folder / "job.tmp"
        with translate_os_errors(self.target):
            temporary.unlink(missing_ok=True)
            write_synced(temporary, encode_json(state))
            temporary.replace(self.folder / _STATE)


def parts_folder(target: Path) -> Path:
    """Where the parts of an output are kept while it is painted."""
    return target.resolve().with_name(f".{target.name}.parts")


def read_job(target: Path) -> dict[str, Any] | None:
    """What was begun for an output and not finished; None: nothing."""
    with suppress(OSError, ValueError):
        state = read_json(parts_folder(target) / _STATE)
        return state if isinstance(state, dict) and isinstance(state.get("job"), dict) else None
    return None


def may_replace_beginning(target: Path) -> bool:
    """Whether the file at the output's place is what a stopped run left, and is to be gone on with."""
    state = read_job(target)
    return state is not None and target.is_file() and state.get("beginning") == _facts(target)


@contextmanager
def open_parts(target: Path, job: Mapping[str, Any], *, resume: bool, overwrite: bool) -> Iterator[Parts]:
    """The parts of an output; their folder is gone when the context ends, if all is done or nothing is worth keeping.

    Args:
        target: the output.
        job: all that the frames depend on, as JSON.
        resume: whether to go on with what was begun.
        overwrite: whether to begin anew where something else was begun.

    Raises:
        PicturaError: something was begun and `resume` is not asked for, it was another job, or it is being painted.
    """
    folder, begun = parts_folder(target), read_job(target)
    job = parse_json(encode_json(dict(job)))
    if begun is not None and not (resume and begun["job"] == job):
        if not overwrite:
            raise PicturaError(_explain(target, begun["job"], job, resume))
        begun = None
    with translate_os_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("ab") as lock:
            if lock_file(lock) is False:
                raise PicturaError(f"'{target}' is being painted by another process: wait for it.")
            for left in folder.glob("*.tmp" if begun else "*.*"):
                left.unlink(missing_ok=True)
            parts = Parts(folder, target, begun or {"job": job})
            if begun is None:
                parts.write_state(parts.state)
            try:
                yield parts
            finally:
                if parts.finished or not (parts.paths() or "beginning" in parts.state):
                    remove_folder(folder)


def _explain(target: Path, begun: Mapping[str, Any], job: Mapping[str, Any], resume: bool) -> str:
    if not resume:
        return f"'{target}' was begun and not finished: add --resume to go on, or --overwrite to begin anew."
    differs = [name for name in sorted({*begun, *job}) if begun.get(name) != job.get(name)]
    words = " and ".join(differs).replace("_", " ")
    return f"'{target}' was begun with another {words}: give the same to go on, or --overwrite to begin anew."


def _facts(path: Path) -> list[int] | None:
    with suppress(OSError):
        found = path.stat()
        return [found.st_size, found.st_mtime_ns]
    return None


def write_frames(file: BinaryIO, frames: Iterable[EncodedFrame]) -> None:
    """Write encoded frames one after the other."""
    for frame in frames:
        file.write(_HEADER.pack(frame.pts, frame.dts, frame.duration, frame.key, len(frame.data)))
        file.write(frame.data)


def read_frames(file: BinaryIO) -> Iterator[EncodedFrame]:
    """What `write_frames` wrote."""
    while header := file.read(_HEADER.size):
        pts, dts, duration, key, size = _HEADER.unpack(header)
        yield EncodedFrame(pts, dts, duration, bool(key), file.read(size))
