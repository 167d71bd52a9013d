"""`pictura data`: sets of pictures checked before a training, pairs put side by side and cut apart."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pictura.cli.options import Json, Overwrite
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.data import DataKind

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Check and rearrange sets of pictures.",
    epilog=examples("pictura data check photos"),
)
OutputFolder = Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")]
ImageFormat = Annotated[str, typer.Option("--format", metavar="png|tif|jpg|…", help="The format of what is written.")]


@app.command(
    epilog=examples(
        "pictura data check photos",
        "pictura data check facades --kind paired --skip-bad",
        "pictura data check faces --kind labelled --set pattern={age}_{gender}_* --json",
    )
)
def check(
    folder: Annotated[Path, typer.Argument(help="The set of pictures, laid out as for a training.")],
    kind: Annotated[
        str | None,
        typer.Option(metavar="images|paired|unpaired|labelled", help="Left out: what the folder looks like."),
    ] = None,
    crop: Annotated[int | None, typer.Option(min=1, help="Name pictures smaller than a training's crop.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="How the set is read, such as direction=BtoA (repeatable)."),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Do not fail on what is bad, but count what is left without it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Decode every file of a set in full and name what would spoil a training.

    Broken files, missing partners, partners of unequal sizes, pictures of one flat colour, and training pictures that
    are test pictures too are bad, and the exit code is 2. Near copies and unusual sizes are only named.
    """
    from pictura.data import audit, open_data, recognize_kind
    from pictura.data.auditing import audit_error
    from pictura.data.settings import parse_data_settings

    settings = parse_data_settings(changes or [])
    chosen = cast("DataKind", kind or ("labelled" if settings.csv or settings.pattern else recognize_kind(folder)))
    source = open_data(folder, chosen, crop or 1, settings=settings)
    with _progress_bar("checked") as progress:
        report = audit(source, progress)
    bad = report.bad_views(source.split)
    left = len(source.without(bad)) if bad and skip_bad else len(source)
    typer.echo(json.dumps({**report.as_json(), "left": left}) if as_json else "\n".join(report.lines()))
    if report.bad and not skip_bad:
        raise audit_error(report)
    if report.bad and not as_json:
        typer.echo(f"Without what is bad, {left} of {len(source)} are left for {source.split}.")


@app.command(
    epilog=examples(
        "pictura data combine photos labels -o pairs", "pictura data combine trainA trainB -o train --format tif"
    )
)
def combine(
    a: Annotated[Path, typer.Argument(help="A folder of pictures, the left halves.")],
    b: Annotated[Path, typer.Argument(help="A folder of pictures of the same names, the right halves.")],
    output: OutputFolder,
    format_: ImageFormat = "png",
    overwrite: Overwrite = False,
) -> None:
    """Put pairs that lie in two folders side by side, one file for each pair."""
    from pictura.data import combine_pairs as combined

    with _progress_bar("combined") as progress:
        written = combined(a, b, output, suffix=_check_suffix(format_), overwrite=overwrite, progress=progress)
    typer.echo(f"{len(written)} pairs are in {output}.", err=True)


@app.command(epilog=examples("pictura data split facades/train -o pairs", "pictura data split pair.jpg -o pairs"))
def split(
    pictures: Annotated[Path, typer.Argument(help="A picture with two side by side, or a folder of them.")],
    output: OutputFolder,
    format_: ImageFormat = "png",
    overwrite: Overwrite = False,
) -> None:
    """Cut pictures with two side by side into the folders A (left halves) and B (right halves)."""
    from pictura.data import split_pairs as cut

    with _progress_bar("split") as progress:
        written = cut(pictures, output, suffix=_check_suffix(format_), overwrite=overwrite, progress=progress)
    typer.echo(f"{len(written) // 2} pairs are in {output / 'A'} and {output / 'B'}.", err=True)


def _check_suffix(name: str) -> str:
    suffix = "." + name.lower().removeprefix(".")
    if not suffix[1:].isalnum():
        raise PicturaError(f"'{name}' is no format: give one such as png.")
    return suffix


@contextmanager
def _progress_bar(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False) as bar:
        task = bar.add_task(verb)
        yield lambda done, total: bar.update(task, completed=done, total=total)
