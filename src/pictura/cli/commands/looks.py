"""`pictura try`: one photo in every look, on one sheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pictura.cli.options import Overwrite, Quiet, Threads
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import examples
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.picture import Picture

EXAMPLES = examples("pictura try photo.jpg", "pictura try photo.jpg -o looks.png")


def try_(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The photo.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The sheet (default: PHOTO_looks.png here).")
    ] = None,
    overwrite: Overwrite = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Show a photo in every look: each shipped style in one pass, on one sheet.

    The names on the sheet are those that --style takes, for stylize and for video.
    """
    use_threads(threads)
    from pictura.picture import read

    write_sheet(read(photo), output or Path(f"{photo.stem}_looks.png"), overwrite, quiet, photo.name)


def write_sheet(photo: "Picture", target: Path, overwrite: bool, quiet: bool, name: str) -> None:
    """Paint the looks of a picture and write their sheet."""
    from pictura.picture import check_writable, write
    from pictura.tasks.looks import show_looks

    check_writable(target, overwrite)
    with ConsoleReport(quiet, as_json=False) as report:
        sheet = show_looks(photo, lambda done, total, look: report.move(name, done, total, f"{done}/{total}  {look}"))
        write(sheet, target, overwrite=overwrite)
        report.say(f"{name}: {target}; paint one large with `pictura stylize PHOTO --style NAME`")
