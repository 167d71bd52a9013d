"""Pairs in two folders, and pairs side by side: from the one to the other, pixel for pixel."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pictura.data.layout import check_folder, list_pictures, match_pairs
from pictura.picture import Picture, check_writable, read, write
from pictura.picture.picture import Pixels
from pictura.runtime.errors import PicturaError

ProgressCallback = Callable[[int, int], None]


class _WriteTask(NamedTuple):
    """Pictures to be written, all from the same source."""

    sources: tuple[Path, ...]
    targets: tuple[Path, ...]


def combine_pairs(
    first: str | Path,
    second: str | Path,
    output: str | Path,
    *,
    suffix: str = ".png",
    overwrite: bool = False,
    progress: ProgressCallback | None = None,
) -> list[Path]:
    """Put each picture of the first folder beside the one of the same name in the second; returns the files written.

    The left half is the first folder's. Names, also of folders below, are kept, with the suffix given. Colours of the
    two must be sRGB, or have one profile; 16 bits stay where one of them has 16.

    Raises:
        PicturaError: a picture has no partner or a partner of another size, a file cannot be read or written, or one of
            that name exists. What was written before stays; nothing is written in part.
    """
    one, other, output = check_folder(Path(first)), check_folder(Path(second)), Path(output)
    part = match_pairs(one, other)
    if part.orphans:
        raise PicturaError(
            f"'{part.orphans[0]}' has no partner of the same name in the other folder: add or remove it."
        )
    pairs = [(a.path, b.path) for a, b in zip(part.views["A"], part.views["B"], strict=True)]
    if not pairs:
        raise PicturaError(f"The folders '{one}' and '{other}' hold no pictures: give the folders of the two sides.")
    names = [(output / a.relative_to(one)).with_suffix(suffix) for a, _ in pairs]
    works = [_WriteTask(pair, (name,)) for pair, name in zip(pairs, names, strict=True)]
    return _write_all(works, lambda a, b: [_join_sides(a, b)], overwrite, progress)


def split_pairs(
    path: str | Path,
    output: str | Path,
    *,
    suffix: str = ".png",
    overwrite: bool = False,
    progress: ProgressCallback | None = None,
) -> list[Path]:
    """Cut pictures with two side by side, one file or a folder of them, into output/A (left) and output/B (right).

    Names, also of folders below, are kept, with the suffix given; returns the files written.

    Raises:
        PicturaError: a width is odd, a file cannot be read or written, or one of that name exists. What was written
            before stays; nothing is written in part.
    """
    path, output = Path(path), Path(output)
    folder = path if path.is_dir() else path.parent
    found = list_pictures(path) if path.is_dir() else [path]
    if not found:
        raise PicturaError(f"The folder '{path}' holds no picture: give pictures with two side by side.")
    names = [one.relative_to(folder).with_suffix(suffix) for one in found]
    works = [_WriteTask((one,), (output / "A" / n, output / "B" / n)) for one, n in zip(found, names, strict=True)]
    return _write_all(works, _split_halves, overwrite, progress)


def _write_all(
    works: list[_WriteTask], make: Callable[..., list[Picture]], overwrite: bool, progress: ProgressCallback | None
) -> list[Path]:
    targets: dict[Path, Path] = {}
    for work in works:
        for target in work.targets:
            check_writable(target, overwrite)
            if (other := targets.setdefault(target, work.sources[0])) != work.sources[0]:
                raise PicturaError(f"'{other}' and '{work.sources[0]}' would both become '{target}': rename one.")
            if target.resolve() in {source.resolve() for source in work.sources}:
                raise PicturaError(f"'{target}' is an original and is not overwritten: choose another output.")
    for done, work in enumerate(works, 1):
        try:
            made = make(*map(read, work.sources))
        except ValueError as error:
            raise PicturaError(f"'{work.sources[0]}' {error}.") from error
        for target, picture in zip(work.targets, made, strict=True):
            write(picture, target, overwrite=overwrite)
        if progress is not None:
            progress(done, len(works))
    return list(targets)


def _join_sides(one: Picture, other: Picture) -> Picture:
    if one.size != other.size:
        sizes = [f"{width} × {height}" for height, width in (one.size, other.size)]
        raise ValueError(f"is {sizes[0]} pixels and its partner {sizes[1]}: give both one size")
    alphas: list[Pixels] | None = None
    if one.alpha is not None or other.alpha is not None:
        alphas = [np.ones(p.size, np.float32) if p.alpha is None else p.alpha for p in (one, other)]
    return Picture(
        np.concatenate([one.pixels, other.pixels], axis=1),
        None if alphas is None else np.concatenate(alphas, axis=1),
        max(one.depth, other.depth),
        one.grey and other.grey,
        one.icc if one.icc == other.icc else None,
    )


def _split_halves(whole: Picture) -> list[Picture]:
    width = whole.size[1] // 2
    if whole.size[1] % 2:
        raise ValueError(f"is {whole.size[1]} pixels wide, which makes no two equal halves: cut off a column")
    return [_cut_columns(whole, slice(None, width)), _cut_columns(whole, slice(width, None))]


def _cut_columns(whole: Picture, columns: slice) -> Picture:
    alpha = None if whole.alpha is None else whole.alpha[:, columns]
    return Picture(whole.pixels[:, columns], alpha, whole.depth, whole.grey, whole.icc)
