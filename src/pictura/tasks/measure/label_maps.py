"""Label maps of two sides as class numbers, and how often each class was taken for which."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.data.decode import decode_class_numbers, decode_image, decode_palette, read_header
from pictura.data.labels import MAX_CLASSES, LabelClasses
from pictura.data.palettes import palette_classes
from pictura.metrics.segmentation import confusion
from pictura.picture.bands import integer_samples
from pictura.picture.kinds import as_picture
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.sides import Couple, Side

Numbers = NDArray[Any]
NUMBERED = ("P", "L", "1", "I;16")  # Pillow's modes of files that hold numbers


def count_labels(
    pairs: Sequence[Couple], truth: Side, classes: int | None, ignore: int, progress: Callable[[int, int], None]
) -> Tensor:
    """`confusion` of all pairs, found A and true B; as many classes as asked for, else as the truth's numbers go.

    Pixels whose truth has the number `ignore` do not count. Maps hold numbers (grey values, a palette's indices) or
    colours; colours in A become the class of the nearest colour in B, of two the one with the lower number.

    Raises:
        PicturaError: the sizes differ, there is one class only, or colours are not classes.
    """
    known = _find_classes([pair.b for pair in pairs], truth)
    present = np.unique(np.concatenate([np.unique(read_numbers(pair.b, known)) for pair in pairs]))
    present = present[(present != ignore) & (present >= 0)]
    if len(present) < 2:
        raise PicturaError(
            f"{truth.told} has one class only, which tells nothing of a segmentation: give label maps of two and more."
        )
    count = int(present.max()) + 1 if classes is None else classes
    total = torch.zeros(count, count + 1, dtype=torch.long)
    for i, pair in enumerate(pairs):
        found, numbers = (read_numbers(source, known) for source in (pair.a, pair.b))
        if found.shape != numbers.shape:
            sizes = " pixels in A and ".join(f"{side.shape[1]}×{side.shape[0]}" for side in (found, numbers))
            raise PicturaError(f"'{pair.name}' is {sizes} in B: bring label maps to one size by nearest neighbours.")
        valued = np.where(numbers == ignore, -1, numbers.astype(np.int64))
        total += confusion(torch.from_numpy(valued), torch.from_numpy(found.astype(np.int64)), count)
        progress(i + 1, len(pairs))
    return total


def _find_classes(sources: Sequence[Any], truth: Side) -> LabelClasses | None:
    """The classes by their colours, where the true maps have any; None for those of grey values."""
    modes = {mode_of(source) for source in sources}
    files = [source for source in sources if isinstance(source, (str, Path))]
    if modes == {"P"} and len(files) == len(sources) and truth.folder is not None:
        return palette_classes(map(Path, files), truth.folder)
    if modes <= set(NUMBERED):
        return None
    return _collect_colours(sources, truth)


def _collect_colours(sources: Iterable[Any], truth: Side) -> LabelClasses:
    """A class for each colour, in the order of the colours."""
    colours = np.empty((0, 3), np.uint8)
    for source in sources:
        colours = np.unique(np.concatenate([colours, np.unique(_samples_of(source).reshape(-1, 3), axis=0)]), axis=0)
        if len(colours) > MAX_CLASSES:
            raise PicturaError(
                f"{truth.told} has more than {MAX_CLASSES} colours, so they are not classes: give label maps as PNG."
            )
    return LabelClasses(tuple("#{:02x}{:02x}{:02x}".format(*colour) for colour in colours.tolist()), colours)


def mode_of(source: Any) -> str:
    """Pillow's mode of a file or a picture; L for an array of numbers."""
    if isinstance(source, (str, Path)):
        return read_header(Path(source))[1]
    if isinstance(source, Image.Image):
        return source.mode
    return "L" if isinstance(source, np.ndarray) and source.ndim == 2 else "RGB"


def read_numbers(source: Any, classes: LabelClasses | None) -> Numbers:
    """H×W class numbers."""
    mode = mode_of(source)
    if mode not in NUMBERED:
        if classes is None:
            raise PicturaError("A holds colours and B numbers: save both sides as numbers, or both in colours.")
        return classes.nearest(_samples_of(source))
    if isinstance(source, np.ndarray):
        return source
    if isinstance(source, Image.Image):
        return np.asarray(source)
    if mode != "P" or classes is None:
        return decode_class_numbers(Path(source)).samples
    numbers, palette = decode_palette(Path(source))
    used = np.unique(numbers)
    if used.max() < len(classes) and np.array_equal(palette[used], classes.colours[used]):
        return numbers
    return classes.nearest(palette)[numbers]  # programs sort palettes anew: the colours tell


def _samples_of(source: Any) -> NDArray[np.uint8]:
    """H×W×3 of 8 bits."""
    if isinstance(source, (str, Path)):
        samples = decode_image(Path(source)).samples
    else:
        samples = integer_samples(as_picture(source).samples, np.uint8)
    values = samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
    return np.broadcast_to(values, (*values.shape[:2], 3)).astype(np.uint8)
