"""The two sides of a measurement: one picture or many, with names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pictura.data.folders import check_folder, files_by_name, no_pictures_error
from pictura.runtime.errors import PicturaError


class Couple(NamedTuple):
    """Two pictures of one name; each a path, or a picture of any kind."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, eq=False)
class Side:
    """told: what it is called in a sentence; pictures: by name; single: whether it is one picture, of any name."""

    told: str
    pictures: Mapping[str, Any]
    single: bool = False
    folder: Path | None = None

    @classmethod
    def of(cls, source: Any, role: str) -> "Side":
        """From a file, a folder (and those below it), a picture of any kind, or a sequence of pictures.

        Raises:
            PicturaError: the folder has no pictures, or the file is not there.
        """
        if isinstance(source, (str, Path)):
            path = Path(source)
            if path.is_dir() or not (path.suffix or path.exists()):
                files = files_by_name(check_folder(path))
                if not files:
                    raise no_pictures_error(path)
                return cls(f"'{path}'", files, folder=path)
            return cls(f"'{path}'", {path.name: path}, single=True, folder=path.parent)
        if isinstance(source, Sequence):
            if not source:
                raise PicturaError(f"{role} is an empty list: give at least one picture.")
            return cls(role, {str(i): one for i, one in enumerate(source)})
        return cls(role, {role: source}, single=True)


def match_sides(a: Side, b: Side, *, one_for_all: bool = False) -> list[Couple]:
    """Pictures of one name; of two single ones the name does not matter; with `one_for_all` a single B goes with each.

    Raises:
        PicturaError: a picture has no partner, or one side is a single picture.
    """
    if b.single and (a.single or one_for_all):
        (partner,) = b.pictures.values()
        return [Couple(name, picture, partner) for name, picture in a.pictures.items()]
    if a.single or b.single:
        one, many = (a, b) if a.single else (b, a)
        raise PicturaError(f"{one.told} is one picture and {many.told} several: give two files or two folders.")
    for side, other in ((a, b), (b, a)):
        if orphans := [name for name in side.pictures if name not in other.pictures]:
            raise PicturaError(
                f"{len(orphans)} of {len(side.pictures)} pictures in {side.told} have no partner of the same name in "
                f"{other.told}, such as '{orphans[0]}': add or remove them."
            )
    return [Couple(name, picture, b.pictures[name]) for name, picture in a.pictures.items()]
