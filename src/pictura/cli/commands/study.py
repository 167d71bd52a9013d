"""`pictura study`: studies with people, made, served and evaluated."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli.options import Json, Overwrite, with_groups
from pictura.cli.text import align_columns, examples, print_text, printable
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.files import check_free, write_atomic

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Ask people which pictures are real, how real they look, or which they prefer.",
    epilog=examples("pictura study new maps --kind real-fake --real aerial --fake cyclegan=results"),
)
DATABASE = "PICTURA_STUDY_DATABASE"
StudyFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The study's folder.")]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where the answers are: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME "
        f"(default: ${DATABASE}, else answers.sqlite in FOLDER).",
    ),
]
KindOption = Annotated[str, typer.Option(metavar="real-fake|realness|preference", help="What raters are asked.")]
Fakes = Annotated[
    list[str],
    typer.Option(metavar="NAME=DIR", help="An algorithm's name and the folder of its pictures (repeatable)."),
]


@dataclass(frozen=True)
class StudyOptions:
    """What a study is made of beside its kind and the algorithms: fields of `StudyRequest`."""

    real: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of real pictures (default: none).")] = None
    references: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference",
            metavar="DIR",
            help="Pictures to show above a pair, as input or style; preference (repeatable; default: none).",
        ),
    ] = None
    broken: Annotated[
        Path | None,
        typer.Option(
            "--vigilance",
            metavar="DIR",
            help="Obviously broken pictures for attention checks, a tenth of the trials; real-fake (default: none).",
        ),
    ] = None
    trials: Annotated[int, typer.Option(min=1, max=1000, help="Scored trials of a rater.")] = 40
    practice: Annotated[
        int, typer.Option(min=0, max=1000, help="Practice trials before, of pictures never scored.")
    ] = 10
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of what each rater is shown.")] = 0
    pairing: Annotated[
        str,
        typer.Option(
            metavar="different|same", help="Whether the real picture of a pair is of the same input; real-fake."
        ),
    ] = "different"
    ask: Annotated[
        str,
        typer.Option(
            metavar="fake|real", help="Which picture is asked for: fake as pix2pix, real as CycleGAN; real-fake."
        ),
    ] = "fake"
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the page (default: Picture study).")] = (
        None
    )
    question: Annotated[str | None, typer.Option(metavar="TEXT", help="Question (default: by kind).")] = None
    consent: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What raters agree to (default: a short text).")
    ] = None


@app.command(
    epilog=examples(
        "pictura study new maps --kind real-fake --real aerial --fake cyclegan=results --fake pix2pix=paired",
        "pictura study new photos --kind realness --real photos --fake ours=results --trials 30",
        "pictura study new styles --kind preference --fake adain=a --fake johnson=b --reference contents --practice 2",
    )
)
@with_groups
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.")],
    kind: KindOption,
    fake: Fakes,
    *,
    options: StudyOptions,
) -> None:
    """Make a study: pictures are checked and copied under random names, and FOLDER/study.json says what is what.

    Pictures of algorithms have the same names in all their folders, and what is compared has one size.
    """
    from pictura.study.making import StudyRequest, make_study
    from pictura.study.plan import KINDS

    checked = {
        "kind": _check_word("--kind", kind, KINDS),
        "pairing": _check_word("--pairing", options.pairing, ("different", "same")),
        "ask": _check_word("--ask", options.ask, ("fake", "real")),
        "references": options.references or (),
    }
    study = make_study(folder, StudyRequest(**vars(options) | checked, fakes=_parse_fakes(fake)))
    counts = Counter(picture.source for picture in study.pictures.values())
    told = ", ".join(f"{count} of {printable(source)}" for source, count in counts.items())
    print_text(f"{folder}: {told}; each rater has {study.total} trials, {study.practice} of them practice.")


@app.command(
    epilog=examples(
        "pictura study serve maps",
        "pictura study serve maps --host 0.0.0.0 --name study.example.org --database postgresql://me@localhost/studies",
    )
)
def serve(
    folder: StudyFolder,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 is all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST", help="Name by which raters reach this machine (repeatable; default: --host only)."
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Serve the page of a study until Ctrl-C; each answer is stored when it is given."""
    from pictura.runtime.serving import address_of, check_hosts, open_socket, run_server
    from pictura.study.plan import read_study
    from pictura.study.server import make_app
    from pictura.study.store import open_store

    study = read_study(folder)
    hosts = check_hosts(host, name or ())
    listening = open_socket(host, port)
    store = open_store(folder, study.id, _database(database), create=True)
    print_text(f"Serving '{folder}' at {address_of(host, listening)} (Ctrl-C ends it).", err=True)
    try:
        run_server(make_app(folder, study, store, hosts), listening)
    finally:
        store.close()


@app.command(
    epilog=examples("pictura study report maps", "pictura study report maps -o maps-report --draws 10000 --json")
)
def report(
    folder: StudyFolder,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for report.json, answers.csv and figures.svg (default: none)."),
    ] = None,
    database: Database = None,
    draws: Annotated[int, typer.Option(min=100, max=1_000_000, help="Resamples of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the resamples.")] = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Print what a study has found: figures with intervals over raters and images, comparisons, agreement."""
    from pictura.study.drawing import draw_report, notes, table_rows
    from pictura.study.plan import read_study
    from pictura.study.report import collect_answers, make_report, write_csv
    from pictura.study.store import open_store

    study = read_study(folder)
    files = {} if output is None else {name: output / name for name in ("report.json", "answers.csv", "figures.svg")}
    for path in files.values():
        check_free(path, overwrite)
    store = open_store(folder, study.id, _database(database), create=False)
    try:
        answers = collect_answers(study, store.rows())
    finally:
        store.close()
    found = make_report(study, answers, draws=draws, seed=seed)
    made: dict[str, Callable[[], bytes]] = {
        "report.json": lambda: (json.dumps(found.as_json(), indent=1) + "\n").encode(),
        "answers.csv": lambda: write_csv(answers),
        "figures.svg": lambda: draw_report(found).encode(),
    }
    for name, path in files.items():
        write_atomic(path, made[name](), overwrite=overwrite)
    if as_json:
        print_text(json.dumps(found.as_json()))
        return
    print_text("\n".join([align_columns(table_rows(found)), *map(printable, notes(found))]))


def _parse_fakes(given: list[str]) -> dict[str, Path]:
    """NAME=DIR, several times."""
    fakes: dict[str, Path] = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or not name or not path:
            raise PicturaError(f"'{one}' is not NAME=DIR: write --fake cyclegan=results, for example.")
        if name in fakes:
            raise PicturaError(f"The name '{name}' is given to two algorithms: choose another for one.")
        fakes[name] = Path(path)
    return fakes


def _check_word(option: str, word: str, known: tuple[str, ...]) -> str:
    if word not in known:
        raise PicturaError(
            f"'{word}' is not a value of {option}: choose {', '.join(known)}.{did_you_mean(word, known)}"
        )
    return word


def _database(given: str | None) -> str | None:
    return given or os.environ.get(DATABASE) or None
