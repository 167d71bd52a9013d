"""From what was asked for to pairs of files: which picture is read, and where its painting goes."""

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pictura.picture.folder import PICTURE_SUFFIXES, FolderPictures, find_pictures
from pictura.picture.formats import format_by_suffix
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import open_file


class Job(NamedTuple):
    """One picture to be made."""

    source: Path
    target: Path
    sole: bool = True  # of several, those whose target exists count as finished

    def preview(self, step: int) -> Path:
        """The file of the picture after so many steps."""
        return self.target.with_name(f"{self.target.stem}-step-{step:04d}.png")

    def previews(self) -> list[Path]:
        """Those that exist."""
        return sorted(self.target.parent.glob(f"{glob.escape(self.target.stem)}-step-*.png"))


class Plan(NamedTuple):
    """The jobs, and one line for each reason why something in a folder is not among them."""

    jobs: list[Job]
    notes: list[str]


def plan_jobs(contents: Sequence[Path], output: Path | None, label: str) -> Plan:
    """One job a picture; folders are walked and mirrored, hidden files and the output folder left out.

    One picture goes to the file `output`, or into the folder of that name; several go into the folder, names kept.
    Without `output` they go into the current folder as <name>_<label>.png.

    Raises:
        PicturaError: a content is missing, a folder has no pictures, two pictures would have one name, or one would
            take a content's place: originals are never overwritten.
    """
    single = len(contents) == 1 and not contents[0].is_dir()
    if output is not None and not single and output.suffix.lower() in PICTURE_SUFFIXES and not output.is_dir():
        raise PicturaError(
            f"The output '{output}' is a file, but there may be several contents: give a folder; "
            "if one of them was meant as a style, put --style before it."
        )
    found, notes = _find_contents(contents, output)

    def target(name: Path) -> Path:
        if output is None:
            return name.with_name(f"{name.stem}_{label}.png")
        return output if single and output.suffix and not output.is_dir() else output / _writable_name(name)

    return Plan(_make_jobs(found, target), notes)


def _find_contents(contents: Iterable[Path], output: Path | None) -> tuple[list[tuple[Path, Path]], list[str]]:
    """(picture, its path inside the folder that was given), and what is said about the folders."""
    found, notes = [], list[str]()
    for content in contents:
        if content.is_dir():
            there = find_pictures(content)
            notes += there.notes()
            found += [(path, path.relative_to(content)) for path in _keep_contents(there, output)]
        else:
            found.append((_check_readable(content), Path(content.name)))
    return found, notes


def _keep_contents(there: FolderPictures, output: Path | None) -> list[Path]:
    """The pictures of a folder but those in the output folder, if there are any."""
    folder, kept = there.folder, there.pictures
    if output is not None and output.resolve() != folder.resolve():
        kept = [path for path in kept if not path.resolve().is_relative_to(output.resolve())]
    if not kept:
        said = "".join(f" {note[:1].upper()}{note[1:]}." for note in there.notes())
        raise PicturaError(f"The folder '{folder}' contains no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).{said}")
    return kept


def _make_jobs(found: Sequence[tuple[Path, Path]], target: Callable[[Path], Path]) -> list[Job]:
    jobs: dict[Path, Job] = {}
    originals = {source.resolve() for source, _ in found}
    for source, name in found:
        job = Job(source, target(name), len(found) == 1)
        if (other := jobs.setdefault(job.target, job)) is not job:
            raise PicturaError(f"'{other.source}' and '{source}' would both be written to '{job.target}': rename one.")
        if job.target.resolve() in originals:
            raise PicturaError(f"'{job.target}' is one of the contents and is not overwritten: choose another output.")
    return list(jobs.values())


def _check_readable(path: Path) -> Path:
    if not path.exists() and path.suffix.lower() in ("", ".style"):
        from pictura.style.sources import style_names

        if path.suffix or path.name in style_names():
            raise PicturaError(f"'{path}' is a style, not a picture to be painted: write --style {path}.")
    with open_file(path):
        return path


def _writable_name(name: Path) -> Path:
    """The name itself where its format can be written, else a PNG's."""
    try:
        format_by_suffix(name)
    except PicturaError:
        return name.with_name(f"{name.name}.png")
    return name
