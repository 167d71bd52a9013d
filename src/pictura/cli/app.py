"""The program `pictura`: its commands, and what becomes of errors."""

import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from pictura import __version__
from pictura.cli.debugging import debugging, set_debugging
from pictura.cli.mistakes import UsageError, explain_mistake, find_mistake
from pictura.cli.text import examples, print_error, print_text
from pictura.runtime.errors import explain_expected
from pictura.runtime.signals import catch_signals

if TYPE_CHECKING:
    pass

# Each command: where it is in cli/commands, and its line in the list of commands. A module is imported when its command
# is asked for, so that `pictura --help` pays for none of them. "app" is a group of its own. The end of a command's help
# is its module's EXAMPLES, or <COMMAND>_EXAMPLES where a module has several.
COMMANDS = {
    "app": (
        "app:app",
        "Open the studio in the browser: everything on one page, for who does not like to type.",
    ),
    "stylize": ("stylize:stylize", "Apply the style of one or more pictures to pictures."),
    "synthesize": (
        "synthesize:synthesize",
        "Make a new picture with the texture of another, of any size.",
    ),
    "style": ("style:app", "Make, mix and look at styles."),
    "try": (
        "looks:try_",
        "Show a photo in every look: each shipped style in one pass, on one sheet.",
    ),
    "translate": (
        "translate:translate",
        "Turn pictures into another domain's with a trained model: photos into paintings, labels into photos.",
    ),
    "edit": (
        "edit:edit",
        "Change faces in pictures: their age, a smile, or what else a trained model knows.",
    ),
    "upscale": (
        "upscale:upscale",
        "Upscale pictures with a trained network.",
    ),
    "measure": (
        "measure:measure",
        "Measure pictures against others: PSNR, SSIM, style and content distances, KID, FID, segmentation scores.",
    ),
    "compare": (
        "compare:compare",
        "Paint one picture by several methods: a sheet, and a table of time and distances from style and content.",
    ),
    "experiment": (
        "experiment:experiment",
        "Run an experiment of the papers; it ends in a page that opens offline, and its numbers as JSON.",
    ),
    "sample": (
        "sample:sample",
        "Make new pictures with a trained model, on one sheet.",
    ),
    "interpolate": (
        "sample:interpolate",
        "Show what lies between two pictures, as a trained model sees them.",
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
    "study": ("study:app", "Ask people which pictures are real, how real they look, or which they prefer."),
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
DEBUG = "--debug"


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
    _say_defaults(command)
    return command


def _say_defaults(command: Any) -> None:
    """Have each option's help say what holds without it, where neither its author nor typer does."""
    for inner in getattr(command, "commands", {}).values():
        _say_defaults(inner)
    for option in command.params:
        if option.param_type_name != "option" or option.required or "default" in (option.help or "default"):
            continue
        flag = option.is_flag and not option.secondary_opts
        if flag or option.default is None:
            option.help = f"{option.help.rstrip('.')} (default: {'off' if flag else 'none'})."


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

    def make_context(self, info_name: Any, args: list[str], *rest: Any, **extra: Any) -> Any:
        """Read the command line; --debug may stand anywhere in it, for any command."""
        options = args[: args.index("--")] if "--" in args else args
        set_debugging(DEBUG in options)
        args = [word for word in options if word != DEBUG] + args[len(options) :]
        if mistake := find_mistake(args):
            print_error(mistake)
            raise typer.Exit(2)
        try:
            return super().make_context(info_name, args, *rest, **extra)
        except UsageError as error:
            raise _leave_mistaken(error) from error

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own name for its context
        """Run the command."""
        with catch_signals(at_once=True) as stop:
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as error:
                print_text("pictura: interrupted", err=True)
                raise typer.Exit(stop.exit_code) from error
            except UsageError as error:
                raise _leave_mistaken(error) from error
            except Exception as error:
                if isinstance(error, typer.Exit) or (sentence := explain_expected(error)) is None:
                    raise
                if debugging():
                    print_text("".join(traceback.format_exception(error)), err=True)
                print_error(sentence)
                raise typer.Exit(2) from error


def _leave_mistaken(error: Exception) -> Exception:
    """What ends the program after a mistake in its command line: one sentence is told; help is no mistake."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return error
    print_error(explain_mistake(error))
    return typer.Exit(2)


def _print_version(asked: bool) -> None:
    if asked:
        print_text(f"pictura {__version__}")
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
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show where an error happened; also behind any command (default: off).")
    ] = False,
) -> None:
    """Stylize, translate and upscale pictures, synthesize textures, and train the networks that do."""
    from pictura.interop import allow_fetching

    allow_fetching()
