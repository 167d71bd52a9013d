"""Combine pairs of two folders side by side in one file, and split such files, pixel for pixel."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pictura.data.folders import check_folder, list_pictures
from pictura.data.layout import match_pairs
from pictura.picture import Picture, check_writable, read, write
from pictura.picture.picture import Pixels
from pictura.runtime.errors import DiskFullError, PicturaError, explain

ProgressCallback = Callable[[int, int], None]


class _WriteTask(NamedTuple):
    """Output files that are made of the same source files."""

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

    The left half is the first folder's. Names, also of folders below, are kept, with the given suffix. The profile is
    kept where both have the same, else sRGB is written; 16 bits where one of them has 16.

    Raises:
        PicturaError: a picture has no partner or a partner of another size, a file cannot be read or written, or one of
            that name exists; all other pairs are made, and no partial files are left.
    """
    left, right, output = check_folder(Path(first)), check_folder(Path(second)), Path(output)
    part = match_pairs(left, right)
    if part.orphans:
        raise PicturaError(
            f"'{part.orphans[0]}' has no partner of the same name in the other folder: add or remove it."
        )
    pairs = [(a.path, b.path) for a, b in zip(part.views["A"], part.views["B"], strict=True)]
    if not pairs:
        raise PicturaError(
            f"The folders '{left}' and '{right}' contain no pictures: give the folders of the two sides."
        )
    names = [(output / a.relative_to(left)).with_suffix(suffix) for a, _ in pairs]
    tasks = [_WriteTask(pair, (name,)) for pair, name in zip(pairs, names, strict=True)]
    return _write_all(tasks, lambda a, b: [_join_sides(a, b)], overwrite, progress)


def split_pairs(
    path: str | Path,
    output: str | Path,
    *,
    suffix: str = ".png",
    overwrite: bool = False,
    progress: ProgressCallback | None = None,
) -> list[Path]:
    """Split pictures with two side by side, one file or a folder of them, into output/A (left) and output/B (right).

    Names, also of folders below, are kept, with the given suffix; returns the files written.

    Raises:
        PicturaError: a width is odd, a file cannot be read or written, or one of that name exists; all others are
            split, and no partial files are left.
    """
    path, output = Path(path), Path(output)
    folder = path if path.is_dir() else path.parent
    sources = list_pictures(path) if path.is_dir() else [path]
    if not sources:
        raise PicturaError(f"The folder '{path}' contains no pictures: give pictures with two side by side.")
    names = [source.relative_to(folder).with_suffix(suffix) for source in sources]
    tasks = [_WriteTask((s,), (output / "A" / n, output / "B" / n)) for s, n in zip(sources, names, strict=True)]
    return _write_all(tasks, _split_halves, overwrite, progress)


def _write_all(
    tasks: list[_WriteTask], make: Callable[..., list[Picture]], overwrite: bool, progress: ProgressCallback | None
) -> list[Path]:
    targets: dict[Path, Path] = {}
    for task in tasks:
        for target in task.targets:
            check_writable(target, overwrite)
            if (other := targets.setdefault(target, task.sources[0])) != task.sources[0]:
                raise PicturaError(f"'{other}' and '{task.sources[0]}' would both become '{target}': rename one.")
            if target.resolve() in {source.resolve() for source in task.sources}:
                raise PicturaError(f"'{target}' is an original and is not overwritten: choose another output.")
    failed: list[str] = []
    for done, task in enumerate(tasks, 1):
        try:
            _write_one(task, make, overwrite)
        except DiskFullError:
            raise
        except Exception as error:  # noqa: BLE001, whatever one file does, the others are made
            failed.append(explain(error, str(task.sources[0])))
        if progress is not None:
            progress(done, len(tasks))
    if failed:
        others = f" So it is with {len(failed) - 1} more; the other {len(tasks) - len(failed)} are made."
        raise PicturaError(failed[0] + (others if len(failed) > 1 else ""))
    return list(targets)


def _write_one(task: _WriteTask, make: Callable[..., list[Picture]], overwrite: bool) -> None:
    pictures = map(read, task.sources)
    try:
        made = make(*pictures)
    except ValueError as error:
        raise PicturaError(f"'{task.sources[0]}' {error}.") from error
    for target, picture in zip(task.targets, made, strict=True):
        write(picture, target, overwrite=overwrite)


def _join_sides(left: Picture, right: Picture) -> Picture:
    if left.size != right.size:
        sizes = [f"{width} × {height}" for height, width in (left.size, right.size)]
        raise ValueError(f"is {sizes[0]} pixels and its partner {sizes[1]}: resize one of them")
    alphas: list[Pixels] | None = None
    if left.alpha is not None or right.alpha is not None:
        alphas = [np.ones(p.size, np.float32) if p.alpha is None else p.alpha for p in (left, right)]
    return Picture(
        np.concatenate([left.pixels, right.pixels], axis=1),
        None if alphas is None else np.concatenate(alphas, axis=1),
        max(left.depth, right.depth),
        left.grey and right.grey,
        left.icc if left.icc == right.icc else None,
    )


def _split_halves(whole: Picture) -> list[Picture]:
    width = whole.size[1] // 2
    if whole.size[1] % 2:
        raise ValueError(
            f"is {whole.size[1]} pixels wide and cannot be split into equal halves: crop it to an even width"
        )
    return [_cut_columns(whole, slice(None, width)), _cut_columns(whole, slice(width, None))]


def _cut_columns(whole: Picture, columns: slice) -> Picture:
    alpha = None if whole.alpha is None else whole.alpha[:, columns]
    return Picture(whole.pixels[:, columns], alpha, whole.depth, whole.grey, whole.icc)
