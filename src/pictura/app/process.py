"""The server's side of a worker: it is started, asked, killed, and started again."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from pictura.runtime.documents import parse_json
from pictura.runtime.errors import PicturaError

START_SECONDS = 120.0  # to import torch on a machine that is busy with everything else
Told = dict[str, Any]


class Ended(Exception):  # noqa: N818, it is no error where somebody cancels
    """The worker ended before it answered; `code` is its exit status, below 0 a signal's number."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the worker ended with {code}")
        self.code = code


class Worker:
    """A program that does one task at a time. Another thread may kill it; the next task starts a new one.

    Args:
        niceness: how far it stands back for other programs, 0 to 19.
        memory: bytes it may take; 0 for as many as there are.
        threads: in which it computes; 0 for as many as help.
    """

    def __init__(self, niceness: int = 0, memory: int = 0, threads: int = 0) -> None:
        self._command = [sys.executable, "-m", "pictura.app.worker"]
        self._command += ["--nice", str(niceness), "--memory", str(memory), "--threads", str(threads)]
        self._turn = threading.Lock()  # of tasks
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[Told | None] = queue.Queue()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, if one is there."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Have it ready for the first task; returns when it is.

        Raises:
            Ended: it did not start.
        """
        with self._turn:
            self._ready()

    def call(self, task: Told, tell: Callable[[Told], None] | None = None, seconds: float | None = None) -> Told:
        """Its answer to a task; `tell` hears what it says on the way. After `seconds` it is killed.

        Raises:
            PicturaError: the task cannot be done; or it took too long.
            Ended: it was killed, or crashed.
        """
        with self._turn:
            process = self._ready()
            try:
                assert process.stdin is not None  # noqa: S101, for the type checker
                process.stdin.write(json.dumps(task).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                raise Ended(self._reap()) from error
            while True:
                told = self._next(seconds)
                if "done" in told:
                    done: Told = told["done"]
                    return done
                if "error" in told:
                    raise PicturaError(told["error"])
                if tell is not None:
                    tell(told)

    def kill(self) -> None:
        """End it now, whatever it does."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End it for good; returns when it has ended."""
        self._closed = True
        self.kill()
        with self._turn:
            self._reap()

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise Ended(0)
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._lines = queue.Queue()
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603, ours
        self._process = process
        threading.Thread(target=_pass_on, args=(process, self._lines), daemon=True).start()
        while "ready" not in self._next(START_SECONDS):
            pass
        return process

    def _next(self, seconds: float | None) -> Told:
        """The next line it says."""
        try:
            told = self._lines.get(timeout=seconds)
        except queue.Empty as error:
            self.kill()
            self._reap()
            raise PicturaError("That took too long: use a smaller picture.") from error
        if told is None:
            raise Ended(self._reap())
        return told

    def _reap(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent will not be
                    pipe.close()
        return code


def _pass_on(process: "subprocess.Popen[bytes]", lines: "queue.Queue[Told | None]") -> None:
    """Put what a worker says into a queue, and None at its end."""
    assert process.stdout is not None  # noqa: S101, for the type checker
    try:
        for line in process.stdout:
            lines.put(parse_json(line))
    except ValueError:  # half a line, of one that was killed; or the pipe is closed
        pass
    lines.put(None)
