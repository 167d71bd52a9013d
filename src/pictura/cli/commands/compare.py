"""`pictura compare`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli.options import Device, Json, Overwrite, Quiet, Threads
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import align_columns, examples, print_text
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura compare photo.jpg --style starry-night",
    "pictura compare photo.jpg --style painting.jpg --method optimize,adain -o sheet.png --size 768",
)
METHODS = "optimize,adain,johnson"
StyleOption = Annotated[
    str | None,
    typer.Option(help="A shipped style's name, a .style file or a picture (default: none, one is needed)."),
]
Methods = Annotated[str, typer.Option("--method", metavar="A,B,C", help="The methods, with commas between them.")]


def compare(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The picture.", show_default=False)],
    style: StyleOption = None,
    method: Methods = METHODS,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The sheet (default: IMAGE_compared.png here).")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Longest side of the results (default: the picture's own, 512 at most).")
    ] = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Paint one picture by several methods: a sheet, and a table of time and distances from style and content.

    Distances are shares of variance in the features of a network that the last line names; 0 is equal.
    """
    use_threads(threads)
    if style is None:
        raise PicturaError("Say with --style what to paint in the manner of: a shipped style's name or a picture.")
    from pictura.experiments.compare import compare_methods
    from pictura.picture import check_writable, read, write

    target = output or Path(f"{image.stem}_compared.png")
    check_writable(target, overwrite)
    with ConsoleReport(quiet, as_json=False) as console:
        found = compare_methods(
            read(image),
            style,
            [name.strip() for name in method.split(",") if name.strip()],
            size=size,
            device=device,
            tell=lambda done, total, name: console.move(image.name, done, total, name),
        )
        write(found.sheet(), target, overwrite=overwrite)
    if as_json:
        rows = [
            {"method": r.method, "seconds": r.seconds, "style": r.style, "content": r.content} for r in found.results
        ]
        print_text(json.dumps({"image": str(image), "style": style, "judge": found.judge, "results": rows}))
        return
    if not quiet:
        table = [("method", "seconds", "style", "content")]
        table += [(r.method, f"{r.seconds:.2f}", f"{r.style:.3f}", f"{r.content:.3f}") for r in found.results]
        print_text(f"{align_columns(table)}\njudged in the features of {found.judge}; the sheet is {target}")
