"""`pictura encoders`: which there are, and `get`, which brings one here."""

from pathlib import Path
from typing import Annotated

import typer

from pictura.cli.commands import info
from pictura.cli.options import Json
from pictura.cli.text import examples, print_text

app = typer.Typer(add_completion=False, epilog=info.ENCODERS_EXAMPLES)


@app.callback(invoke_without_command=True)
def encoders(context: typer.Context, as_json: Json = False) -> None:
    """List the encoders and where their weights are, or get one."""
    if context.invoked_subcommand is None:
        info.encoders(as_json)


@app.command(
    epilog=examples(
        "pictura encoders get vgg19-torchvision",
        "pictura encoders get vgg19-caffe --from vgg19-d01eb7cb.pth",
    )
)
def get(
    name: Annotated[str, typer.Argument(help="The encoder, as `pictura encoders` lists it.", show_default=False)],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A downloaded checkpoint (.pth); nothing in it is ever run."),
    ] = None,
) -> None:
    """Fetch the weights of an encoder, or make them of a published checkpoint that you downloaded."""
    from pictura.interop.encoders import get_encoder

    print_text(str(get_encoder(name, source)))
