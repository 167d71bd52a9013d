"""The program `pictura`: its commands, and what becomes of errors."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pictura import __version__
from pictura.cli import info, style, stylize, synthesize
from pictura.cli.options import examples
from pictura.runtime.errors import PicturaError

NO_MEMORY = "The memory does not suffice: make the picture smaller, for example with --size 512."


class Guarded(TyperGroup):
    """Commands whose expected errors end in one line and an exit code; a bug keeps its traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own name for its context
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (PicturaError, MemoryError, RuntimeError, KeyboardInterrupt) as error:
            if (told := _told(error)) is None:
                raise
            line, code = told
            typer.echo(f"pictura: {line}", err=True)
            raise typer.Exit(code) from error


def _told(error: BaseException) -> tuple[str, int] | None:
    """The line and the exit code for an expected error, None for any other."""
    if isinstance(error, PicturaError):
        return f"error: {error}", 2
    # torch reports memory as RuntimeError: "can't allocate memory" on the CPU, "out of memory" on a GPU.
    if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
        return f"error: {NO_MEMORY}", 2
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    return None


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"pictura {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("pictura stylize photo.jpg --style starry-night", "pictura stylize --help", "pictura check"),
)


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Paint pictures in the manner of others, and make textures."""


app.command(epilog=stylize.EXAMPLES)(stylize.stylize)
app.command(epilog=synthesize.EXAMPLES)(synthesize.synthesize)
app.add_typer(style.app, name="style")
app.command(epilog=info.ENCODERS_EXAMPLES)(info.encoders)
app.command(epilog=info.CHECK_EXAMPLES)(info.check)
