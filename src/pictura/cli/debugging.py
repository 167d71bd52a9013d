"""Whether --debug was given: errors then show where they happened."""

from contextvars import ContextVar

_DEBUGGING = ContextVar("debugging", default=False)


def set_debugging(asked: bool) -> None:
    """For the command that begins."""
    _DEBUGGING.set(asked)


def debugging() -> bool:
    """Whether it was asked for."""
    return _DEBUGGING.get()
