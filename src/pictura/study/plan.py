"""The study file: what is asked, and every picture with what it is. Only the server reads it, never a rater."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pictura.runtime.documents import UnreadableDocument, read_json
from pictura.runtime.errors import PicturaError

STUDY_FILE = "study.json"
PICTURE_FOLDER = "pictures"
Kind = Literal["real-fake", "realness", "preference"]
KINDS: tuple[Kind, ...] = ("real-fake", "realness", "preference")
REAL, VIGILANCE, REFERENCE = "real", "vigilance", "reference"  # sources that are no algorithms
# pix2pix asks which picture is fake, CycleGAN which is real.
QUESTIONS = {
    "fake": "Which picture is fake?",
    "real": "Which picture is real?",
    "realness": "How far does this look like a real photograph?",
    "preference": "Which picture do you prefer?",
}
CONSENT = (
    "Taking part is voluntary, and you can stop at any time. Your answers are stored under a random number, with the "
    "time they took and how large the pictures were shown. Nothing that names you is stored."
)
Name = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class StudyPicture(BaseModel):
    """One picture: the algorithm that made it, or REAL, VIGILANCE, REFERENCE; of which input; (height, width)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    item: str
    size: tuple[int, int]
    practice: bool = False


class Study(BaseModel):
    """A study: the same file gives the same trials to the rater of the same number.

    trials, practice, vigilance: how many of each a rater answers.
    pairing: whether the real picture of a pair is of the same input as the fake one.
    pictures: random name → picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Literal[1] = 1
    id: Name
    kind: Kind
    title: str
    question: str
    ask: Literal["real", "fake"] = "fake"
    consent: str = CONSENT
    seed: int = Field(0, ge=0, lt=2**63)
    trials: int = Field(40, ge=1, le=1000)
    practice: int = Field(10, ge=0, le=1000)
    vigilance: int = Field(0, ge=0, le=1000)
    pairing: Literal["same", "different"] = "different"
    algorithms: tuple[str, ...] = Field(min_length=1)
    pictures: dict[Name, StudyPicture] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_counts(self) -> "Study":
        check_counts(self)
        return self

    def random_names(self, source: str, *, practice: bool = False) -> dict[str, str]:
        """Item → random name, of one source, sorted by item: those that are scored, or those for practice."""
        found = {p.item: name for name, p in self.pictures.items() if p.source == source and p.practice == practice}
        return dict(sorted(found.items()))

    @property
    def total(self) -> int:
        """Trials a rater sees, practice and vigilance included."""
        return self.practice + self.trials + self.vigilance


def count_needed(
    kind: Kind, algorithms: int, trials: int, practice: int, vigilance: int = 0
) -> dict[str, tuple[int, int]]:
    """Source → (scored, practice) pictures that a rater may be shown; "" stands for each algorithm."""
    if kind == "real-fake":
        return {"": (trials, practice), REAL: (trials + vigilance, practice), VIGILANCE: (vigilance, 0)}
    if kind == "realness":
        share = -(-trials // (algorithms + 1)), -(-practice // (algorithms + 1))
        return {"": share, REAL: share}
    return {"": (-(-trials // (algorithms * (algorithms - 1) // 2)), practice)}


def check_counts(study: Study) -> None:
    """Raise ValueError where a rater could not be shown as many different pictures as a session has trials."""
    if study.kind == "preference" and len(study.algorithms) < 2:
        raise ValueError("a preference needs two algorithms")
    wanted = count_needed(study.kind, len(study.algorithms), study.trials, study.practice, study.vigilance)
    for source in (*study.algorithms, *(key for key in wanted if key)):
        scored, practice = wanted.get(source, wanted[""])
        if len(study.random_names(source)) < scored or len(study.random_names(source, practice=True)) < practice:
            raise ValueError(f"there are too few pictures of {source}")
    if study.kind == "preference" or study.pairing == "same":  # what is shown together is of one input
        together = {p.source for p in study.pictures.values()} - {VIGILANCE}
        for practice in (False, True):
            if len({tuple(study.random_names(source, practice=practice)) for source in together}) > 1:
                raise ValueError("pictures of an input are missing")


def read_study(folder: Path) -> Study:
    """The study of a folder that `pictura study new` has made.

    Raises:
        PicturaError: there is none, the file is damaged, or a picture is missing.
    """
    path = folder / STUDY_FILE
    if not path.is_file():
        raise PicturaError(f"'{folder}' is no study, it has no {STUDY_FILE}: make one with pictura study new.")
    try:
        study = Study.model_validate(read_json(path))
    except (UnreadableDocument, ValidationError, OSError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        words = words.removeprefix("Value error, ")
        raise PicturaError(f"'{path}' is no study file ({words}): make the study again.") from error
    for name, picture in study.pictures.items():
        if not picture_path(folder, name).is_file():
            raise PicturaError(
                f"'{picture_path(folder, name)}', {picture.item} of {picture.source}, is missing: make the study again."
            )
    return study


def picture_path(folder: Path, name: str) -> Path:
    """Where a picture lies; `name` is one of the study file."""
    return folder / PICTURE_FOLDER / f"{name}.png"
