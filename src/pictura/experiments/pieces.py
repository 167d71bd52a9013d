"""The pieces of an experiment, each computed once: its result lies in a file named by the digest of its recipe.

A recipe is all that decides the result: settings, digests of the data, the device, and the code. Whoever was killed in
the middle finds every finished piece again, with the same numbers, times included.
"""

import base64
import functools
import hashlib
import inspect
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pictura.experiments.report import finite
from pictura.picture.picture import Pixels
from pictura.runtime.documents import parse_json, read_json
from pictura.runtime.files import remove_temporaries, write_atomic

PACKAGE = Path(__file__).parents[1]
# What shows results but does not make them: a change there leaves them valid.
SHOWING = {"cli", "study", "video", "interop", "api.py", "experiments"}
SHARED = ("material.py", "painting.py", "training.py", "translating.py")  # of experiments, with what they compute


@dataclass(frozen=True)
class Found:
    """What a piece found.

    numbers: plain values for JSON, by name; pictures: H×W×3 in [0, 1], kept in 8 bits.
    """

    numbers: dict[str, Any]
    pictures: dict[str, Pixels] = field(default_factory=dict)


class Work:
    """What a piece is given while it is computed.

    folder: where it may keep what is half done; it need not exist. tell: to be called with the share that is done, from
        0 to 1, and a few words.
    """

    def __init__(self, folder: Path, tell: Callable[[float, str], None]) -> None:
        self.folder, self.tell = folder, tell


@dataclass(frozen=True)
class Piece:
    """One piece of work.

    name: unique in its experiment; recipe: all that decides the result, for JSON; cost: of the whole, in any unit.
    """

    name: str
    recipe: Mapping[str, Any]
    compute: Callable[[Work], Found]
    cost: float = 1.0

    @property
    def digest(self) -> str:
        """Of the recipe and the code, 20 letters; of experiments' own that is the module which computes."""
        function = self.compute.func if isinstance(self.compute, functools.partial) else self.compute
        own = Path(inspect.getfile(function)).read_bytes()
        code = [code_digest(), hashlib.sha256(own).hexdigest()]
        text = json.dumps({"recipe": self.recipe, "code": code}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Result:
    """A piece's findings, how long they took, when they were finished, and whether they were there already."""

    found: Found
    seconds: float
    finished: str
    kept: bool


@functools.cache
def code_digest() -> str:
    """Of our code that results can depend on, 12 letters."""
    paths = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in SHOWING]
    digest = hashlib.sha256()
    for path in sorted([*paths, *(PACKAGE / "experiments" / name for name in SHARED)]):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class PieceStore:
    """The results in a folder, one file each, whole or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.is_dir():
            remove_temporaries(folder)

    def get(self, piece: Piece, tell: Callable[[float, str], None] = lambda share, said: None) -> Result:
        """The result from its file, else computed and then kept."""
        path = self.folder / f"{piece.digest}.json"
        if (kept := _read_result(path)) is not None:
            return kept
        start = time.monotonic()
        found = piece.compute(Work(self.folder / piece.digest, tell))
        content = {
            "name": piece.name,
            "recipe": piece.recipe,
            "numbers": found.numbers,
            "pictures": {name: base64.b64encode(encode_png(p)).decode() for name, p in found.pictures.items()},
            "seconds": round(time.monotonic() - start, 3),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        text = json.dumps(finite(content))
        write_atomic(path, text.encode(), overwrite=True)
        return _parse_result(parse_json(text), kept=False)


def _read_result(path: Path) -> Result | None:
    """What the file says; None where there is none, or none that is whole: then the piece is computed again."""
    try:
        return _parse_result(read_json(path), kept=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _parse_result(content: dict[str, Any], *, kept: bool) -> Result:
    """A fresh result is read from its own text, too, so that it is the same as a kept one."""
    pictures = {name: decode_png(base64.b64decode(text)) for name, text in content["pictures"].items()}
    return Result(Found(content["numbers"], pictures), content["seconds"], content["finished"], kept)


def encode_png(pixels: Pixels) -> bytes:
    """H×W×3 in [0, 1] as an 8-bit PNG."""
    file = io.BytesIO()
    Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def decode_png(content: bytes) -> Pixels:
    """The picture of `encode_png`."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(np.float32) / np.float32(255)
