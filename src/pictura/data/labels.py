"""Label maps: pictures in which every colour is a class. Their pixels are never mixed: no class is between two others.

A model that was trained on label maps knows its classes by name and colour. Maps come to it by the number of the class
(grey values, indices of a palette) or by colour, and go on as RGB pictures in exactly the model's colours.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictura.data.decode import decode_class_numbers, read_header
from pictura.picture import Picture
from pictura.picture.bands import bands, integer_samples
from pictura.picture.kinds import PictureInput, as_picture
from pictura.runtime.errors import PicturaError

Numbers = NDArray[np.int16]
Colours = NDArray[np.uint8]
UNKNOWN = -1
MAX_CLASSES = 256  # of a palette


@dataclass(frozen=True, eq=False)
class LabelClasses:
    """names: one for each class. colours: n×3, sRGB, no two alike."""

    names: tuple[str, ...]
    colours: Colours

    @classmethod
    def parse(cls, value: Any, source: object = "") -> "LabelClasses":
        """From name → (red, green, blue), as a model tells it, in the order of the classes' numbers.

        Raises:
            PicturaError: it is something else, or two classes have one colour.
        """
        rows = list(value.values()) if isinstance(value, dict) else []
        valid = all(_is_colour(row) for row in rows) and len(set(map(tuple, rows))) == len(rows)
        if not valid or not 1 <= len(rows) <= MAX_CLASSES:
            raise PicturaError(
                f"The labels of the model '{source}' are not 1 to {MAX_CLASSES} names of different colours: "
                "get it again."
            )
        return cls(tuple(map(str, value)), np.array(rows, np.uint8))

    def plain(self) -> dict[str, list[int]]:
        """What `parse` takes."""
        return dict(zip(self.names, self.colours.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.names)

    def describe(self, number: int) -> str:
        """``'window' #0080ff``."""
        return f"'{self.names[number]}' {_hex(self.colours[number])}"

    def paint(self, numbers: NDArray[Any]) -> Colours:
        """H×W class numbers to H×W×3 in the classes' colours."""
        painted: Colours = self.colours[numbers]
        return painted

    def find(self, samples: Colours) -> Numbers:
        """H×W×3 to the numbers of the classes that have exactly these colours, `UNKNOWN` where none has."""
        known = _codes(self.colours)
        order = np.argsort(known)
        numbers = np.empty(samples.shape[:2], np.int16)
        for rows in bands((samples.shape[0], samples.shape[1])):
            codes = _codes(samples[rows])
            place = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
            numbers[rows] = np.where(known[order][place] == codes, order[place], UNKNOWN)
        return numbers

    def nearest(self, samples: Colours) -> Numbers:
        """…×3 to the numbers of the classes whose colours are nearest, by the squares of the differences."""
        best, least = np.zeros(samples.shape[:-1], np.int16), np.full(samples.shape[:-1], 2**31 - 1, np.int32)
        for number, colour in enumerate(self.colours.astype(np.int32)):
            distance = np.square(samples - colour).sum(-1, dtype=np.int32)
            best[distance < least] = number
            np.minimum(least, distance, out=least)
        return best


def _is_colour(row: Any) -> bool:
    return isinstance(row, (list, tuple)) and len(row) == 3 and all(type(v) is int and 0 <= v <= 255 for v in row)


def read_label_map(source: PictureInput, classes: LabelClasses, *, nearest: bool = False) -> Picture:
    """A label map of any kind as a picture in the classes' colours, with alpha and notes as they were.

    Args:
        source: grey values or a palette's indices below the number of classes, or the classes' colours. A palette of
            which most are classes' colours counts by them, and not by its indices: programs sort palettes anew.
        classes: those that the model knows.
        nearest: whether a colour that is none of the classes' is taken for the nearest; what nobody sees always is.

    Raises:
        PicturaError: a colour is none of the classes', with the nearest one; or the numbers go beyond the classes.
    """
    picture = as_picture(source)
    samples: Any = integer_samples(picture.samples, np.uint8)
    found = classes.find(samples)
    unknown = _count_unknown(samples, found, picture.alpha)
    numbers, indexed = _class_numbers(source, picture)
    if indexed and len(np.unique(found[found != UNKNOWN])) > len(unknown):
        numbers = None
    if numbers is not None and int(numbers.max()) < len(classes):
        return _with_colours(picture, classes.paint(numbers))
    # Where most grey values are classes' numbers the others are numbers, too: no colour is near them.
    counted = numbers is not None and not indexed and (numbers < len(classes)).mean() > 0.5
    if unknown and (counted or not nearest):
        name = f"'{source}'" if isinstance(source, (str, Path)) else "The label map"
        raise PicturaError(f"{name} {_explain(classes, unknown, numbers)}")
    return _with_colours(picture, _paint(classes, samples, found))


def as_stored_numbers(source: PictureInput) -> PictureInput:
    """Class numbers of any whole numbers, as `numpy.argmax` gives them, as they would be stored: of 8 or 16 bits."""
    if isinstance(source, Image.Image) and source.mode == "I":
        source = np.asarray(source)
    if isinstance(source, np.ndarray) and source.ndim == 2 and source.dtype.kind in "iu" and source.size:
        least, greatest = int(source.min()), int(source.max())
        if least >= 0 and greatest < 2**16:
            return source.astype(np.uint8 if greatest < 2**8 else np.uint16)
    return source


def _class_numbers(source: PictureInput, picture: Picture) -> tuple[NDArray[Any] | None, bool]:
    """The numbers H×W in a file or a picture of numbers, None for one of colours; and whether they are a palette's."""
    mode = source.mode if isinstance(source, Image.Image) else ""
    if isinstance(source, (str, Path)):
        mode = read_header(Path(source))[1]
    if mode in ("P", "1"):
        stored = source if isinstance(source, Image.Image) else decode_class_numbers(Path(str(source))).samples
        return np.asarray(stored).astype(np.uint8), mode == "P"
    if picture.grey:
        samples = picture.samples if picture.own is None else picture.own
        return integer_samples(samples[..., 0], np.uint16 if picture.depth == 16 else np.uint8), False
    return None, False


def _with_colours(picture: Picture, colours: Colours) -> Picture:
    return replace(picture, samples=colours, depth=8, grey=False, icc=None, own=None)


def _count_unknown(samples: Any, found: NDArray[Any], alpha: NDArray[Any] | None) -> Counter[int]:
    """Code of a colour that is seen and no class's → its pixels."""
    counts = Counter[int]()
    for rows in bands((found.shape[0], found.shape[1])):
        mask = found[rows] == UNKNOWN if alpha is None else (found[rows] == UNKNOWN) & (alpha[rows] > 0)
        for code, count in zip(*np.unique(_codes(samples[rows][mask]), return_counts=True), strict=True):
            counts[int(code)] += int(count)
    return counts


def _paint(classes: LabelClasses, samples: Any, found: NDArray[Any]) -> Colours:
    """The classes' colours, where a pixel has none of them the nearest one's."""
    painted = classes.paint(found)
    for rows in bands((found.shape[0], found.shape[1])):
        mask = found[rows] == UNKNOWN
        codes, inverse = np.unique(_codes(samples[rows][mask]), return_inverse=True)
        painted[rows][mask] = classes.paint(classes.nearest(_decode(codes)))[inverse]
    return painted


def _explain(classes: LabelClasses, unknown: Counter[int], numbers: NDArray[Any] | None) -> str:
    """What is wrong with a map, and what to do."""
    if numbers is not None:
        last = len(classes) - 1
        return (
            f"has class numbers up to {numbers.max()}, and the model knows {len(classes)} classes, from 0 "
            f"('{classes.names[0]}') to {last} ('{classes.names[last]}'): number the classes as the model does."
        )
    code, count = unknown.most_common(1)[0]
    colour = _decode(np.array([code]))
    more = f" (one of {len(unknown):,} such colours)" if len(unknown) > 1 else ""
    return (
        f"has {count:,} pixel{'s' * (count != 1)} of {_hex(colour[0])}, which is no class of the model{more}; the "
        f"nearest class is {classes.describe(int(classes.nearest(colour)[0]))}: draw in the model's colours, or take "
        "what has others for the nearest class with --nearest-class (in Python nearest_class=True)."
    )


def _codes(colours: NDArray[Any]) -> NDArray[np.int32]:
    """…×3 of 8 bits to 0xRRGGBB."""
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    codes: NDArray[np.int32] = red << 16 | green << 8 | blue
    return codes


def _decode(codes: NDArray[Any]) -> Colours:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8)


def _hex(colour: NDArray[Any]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour.tolist())
