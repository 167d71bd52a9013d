"""PyAV, which is an extra: imported when needed, its errors in plain words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pictura.runtime.errors import PicturaError


def import_av() -> ModuleType:
    """The module `av`.

    Raises:
        PicturaError: it is not installed.
    """
    # SVT-AV1 writes its settings to stderr each time it is opened, unless only errors are asked for.
    os.environ.setdefault("SVT_LOG", "1")
    try:
        import av
    except ImportError as error:
        raise PicturaError("Videos need PyAV, which is not installed: pip install 'pictura[video]'.") from error
    return av


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """What FFmpeg says about a file that it cannot write, as one sentence; full disks are `OSError` as ever."""
    try:
        yield
    except import_av().error.FFmpegError as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise PicturaError(
            f"'{path}' could not be written ({error_text(error)}): try another --codec, or .mkv, which holds most."
        ) from error


def error_text(error: Exception) -> str:
    """FFmpeg's words without the name of a function."""
    return str(getattr(error, "strerror", None) or error)
