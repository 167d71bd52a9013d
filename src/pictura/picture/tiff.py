"""EXIF inside a TIFF, whose own tags it is: none of the programs that write ours can put all of it there."""

import struct
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

_ENTRY = 12  # bytes of one entry of a directory (TIFF 6.0, §2); classic TIFF only, which is what we write
_ASCII, _LONG = 2, 4  # types: text that ends with a zero, and 32 bits without sign


def add_tags(content: bytes, texts: Mapping[int, str], groups: Mapping[ExifTags.IFD, Mapping[int, Any]]) -> bytes:
    """A TIFF file with these texts among its tags, in UTF-8, and with these directories of EXIF.

    They and a longer first directory are put behind what is there.
    """
    order = "<" if content[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, first)
    end = first + 2 + count * _ENTRY
    entries = {content[at : at + 2]: content[at : at + _ENTRY] for at in range(first + 2, end, _ENTRY)}
    grown = bytearray(content)

    def add(tag: int, kind: int, count: int, data: bytes) -> None:
        entry = struct.pack(order + "HHII", tag, kind, count, _append(grown, data))
        entries[entry[:2]] = entry

    for tag, text in texts.items():
        data = text.encode() + b"\0\0\0\0"  # what has 4 bytes or fewer would stand in the entry itself
        add(tag, _ASCII, len(data), data)
    for group, values in groups.items():
        directory = ImageFileDirectory_v2(prefix=content[:2], group=group)
        directory.update(values)
        add(group, _LONG, 1, directory.tobytes(len(grown) + len(grown) % 2))
    ordered = sorted(entries.values(), key=lambda entry: struct.unpack_from(order + "H", entry))
    start = _append(grown, struct.pack(order + "H", len(ordered)) + b"".join(ordered) + content[end : end + 4])
    struct.pack_into(order + "I", grown, 4, start)
    return bytes(grown)


def _append(content: bytearray, data: bytes) -> int:
    """Where the data stands now: at an even place."""
    content += bytes(len(content) % 2)
    start = len(content)
    content += data
    return start
