"""`pictura stylize`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pictura.cli import provenance as recipes
from pictura.cli.options import (
    ANY,
    AT_ONCE,
    FIRST,
    OPTIMIZE,
    PHOTO,
    Changes,
    LongestSide,
    RunOptions,
    Styles,
    StyleWeights,
    current_method,
    with_settings,
)
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.memory import return_freed
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.cli.batch import Work
    from pictura.tasks.provenance import Provenance

EXAMPLES = examples(
    "pictura stylize photo.jpg --style starry-night",
    "pictura stylize photo.jpg --style a.jpg --style-weight 2 --style b.jpg --style-weight 1 -o painted.png",
    "pictura stylize holidays/ --style starry-night -o painted/ --preset fast --size 800",
    "pictura stylize photo.jpg --style the-scream --method adain --strength 0.7",
    "pictura stylize photo.jpg --style other.jpg --method photo",
)


WORKSPACE = ".pictura-unfinished"
Contents = Annotated[list[Path], typer.Argument(metavar="CONTENT", help="Pictures, and folders of pictures.")]
OutputPath = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="A file for one content, else a folder (default: CONTENT_STYLE.png here).",
        rich_help_panel=FIRST,
    ),
]
MethodName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="optimize: best quality, in seconds; adain: any style in one pass; "
        "johnson: one pass, in the styles of a trained model; photo: a photograph in the colours of another, which "
        "stays one; wct2: the same as published by Yoo et al. 2019 (default: optimize).",
        rich_help_panel=FIRST,
    ),
]


@dataclass(frozen=True)
class LookOptions:
    """What the painting takes beside its styles; None is what was not given."""

    mask: Annotated[
        list[Path] | None,
        typer.Option(
            help="Mask image per style: white where that style applies (repeatable; default: everywhere).",
            rich_help_panel=ANY,
        ),
    ] = None
    style_mask: Annotated[
        list[Path] | None,
        typer.Option(
            help="Mask image per style: white what of its picture counts (repeatable; default: all).",
            rich_help_panel=ANY,
        ),
    ] = None
    keep_colours: Annotated[
        bool | None,
        typer.Option(
            "--keep-colours",
            "--keep-colors",
            help="Keep the photo's colours under the painting's lightness (default: off).",
            rich_help_panel=ANY,
        ),
    ] = None
    match_colours: Annotated[
        bool | None,
        typer.Option(
            "--match-colours",
            "--match-colors",
            help="Give the painting's colours the photo's mean and covariance (default: off).",
            rich_help_panel=ANY,
        ),
    ] = None
    strength: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="From 0, the photo, to 1 (default: 1).", rich_help_panel=ANY),
    ] = None
    protect: Annotated[
        Path | None,
        typer.Option(help="Mask image: white where the photo stays legible (default: nowhere).", rich_help_panel=ANY),
    ] = None
    faces: Annotated[
        Literal["keep", "off"] | None,
        typer.Option(help="Keep faces legible, or paint them like the rest (default: keep).", rich_help_panel=ANY),
    ] = None
    luma: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="How much brightness and contrast comes with the colours, from 0 to 1 (default: 1).",
            rich_help_panel=PHOTO,
        ),
    ] = None
    skin: Annotated[
        bool | None,
        typer.Option(
            "--skin/--no-skin",
            help="Whether skin keeps its hue where faces are found (default: on).",
            rich_help_panel=PHOTO,
        ),
    ] = None
    model: Annotated[
        str | None, typer.Option(help="Model to use (default: the shipped one).", rich_help_panel=AT_ONCE)
    ] = None
    memory: Annotated[
        int | None,
        typer.Option(
            min=16,
            metavar="MIB",
            help="Memory to work in; larger pictures are painted in tiles (default: 2048 to optimize, else 1024).",
            rich_help_panel=ANY,
        ),
    ] = None
    workspace: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where a picture too large for memory lies while it is painted; after a stop, the same command goes "
            "on from there (default: .pictura-unfinished beside the output).",
            rich_help_panel=OPTIMIZE,
        ),
    ] = None


@with_settings("balanced")
def stylize(
    content: Contents,
    *,
    style: Styles = None,
    weight: StyleWeights = None,
    output: OutputPath = None,
    size: LongestSide = None,
    method: MethodName = None,
    look: LookOptions,
    options: RunOptions,
    changes: Changes,
) -> None:
    """Apply the style of one or more pictures to pictures."""
    own: dict[str, Any] = {
        "style_weights": tuple(weight) if weight else None,
        "size": size,
        "method": current_method(method),
        "strength": look.strength,
        "luma": look.luma,
        "skin": look.skin,
        "masks": tuple(str(path) for path in look.mask) if look.mask else None,
        "style_masks": tuple(str(path) for path in look.style_mask) if look.style_mask else None,
        "keep_colours": look.keep_colours,
        "match_colours": look.match_colours,
        "protect": None if look.protect is None else str(look.protect),
        "faces": None if look.faces is None else look.faces == "keep",
        "model": look.model,
    }
    recipe = recipes.load_provenance(options.config, "balanced").with_changes(changes, styles=style, **own)
    if not recipe.styles:
        raise PicturaError("No style given: add one, for example --style starry-night.")
    _check_options(recipe, changes, look, options)
    _check_weights(recipe, weight)
    if options.config is not None:
        recipes.refuse_foreign_names(recipe, options.config, changes, styles=style, **own)
    from pictura.cli.batch import pending_jobs, run_batch
    from pictura.cli.jobs import plan_jobs

    plan = plan_jobs(content, output, recipe.label)
    use_threads(options.threads)
    if to_do := pending_jobs(plan, options):
        workspace = look.workspace or to_do[0].target.parent / WORKSPACE
        run_batch(to_do, _open_work(recipe, options, look.memory, workspace), options)


def _check_options(recipe: "Provenance", changes: Changes, look: LookOptions, options: RunOptions) -> None:
    """Refuse options of another method than the one that paints."""
    if recipe.method == "optimize" and recipe.model:
        raise PicturaError("--model needs --method adain, johnson, photo or wct2.")
    if recipe.method != "photo" and (recipe.luma != 1 or not recipe.skin):
        raise PicturaError("--luma and --no-skin belong to --method photo.")
    if recipe.method == "optimize":
        return
    asked = [*changes, *(name for name in ("every", "trace") if getattr(options, name) is not None)]
    asked += ["workspace"] if look.workspace is not None else []
    if wrong := [name for name in asked if name != "style_scale"]:
        raise PicturaError(f"--{wrong[0].replace('_', '-')} belongs to --method optimize, not to {recipe.method}.")
    if asked and recipe.method in ("photo", "wct2"):
        raise PicturaError(f"--style-scale belongs to --method optimize and adain: {recipe.method} has no strokes.")
    if asked and recipe.method == "johnson":
        raise PicturaError("--style-scale belongs to --method optimize and adain: a network for johnson has one size.")


def _check_weights(recipe: "Provenance", given: list[float] | None) -> None:
    """Refuse the weight of a style that is alone: it would change nothing."""
    if given and len(given) == len(recipe.styles) == 1 and given[0] > 0:
        instead = f"--beta {given[0]:g}" if recipe.method == "optimize" else "--strength, from 0 to 1,"
        raise PicturaError(
            f"--style-weight divides between several styles, and there is one: how strong it is says {instead}."
        )


def _open_work(recipe: "Provenance", options: RunOptions, memory: int | None, workspace: Path) -> "Work":
    """What all pictures share, opened once and checked."""
    from pictura.cli.batch import Work
    from pictura.picture.resize import fit_size
    from pictura.tasks.stylize import mask_tensor, open_stylizer, stylize_picture

    if recipe.method == "optimize":
        own: dict[str, Any] = {"settings": recipe.settings, "workspace": workspace}
    else:
        return_freed(None if memory is None else memory * 2**20)
        own = {"model": recipe.model, "luma": recipe.luma, "skin": recipe.skin}
        own |= {"style_scale": recipe.settings.style_scale}
    own |= {} if memory is None else {"memory": memory * 2**20}
    stylizer = open_stylizer(
        recipe.method,
        recipe.styles,
        recipe.style_weights,
        masks=[mask_tensor(mask) for mask in recipe.masks],
        style_masks=[mask_tensor(mask) for mask in recipe.style_masks],
        keep_colours=recipe.keep_colours,
        match_colours=recipe.match_colours,
        protect=None if recipe.protect is None else mask_tensor(recipe.protect),
        faces=recipe.faces,
        strength=recipe.strength,
        device=options.device,
        **own,
    )
    return Work(
        lambda picture, tell, stop: stylize_picture(picture, stylizer, size=recipe.size, callback=tell, stop=stop),
        recipe.model_dump(mode="json"),
        size=lambda size: size if recipe.size is None else fit_size(*size, recipe.size),
        patient=recipe.method == "optimize",
        less_memory="use a smaller picture, for example --size 512",
    )
