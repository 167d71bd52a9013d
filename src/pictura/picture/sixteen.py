"""Read and write 16 bits per sample, which Pillow decodes but does not hand out.

Pillow undoes compression, filters and interlacing of 16-bit colour files and then keeps one byte of each sample:
the first for the raw mode `…;16B`, the second for `…;16L`. Decoding with both gives all 16 bits, at the speed of C.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

Uint16Samples = NDArray[np.uint16]

_BITS_TAG = 258  # TIFF tag BitsPerSample
_PLANAR_TAG = 284  # TIFF tag PlanarConfiguration; 2 stores the channels separately
_PHOTOMETRIC_TAG = 262  # TIFF tag PhotometricInterpretation; 0 is "white is zero"
_PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # channels to PNG's colour type (PNG 3rd edition, table 8)


def raw_mode(image: ImageFile.ImageFile) -> str:
    """Pillow's name for the samples in the file, such as `RGB;16B`; empty when it gives none."""
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether an opened, not yet decoded grey or RGB image has 16 bits per sample."""
    return ";16" in raw_mode(image) and image.mode != "CMYK"


def is_decodable(image: ImageFile.ImageFile) -> bool:
    """Whether Pillow decodes it correctly: not other depths of TIFF, nor 16 bits with separate channels."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_TAG, (8,))
    return set(bits) <= {1, 2, 4, 8, 16} and not (16 in bits and tags.get(_PLANAR_TAG) == 2)


def decode_16_bits(image: ImageFile.ImageFile, again: Callable[[], ImageFile.ImageFile]) -> Uint16Samples:
    """H×W×C of an opened deep image, C of 1 to 4; `again` opens the same file once more."""
    raw = raw_mode(image)
    if image.mode.startswith("I;16"):
        samples = _decode_grey(image)
    elif raw.startswith("LA;"):  # read as four 8-bit samples: high and low byte stay side by side
        samples = np.ascontiguousarray(_load_raw(image, "RGBA")).view(">u2").astype(np.uint16)
    else:
        samples = _decode_colour(image, again(), raw)
    return _add_alpha(samples, image.info["transparency"]) if "transparency" in image.info else samples


def _decode_colour(image: ImageFile.ImageFile, twin: ImageFile.ImageFile, raw: str) -> Uint16Samples:
    kind, order = raw.replace("RGBa", "RGBA").split(";16")
    first, second = _load_raw(image, kind + ";16B"), _load_raw(twin, kind + ";16L")
    big = order == "B" or (order == "N" and sys.byteorder == "big")
    high, low = (first, second) if big else (second, first)
    samples: Uint16Samples = high * np.uint16(256) + low
    return _unmultiply(samples) if raw.startswith("RGBa") else samples


def _add_alpha(samples: Uint16Samples, key: int | tuple[int, ...]) -> Uint16Samples:
    """PNG's single transparent colour as an alpha channel."""
    opaque = (samples != np.asarray(key)).any(axis=-1, keepdims=True)
    return np.concatenate([samples, opaque * np.uint16(65535)], axis=-1)


def _decode_grey(image: ImageFile.ImageFile) -> Uint16Samples:
    image.load()
    samples = np.asarray(image).astype(np.uint16)[..., None]
    return 65535 - samples if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC_TAG) == 0 else samples


def _load_raw(image: ImageFile.ImageFile, raw: str) -> NDArray[np.uint8]:
    image.tile = [t._replace(args=(raw, *t.args[1:]) if isinstance(t.args, tuple) else raw) for t in image.tile]
    image.load()
    return np.asarray(image)


def _unmultiply(samples: Uint16Samples) -> Uint16Samples:
    alpha = np.maximum(samples[..., 3:], 1).astype(np.float64)
    colour = np.minimum(np.rint(samples[..., :3] * (65535 / alpha)), 65535)
    return np.concatenate([colour.astype(np.uint16), samples[..., 3:]], axis=-1)


def encode_png(
    samples: Uint16Samples, profile: bytes | None, text: str | None, more: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """A PNG file of H×W×C samples, C of 1 to 4, with an ICC profile, a text of the key `pictura`, and `more` chunks."""
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR[channels], 0, 0, 0)
    rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    step = 2 * channels
    filtered[:, 0] = 1  # filter "Sub": the difference from the pixel to the left, bytewise
    filtered[:, 1 : 1 + step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=filtered[:, 1 + step :])
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header)]
    if profile is not None:
        parts.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)))
    if text is not None:
        parts.append(_chunk(b"iTXt", pack_text("pictura", text)))
    parts += [_chunk(kind, data) for kind, data in more]
    return b"".join([*parts, _chunk(b"IDAT", zlib.compress(filtered.tobytes())), _chunk(b"IEND", b"")])


def pack_text(key: str, text: str) -> bytes:
    """The content of an iTXt chunk."""
    return key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
