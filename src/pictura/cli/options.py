"""Options that several commands share, and groups of them: one for each field of a dataclass, or of `Settings`."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from pictura.cli.text import print_text
from pictura.methods.iterative.settings import PRESETS, Settings
from pictura.runtime.errors import PicturaError

# The groups of a long help: first the five options that most people need.
FIRST = "Options"  # typer shows what has no other place first, and under this name
ANY = "Any method"
AT_ONCE = "Methods adain, johnson, photo and wct2"
PHOTO = "Method photo"
OPTIMIZE = "Method optimize (what is not given is as in the preset)"
RUNNING = "How the work is done and told"

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout (default: off).", rich_help_panel=RUNNING)]
JsonLines = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON line per finished picture (default: off).", rich_help_panel=RUNNING),
]
Pictures = Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Pictures, and folders of pictures.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace existing files (default: off).", rich_help_panel=RUNNING)
]
KeepLocation = Annotated[
    bool,
    typer.Option(
        "--keep-location",
        help="Keep where a photo was taken; author and date are kept in any case (default: off).",
        rich_help_panel=RUNNING,
    ),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Processor threads to use (default: all there are).", rich_help_panel=RUNNING)
]
Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda|mps",
        help="Where to compute (default: auto).",
        rich_help_panel=RUNNING,
        show_default=False,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only errors (default: off).", rich_help_panel=RUNNING)
]
Styles = Annotated[
    list[str] | None,
    typer.Option(
        help="A shipped style's name (see pictura style list), a picture, a .style file or a folder of pictures; for "
        "--method johnson a name that pictura models fast lists (repeatable; default: none, one is needed).",
        rich_help_panel=FIRST,
    ),
]
StyleWeights = Annotated[
    list[float] | None,
    typer.Option(
        "--style-weight",
        metavar="WEIGHT",
        help="How much of each of several styles, in their order (repeatable; default: equal).",
        rich_help_panel=ANY,
    ),
]
LongestSide = Annotated[
    int | None,
    typer.Option(min=1, help="Longest side of the result in pixels (default: as it is).", rich_help_panel=FIRST),
]

# The papers' letters, and the singular for what is given once a layer; --style-weight is that of one style.
_FLAGS = {
    "content_weight": ("--alpha", "--content-weight"),
    "style_weight": ("--beta",),
    "content_layers": ("--content-layer",),
    "style_layers": ("--style-layer",),
}
_METAVARS = {dict: "LAYER=WEIGHT", tuple: "80,60,40", float: "NUMBER", int: "INTEGER", str: "TEXT"}
Changes = dict[str, Any]


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is worked on and told, whatever it makes."""

    overwrite: Overwrite = False
    keep_location: KeepLocation = False
    threads: Threads = None
    device: Device = "auto"
    quiet: Quiet = False
    as_json: JsonLines = False
    # Options only where pictures are made step by step.
    every: int | None = None
    trace: Path | None = None


@dataclass(frozen=True)
class RunOptions(BatchOptions):
    """How the work is done and told where pictures are made step by step."""

    config: Annotated[
        Path | None,
        typer.Option(
            help="Reuse the settings of a picture made by pictura, or of a JSON file (default: none).",
            rich_help_panel=RUNNING,
        ),
    ] = None
    every: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Write a preview OUT-step-0040.png every K steps (default: none).",
            rich_help_panel=OPTIMIZE,
        ),
    ] = None
    trace: Annotated[
        Path | None,
        typer.Option(help="Write the losses of all steps to a JSON file (default: none).", rich_help_panel=OPTIMIZE),
    ] = None


def current_method(name: str | None) -> str | None:
    """Today's word for a method; an old one is answered with a hint, and works until 0.2."""
    if name == "fast":
        print_text("pictura: --method fast is called --method johnson now; the old word works until 0.2", err=True)
        return "johnson"
    return name


def with_settings(start: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`with_groups`, and the parameter `changes: Changes` is given as one option per setting; `start` is the preset.

    Only options that were given are among the changes, parsed as far as their form goes: `Settings` validates.
    """
    base = PRESETS[start]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        grouped = with_groups(command)
        own = [p for p in inspect.signature(grouped).parameters.values() if p.name != "changes"]
        changes = [
            _make_parameter(name, _make_option(name, field, getattr(base, name)), None)
            for name, field in Settings.model_fields.items()
        ]

        def run(**given: Any) -> None:
            asked = {p.name: given.pop(p.name) for p in changes}
            grouped(**given, changes={n: _parse_setting(n, v) for n, v in asked.items() if v not in (None, [])})

        return _set_signature([*own, *changes], run, command)

    return decorate


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters that are dataclasses are given as one option per field."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    kinds = {p.name: p.annotation for p in own if isinstance(p.annotation, type) and is_dataclass(p.annotation)}
    groups = {name: (kind, _option_parameters(kind)) for name, kind in kinds.items()}

    def run(**given: Any) -> None:
        made = {name: kind(**{p.name: given.pop(p.name) for p in each}) for name, (kind, each) in groups.items()}
        command(**given, **made)

    parameters = [
        one for p in own for one in (groups[p.name][1] if p.name in groups else [p.replace(kind=p.KEYWORD_ONLY)])
    ]
    return _set_signature(parameters, run, command)


def _option_parameters(group: type) -> list[inspect.Parameter]:
    """A parameter for each field of a dataclass that says how typer is to take it."""
    hints = get_type_hints(group, include_extras=True)
    options = [f for f in fields(group) if get_origin(hints[f.name]) is Annotated]
    return [_make_parameter(f.name, hints[f.name], f.default) for f in options]


def _set_signature(
    parameters: list[inspect.Parameter], run: Callable[..., None], command: Callable[..., None]
) -> Callable[..., None]:
    """`run` as typer sees it: with these parameters, and the name and words of `command`."""
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _make_parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _make_option(name: str, field: FieldInfo, default: Any) -> Any:
    """The annotation that makes typer give a setting an option; texts all, since `Settings` knows the types."""
    kind = get_origin(field.annotation) or field.annotation
    form = "|".join(get_args(field.annotation)) if kind is Literal else _METAVARS[kind]  # type: ignore[index]
    about = f"{field.description} (default: {_format_default(default)})"
    if name == "preset":
        form, about = "|".join(PRESETS), f"Where the settings start (default: {default})."
    option = typer.Option(
        *_FLAGS.get(name, ("--" + name.replace("_", "-"),)),
        metavar=form,
        help=f"{about} (repeatable)" if kind is dict else about,
        rich_help_panel=FIRST if name == "preset" else OPTIMIZE,
    )
    return Annotated[list[str] | None if kind is dict else str | None, option]


def _format_default(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{layer}={weight:g}" for layer, weight in value.items())
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _parse_setting(name: str, given: Any) -> Any:
    if isinstance(given, list):
        return dict(_parse_weight(name, text) for text in given)
    return given.split(",") if name == "steps" else given


def _parse_weight(name: str, text: str) -> tuple[str, str]:
    layer, equals, weight = text.partition("=")
    if not equals:
        raise PicturaError(
            f"Expected LAYER=WEIGHT, got '{text}': write for example {_FLAGS[name][0]} {layer or 'relu4_2'}=1."
        )
    return layer, weight
