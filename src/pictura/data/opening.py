"""Open a folder of pictures as a `DataSet`."""

from pathlib import Path

from pictura.data.crops import Augmentation
from pictura.data.decode import read_header
from pictura.data.layout import Layout, read_layout
from pictura.data.settings import DATA_KINDS, DataKind, DataSettings
from pictura.data.source import DataSet
from pictura.runtime.errors import PicturaError, did_you_mean

_DEFAULTS = DataSettings()


def open_data(
    path: str | Path,
    kind: DataKind,
    crop: int | tuple[int, int] = 256,
    *,
    split: str = "train",
    settings: DataSettings = _DEFAULTS,
) -> DataSet:
    """One split of a folder of pictures.

    Layouts (train, val and test are splits; a folder without them is training only):
        images: pictures in the folder and below, or in train, val, test.
        paired: trainA and trainB, or A and B, files of the same names; or pictures A|B side by side.
        unpaired: trainA and trainB, or A and B, or two folders of any names, A the first in the alphabet.
        labelled: a folder for each class; or a .csv table; or `settings.pattern` for the file names.

    crop: side, or (height, width), of the samples in pixels. A smaller picture is enlarged until it fits.

    Raises:
        PicturaError: the folder is laid out otherwise (the message says what was expected), or lacks the split.
    """
    path = Path(path)
    if kind not in DATA_KINDS:
        raise PicturaError(
            f"Unknown kind of data '{kind}': choose from {', '.join(DATA_KINDS)}.{did_you_mean(kind, DATA_KINDS)}"
        )
    augmentation = Augmentation.of(kind, crop, settings)
    layout = read_layout(path, kind, settings)
    if split not in layout.parts:
        choices = ", ".join(layout.parts)
        raise PicturaError(
            f"'{path}' has no pictures for '{split}', only for {choices}: add them or choose another split."
        )
    return DataSet(path, layout, split, augmentation, settings, _label_maps(layout, split, settings))


def _label_maps(layout: Layout, split: str, settings: DataSettings) -> set[str]:
    """The sides, as named in samples, that are label maps; "auto": those whose first picture has a palette."""
    views = layout.parts[split].views
    if settings.label_maps == "auto":
        return {side for side, column in views.items() if layout.kind == "paired" and _has_palette(column[0].path)}
    swapped = settings.direction == "BtoA"
    sides = {"none": "", "A": "BA"[not swapped], "B": "AB"[not swapped], "both": "AB"}[settings.label_maps]
    return set(sides) & set(views)


def _has_palette(path: Path) -> bool:
    try:
        return read_header(path)[1] == "P"
    except PicturaError:
        return False  # the audit reports it
