"""PNG files as Pillow can read them: without chunks longer than the file, and without texts larger than it takes.

Pillow refuses a sound picture for a compressed text or profile of more than 1 MiB; its limits are global settings.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pictura.runtime.errors import PicturaError

_TEXT_LIMIT = 2**20  # bytes of one expanded text: Pillow's MAX_TEXT_CHUNK
_TEXTS_LIMIT = 2**25  # of all of them: half of Pillow's MAX_TEXT_MEMORY
_PROFILE_LIMIT = 2**24  # the largest profiles, tables for CMYK in 16 bits, have a few MB
_COMPRESSED = (b"zTXt", b"iTXt", b"iCCP")


class _Chunk(NamedTuple):
    kind: bytes
    start: int  # of its length, in the file
    length: int  # of its data

    @property
    def end(self) -> int:
        """Behind its checksum."""
        return self.start + 12 + self.length


def open_png(file: BinaryIO, there: int, path: Path) -> tuple[BinaryIO, bytes | None]:
    """The file of `there` bytes, or as much of it as Pillow reads, and a profile that had to be left out.

    Raises:
        PicturaError: a chunk is longer than the file, before all pixels were there.
    """
    kept: list[_Chunk] = []
    left_out, profile, texts = False, None, 0
    for chunk in _read_chunks(file):
        if chunk.end - 4 > there:
            if not any(earlier.kind == b"IDAT" for earlier in kept) or chunk.kind == b"IDAT":
                raise PicturaError(
                    f"'{path}' is truncated or damaged: a part of {chunk.length} bytes is not there: download or copy "
                    "it again."
                )
            left_out = True
            break
        expanded = _expand(file, chunk)
        texts += 0 if chunk.kind in (b"IDAT", b"iCCP") else max(chunk.length, len(expanded))
        if chunk.kind == b"iCCP" and len(expanded) > _TEXT_LIMIT:
            profile = expanded if len(expanded) <= _PROFILE_LIMIT else None
        elif len(expanded) <= _TEXT_LIMIT and (texts <= _TEXTS_LIMIT or chunk.kind[:1].isupper()):
            kept.append(chunk)
            continue
        left_out = True
    file.seek(0)
    return (_copy_chunks(file, kept), profile) if left_out else (file, None)


def _read_chunks(file: BinaryIO) -> Iterator[_Chunk]:
    start, kind = 8, b""
    while kind != b"IEND":
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield _Chunk(kind, start, length)
        start += 12 + length


def _expand(file: BinaryIO, chunk: _Chunk) -> bytes:
    """What a compressed chunk holds, up to just above the limit; nothing of other chunks and of damaged ones."""
    if chunk.kind not in _COMPRESSED:
        return b""
    file.seek(chunk.start + 8)
    _, _, rest = file.read(chunk.length).partition(b"\0")
    if chunk.kind == b"iTXt":  # compressed or not, the method, language, translated keyword
        rest = rest[:1] + rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\1" else b""
    limit = _PROFILE_LIMIT if chunk.kind == b"iCCP" else _TEXT_LIMIT
    try:
        return zlib.decompressobj().decompress(rest[1:], limit + 1)
    except zlib.error:
        return b""


def _copy_chunks(file: BinaryIO, chunks: list[_Chunk]) -> BinaryIO:
    copy = io.BytesIO()
    copy.write(file.read(8))
    for chunk in chunks:
        file.seek(chunk.start)
        copy.write(file.read(12 + chunk.length))
    copy.seek(0)
    return copy
