"""`pictura sample` and `pictura interpolate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pictura import __version__
from pictura.cli.commands.translate import model_word
from pictura.cli.options import Device, Overwrite, Quiet, Threads
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.picture import Picture

SAMPLE_EXAMPLES = examples(
    "pictura sample --model digits-cgan -n 64 -o grid.png",
    "pictura sample --model digits-cgan -n 16 --label 7 --seed 1 -o sevens.png --scale 4",
)
INTERPOLATE_EXAMPLES = examples(
    "pictura interpolate seven.png three.png --model digits-vae -o strip.png",
    "pictura interpolate a.png b.png --model runs/faces/bundle --steps 12 -o strip.png",
)
Model = Annotated[
    str | None,
    typer.Option(help="A model's name (see pictura models), its folder or file (default: none, one is needed)."),
]
Scale = Annotated[
    int, typer.Option(help="How many times larger, from 1 to 16: each pixel becomes a square (default: 1, as it is).")
]


def sample(
    model: Model = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many pictures, from 1 to 1024.")] = 64,
    label: Annotated[
        str | None, typer.Option(help="What they show, for a model with labels (default: all labels in turn).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="One seed, one set of pictures.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write (default: MODEL_samples.png here).")
    ] = None,
    scale: Scale = 1,
    overwrite: Overwrite = False,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Make new pictures with a trained model, on one sheet.

    One picture is written as it is; several stand in a grid. Where all labels come in turn, each has a column.
    """
    use_threads(threads)
    from pictura.tasks.sample import check_scale, lay_out, open_sampler

    chosen = _check_model(model, "sample", "makes the pictures")
    target = output or Path(f"{model_word(chosen)}_samples.png")
    check_scale(scale)
    _check_target(target, overwrite)
    sampler = open_sampler(chosen, count, label, seed, device=device)
    sheet = lay_out(sampler(count), sampler.columns(count), scale)
    _write(sheet, target, {"sample": sampler.about | {"count": count}}, overwrite, quiet, f"{count} samples")


def interpolate(
    first: Annotated[Path, typer.Argument(metavar="A", help="The picture to start from.", show_default=False)],
    last: Annotated[Path, typer.Argument(metavar="B", help="The picture to end with.", show_default=False)],
    model: Model = None,
    steps: Annotated[int, typer.Option(help="How many pictures, both ends among them, from 2 to 256.")] = 8,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write (default: A_B_MODEL.png here).")
    ] = None,
    scale: Scale = 1,
    overwrite: Overwrite = False,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Show what lies between two pictures, as a trained model sees them.

    They stand side by side in one strip.

    Both are encoded, and what is between their codes is decoded: the ends are what the model makes of A and B.
    """
    use_threads(threads)
    from pictura.picture import read
    from pictura.tasks.sample import check_scale, lay_out, open_interpolator

    chosen = _check_model(model, "encode", "encodes the pictures")
    target = output or Path(f"{first.stem}_{last.stem}_{model_word(chosen)}.png")
    check_scale(scale)
    _check_target(target, overwrite, first, last)
    interpolator = open_interpolator(chosen, steps, device=device)
    strip = lay_out(interpolator(read(first), read(last)), steps, scale)
    _write(strip, target, {"interpolate": interpolator.about}, overwrite, quiet, f"{steps} pictures")


def _check_model(model: str | None, verb: str, does: str) -> str:
    """The model that was named.

    Raises:
        PicturaError: none was; the sentence lists those that are shipped.
    """
    if model is not None:
        return model
    from pictura.tasks.abilities import models_that

    shipped = ", ".join(models_that(verb))
    own = "the folder or file of a model of your own"
    raise PicturaError(f"Say with --model what {does}: {f'{shipped}, or ' if shipped else ''}{own}.")


def _check_target(target: Path, overwrite: bool, *sources: Path) -> None:
    """Refuse a file that cannot be written, or that is one of those to be read."""
    from pictura.picture import check_writable

    check_writable(target, overwrite)
    if target.resolve() in {source.resolve() for source in sources}:
        raise PicturaError(f"'{target}' is one of the pictures and is not overwritten: choose another output.")


def _write(sheet: "Picture", target: Path, about: dict[str, object], overwrite: bool, quiet: bool, what: str) -> None:
    from pictura.picture import write

    write(sheet, target, overwrite=overwrite, settings=about | {"pictura": __version__})
    with ConsoleReport(quiet, as_json=False) as report:
        report.say(f"{target}: {what}, {sheet.size[1]}×{sheet.size[0]}")
