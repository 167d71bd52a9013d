"""From what was asked for to pairs of files: which picture is read, and where its painting goes."""

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pictura.runtime.errors import PicturaError


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


def plan_jobs(contents: Sequence[Path], output: Path | None, label: str) -> list[Job]:
    """One job a picture; folders are walked and mirrored, hidden files and the output folder left out.

    One picture goes to the file `output`, or into the folder of that name; several go into the folder, names kept.
    Without `output` they go into the current folder as <name>_<label>.png.

    Raises:
        PicturaError: a content is missing, a folder has no pictures, two pictures would have one name, or one would
            take a content's place: originals are never overwritten.
    """
    if output is None:
        return _make_jobs(_find_contents(contents, None), lambda name: name.with_name(f"{name.stem}_{label}.png"))
    if len(contents) == 1 and not contents[0].is_dir() and output.suffix and not output.is_dir():
        return _make_jobs(_find_contents(contents, output), lambda _: output)
    if output.suffix.lower() in _suffixes() and not output.is_dir():
        raise PicturaError(f"The output '{output}' is a file, but there may be several contents: give a folder.")
    return _make_jobs(_find_contents(contents, output), lambda name: output / _writable_name(name))


def _find_contents(contents: Iterable[Path], output: Path | None) -> list[tuple[Path, Path]]:
    """(picture, its path inside the folder that was given)."""
    found = []
    for content in contents:
        if content.is_dir():
            found += [(path, path.relative_to(content)) for path in _find_pictures(content, output)]
        else:
            found.append((_check_readable(content), Path(content.name)))
    return found


def _find_pictures(folder: Path, output: Path | None) -> list[Path]:
    kept = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _suffixes() and path.is_file()]
    kept = [path for path in kept if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if output is not None and output.resolve() != folder.resolve():
        kept = [path for path in kept if not path.resolve().is_relative_to(output.resolve())]
    if not kept:
        raise PicturaError(f"The folder '{folder}' contains no pictures ({', '.join(sorted(_suffixes()))}).")
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
    from pictura.runtime.files import open_file

    with open_file(path):
        return path


def _writable_name(name: Path) -> Path:
    from pictura.picture import WRITABLE_SUFFIXES

    return name if name.suffix.lower() in WRITABLE_SUFFIXES else name.with_name(f"{name.name}.png")


def _suffixes() -> set[str]:
    from pictura.picture import READABLE_SUFFIXES

    return set(READABLE_SUFFIXES)
