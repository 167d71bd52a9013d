"""The folder of a run: who may write in it, and what is called how.

``checkpoints/``, ``samples/step-….png``, ``log.jsonl``, ``losses.svg``, ``settings.json``, where they are asked for
``events.out.tfevents.…`` and, at the end, ``bundle/``.
"""

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pictura.runtime import files
from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint

_LOCK_FILES: "weakref.WeakSet[IO[str]]" = weakref.WeakSet()


class RunFolder:
    """Paths in the folder of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"
        self.log = path / "log.jsonl"
        self.plot = path / "losses.svg"
        self.settings = path / "settings.json"
        self.bundle = path / "bundle"

    def sample(self, step: int) -> Path:
        """The sample sheet of this step."""
        return self.samples / f"{checkpoint.checkpoint_name(step)}.png"

    def check(self, resume: bool) -> None:
        """Before anything slow: a run that is there is resumed, or left alone.

        Raises:
            PicturaError: there is one, and `resume` is false.
        """
        if not resume and (checkpoint.list_checkpoints(self.checkpoints) or self.bundle.exists()):
            raise PicturaError(f"'{self.path}' already contains a run; resume it with --resume or choose a new folder.")

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Only this process writes here; the system opens the lock when the process ends, however it does.

        Raises:
            PicturaError: another training writes here, or nobody can.
        """
        with files.translate_os_errors(self.path):
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            file = (self.path / "lock").open("a", encoding="utf-8")
        with file:
            if not _lock(file):
                raise PicturaError(f"Another training is running in '{self.path}': wait for it or choose a new folder.")
            _LOCK_FILES.add(file)
            self._remove_leftovers()
            yield

    def _remove_leftovers(self) -> None:
        """Remove what a killed training left half written, in checkpoints and in single files (`runtime.files`)."""
        checkpoint.remove_leftovers(self.checkpoints)
        for folder in (self.path, self.samples, self.bundle):
            for left in folder.glob(".pictura-*.tmp"):
                left.unlink(missing_ok=True)


def _lock(file: IO[str]) -> bool:
    """Whether the file is ours now."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: better to train than to refuse
        return True
    return True


def _release_locks() -> None:
    for file in _LOCK_FILES:
        file.close()


# A forked worker that outlives a killed training for seconds must not keep the folder locked.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_locks)
