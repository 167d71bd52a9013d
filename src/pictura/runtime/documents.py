"""JSON and TOML from outside, read in one place: never too large, too deep, or with numbers that are none.

Settings in pictures and bundles, recipes, checkpoints, logs and the registry of models come through here. What cannot
be believed is an `UnreadableDocument`; each caller says in one sentence which file it was and what to do about it.
"""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

# Ours: the largest state of a checkpoint has some hundred thousand bytes, the deepest settings seven levels.
MAX_DOCUMENT_BYTES = 2**24
MAX_TOML_BYTES = 2**16  # a recipe has a thousand
MAX_TOML_LINE = 2**12  # letters; tomllib's time is quadratic in the dots of a key, which fills a minute with 100 kB
MAX_DEPTH = 64
MAX_INTEGER = 2**64  # seeds have 63 bits


class UnreadableDocument(ValueError):  # noqa: N818, what it says of a text
    """A text is no JSON or TOML that we read; the message says why."""


def parse_json(content: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        UnreadableDocument: it is none, or beyond the limits above, or holds NaN or infinity.
    """
    _check_size(len(content), MAX_DOCUMENT_BYTES)
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # of decoding, too
        raise UnreadableDocument(str(error)) from error
    _check_value(value)
    return value


def parse_toml(content: str | bytes) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        UnreadableDocument: as `parse_json`.
    """
    _check_size(len(content), MAX_TOML_BYTES)
    try:
        text = content if isinstance(content, str) else content.decode()
        if max(map(len, text.splitlines()), default=0) > MAX_TOML_LINE:
            raise UnreadableDocument(f"it has a line of more than {MAX_TOML_LINE:,} letters")
        value = tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep() from error
    except UnreadableDocument:
        raise
    except ValueError as error:
        raise UnreadableDocument(str(error)) from error
    _check_value(value)
    return value


def read_json(path: Path) -> Any:
    """The value in a JSON file; `parse_json`'s errors, and OSError."""
    return parse_json(read_limited(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; `parse_toml`'s errors, and OSError."""
    return parse_toml(read_limited(path))


def read_limited(path: Path) -> bytes:
    """The file's bytes, one more than `MAX_DOCUMENT_BYTES` at most, so that a parser refuses what is longer."""
    with path.open("rb") as file:
        return file.read(MAX_DOCUMENT_BYTES + 1)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise UnreadableDocument(f"it is longer than {limit:,} bytes")


def _check_value(value: Any) -> None:
    """Depth and numbers, without recursion."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
            elif isinstance(one, float) and not math.isfinite(one):
                raise UnreadableDocument("it holds NaN or infinity")
            elif isinstance(one, int) and abs(one) > MAX_INTEGER:
                raise UnreadableDocument("it holds a whole number of more than 64 bits")
        level = inner


def _too_deep() -> UnreadableDocument:
    return UnreadableDocument(f"it is nested more than {MAX_DEPTH} levels deep")
