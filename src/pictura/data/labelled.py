"""Labels of pictures: from the folders they are in, from a table, or from their names."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from pictura.data.folders import list_pictures, list_subfolders, no_pictures_error, split_folders
from pictura.data.settings import SPLITS, DataSettings
from pictura.runtime.errors import PicturaError, did_you_mean, reason

MAX_CLASSES = 1000  # ours: more are no classes but a measure
_FILE_COLUMNS = ("file", "filename", "image", "image_id", "path")


class Row(NamedTuple):
    """A picture and the numbers of its labels."""

    path: Path
    label: tuple[int, ...]


class _LabelledFile(NamedTuple):
    path: Path
    split: str
    values: tuple[str, ...]


Classes = dict[str, tuple[str, ...]]


def read_labels(path: Path, settings: DataSettings) -> tuple[dict[str, list[Row]], Classes]:
    """Split → rows, and for each label its classes in the order of their numbers.

    Whole numbers stay what they are (and have no classes); other values are numbered in alphabetical order, over all
    splits together.

    Raises:
        PicturaError: there are no labels, or not the requested ones.
    """
    if settings.pattern is not None:
        names, pictures = _labels_from_names(path, settings.pattern, settings.labels)
    elif (table := _find_table(path, settings.csv)) is not None:
        names, pictures = _labels_from_table(path, table, settings.labels)
    else:
        names, pictures = ("class",), _labels_from_folders(path)
    columns = zip(*(picture.values for picture in pictures), strict=True)
    numbers, classes = zip(*(_number_values(values) for values in columns), strict=True)
    rows: dict[str, list[Row]] = {}
    for picture, label in sorted(zip(pictures, zip(*numbers, strict=True), strict=True)):
        rows.setdefault(picture.split, []).append(Row(picture.path, label))
    return {split: rows[split] for split in SPLITS if split in rows}, dict(zip(names, classes, strict=True))


def attribute_columns(path: Path, settings: DataSettings) -> tuple[str, ...]:
    """The columns of a data set's table that say yes or no, 1 and 0 or -1; none where it has no table.

    Raises:
        PicturaError: the table cannot be read.
    """
    table = _find_table(path, settings.csv)
    lines = [] if table is None else _read_lines(table)
    names = list(lines[0]) if lines else []
    values = {name: {line[name] for line in lines} for name in names}
    return tuple(name for name in names if values[name] in ({"0", "1"}, {"-1", "1"}))


def class_names(path: Path, settings: DataSettings) -> tuple[str, ...]:
    """The names of a data set's one label by its numbers; of labels that are whole numbers, these from 0 on.

    Raises:
        PicturaError: there are no labels, several, or numbers that are no classes.
    """
    rows, classes = read_labels(path, settings)
    if len(classes) != 1:
        raise PicturaError(f"'{path}' has the labels {', '.join(classes)}: choose one with labels.")
    (names,) = classes.values()
    if names:
        return names
    numbers = [row.label[0] for split in rows.values() for row in split]
    if min(numbers) < 0 or max(numbers) >= MAX_CLASSES:
        raise PicturaError(
            f"'{path}' has labels from {min(numbers)} to {max(numbers)}: classes are numbered from 0 to at most "
            f"{MAX_CLASSES - 1}."
        )
    return tuple(str(number) for number in range(max(numbers) + 1))


def _number_values(values: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    if all(re.fullmatch(r"-?\d{1,18}", value) for value in values):
        return [int(value) for value in values], ()
    classes = tuple(sorted(set(values)))
    return [classes.index(value) for value in values], classes


def _labels_from_folders(path: Path) -> list[_LabelledFile]:
    pictures = [
        _LabelledFile(picture, split, (folder.name,))
        for split, place in split_folders(path).items()
        for folder in list_subfolders(place)
        for picture in list_pictures(folder)
    ]
    if len({picture.values for picture in pictures}) < 2:
        raise PicturaError(
            f"No labels found in '{path}': expected one folder per class (also in train, val, test), a .csv table, or "
            "a file-name pattern such as {age}_{gender}_*."
        )
    return pictures


def _find_table(path: Path, named: str | None) -> Path | None:
    if named is not None:
        return path / named if (path / named).is_file() else Path(named)
    tables = sorted(path.glob("*.csv"))
    if len(tables) > 1:
        raise PicturaError(f"'{path}' has {len(tables)} tables: choose one with csv, for example csv={tables[0].name}.")
    return tables[0] if tables else None


def _labels_from_table(path: Path, table: Path, labels: Sequence[str]) -> tuple[tuple[str, ...], list[_LabelledFile]]:
    lines = _read_lines(table)
    columns = list(lines[0]) if lines else []
    file = next((column for column in columns if column.lower() in _FILE_COLUMNS), None)
    if file is None:
        raise PicturaError(
            f"'{table}' has no column 'file' with the names of the pictures: add one, named in the first line."
        )
    names = _select_labels([column for column in columns if column not in (file, "split")], labels, f"'{table}'")
    folders = split_folders(path)
    pictures = []
    for number, line in enumerate(lines, 2):
        split = line.get("split") or "train"
        try:
            picture = _locate_file(path, folders.get(split), line[file])
        except (OSError, ValueError) as error:  # too long for a name, or a NUL in it
            raise PicturaError(
                f"Line {number} of '{table}' has an impossible file name {line[file][:40]!r}."
            ) from error
        pictures.append(_LabelledFile(picture, split, tuple(line[name] for name in names)))
    return names, pictures


def _read_lines(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PicturaError(
            f"The table '{table}' cannot be read ({reason(error)}): give comma-separated text in UTF-8."
        ) from error
    for number, line in enumerate(lines, 2):
        if None in line or None in line.values():
            raise PicturaError(f"Line {number} of '{table}' has a different number of fields than the header: fix it.")
        if line.get("split", "train") not in ("", *SPLITS):
            raise PicturaError(f"Line {number} of '{table}' has the split '{line['split']}': use {', '.join(SPLITS)}.")
    if not lines:
        raise PicturaError(f"The table '{table}' has no rows: add one for each picture.")
    return lines


def _locate_file(path: Path, folder: Path | None, name: str) -> Path:
    """The file of a row: below `path`, or below the folder of its split; a table reaches no further.

    Raises:
        PicturaError: the name leads elsewhere, or cannot be one.
    """
    inside = PureWindowsPath(name)  # knows / and \\ and drives, whatever this computer's own are
    if inside.is_absolute() or inside.drive or inside.root or ".." in inside.parts or "\0" in name:
        raise PicturaError(
            f"The table names the picture {name!r}, which is not in '{path}': "
            "put it there, and write its name from there."
        )
    below = path / name
    return folder / name if folder is not None and not below.is_file() else below


def _select_labels(names: Sequence[str], requested: Sequence[str], where: str) -> tuple[str, ...]:
    for name in requested:
        if name not in names:
            raise PicturaError(
                f"{where} has no label '{name}': choose from {', '.join(names)}.{did_you_mean(name, names)}"
            )
    if not requested and len(names) != 1:
        raise PicturaError(f"{where} has the labels {', '.join(names) or '(none)'}: choose with labels.")
    return tuple(requested) or tuple(names)


def _labels_from_names(path: Path, pattern: str, labels: Sequence[str]) -> tuple[tuple[str, ...], list[_LabelledFile]]:
    expression, groups = _compile_pattern(pattern)
    names = tuple(labels) or groups
    _select_labels(groups, names, f"The pattern {pattern}")
    pictures = []
    for split, folder in split_folders(path).items():
        for picture in list_pictures(folder):
            match = expression.fullmatch(picture.name) or expression.fullmatch(picture.stem)
            if match is None:
                raise PicturaError(
                    f"'{picture}' does not match the pattern {pattern}: rename it or change the pattern."
                )
            pictures.append(_LabelledFile(picture, split, tuple(match[name] for name in names)))
    if not pictures:
        raise no_pictures_error(path)
    return names, pictures


def _compile_pattern(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    # `{name}` stands for a label, `*` for anything.
    pieces = re.split(r"(\{\w+\}|\*)", pattern)
    names = tuple(piece[1:-1] for piece in pieces if piece.startswith("{"))
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise PicturaError(f"The pattern {pattern} has no label, or one twice: write for example {{age}}_{{gender}}_*.")
    return re.compile("".join(_translate_pieces(pieces))), names


def _translate_pieces(pieces: Iterable[str]) -> Iterable[str]:
    for piece in pieces:
        if piece.startswith("{"):
            yield f"(?P<{piece[1:-1]}>.+?)"
        else:
            yield ".*" if piece == "*" else re.escape(piece)
