"""Recognize the layout of a folder: pictures, pairs, two sides or labelled pictures, each by split."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pictura.data.decode import read_header
from pictura.data.folders import (
    check_folder,
    files_by_name,
    list_pictures,
    list_subfolders,
    no_pictures_error,
    split_folders,
)
from pictura.data.labelled import read_labels
from pictura.data.settings import SPLITS, DataKind, DataSettings
from pictura.picture.folder import LINKED, PICTURE_SUFFIXES, find_pictures
from pictura.runtime.errors import PicturaError

_SIDE_NAME = re.compile(r"(train|val|test)?[ _-]?([ab])", re.IGNORECASE)
_EXPECTED = {
    "paired": "trainA and trainB with the same file names (also A and B, with or without train, val, test in them), "
    "or pictures with A and B side by side, in train or in the folder itself",
    "unpaired": "trainA and trainB (and testA, testB), or two folders A and B",
}


class PictureView(NamedTuple):
    """A file, or one half of a file with two pictures side by side."""

    path: Path
    half: Literal["", "left", "right"] = ""


@dataclass(frozen=True)
class DataSplit:
    """One split: the views of each side, row by row except for kind `unpaired`; labels in the same order.

    orphans: files of a paired set without a partner.
    """

    views: dict[str, list[PictureView]]
    labels: list[tuple[int, ...]] = field(default_factory=list)
    orphans: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A folder's splits; `classes` are the names of a label's numbers, empty where the label is a number itself."""

    kind: DataKind
    parts: dict[str, DataSplit]
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)


def recognize_kind(path: Path) -> DataKind:
    """The kind a folder looks like; two folders are pairs where most names agree. Never "labelled".

    Raises:
        PicturaError: the folder does not exist.
    """
    sides = find_sides(check_folder(path))
    if not sides:
        return "images"
    folders, *_ = sides.values()
    names = [set(files_by_name(folder)) if folder else set() for folder in folders]
    return "paired" if 2 * len(names[0] & names[1]) > min(map(len, names)) else "unpaired"


def read_layout(path: Path, kind: DataKind, settings: DataSettings) -> Layout:
    """The layout of a folder of this kind.

    Raises:
        PicturaError: it is laid out otherwise; says what was expected and what is there.
    """
    check_folder(path)
    if kind == "labelled":
        rows, classes = read_labels(path, settings)
        parts = {
            name: DataSplit({"image": [PictureView(row.path) for row in part]}, [row.label for row in part])
            for name, part in rows.items()
        }
        return Layout(kind, parts, classes)
    parts = {"images": _image_splits, "paired": _paired_splits, "unpaired": _unpaired_splits}[kind](path)
    return Layout(kind, {split: _apply_direction(part, settings) for split, part in parts.items()})


def _image_splits(path: Path) -> dict[str, DataSplit]:
    paths = {split: list_pictures(folder) for split, folder in split_folders(path).items()}
    if not any(paths.values()):
        raise no_pictures_error(path)
    return {split: DataSplit({"image": [PictureView(p) for p in column]}) for split, column in paths.items() if column}


def find_sides(path: Path) -> dict[str, tuple[Path | None, Path | None]]:
    """Split → folders A and B: trainA and trainB, A/train and B/train, A and B, train/A and train/B, or any two."""
    folders = list_subfolders(path)
    sides: dict[str, dict[str, Path]] = {}
    for folder in folders:
        if match := _SIDE_NAME.fullmatch(folder.name):
            split, side = match.groups()
            inner = split_folders(folder) if split is None else {split.lower(): folder}
            for name, place in inner.items():
                sides.setdefault(name, {})[side.upper()] = place
        elif folder.name.lower() in SPLITS:
            inside = {sub.name.upper(): sub for sub in list_subfolders(folder) if sub.name.upper() in ("A", "B")}
            if inside:
                sides.setdefault(folder.name.lower(), {}).update(inside)
    splits = {folder.name.lower() for folder in folders} & set(SPLITS)
    if not sides and len(folders) == 2 and not splits:
        sides["train"] = {"A": folders[0], "B": folders[1]}
    return {split: (sides[split].get("A"), sides[split].get("B")) for split in SPLITS if split in sides}


def tell_left_out(path: Path) -> list[str]:
    """A line for each reason why what looks like pictures is not taken; a split or a side may be a link to a folder."""
    used = [*split_folders(path).values(), *(side for sides in find_sides(path).values() for side in sides if side)]
    inside = {place for folder in used for place in (folder, *folder.parents) if path in place.parents}
    followed = {place for place in inside if place.is_symlink()}
    found = find_pictures(path)
    found.left_out[LINKED] = [link for link in found.left_out.get(LINKED, []) if link not in followed]
    return found.notes() + [note for folder in sorted(followed) for note in find_pictures(folder).notes()]


def _unpaired_splits(path: Path) -> dict[str, DataSplit]:
    parts = {}
    for split, folders in _require_sides(path, "unpaired").items():
        views = {
            side: [PictureView(p) for p in list_pictures(folder)] for side, folder in zip("AB", folders, strict=True)
        }
        for side, folder in zip("AB", folders, strict=True):
            if not views[side]:
                raise no_pictures_error(folder)
        parts[split] = DataSplit(views)
    return parts


def _require_sides(path: Path, kind: DataKind) -> dict[str, tuple[Path, Path]]:
    sides, complete = find_sides(path), {}
    if not sides:
        raise _layout_error(path, kind)
    for split, (a, b) in sides.items():
        if a is None or b is None:
            missing, present = ("A", b) if a is None else ("B", a)
            raise PicturaError(
                f"'{path}' has '{present and present.name}' but no side {missing} for it: expected {_EXPECTED[kind]}."
            )
        complete[split] = (a, b)
    return complete


def _paired_splits(path: Path) -> dict[str, DataSplit]:
    if not find_sides(path):
        return _side_by_side_splits(path)
    parts = {split: match_pairs(*folders) for split, folders in _require_sides(path, "paired").items()}
    for split, part in parts.items():
        if not part.views["A"]:
            raise PicturaError(
                f"No file of side A has the same name as one of side B in the {split} split of '{path}': rename them."
            )
    return parts


def match_pairs(folder_a: Path, folder_b: Path) -> DataSplit:
    """Pairs of files with the same name in two folders (folders below included); suffixes may differ.

    Raises:
        PicturaError: two files of one folder differ only in their suffix.
    """
    a, b = files_by_name(folder_a), files_by_name(folder_b)
    names = [name for name in a if name in b]
    orphans = [a[name] for name in a if name not in b] + [b[name] for name in b if name not in a]
    return DataSplit(
        {"A": [PictureView(a[n]) for n in names], "B": [PictureView(b[n]) for n in names]}, orphans=tuple(orphans)
    )


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
    """Refuse a picture that is too narrow for two side by side.

    Raises:
        PicturaError: it is not wider than high.
    """
    (height, width), _ = read_header(first)
    if width <= height:
        raise PicturaError(
            f"'{first}' is {width} × {height} pixels, but two pictures side by side are wider than high: expected in "
            f"'{path}' {_EXPECTED['paired']}."
        )


def _apply_direction(part: DataSplit, settings: DataSettings) -> DataSplit:
    if settings.direction == "AtoB" or "A" not in part.views:
        return part
    return DataSplit({"A": part.views["B"], "B": part.views["A"]}, part.labels, part.orphans)


def _layout_error(path: Path, kind: DataKind) -> PicturaError:
    return PicturaError(
        f"'{path}' is not laid out as {kind} pictures: expected {_EXPECTED[kind]}; found {_describe_folder(path)}."
    )


def _describe_folder(path: Path) -> str:
    contents = [f"the folder {folder.name}" for folder in list_subfolders(path)][:4]
    if count := sum(1 for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES):
        contents.append(f"{count} pictures" if count > 1 else "1 picture")
    return ", ".join(contents) or "nothing"
