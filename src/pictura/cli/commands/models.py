"""`pictura models`, `pictura import`, `pictura export`: trained networks named, taken over, given away."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pictura.cli.options import Json, Overwrite
from pictura.cli.text import align_columns, examples, print_text
from pictura.models import config
from pictura.models.store import ModelInfo, available_models
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import PicturaError, did_you_mean

MODELS_EXAMPLES = examples("pictura models", "pictura models fast", "pictura models --json")
IMPORT_EXAMPLES = examples(
    "pictura import candy.pth --from pytorch-examples -o candy",
    'pictura import mosaic.pth --from pytorch-examples -o mosaic --title "Mosaic" --licence "BSD-3-Clause"',
)
EXPORT_EXAMPLES = examples("pictura export candy -o candy.onnx")


def models(
    name: Annotated[str | None, typer.Argument(help="One of them (default: all).")] = None,
    as_json: Json = False,
) -> None:
    """List available models with size, metric, licence and SHA-256."""
    known = [_describe_model(one) for one in _select_models(available_models(), name)]
    if as_json:
        print_text(json.dumps(known))
    elif known:
        print_text(
            "\n\n".join(align_columns([(key, _format_value(value)) for key, value in one.items()]) for one in known)
        )
    else:
        print_text("No models available.", err=True)


def _select_models(known: list[ModelInfo], name: str | None) -> list[ModelInfo]:
    """The one of this name, or all."""
    if name is None:
        return known
    names = [one.name for one in known]
    if name not in names:
        listed = ", ".join(names) or "none"
        raise PicturaError(f"There is no model '{name}'; there are {listed}.{did_you_mean(name, names)}")
    return [known[names.index(name)]]


def _read_styles(path: Path) -> list[str]:
    """The styles that a network was trained for, by the names that --style takes; none where it has no such list.

    The header of the weights says it: neither they nor torch are loaded.
    """
    try:
        with open_safetensors(path, framework="np") as file:
            words = (file.metadata() or {}).get(config.METADATA_KEY)
        told = config.parse_config(words, path) if words is not None else config.read_config(path.parent)
    except PicturaError:
        return []  # a list of models is no place to complain of one of them
    styles = (told or {"settings": {}})["settings"].get("styles")
    return [Path(style).stem for style in styles if isinstance(style, str)] if isinstance(styles, list) else []


def _describe_model(one: ModelInfo) -> dict[str, Any]:
    styles = _read_styles(one.path)
    return {
        "name": one.name,
        "title": one.title,
        "method": one.method,
        **({"styles": styles} if styles else {}),
        "bytes": one.bytes,
        "metric": one.metric,
        "licence": one.licence,
        "sha256": one.sha256,
        "shipped": one.shipped,
        "picture": None if one.picture is None else str(one.picture),
        "weights": str(one.path),
    }


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value or "none")


def import_(
    file: Annotated[Path, typer.Argument(help="A checkpoint of torch (.pth, .pt) or a .safetensors file.")],
    project: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PROJECT",
            help="Project the weights come from: pytorch-examples, adain-naoto, pytorch-cyclegan or pytorch-pix2pix.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    title: Annotated[str | None, typer.Option(help="Kept in the model; by default the file's name.")] = None,
    licence: Annotated[str | None, typer.Option(help="Kept in the model.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Convert another project's weights to a model; nothing in the file is ever run."""
    from dataclasses import replace

    from pictura.interop.converting import convert_weights, find_reference
    from pictura.methods import open_method
    from pictura.models.saving import check_bundle_target, save_bundle

    find_reference(project)
    check_bundle_target(output, overwrite)
    told = {name: value for name, value in (("title", title), ("licence", licence)) if value}
    bundle = convert_weights(file, project, told)
    # All settings, not only those that make it this network: what is a default now need not be one later.
    settings = open_method(bundle).settings.model_dump(mode="json")
    save_bundle(replace(bundle, settings=settings), output, overwrite=overwrite)


def export(
    model: Annotated[str, typer.Argument(help="A shipped name, a folder, a .safetensors file or owner/name@commit.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .onnx file to write.")],
    overwrite: Overwrite = False,
) -> None:
    """Write a model as ONNX: any height and width, pixels in [0, 1] in and out; compared with torch first."""
    from pictura.runtime.files import check_free

    if output.suffix.lower() != ".onnx":
        raise PicturaError(f"'{output}' is not an ONNX file name: use the suffix .onnx.")
    check_free(output, overwrite)
    from pictura.interop.onnx import export_method
    from pictura.methods import open_method
    from pictura.models import read_bundle

    bundle = read_bundle(model)
    method = open_method(bundle)
    about = {"pictura": json.dumps({"method": bundle.method, "settings": bundle.settings, "about": bundle.about})}
    difference = export_method(method, output, about=about, overwrite=overwrite)
    print_text(f"{output}: differs from torch by {difference:.1g} at most", err=True)
