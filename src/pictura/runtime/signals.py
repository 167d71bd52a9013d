"""SIGTERM and Ctrl-C during a training: the step is finished, the state saved, and only then the program left."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A training was asked to stop and has saved; ``128 + number`` is the exit code (130 Ctrl-C, 143 SIGTERM).

    step: optimisation steps taken; saved: the checkpoint.
    """

    def __init__(self, number: int, step: int, saved: Path) -> None:
        super().__init__()
        self.number, self.step, self.saved = number, step, saved


class StopRequest:
    """`number` is the signal that asked for the end, or 0."""

    def __init__(self) -> None:
        self.number = 0

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember the first; a second one is not waited for (what it leaves half written the next start removes)."""
        if self.number:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.number = number


@contextlib.contextmanager
def handle_signals() -> Iterator[StopRequest]:
    """Listens while inside, if this is the main thread; elsewhere signals go where they went."""
    ask = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield ask
        return
    before = {number: signal.signal(number, ask.handle) for number in _SIGNALS}
    try:
        yield ask
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
