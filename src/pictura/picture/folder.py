"""Pictures in a folder: which are taken, and what looks like one and is left out, with the reason."""

import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pictura.picture.formats import READABLE_SUFFIXES
from pictura.runtime.errors import PicturaError

PICTURE_SUFFIXES = frozenset(READABLE_SUFFIXES)
# What the system's list of types need not know as pictures: newer formats, and cameras' raw files.
_OTHER_PICTURES = frozenset(
    (
        *(".avif", ".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".jpx", ".jfif", ".jpe", ".jif", ".gif", ".apng"),
        *(".exr", ".hdr", ".psd", ".xcf", ".kra", ".svg", ".dds", ".tga", ".raw", ".dng", ".cr2", ".cr3", ".nef"),
        *(".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"),
    )
)
LINKED = "a link to a folder, which is not followed"
_NAMED = 3  # files of one reason that are told by name


@dataclass
class FolderPictures:
    """What a folder has: the pictures, sorted, and reason → what was left out for it."""

    folder: Path
    pictures: list[Path] = field(default_factory=list)
    left_out: dict[str, list[Path]] = field(default_factory=dict)

    def leave_out(self, path: Path, reason: str) -> None:
        """Note one that is not taken."""
        self.left_out.setdefault(reason, []).append(path)

    def notes(self) -> list[str]:
        """One line for each reason: how many, the first by name, and why."""
        return [self._note(reason, sorted(paths)) for reason, paths in sorted(self.left_out.items()) if paths]

    def _note(self, reason: str, paths: list[Path]) -> str:
        named = ", ".join(f"'{path.relative_to(self.folder)}'" for path in paths[:_NAMED])
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        return f"left out of '{self.folder}': {named}{more} ({reason})"


def find_pictures(folder: Path, *, below: bool = True) -> FolderPictures:
    """The picture files in a folder, and `below` it; what is hidden is passed over without a word.

    Raises:
        PicturaError: the folder itself may not be entered.
    """
    found = FolderPictures(folder)
    for path in _walk(folder, found, below):
        suffix = path.suffix.lower()
        if suffix in PICTURE_SUFFIXES:
            if path.is_file():
                found.pictures.append(path)
            elif path.is_symlink():
                found.leave_out(path, "a link that leads nowhere")
            else:
                found.leave_out(path, "not a file")
        elif suffix in _OTHER_PICTURES or str(mimetypes.guess_type(path.name)[0]).startswith("image/"):
            found.leave_out(path, f"{suffix} is not read: save it as PNG or JPEG")
    found.pictures.sort()
    return found


def _walk(folder: Path, found: FolderPictures, below: bool) -> Iterator[Path]:
    """All files that are not hidden; folders that are not entered are noted."""

    def refuse(error: OSError) -> None:
        place = Path(error.filename or folder)
        if place == folder:
            raise PicturaError(f"The folder '{folder}' may not be entered ({error.strerror}): check its permissions.")
        found.leave_out(place, f"may not be entered: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if below else []
        for name in folders:
            if (Path(place) / name).is_symlink():
                found.leave_out(Path(place) / name, LINKED)
        yield from (Path(place) / name for name in names if not name.startswith("."))
