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
        self._lock_path = path / "lock"
        self._locked: IO[str] | None = None

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
        with self._open_lock() as file:
            _LOCK_FILES.add(file)
            self._remove_leftovers()
            self._locked = file
            try:
                yield
            finally:
                self._locked = None

    def _open_lock(self) -> IO[str]:
        """The lock file, locked, and still the one of this name: who held it before may have removed the folder."""
        while True:
            with files.translate_os_errors(self.path):
                self.checkpoints.mkdir(parents=True, exist_ok=True)
                file = self._lock_path.open("a", encoding="utf-8")
            if files.lock_file(file) is False:  # without locks on this file system: better to train than to refuse
                file.close()
                raise PicturaError(f"Another training is running in '{self.path}': wait for it or choose a new folder.")
            if self._is_there(file):
                return file
            file.close()

    def check_lock(self) -> None:
        """Before anything is written: the folder is still the one that was locked.

        Raises:
            PicturaError: it was removed or replaced, and another training may write in what has its name now.
        """
        if self._locked is not None and not self._is_there(self._locked):
            raise PicturaError(
                f"The folder '{self.path}' was removed or replaced while this training ran, which ends here and writes "
                "nothing more: start it again, in a folder of its own."
            )

    def _is_there(self, file: IO[str]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._lock_path.stat())
        except FileNotFoundError:
            return False
        except OSError:
            return True  # a network's file system that does not answer now; writing will tell

    def _remove_leftovers(self) -> None:
        """Remove what a killed training left half written, in checkpoints and in single files (`runtime.files`)."""
        checkpoint.remove_leftovers(self.checkpoints)
        for folder in (self.path, self.samples, self.bundle):
            files.remove_temporaries(folder)


def _release_locks() -> None:
    for file in _LOCK_FILES:
        file.close()


# A forked worker that outlives a killed training for seconds must not keep the folder locked.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_locks)
