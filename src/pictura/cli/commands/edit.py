"""`pictura edit`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pictura import __version__
from pictura.cli.options import BatchOptions, Pictures, with_groups
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura edit photo.jpg --age 61-70",
    "pictura edit photo.jpg -o smile.png --attribute smiling --strength 0.8",
    "pictura edit party.jpg -o all.png --attribute smiling=+1.5 --age 30 --face all",
    "pictura edit faces/ -o older/ --age 65 --aligned --model runs/mine/bundle",
)
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file for one picture, else a folder (default: PICTURE_age65.png here)."),
]


@dataclass(frozen=True)
class ChangeOptions:
    """What is changed, in which face, by which model."""

    age: Annotated[
        str | None, typer.Option(metavar="YEARS", help="The age to show: 65, or a group such as 61-70 (default: none).")
    ] = None
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]",
            help="Repeatable: 1 is what was learned and holds without a value, -1 is its removal, 1.5 half as much "
            "again (default: none).",
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            help="A model's name (see pictura models), its folder or file (default: the shipped one that can)."
        ),
    ] = None
    strength: Annotated[
        float, typer.Option(min=0, max=2, help="Of the whole change: 0, none, over 1, as learned, to 2.")
    ] = 1.0
    face: Annotated[
        str | None, typer.Option(metavar="N|all", help="Which of several faces, from left to right (default: the one).")
    ] = None
    aligned: Annotated[
        bool, typer.Option("--aligned", help="Take each picture for a face that is already cut out (default: off).")
    ] = False
    examples: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Labelled pictures, from which a model that encodes and decodes learns attributes (default: none).",
        ),
    ] = None


@with_groups
def edit(pictures: Pictures, output: Output = None, *, change: ChangeOptions, options: BatchOptions) -> None:
    """Change faces in pictures: their age, a smile, or what else a trained model knows.

    The face is found, changed and blended back; everything else stays as it is.
    """
    use_threads(options.threads)
    from pictura import api
    from pictura.cli.batch import Work, pending_jobs, run_batch
    from pictura.cli.jobs import plan_jobs
    from pictura.tasks.editor import open_editor

    wanted = _read_attributes(change.attribute or [])
    to_do = pending_jobs(plan_jobs(pictures, output, _label(change.age, wanted)), options)
    if not to_do:
        return
    editor = open_editor(
        change.model,
        age=change.age,
        attributes=wanted,
        strength=change.strength,
        face=change.face,
        aligned=change.aligned,
        examples=change.examples,
        device=options.device,
    )
    work = Work(
        lambda picture, _, __: api.edit(picture, editor),
        {"edit": editor.about, "pictura": __version__},
        less_memory="edit a smaller picture",
    )
    run_batch(to_do, work, options)


def _read_attributes(words: list[str]) -> dict[str, float]:
    """``smiling`` and ``smiling=+1.5`` as numbers.

    Raises:
        PicturaError: one has no name or no number, or is given twice.
    """
    wanted: dict[str, float] = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            number = float(value) if equals else 1.0
        except ValueError as error:
            raise PicturaError(f"--attribute takes a number behind '=', such as {name}=1.5; got '{word}'.") from error
        if not name.strip():
            raise PicturaError(f"--attribute takes a name, such as smiling=1.5; got '{word}'.")
        if name in wanted:
            raise PicturaError(f"--attribute {name} is given twice: give it once.")
        wanted[name] = number
    return wanted


def _label(age: str | None, wanted: dict[str, float]) -> str:
    """What is changed in a word, for file names: ``age65_smiling``."""
    words = [] if age is None else [f"age{age}"]
    return "_".join("".join(c for c in word if c.isalnum() or c in "-_") for word in [*words, *wanted]) or "edited"
