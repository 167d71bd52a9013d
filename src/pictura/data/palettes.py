"""The classes of label maps that a training reads: those of the palette which its files share."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pictura.data.decode import decode_palette
from pictura.data.labels import Colours, LabelClasses
from pictura.data.layout import read_layout
from pictura.data.settings import DataSettings
from pictura.runtime.errors import PicturaError

CLASSES_FILE = "classes.txt"  # lines "number name red green blue", as beside CamVid's label maps


def palette_classes(paths: Iterable[Path], folder: Path) -> LabelClasses | None:
    """The classes of palette pictures, as many as their numbers go; named in the folder's classes.txt, or "class 3".

    None where they are not of one palette, two classes have one colour, or a file has become unreadable.
    """
    palettes, count = list[Colours](), 0
    for path in paths:
        try:
            numbers, palette = decode_palette(path)
        except PicturaError:
            return None
        palettes.append(palette)
        count = max(count, int(numbers.max()) + 1)
    longest = max(palettes, key=len, default=np.empty((0, 3), np.uint8))[:count]
    same = all(np.array_equal(palette[:count], longest[: len(palette)]) for palette in palettes)
    if not same or not 0 < count == len(longest) or len(np.unique(longest, axis=0)) < count:
        return None
    names = _read_names(folder / CLASSES_FILE)
    return LabelClasses(tuple(names.get(i, f"class {i}") for i in range(count)), longest)


def set_classes(folder: Path, settings: DataSettings) -> dict[str, list[int]]:
    """Name → colour of the classes in side B of pairs: those of the palette of its label maps.

    Raises:
        PicturaError: the folder is laid out otherwise, its label maps have no palette, or they show one class only.
    """
    parts = read_layout(folder, "paired", settings).parts
    views = [view for part in parts.values() for view in part.views["B"]]
    classes = None if any(view.half for view in views) else palette_classes([view.path for view in views], folder)
    if classes is None:
        raise PicturaError(
            f"The pictures of side B in '{folder}' are no label maps of one palette, so their classes are unknown: "
            "say them with --set classes=facades (or camvid, cityscapes), or save palette pictures."
        )
    if len(classes) < 2:
        raise PicturaError(f"The label maps in '{folder}' show one class only, which is nothing to learn: give others.")
    return classes.plain()


def _read_names(path: Path) -> dict[int, str]:
    """Number → name; empty where there is no such file."""
    names = dict[int, str]()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            number, *words = line.split()[:2] or [""]
            if number.isdecimal() and words and words[0] not in names.values():
                names[int(number)] = words[0]
    return names
