"""`pictura data`: check data sets, combine and split image pairs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pictura.cli.options import Json, Overwrite
from pictura.cli.progress import counting_bar
from pictura.cli.text import examples, print_text, printable
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.data import DataKind

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Check data sets, combine and split image pairs.",
    epilog=examples("pictura data check photos"),
)
OutputFolder = Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")]
ImageFormat = Annotated[str, typer.Option("--format", metavar="png|tif|jpg|…", help="Format of the written files.")]


@app.command(
    epilog=examples(
        "pictura data check photos",
        "pictura data check facades --kind paired --skip-bad",
        "pictura data check faces --kind labelled --set pattern={age}_{gender}_* --json",
    )
)
def check(
    folder: Annotated[Path, typer.Argument(help="Data set, laid out as for training.")],
    kind: Annotated[
        str | None,
        typer.Option(metavar="images|paired|unpaired|labelled", help="Kind of data set; by default detected."),
    ] = None,
    crop: Annotated[int | None, typer.Option(min=1, help="Report images smaller than this training crop.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Data setting, such as direction=BtoA (repeatable; default: none)."
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Do not fail on bad files; report how many samples remain without them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Decode every file completely and report problems for training.

    Broken files, missing partners, partners of unequal sizes, images of one flat colour, and training images that are
    test images too are bad: the exit code is 2. Near copies and unusual sizes are only reported.
    """
    from pictura.data import audit, open_data, recognize_kind
    from pictura.data.auditing import audit_error
    from pictura.data.settings import parse_data_settings

    settings = parse_data_settings(changes or [])
    data_kind = cast("DataKind", kind or ("labelled" if settings.csv or settings.pattern else recognize_kind(folder)))
    source = open_data(folder, data_kind, crop or 1, settings=settings)
    with counting_bar("checked") as progress:
        report = audit(source, progress)
    bad = report.bad_views(source.split)
    remaining = len(source.without(bad)) if bad and skip_bad else len(source)
    print_text(
        json.dumps({**report.as_json(), "left": remaining}) if as_json else "\n".join(map(printable, report.lines()))
    )
    if report.bad and not skip_bad:
        raise audit_error(report)
    if report.bad and not as_json:
        print_text(f"{remaining} of {len(source)} {source.split} samples remain without the bad files.")


@app.command(
    epilog=examples(
        "pictura data combine photos labels -o pairs", "pictura data combine trainA trainB -o train --format tif"
    )
)
def combine(
    a: Annotated[Path, typer.Argument(help="Folder of images, the left halves.")],
    b: Annotated[Path, typer.Argument(help="Folder of images with the same names, the right halves.")],
    output: OutputFolder,
    format_: ImageFormat = "png",
    overwrite: Overwrite = False,
) -> None:
    """Combine the pairs of two folders side by side, one file per pair."""
    from pictura.data import combine_pairs

    with counting_bar("combined") as progress:
        written = combine_pairs(a, b, output, suffix=_check_suffix(format_), overwrite=overwrite, progress=progress)
    print_text(f"{len(written)} pairs are in {output}.", err=True)


@app.command(epilog=examples("pictura data split facades/train -o pairs", "pictura data split pair.jpg -o pairs"))
def split(
    pictures: Annotated[Path, typer.Argument(help="Image with two side by side, or a folder of them.")],
    output: OutputFolder,
    format_: ImageFormat = "png",
    overwrite: Overwrite = False,
) -> None:
    """Split images with two side by side into the folders A (left halves) and B (right halves)."""
    from pictura.data import split_pairs

    with counting_bar("split") as progress:
        written = split_pairs(pictures, output, suffix=_check_suffix(format_), overwrite=overwrite, progress=progress)
    print_text(f"{len(written) // 2} pairs are in {output / 'A'} and {output / 'B'}.", err=True)


def _check_suffix(name: str) -> str:
    suffix = "." + name.lower().removeprefix(".")
    if not suffix[1:].isalnum():
        raise PicturaError(f"'{name}' is not a valid format: use a file suffix such as png.")
    return suffix
