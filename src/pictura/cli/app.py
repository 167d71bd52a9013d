"""The program `pictura`: its commands, and what becomes of errors."""

import errno
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from pictura import __version__
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.encoders.records import Weights

# Each command: where it is in cli/commands, and its line in the list of commands. A module is imported when its command
# is asked for, so that `pictura --help` pays for none of them. "app" is a group of its own. The end of a command's help
# is its module's EXAMPLES, or <COMMAND>_EXAMPLES where a module has several.
COMMANDS = {
    "stylize": ("stylize:stylize", "Apply the style of one or more pictures to pictures."),
    "synthesize": (
        "synthesize:synthesize",
        "Make a new picture with the texture of another, of any size.",
    ),
    "style": ("style:app", "Make, mix and look at styles."),
    "upscale": (
        "upscale:upscale",
        "Upscale pictures with a trained network.",
    ),
    "video": (
        "video:video",
        "Stylize a video without flicker; sound and timing are kept.",
    ),
    "train": (
        "train:train",
        "Train a method on a folder of pictures; the model is written to OUTPUT/bundle.",
    ),
    "data": ("data:app", "Check data sets, combine and split image pairs."),
    "models": (
        "models:models",
        "List available models with size, metric, licence and SHA-256.",
    ),
    "import": (
        "models:import_",
        "Convert another project's weights to a model; nothing in the file is ever run.",
    ),
    "export": (
        "models:export",
        "Write a model as ONNX: any height and width, pixels in [0, 1] in and out; compared with torch first.",
    ),
    "encoders": (
        "encoders:app",
        "List the encoders and where their weights are, or get one.",
    ),
    "check": (
        "info:check",
        "Check the installation and say how to fix what is missing.",
    ),
}
NO_MEMORY = "Out of memory: use a smaller picture, for example --size 512."


def load_command(name: str) -> Any:
    """The command itself."""
    place, attribute = COMMANDS[name][0].split(":")
    module = import_module(f"pictura.cli.commands.{place}")
    group = found = getattr(module, attribute)
    if not isinstance(found, typer.Typer):
        group = typer.Typer(add_completion=False)
        group.command(epilog=getattr(module, f"{name.upper()}_EXAMPLES", None) or module.EXAMPLES)(found)
    command = get_command(group)
    command.name = name
    return command


class Program(TyperGroup):
    """Commands that are loaded when asked for; expected errors end in one line and a code, a bug in its traceback."""

    listing = False

    def __init__(self, **attributes: Any) -> None:
        stand_ins = {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}
        super().__init__(**attributes | {"commands": stand_ins})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; while the list of them is written, a stand-in that knows its line only."""
        return self.commands.get(cmd_name) if self.listing or cmd_name not in COMMANDS else load_command(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help with the list of commands."""
        self.listing = True
        super().format_help(ctx, formatter)
        self.listing = False

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own name for its context
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (PicturaError, MemoryError, OSError, RuntimeError, KeyboardInterrupt) as error:
            if (told := _explain_error(error)) is None:
                raise
            line, code = told
            typer.echo(f"pictura: {line}", err=True)
            raise typer.Exit(code) from error


def _explain_error(error: BaseException) -> tuple[str, int] | None:
    """The line and the exit code for an expected error, None for any other."""
    if isinstance(error, PicturaError):
        return f"error: {error}", 2
    # torch reports memory as RuntimeError: "can't allocate memory" on the CPU, "out of memory" on a GPU.
    if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
        return f"error: {NO_MEMORY}", 2
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"error: The name '{error.filename}' is too long for a file name: use a shorter one.", 2
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    return None


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pictura {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("pictura stylize photo.jpg --style starry-night", "pictura stylize --help", "pictura check"),
)


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Stylize and upscale pictures, synthesize textures, and train the networks that do."""
    from pictura.encoders import store

    store.set_getter(_get_encoder)


def _get_encoder(record: "Weights") -> Path:
    from pictura.interop.encoders import fetch_encoder

    return fetch_encoder(record)
