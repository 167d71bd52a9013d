"""Labels of pictures: the folders they lie in, a table beside them, or their names."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pictura.data.layout import PICTURE_SUFFIXES, list_pictures, list_subfolders, split_folders
from pictura.data.settings import SPLITS, DataSettings
from pictura.runtime.errors import PicturaError, did_you_mean

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
        PicturaError: no labels are found, or not those that were asked for.
    """
    if settings.pattern is not None:
        names, told = _labels_from_names(path, settings.pattern, settings.labels)
    elif (table := _find_table(path, settings.csv)) is not None:
        names, told = _labels_from_table(path, table, settings.labels)
    else:
        names, told = ("class",), _labels_from_folders(path)
    numbers, classes = zip(
        *(_number_values(values) for values in zip(*(one.values for one in told), strict=True)), strict=True
    )
    rows: dict[str, list[Row]] = {}
    for one, label in sorted(zip(told, zip(*numbers, strict=True), strict=True)):
        rows.setdefault(one.split, []).append(Row(one.path, label))
    return {split: rows[split] for split in SPLITS if split in rows}, dict(zip(names, classes, strict=True))


def _number_values(values: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    if all(re.fullmatch(r"-?\d{1,18}", value) for value in values):
        return [int(value) for value in values], ()
    classes = tuple(sorted(set(values)))
    return [classes.index(value) for value in values], classes


def _labels_from_folders(path: Path) -> list[_LabelledFile]:
    told = [
        _LabelledFile(picture, split, (folder.name,))
        for split, place in split_folders(path).items()
        for folder in list_subfolders(place)
        for picture in list_pictures(folder)
    ]
    if len({one.values for one in told}) < 2:
        raise PicturaError(
            f"'{path}' tells no labels: expected a folder for each class (also in train, val, test), a .csv table, or "
            "a pattern for the file names such as {age}_{gender}_*."
        )
    return told


def _find_table(path: Path, named: str | None) -> Path | None:
    if named is not None:
        return path / named if (path / named).is_file() else Path(named)
    tables = sorted(path.glob("*.csv"))
    if len(tables) > 1:
        raise PicturaError(f"'{path}' has {len(tables)} tables: say which with csv, for example csv={tables[0].name}.")
    return tables[0] if tables else None


def _labels_from_table(path: Path, table: Path, asked: Sequence[str]) -> tuple[tuple[str, ...], list[_LabelledFile]]:
    lines = _read_lines(table)
    heads = list(lines[0]) if lines else []
    file = next((head for head in heads if head.lower() in _FILE_COLUMNS), None)
    if file is None:
        raise PicturaError(
            f"'{table}' has no column 'file' with the names of the pictures: give it a first line with one."
        )
    names = _select_labels([head for head in heads if head not in (file, "split")], asked, f"'{table}'")
    places = split_folders(path)
    told = []
    for line in lines:
        split = line.get("split") or "train"
        told.append(
            _LabelledFile(_locate_file(path, places.get(split), line[file]), split, tuple(line[name] for name in names))
        )
    return names, told


def _read_lines(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PicturaError(
            f"The table '{table}' cannot be read ({error}): give comma-separated text in UTF-8."
        ) from error
    for number, line in enumerate(lines, 2):
        if None in line or None in line.values():
            raise PicturaError(f"Line {number} of '{table}' has not as many fields as its first line: mend it.")
        if line.get("split", "train") not in ("", *SPLITS):
            raise PicturaError(f"Line {number} of '{table}' has the split '{line['split']}': use {', '.join(SPLITS)}.")
    if not lines:
        raise PicturaError(f"The table '{table}' has no lines: give it a line for each picture.")
    return lines


def _locate_file(path: Path, place: Path | None, name: str) -> Path:
    """The file of a line: below the folder, or below its split's folder."""
    below = path / name
    return place / name if place is not None and not below.is_file() else below


def _select_labels(there: Sequence[str], asked: Sequence[str], where: str) -> tuple[str, ...]:
    for name in asked:
        if name not in there:
            raise PicturaError(f"{where} has no label '{name}', but {', '.join(there)}.{did_you_mean(name, there)}")
    if not asked and len(there) != 1:
        raise PicturaError(f"{where} has the labels {', '.join(there) or '(none)'}: say which to use with labels.")
    return tuple(asked) or tuple(there)


def _labels_from_names(path: Path, pattern: str, asked: Sequence[str]) -> tuple[tuple[str, ...], list[_LabelledFile]]:
    expression, there = _compile_pattern(pattern)
    names = tuple(asked) or there
    _select_labels(there, names, f"The pattern {pattern}")
    told = []
    for split, folder in split_folders(path).items():
        for picture in list_pictures(folder):
            match = expression.fullmatch(picture.name) or expression.fullmatch(picture.stem)
            if match is None:
                raise PicturaError(
                    f"'{picture}' does not follow the pattern {pattern}: rename it or change the pattern."
                )
            told.append(_LabelledFile(picture, split, tuple(match[name] for name in names)))
    if not told:
        raise PicturaError(f"The folder '{path}' holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}).")
    return names, told


def _compile_pattern(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """`{name}` stands for a label, `*` for anything."""
    pieces = re.split(r"(\{\w+\}|\*)", pattern)
    names = tuple(piece[1:-1] for piece in pieces if piece.startswith("{"))
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise PicturaError(
            f"The pattern {pattern} names no label, or one twice: write for example {{age}}_{{gender}}_*."
        )
    return re.compile("".join(_translate_pieces(pieces))), names


def _translate_pieces(pieces: Iterable[str]) -> Iterable[str]:
    for piece in pieces:
        if piece.startswith("{"):
            yield f"(?P<{piece[1:-1]}>.+?)"
        else:
            yield ".*" if piece == "*" else re.escape(piece)
