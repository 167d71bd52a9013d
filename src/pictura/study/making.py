"""Make a study: pictures checked, copied as PNG without a note under random names, and the study file."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pictura.picture.folder import PICTURE_SUFFIXES, find_pictures
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import encode_json, move_into_place, remove_folder, temporary_folder, write_atomic
from pictura.study.plan import (
    CONSENT,
    PICTURE_FOLDER,
    QUESTIONS,
    REAL,
    REFERENCE,
    STUDY_FILE,
    VIGILANCE,
    Kind,
    Study,
    StudyPicture,
    count_needed,
    picture_path,
)

if TYPE_CHECKING:
    from pictura.picture import Picture

MAX_STUDY_PICTURES = 50_000  # ours: of these the study file has some 8 MB, half of what is read


@dataclass(frozen=True)
class StudyRequest:
    """What a study shall be made of; folders hold the pictures."""

    kind: Kind
    fakes: Mapping[str, Path]
    real: Path | None = None
    references: Sequence[Path] = ()
    broken: Path | None = None  # obviously broken pictures, for vigilance
    trials: int = 40
    practice: int = 10
    seed: int = 0
    pairing: Literal["same", "different"] = "different"
    ask: Literal["real", "fake"] = "fake"
    title: str | None = None
    question: str | None = None
    consent: str | None = None

    @property
    def vigilance(self) -> int:
        """Vigilance trials: a tenth of the scored ones, where there are pictures for them."""
        return 0 if self.broken is None else max(1, round(0.1 * self.trials))


def make_study(folder: Path, request: StudyRequest) -> Study:
    """Write a study's folder, which appears whole or not at all.

    Raises:
        PicturaError: the folder exists, a folder has too few pictures, other names or other sizes, or one cannot be
            read.
    """
    if folder.exists():
        raise PicturaError(f"'{folder}' exists already: give the name of a new folder.")
    _check_request(request)
    sources = _find_sources(request)
    _check_names(request, sources)
    chosen = _choose_practice(request, sources)
    temporary = temporary_folder(folder)
    try:
        (temporary / PICTURE_FOLDER).mkdir(parents=True)
        pictures = _copy_pictures(request, sources, chosen, temporary)
        study = Study(
            id=secrets.token_hex(8),
            kind=request.kind,
            title=request.title or "Picture study",
            question=request.question or QUESTIONS[request.ask if request.kind == "real-fake" else request.kind],
            ask=request.ask,
            seed=request.seed,
            trials=request.trials,
            practice=request.practice,
            vigilance=request.vigilance,
            pairing=request.pairing,
            algorithms=tuple(request.fakes),
            pictures=pictures,
            consent=request.consent or CONSENT,
        )
        write_atomic(temporary / STUDY_FILE, encode_json(study.model_dump(mode="json"), indent=1))
        move_into_place(temporary, folder)
    except OSError as error:
        raise PicturaError(f"'{folder}' could not be written ({error.strerror or error}).") from error
    finally:
        remove_folder(temporary)
    return study


def _check_request(request: StudyRequest) -> None:
    if reserved := [n for n in request.fakes if n in (REAL, VIGILANCE) or n.startswith(REFERENCE) or not n.strip()]:
        raise PicturaError(f"'{reserved[0]}' cannot be the name of an algorithm: choose another for --fake.")
    if request.kind == "preference":
        if len(request.fakes) < 2:
            raise PicturaError("A preference study compares two algorithms or more: give --fake NAME=DIR twice.")
        if request.real is not None or request.broken is not None:
            raise PicturaError("A preference study has no real pictures: show inputs or styles with --reference DIR.")
        return
    if not request.fakes or request.real is None:
        raise PicturaError(f"A {request.kind} study needs --real DIR and --fake NAME=DIR.")
    if request.references:
        raise PicturaError(f"A {request.kind} study shows no references: leave --reference out.")
    if request.kind == "realness" and request.broken is not None:
        raise PicturaError("A realness study has no right answers, so no vigilance trials: leave --vigilance out.")


def _find_sources(request: StudyRequest) -> dict[str, dict[str, Path]]:
    """Source → item → file."""
    folders: dict[str, Path] = dict(request.fakes)
    if request.real is not None:
        folders[REAL] = request.real
    if request.broken is not None:
        folders[VIGILANCE] = request.broken
    folders |= {f"{REFERENCE} {k}": path for k, path in enumerate(request.references, 1)}
    sources = {source: _find_items(path) for source, path in folders.items()}
    if (count := sum(map(len, sources.values()))) > MAX_STUDY_PICTURES:
        raise PicturaError(f"The folders have {count:,} pictures, more than {MAX_STUDY_PICTURES:,}: give fewer.")
    return sources


def _find_items(folder: Path) -> dict[str, Path]:
    """Name without suffix → picture file, of a folder and those in it."""
    if not folder.is_dir():
        raise PicturaError(f"The folder '{folder}' does not exist: give a folder of pictures.")
    items: dict[str, Path] = {}
    for path in find_pictures(folder).pictures:
        name = path.relative_to(folder).with_suffix("").as_posix()
        if (first := items.setdefault(name, path)) is not path:
            raise PicturaError(f"'{first}' and '{path}' differ only in their suffix: remove or rename one.")
    if not items:
        suffixes = ", ".join(sorted(PICTURE_SUFFIXES))
        raise PicturaError(f"The folder '{folder}' contains no pictures: add {suffixes} files.")
    return items


def _check_names(request: StudyRequest, sources: dict[str, dict[str, Path]]) -> None:
    """Algorithms have the same items, so that they are compared on the same; so have all that are shown together."""
    first, *others = [source for source in sources if source not in (REAL, VIGILANCE)]
    if request.kind == "real-fake" and request.pairing == "same":
        others.append(REAL)
    for other in others:
        if differing := sorted(sources[first].keys() ^ sources[other].keys()):
            has, lacks = (first, other) if differing[0] in sources[first] else (other, first)
            raise PicturaError(
                f"'{has}' has a picture '{differing[0]}' and '{lacks}' has none ({len(differing)} names differ): give "
                "folders with the same names."
            )


def _choose_practice(request: StudyRequest, sources: dict[str, dict[str, Path]]) -> dict[str, set[str]]:
    """Source → items for practice, which are never scored: the same items of all sources that have the same."""
    wanted = count_needed(request.kind, len(request.fakes), request.trials, request.practice, request.vigilance)
    chosen = {}
    for source, items in sources.items():
        scored, practice = wanted.get(source, wanted[""])
        if len(items) < scored + practice:
            raise PicturaError(
                f"'{source}' has {len(items)} pictures and {scored + practice} are needed, {practice} for practice: "
                "add pictures, or give less with --trials and --practice."
            )
        ranked = sorted(items, key=lambda item: hashlib.sha256(f"{request.seed} {item}".encode()).digest())
        chosen[source] = set(ranked[:practice])
    return chosen


def _copy_pictures(
    request: StudyRequest, sources: dict[str, dict[str, Path]], practice: dict[str, set[str]], folder: Path
) -> dict[str, StudyPicture]:
    """Random name → picture; each is written as PNG of 8 bits, so that no file tells by its kind or notes what it is.

    Raises:
        PicturaError: sizes differ where they would tell: everywhere, but between the trials of a preference study.
    """
    from pictura.picture import Picture, read, write

    pictures: dict[str, StudyPicture] = {}
    sizes: dict[str, tuple[tuple[int, int], Path]] = {}
    for source, items in sources.items():
        for item, path in items.items():
            picture = read(path)
            if not source.startswith(REFERENCE):
                group = item if request.kind == "preference" else ""
                size, first = sizes.setdefault(group, (picture.size, path))
                if picture.size != size:
                    raise PicturaError(
                        f"'{path}' has {picture.size[1]} × {picture.size[0]} pixels and '{first}' "
                        f"{size[1]} × {size[0]}: what is compared must have one size."
                    )
            name = secrets.token_hex(8)
            write(Picture.of(_opaque_bytes(picture)), picture_path(folder, name))
            shown = item in practice[source]
            pictures[name] = StudyPicture(source=source, item=item, size=picture.size, practice=shown)
    return pictures


def _opaque_bytes(picture: "Picture") -> NDArray[np.uint8]:
    """H×W×3, on white where the picture is transparent."""
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = pixels * picture.alpha[..., None] + (1 - picture.alpha[..., None])
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
