"""Ctrl-C and SIGTERM as a request: what runs comes to a good end, and only then the program is left."""

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
    """Says, when called, whether somebody asked for the end; `number` is the signal, or 0."""

    def __init__(self, clean_up: bool = False, at_once: bool = False) -> None:
        self.number = 0
        self._clean_up, self._at_once = clean_up, at_once

    @property
    def exit_code(self) -> int:
        """As a shell gives it: 128 and the signal; 130, Ctrl-C, where a KeyboardInterrupt came without one."""
        return 128 + (self.number or signal.SIGINT)

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.number != 0

    def handle(self, number: int, _: FrameType | None) -> None:
        """Store the first signal; a second one ends the program at once."""
        if not self.number:
            self.number = number
            if self._at_once:
                raise KeyboardInterrupt
        elif self._clean_up or self._at_once:
            raise KeyboardInterrupt
        else:  # what this leaves half written the next start removes
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


@contextlib.contextmanager
def catch_signals(*, clean_up: bool = False, at_once: bool = False) -> Iterator[StopRequest]:
    """Turn signals into a `StopRequest` while inside, if this is the main thread; elsewhere they go where they went.

    A second signal ends the program as the system does, or with `clean_up` as KeyboardInterrupt, so that temporary
    files are removed on the way. `at_once` is for work that does not ask: the first one is a KeyboardInterrupt, too,
    and a signal that the program was started deaf to stays unheard.
    """
    stop = StopRequest(clean_up, at_once)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    heard = [number for number in _SIGNALS if not (at_once and signal.getsignal(number) is signal.SIG_IGN)]
    before = {number: signal.signal(number, stop.handle) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
