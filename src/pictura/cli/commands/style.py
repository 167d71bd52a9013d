"""`pictura style`: styles made from pictures, mixed, listed, shown."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pictura.cli.options import Json, Overwrite
from pictura.cli.text import align_columns, examples, print_text
from pictura.encoders.records import STYLE_LAYERS
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.style import Style

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Make, mix and look at styles.",
    epilog=examples("pictura style list"),
)
StyleOutput = Annotated[Path, typer.Option("--output", "-o", help="The .style file to write.")]
Metadata = Annotated[str | None, typer.Option(help="Kept in the file.")]


@app.command(
    epilog=examples(
        'pictura style extract night.jpg -o night.style --title "Night" --painter "A. Painter" --year 1889',
        "pictura style extract sketches/*.jpg -o sketches.style",
    )
)
def extract(
    picture: Annotated[list[Path], typer.Argument(help="Pictures; of several the mean style is taken.")],
    output: StyleOutput,
    title: Metadata = None,
    painter: Metadata = None,
    year: Metadata = None,
    licence: Metadata = None,
    encoder: Annotated[str, typer.Option(help="The network that looks; see `pictura encoders`.")] = "compact",
    overwrite: Overwrite = False,
) -> None:
    """Extract a style from pictures and save it as a .style file."""
    _check_output(output, overwrite)
    from pictura import encoders
    from pictura.picture import read
    from pictura.style import Style
    from pictura.style.sources import painting_tensor

    pictures = [painting_tensor(read(path)) for path in picture]
    told = {"title": title or picture[0].stem, "painter": painter, "year": year, "licence": licence}
    about = {name: value for name, value in told.items() if value}
    Style.of(pictures, encoders.load_encoder(encoder), STYLE_LAYERS, about=about).save(output, overwrite=overwrite)


@app.command(epilog=examples("pictura style blend starry-night mine.style -o both.style --weight 2 --weight 1"))
def blend(
    styles: Annotated[list[str], typer.Argument(help="Shipped names and .style files.")],
    output: StyleOutput,
    weight: Annotated[list[float] | None, typer.Option(help="One for each style; equal if left out.")] = None,
    title: Metadata = None,
    overwrite: Overwrite = False,
) -> None:
    """Mix styles into a new one."""
    weights = weight or [1.0] * len(styles)
    if len(weights) != len(styles):
        raise PicturaError(f"There are {len(styles)} styles but {len(weights)} weights: give one --weight for each.")
    _check_output(output, overwrite)
    from dataclasses import replace

    from pictura.style import blend_styles, load_saved_style

    made = blend_styles(list(zip(map(load_saved_style, styles), weights, strict=True)))
    made = replace(made, about={**made.about, "title": title}) if title else made
    made.save(output, overwrite=overwrite)


@app.command("list", epilog=examples("pictura style list", "pictura style list --sheet styles.png"))
def list_(
    as_json: Json = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a picture that shows an example in every style (default: none).")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Name the styles that are shipped, or show them."""
    if sheet is not None:
        from pictura.cli.commands.looks import write_sheet
        from pictura.tasks.looks import draw_example

        write_sheet(draw_example(), sheet, overwrite, as_json, "example")
        return
    from pictura.style import load_bundled_style, style_names

    styles = [{"name": name, **load_bundled_style(name).about} for name in style_names()]
    if as_json:
        print_text(json.dumps(styles))
        return
    columns = ("name", "title", "painter", "year")
    print_text(align_columns([columns, *([style.get(column, "") for column in columns] for style in styles)]))


@app.command(epilog=examples("pictura style show starry-night", "pictura style show mine.style --json"))
def show(style: Annotated[str, typer.Argument(help="A shipped name or a .style file.")], as_json: Json = False) -> None:
    """Say what a style holds."""
    from pictura.style import load_saved_style

    facts = _describe_style(load_saved_style(style))
    if as_json:
        print_text(json.dumps(facts))
        return
    rows = [(name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in facts.items()]
    print_text(align_columns(rows))


def _describe_style(style: "Style") -> dict[str, Any]:
    moments = next(iter(style.sizes.values()))
    return {
        **style.about,
        "encoder": style.encoder,
        "sizes": list(style.sizes),
        "layers": [f"{layer} ({len(mean)} channels)" for layer, (mean, _) in moments.items()],
    }


def _check_output(output: Path, overwrite: bool) -> None:
    from pictura.runtime.files import check_free

    if output.suffix != ".style":
        raise PicturaError(f"'{output}' is not a style file name: use the suffix .style.")
    check_free(output, overwrite)
