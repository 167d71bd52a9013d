"""Matrix-and-curve ICC profiles in floating point, so that 16-bit pictures keep their 16 bits.

Pillow's ImageCms converts 8-bit pictures only. The profiles of cameras, screens and editors (sRGB, Display P3,
Adobe RGB, ProPhoto) are three curves and a matrix, read here after ICC.1:2022 §8.3.3, §10.6 (curv) and
§10.18 (para). Anything else raises ValueError and is left to ImageCms.
"""

import functools
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

Floats = NDArray[np.float32]

# Piecewise linear on these nodes a gamma of 2.2 is 2e-8 off at most in linear light, far below a 16-bit step.
_NODES = np.linspace(0, 1, 4097)
# Parameters in the file for each kind of parametric curve (ICC.1:2022 table 68).
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


@dataclass(frozen=True)
class Shaper:
    """Device values [0, 1] → curves (3×nodes, increasing) → matrix → XYZ under D50."""

    curves: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def decode(self, pixels: Floats) -> Floats:
        """Device values …×3 to linear light …×3, both in [0, 1]."""
        return _map_channels(pixels, [(_NODES, curve) for curve in self.curves])

    def encode(self, linear: Floats) -> Floats:
        """Linear light to device values; colours outside the profile's gamut are clipped to [0, 1]."""
        return _map_channels(linear, [(curve, _NODES) for curve in self.curves])


def _map_channels(values: Floats, maps: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Floats:
    out = np.empty(values.shape, np.float32)
    for i, (x, y) in enumerate(maps):
        out[..., i] = np.interp(values[..., i], x, y)
    return out


def convert_pixels(pixels: Floats, source: Shaper, target: Shaper) -> Floats:
    """Relative colorimetric: …×3 in the source's space to …×3 in the target's."""
    matrix = np.linalg.solve(target.matrix, source.matrix).astype(np.float32)
    return target.encode(source.decode(pixels) @ matrix.T)


@functools.cache
def srgb_profile() -> bytes:
    """LittleCMS's sRGB profile, with a fixed date so that equal pictures make equal files."""
    profile: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


@functools.lru_cache(maxsize=16)
def gamma_profile(exponent: float, grey: bool) -> bytes:
    """A profile for sRGB's primaries whose samples are light to the power of `exponent`, as PNG's gAMA says."""
    ours = _read_tags(srgb_profile())
    curve = struct.pack(">4s4xHxxi", b"para", 0, round(65536 / exponent))
    name = f"gamma {1 / exponent:.4g}".encode("utf-16-be")
    tags = {
        b"desc": struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(name), 28) + name,
        **{tag: ours[tag] for tag in (b"cprt", b"wtpt")},
    }
    if grey:
        tags[b"kTRC"] = curve
    else:
        tags |= {tag: ours[tag] for tag in (b"rXYZ", b"gXYZ", b"bXYZ")} | dict.fromkeys(
            (b"rTRC", b"gTRC", b"bTRC"), curve
        )
    table, data = b"", b""
    for tag, content in tags.items():
        start = 132 + 12 * len(tags) + len(data)
        table += struct.pack(">4sII", tag, start, len(content))
        data += content + bytes(-len(content) % 4)
    header = srgb_profile()[4:16] + (b"GRAY" if grey else b"RGB ") + srgb_profile()[20:84] + bytes(44)  # without its id
    body = header + struct.pack(">I", len(tags)) + table + data
    return struct.pack(">I", 4 + len(body)) + body


@functools.cache
def srgb() -> Shaper:
    """sRGB as a `Shaper`."""
    return parse_profile(srgb_profile())


def parse_profile(profile: bytes) -> Shaper:
    """The shaper of an RGB or grey profile; ValueError when it is damaged or has tables."""
    tags = _read_tags(profile)
    if profile[16:20] == b"GRAY" and b"kTRC" in tags:
        return Shaper(np.stack([_read_curve(tags[b"kTRC"])] * 3), srgb().matrix)
    needed = (b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ")
    if profile[16:24] != b"RGB XYZ " or b"A2B0" in tags or not tags.keys() >= set(needed):
        raise ValueError("not a matrix profile")
    matrix = np.stack([_read_fixed(tags[t][8:], 3) for t in needed[3:]], axis=1)
    if abs(np.linalg.det(matrix)) < 1e-4:  # sRGB has 0.2: three primaries on a line span no space
        raise ValueError("a matrix without inverse")
    return Shaper(np.stack([_read_curve(tags[t]) for t in needed[:3]]), matrix)


def _read_tags(profile: bytes) -> dict[bytes, bytes]:
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ValueError("not a profile")
    count = int.from_bytes(profile[128:132])
    table = profile[132 : 132 + 12 * count]
    entries = struct.iter_unpack(">4sII", table[: len(table) // 12 * 12])
    return {name: profile[start : start + length] for name, start, length in entries}


def _read_fixed(data: bytes, count: int) -> NDArray[np.float64]:
    return np.frombuffer(data, ">i4", count) / 65536  # s15Fixed16; raises ValueError when data is too short


def _read_curve(data: bytes) -> NDArray[np.float64]:
    if data[:4] == b"curv":
        y = _sampled_curve(data)
    elif data[:4] == b"para":
        y = _parametric_curve(data)
    else:
        raise ValueError("an unknown kind of curve")
    y = np.maximum.accumulate(np.clip(y, 0, 1))
    if not y[-1] > y[0]:  # also when NaN
        raise ValueError("a flat curve")
    return y


def _sampled_curve(data: bytes) -> NDArray[np.float64]:
    count = int.from_bytes(data[8:12])
    table = np.frombuffer(data, ">u2", count, offset=12) if count else np.zeros(0)
    if count == 0:
        return _NODES.copy()
    if count == 1:
        return _NODES ** (float(table[0]) / 256)
    return np.interp(_NODES, np.linspace(0, 1, count), table / 65535)


def _parametric_curve(data: bytes) -> NDArray[np.float64]:
    """y = (a x + b)^g + e and c x + f below d; the shorter kinds are special cases."""
    kind = int.from_bytes(data[8:10])
    if kind not in _PARAMETERS:
        raise ValueError("an unknown kind of parametric curve")
    parameters = [float(v) for v in _read_fixed(data[12:], _PARAMETERS[kind])]
    g, a, b, c, d, e, f = parameters + [0.0] * (7 - len(parameters))
    if kind == 0:
        a = 1.0
    elif a == 0:
        raise ValueError("a flat curve")
    elif kind in (1, 2):
        c, d, e, f = 0.0, -b / a, c, c
    with np.errstate(all="ignore"):
        x = _NODES
        return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
