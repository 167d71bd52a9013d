"""What is recognised in a folder: pictures, pairs, two sides, labelled pictures, each by split."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pictura.data.decode import read_header
from pictura.data.settings import SPLITS, DataKind, DataSettings
from pictura.picture import FORMATS
from pictura.runtime.errors import PicturaError

PICTURE_SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
_SIDE_NAME = re.compile(r"(train|val|test)?[ _-]?([ab])", re.IGNORECASE)
_EXPECTED = {
    "paired": "trainA and trainB with the same file names (also A and B, with or without train, val, test in them), "
    "or pictures with A and B side by side, in train or in the folder itself",
    "unpaired": "trainA and trainB (and testA, testB), or two folders A and B",
}


class PictureView(NamedTuple):
    """What is looked at of a file: all of it, or one half of a picture with two side by side."""

    path: Path
    half: Literal["", "left", "right"] = ""


@dataclass(frozen=True)
class DataSplit:
    """One split: the views of each side, aligned row by row but for kind `unpaired`; labels in the same order.

    orphans: files of a paired set that have no partner.
    """

    views: dict[str, list[PictureView]]
    labels: list[tuple[int, ...]] = field(default_factory=list)
    orphans: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A folder as recognised; `classes` names what the numbers of a label mean, empty where they are numbers."""

    kind: DataKind
    parts: dict[str, DataSplit]
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def list_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and below, sorted; hidden ones left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def list_subfolders(folder: Path) -> list[Path]:
    """The folders directly in a folder, sorted; hidden ones left out."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def recognize_kind(path: Path) -> DataKind:
    """The kind a folder looks like: two folders are pairs where most names agree; labels are seen only when asked for.

    Raises:
        PicturaError: no such folder.
    """
    sides = find_sides(check_folder(path))
    if not sides:
        return "images"
    (one, other), *_ = sides.values()
    names = [set(files_by_name(folder)) if folder else set() for folder in (one, other)]
    return "paired" if 2 * len(names[0] & names[1]) > min(map(len, names)) else "unpaired"


def read_layout(path: Path, kind: DataKind, settings: DataSettings) -> Layout:
    """A folder as pictures of a kind.

    Raises:
        PicturaError: it is not laid out like that; says what was expected and what is there.
    """
    check_folder(path)
    if kind == "labelled":
        from pictura.data.labelled import read_labels

        rows, classes = read_labels(path, settings)
        parts = {
            name: DataSplit({"image": [PictureView(row.path) for row in part]}, [row.label for row in part])
            for name, part in rows.items()
        }
        return Layout(kind, parts, classes)
    parts = {"images": _image_splits, "paired": _paired_splits, "unpaired": _unpaired_splits}[kind](path)
    return Layout(kind, {split: _apply_direction(part, settings) for split, part in parts.items()})


def check_folder(path: Path) -> Path:
    """The folder.

    Raises:
        PicturaError: there is none of that name.
    """
    if not path.is_dir():
        what = "is a file" if path.is_file() else "does not exist"
        raise PicturaError(f"The folder '{path}' {what}: give a folder of pictures.")
    return path


def split_folders(path: Path) -> dict[str, Path]:
    """train, val and test where such folders are, else the folder itself as train."""
    named = {folder.name.lower(): folder for folder in list_subfolders(path)}
    return {split: named[split] for split in SPLITS if split in named} or {"train": path}


def _image_splits(path: Path) -> dict[str, DataSplit]:
    found = {split: list_pictures(folder) for split, folder in split_folders(path).items()}
    if not any(found.values()):
        raise PicturaError(f"The folder '{path}' holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}).")
    return {split: DataSplit({"image": [PictureView(one) for one in paths]}) for split, paths in found.items() if paths}


def find_sides(path: Path) -> dict[str, tuple[Path | None, Path | None]]:
    """Split → folders A and B: trainA and trainB, A/train and B/train, A and B, train/A and train/B, or any two."""
    folders = list_subfolders(path)
    found: dict[str, dict[str, Path]] = {}
    for folder in folders:
        if match := _SIDE_NAME.fullmatch(folder.name):
            split, side = match.groups()
            inner = split_folders(folder) if split is None else {split.lower(): folder}
            for name, place in inner.items():
                found.setdefault(name, {})[side.upper()] = place
        elif folder.name.lower() in SPLITS:
            inside = {one.name.upper(): one for one in list_subfolders(folder) if one.name.upper() in ("A", "B")}
            if inside:
                found.setdefault(folder.name.lower(), {}).update(inside)
    splits = {folder.name.lower() for folder in folders} & set(SPLITS)
    if not found and len(folders) == 2 and not splits:
        found["train"] = {"A": folders[0], "B": folders[1]}
    return {split: (found[split].get("A"), found[split].get("B")) for split in SPLITS if split in found}


def _unpaired_splits(path: Path) -> dict[str, DataSplit]:
    parts = {}
    for split, (one, other) in _require_sides(path, "unpaired").items():
        views = {side: [PictureView(p) for p in list_pictures(folder)] for side, folder in (("A", one), ("B", other))}
        for side, folder in (("A", one), ("B", other)):
            if not views[side]:
                raise PicturaError(f"The folder '{folder}' holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}).")
        parts[split] = DataSplit(views)
    return parts


def _require_sides(path: Path, kind: DataKind) -> dict[str, tuple[Path, Path]]:
    sides, complete = find_sides(path), {}
    if not sides:
        raise _layout_error(path, kind)
    for split, (one, other) in sides.items():
        if one is None or other is None:
            missing, there = ("A", other) if one is None else ("B", one)
            raise PicturaError(
                f"'{path}' has '{there and there.name}' but no side {missing} for it: expected {_EXPECTED[kind]}."
            )
        complete[split] = (one, other)
    return complete


def _paired_splits(path: Path) -> dict[str, DataSplit]:
    if not find_sides(path):
        return _side_by_side_splits(path)
    parts = {split: match_pairs(one, other) for split, (one, other) in _require_sides(path, "paired").items()}
    for split, part in parts.items():
        if not part.views["A"]:
            raise PicturaError(f"No file of side A has the name of one of side B in the {split} part of '{path}'.")
    return parts


def match_pairs(one: Path, other: Path) -> DataSplit:
    """Two folders as pairs: the same name (folders below included) but for the suffix.

    Raises:
        PicturaError: two files of one folder differ only in their suffix.
    """
    a, b = files_by_name(one), files_by_name(other)
    names = [name for name in a if name in b]
    lonely = [a[name] for name in a if name not in b] + [b[name] for name in b if name not in a]
    return DataSplit(
        {"A": [PictureView(a[n]) for n in names], "B": [PictureView(b[n]) for n in names]}, orphans=tuple(lonely)
    )


def files_by_name(folder: Path) -> dict[str, Path]:
    """Name below the folder, without suffix → file.

    Raises:
        PicturaError: two files differ only in their suffix.
    """
    named: dict[str, Path] = {}
    for path in list_pictures(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if (first := named.setdefault(name, path)) is not path:
            raise PicturaError(
                f"'{first}' and '{path}' have one name, so that no pair is certain: remove or rename one."
            )
    return named


def _side_by_side_splits(path: Path) -> dict[str, DataSplit]:
    parts = {}
    for split, folder in split_folders(path).items():
        if paths := list_pictures(folder):
            check_wide(paths[0], path)
            halves = ([PictureView(p, "left") for p in paths], [PictureView(p, "right") for p in paths])
            parts[split] = DataSplit(dict(zip("AB", halves, strict=True)))
    if not parts:
        raise _layout_error(path, "paired")
    return parts


def check_wide(first: Path, path: Path) -> None:
    """Refuse pictures that cannot be two side by side.

    Raises:
        PicturaError: the picture is not wider than high.
    """
    (height, width), _ = read_header(first)
    if width <= height:
        raise PicturaError(
            f"'{first}' is {width} × {height} pixels, and two pictures side by side are wider than high: expected in "
            f"'{path}' {_EXPECTED['paired']}."
        )


def _apply_direction(part: DataSplit, settings: DataSettings) -> DataSplit:
    if settings.direction == "AtoB" or "A" not in part.views:
        return part
    return DataSplit({"A": part.views["B"], "B": part.views["A"]}, part.labels, part.orphans)


def _layout_error(path: Path, kind: DataKind) -> PicturaError:
    return PicturaError(
        f"'{path}' is not laid out as {kind} pictures: expected {_EXPECTED[kind]}; there is {_describe_folder(path)}."
    )


def _describe_folder(path: Path) -> str:
    names = [f"the folder {folder.name}" for folder in list_subfolders(path)][:4]
    count = sum(1 for one in path.iterdir() if one.suffix.lower() in PICTURE_SUFFIXES)
    return ", ".join([*names, *_count_pictures(count)]) or "nothing"


def _count_pictures(count: int) -> Iterable[str]:
    return [f"{count} pictures" if count > 1 else "1 picture"] if count else []
