"""PyAV, an extra: imported when needed, its errors as one sentence."""

import os
from collections.abc import Iterator, Mapping
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
    """FFmpeg's errors about a file that it cannot write, as one sentence; a full disk stays an `OSError`."""
    try:
        yield
    except import_av().error.FFmpegError as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise PicturaError(
            f"'{path}' could not be written ({error_text(error)}): try another --codec or .mkv."
        ) from error


def readable_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Metadata of a file opened with ``metadata_errors="surrogateescape"``: what is no UTF-8 is Windows' Latin-1.

    Old cameras and programs write the letters of their country so; of other alphabets it shows what no reader can know.
    """
    return {_read_text(name): _read_text(text) for name, text in tags.items()}


def _read_text(text: str) -> str:
    try:
        return text.encode("utf-8").decode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def error_text(error: Exception) -> str:
    """FFmpeg's message without the name of a function."""
    return str(getattr(error, "strerror", None) or error)
