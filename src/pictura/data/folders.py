"""Files and folders of a set of pictures, before any of them is opened."""

from pathlib import Path

from pictura.data.settings import SPLITS
from pictura.picture.folder import PICTURE_SUFFIXES, find_pictures
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import explain_missing, is_address


def check_folder(path: Path) -> Path:
    """The path, if it is a folder.

    Raises:
        PicturaError: it is a file or does not exist.
    """
    if not path.is_dir():
        if is_address(path):
            raise PicturaError(explain_missing(path))
        what = "is a file" if path.is_file() else "does not exist"
        raise PicturaError(f"The folder '{path}' {what}: give a folder of pictures.")
    return path


def list_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and below, sorted; hidden ones are skipped."""
    return find_pictures(folder).pictures


def no_pictures_error(folder: Path) -> PicturaError:
    """What is raised for a folder without pictures."""
    return PicturaError(f"The folder '{folder}' contains no pictures: add {', '.join(sorted(PICTURE_SUFFIXES))} files.")


def list_subfolders(folder: Path) -> list[Path]:
    """The folders directly in a folder, sorted; hidden ones are skipped."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def split_folders(path: Path) -> dict[str, Path]:
    """The folders train, val and test where there are any, else the folder itself as train."""
    folders = {folder.name.lower(): folder for folder in list_subfolders(path)}
    return {split: folders[split] for split in SPLITS if split in folders} or {"train": path}


def files_by_name(folder: Path) -> dict[str, Path]:
    """Name below the folder, without suffix → file.

    Raises:
        PicturaError: two files differ only in their suffix.
    """
    paths: dict[str, Path] = {}
    for path in list_pictures(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if (first := paths.setdefault(name, path)) is not path:
            raise PicturaError(
                f"'{first}' and '{path}' differ only in their suffix, so the pair is ambiguous: remove or rename one."
            )
    return paths
