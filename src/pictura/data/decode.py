"""Decode files for training: integers as in the file, no larger than needed.

`picture.read` is the reference; common 8-bit files take a faster path to the same values, and large ones are decoded
at a fraction of their size where every cut of them is smaller still.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile, ImageOps

from pictura.picture import MAX_PIXELS, colour, formats, limits, metadata, read, sixteen
from pictura.picture.bands import integer_samples
from pictura.runtime import files
from pictura.runtime.errors import PicturaError, reason

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Size = tuple[int, int]

_FAST_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A file's samples, perhaps at a reduced size.

    samples: H×W×1, H×W×3 (uint8 or uint16), or H×W class numbers.
    original_size: (height, width) of the file, upright.
    times: pixels of the file per sample, along each side; the last sample of a row may stand for fewer.
    """

    samples: Samples
    original_size: Size
    times: int = 1

    def half(self, side: Literal["left", "right"]) -> "DecodedImage":
        """One of two pictures side by side; the middle column of an odd width is in neither."""
        width = self.original_size[1] // 2
        part = self.samples[:, :width] if side == "left" else self.samples[:, -width:]
        return DecodedImage(part, (self.original_size[0], width), self.times)


def full_resolution(own: Size) -> int:
    """The factor that decodes every pixel."""
    return 1


def decode_image(path: Path, factor: Callable[[Size], int] = full_resolution) -> DecodedImage:
    """A picture's samples, each the mean of up to factor(original size)² pixels, on white where it is transparent.

    Where the factor is 1, equal to `picture.read` rounded to the file's depth.

    Raises:
        PicturaError: as `picture.read`.
    """
    try:
        decoded = _decode_fast(path, factor)
    except formats.DECODE_ERRORS:
        decoded = None  # the slow path says what is wrong
    return decoded or _decode_slow(path, factor)


def _decode_fast(path: Path, factor: Callable[[Size], int]) -> DecodedImage | None:
    """The fast path for 8-bit grey and RGB without alpha; None for all others."""
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
        image = formats.open_header(file, path)
        if not _is_plain(image):
            return None
        limits.check_sizes(image, file, path)
        orientation, (width, height) = metadata.orientation_of(image), image.size
        size = (width, height) if orientation >= 5 else (height, width)  # from 5 on the sides are swapped
        times = factor(size)
        if times > 1:
            image.draft("", (width // times, height // times))  # JPEG: its transform gives 1/2, 1/4, 1/8 for less work
        drafted = next(n for n in (1, 2, 4, 8) if (-(-width // n), -(-height // n)) == image.size)
        image.load()
        upright = ImageOps.exif_transpose(image.reduce(times // drafted))
    samples = np.array(upright)
    samples = samples[..., None] if samples.ndim == 2 else samples
    profile = colour.profile_of(image, grey=samples.shape[2] == 1)
    return DecodedImage(_convert_to_srgb(samples, profile), size, times // drafted * drafted)


def _is_plain(image: ImageFile.ImageFile) -> bool:
    width, height = image.size
    return (
        image.format in _FAST_FORMATS
        and image.mode in ("L", "RGB")
        and "transparency" not in image.info
        and not sixteen.is_deep(image)
        and width * height <= MAX_PIXELS
    )


def _convert_to_srgb(samples: NDArray[np.uint8], profile: bytes | None) -> Samples:
    if profile is None:
        return samples
    grey = samples.shape[2] == 1
    values = np.repeat(samples, 3, axis=-1) if grey else samples
    pixels, _ = colour.to_srgb(values.astype(np.float32) / np.float32(255), profile, grey)
    return integer_samples(pixels[..., :1] if grey else pixels, np.uint8)


def _decode_slow(path: Path, factor: Callable[[Size], int]) -> DecodedImage:
    picture = read(path)
    pixels = picture.pixels
    if picture.alpha is not None:
        alpha = picture.alpha[..., None]
        pixels = pixels * alpha + (1 - alpha)
    times = factor(picture.size)
    means = _average_blocks(pixels[..., :1] if picture.grey else pixels, times)
    samples = integer_samples(means, np.uint16 if picture.depth == 16 else np.uint8)
    return DecodedImage(samples, picture.size, times)


def _average_blocks(pixels: NDArray[np.float32], times: int) -> NDArray[np.float32]:
    """Means of times × times pixels; the last row and column are repeated to fill their blocks."""
    if times == 1:
        return pixels
    padding = [(0, -side % times) for side in pixels.shape[:2]]
    padded = np.pad(pixels, [*padding, (0, 0)], mode="edge")
    height, width = (side // times for side in padded.shape[:2])
    means: NDArray[np.float32] = padded.reshape(height, times, width, times, -1).mean(axis=(1, 3))
    return means


def read_header(path: Path) -> tuple[Size, str]:
    """(height, width) as stored and Pillow's mode of a file; nothing is decoded.

    Raises:
        PicturaError: it cannot be opened or is not a supported image.
    """
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = formats.open_header(file, path)
        return (image.size[1], image.size[0]), image.mode


def verify_checksums(path: Path) -> None:
    """Verify a PNG's checksums, which Pillow does not when it decodes: a picture with a flipped bit decodes well.

    Raises:
        PicturaError: a checksum is wrong, or as `read_header`.
    """
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = formats.open_header(file, path)
        try:
            if image.format == "PNG":
                image.verify()
        except formats.DECODE_ERRORS as error:
            raise PicturaError(f"'{path}' is damaged ({reason(error)}): download or copy it again.") from error


def decode_class_numbers(path: Path) -> DecodedImage:
    """A label map's class numbers H×W: a palette picture's indices, a grey picture's values.

    Raises:
        PicturaError: as `picture.read`; or the file has colours instead of numbers.
    """
    image = _decode_numbers(path)
    numbers = np.array(ImageOps.exif_transpose(image))
    samples: Samples = numbers.astype(np.uint16) if image.mode == "I;16" else numbers.astype(np.uint8)
    return DecodedImage(samples, (samples.shape[0], samples.shape[1]))


def decode_palette(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A palette picture's indices H×W and its colours n×3; n is 0 for a grey picture.

    Raises:
        PicturaError: as `decode_class_numbers`.
    """
    image = _decode_numbers(path)
    colours = image.getpalette("RGB") if image.mode == "P" else None
    return np.array(image).astype(np.uint8), np.array(colours or [], np.uint8).reshape(-1, 3)


def _decode_numbers(path: Path) -> ImageFile.ImageFile:
    read(path)  # decoded in full once, so that limits and damage are reported as everywhere
    with files.open_file(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = formats.open_header(file, path)
        if image.mode not in ("P", "L", "1", "I;16"):
            raise PicturaError(
                f"'{path}' is not an indexed or grey label map: save it as one, or set label_values=colours."
            )
        image.load()
    return image
