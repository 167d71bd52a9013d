"""Read a picture file into a `Picture`: by content, within a pixel limit, fully decoded."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from pictura.picture import colour, formats, limits, metadata, sixteen
from pictura.picture.bands import float_samples, is_uint8
from pictura.picture.picture import Picture
from pictura.runtime import files
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError, reason

# 10 000 × 10 000, what the largest cameras make. 8 bits of that are 300 MB; as float32, which 16 bits and colours of
# another profile become, 1.2 GB, about what a laptop can spare for one picture.
MAX_PIXELS = 100_000_000
MAX_SIDE = 65535
# EXIF's orientation (EXIF 3.0, tag 0x0112) to what turns H×W×C upright. Pillow turns its own images only, and what is
# decoded here may have 16 bits.
_ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}

_JPEG_END = b"\xff\xd9"
# Bits that codes of the usual tables read as different pixels.
_JPEG_FILLERS = (b"", b"\x55" * 4096, b"\x33" * 4096)

IntegerSamples = NDArray[np.uint8] | NDArray[np.uint16]


@check_arguments
def read(path: str | Path, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF, recognized by content; of an animation the first frame.

    Orientation is applied, the profile converted to sRGB (see `colour`), alpha kept separately, 16 bits kept where
    the file has them (except CMYK). Sizes are checked before decoding: `max_pixels` in total, 65535 per side.

    Raises:
        PicturaError: the file is missing, not a supported image, too large, truncated or damaged.
    """
    path = Path(path)
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's about odd metadata
        image = formats.open_header(file, path)
        _check_image(image, path, max_pixels)
        limits.check_sizes(image, file, path)
        deep = sixteen.is_deep(image)
        try:
            samples = (
                sixteen.decode_16_bits(image, lambda: formats.open_header(file, path))
                if deep
                else _decode_to_the_end(image, file, path)
            )
        except formats.DECODE_ERRORS as error:
            raise PicturaError(
                f"'{path}' is truncated or damaged ({reason(error)}): download or copy it again."
            ) from error
        return _build_picture(image, samples)


def _check_image(image: ImageFile.ImageFile, path: Path, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise PicturaError(
            f"'{path}' has {width} × {height} pixels; the limits are {max_pixels / 1e6:g} million in total and "
            f"{MAX_SIDE} per side: make it smaller or raise the limit."
        )
    if image.mode in ("I", "F") or not sixteen.is_decodable(image):
        raise PicturaError(
            f"'{path}' has an unsupported sample format: save it with 8 or 16 bits per channel, interleaved."
        )


def _build_picture(image: ImageFile.ImageFile, samples: IntegerSamples) -> Picture:
    """A `Picture` of H×W×C as decoded, C of 1 to 4, and of the file's metadata."""
    upright = _ORIENTATIONS[metadata.orientation_of(image)](samples)
    channels = upright.shape[2]
    grey = channels < 3
    colours = np.repeat(upright[..., :1], 3, axis=-1) if grey else np.ascontiguousarray(upright[..., :3])
    converted, icc = colour.to_srgb(colours, colour.profile_of(image, grey), grey)
    alpha = float_samples(upright[..., -1]) if channels in (2, 4) else None
    # Eight bits that no profile has converted stay as they are.
    srgb = converted if is_uint8(converted) else float_samples(converted)
    # What cannot be converted back, as under a table of one direction only, can neither be mixed with new pixels.
    own = colours if converted is not colours and colour.from_srgb(converted[:1, :1], icc, grey)[1] == icc else None
    settings, notes = metadata.settings_of(image), metadata.notes_of(image)
    return Picture(srgb, alpha, 8 * samples.itemsize, grey, icc, settings, own, notes)


def _decode_to_the_end(image: ImageFile.ImageFile, file: BinaryIO, path: Path) -> IntegerSamples:
    """`_decode_8_bits`, of a JPEG without its end mark too, if every row is there.

    Then nothing that is put behind them changes a pixel; where rows are missing, it would be decoded in their place.
    """
    try:
        return _decode_8_bits(image)
    except formats.DECODE_ERRORS:
        if image.format != "JPEG":
            raise
        file.seek(0)
        content = file.read().rstrip(_JPEG_END[:1])  # half a mark
        attempts = [formats.open_header(io.BytesIO(content + more + _JPEG_END), path) for more in _JPEG_FILLERS]
        first, *others = (_decode_8_bits(attempt) for attempt in attempts)
        if not all(np.array_equal(first, other) for other in others):
            raise
        return first


def _decode_8_bits(image: ImageFile.ImageFile) -> IntegerSamples:
    """H×W×C of 8 bits: L, LA, RGB or RGBA."""
    image.load()
    if image.mode == "CMYK":
        return np.asarray(colour.cmyk_to_rgb(image, colour.profile_of(image, grey=False)))
    kind = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    alpha = "A" if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa") else ""
    samples = np.array(image if image.mode == kind + alpha else image.convert(kind + alpha))
    return samples if samples.ndim == 3 else samples[..., None]
