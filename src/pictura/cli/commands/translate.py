"""`pictura translate`."""

from pathlib import Path
from typing import Annotated

import typer

from pictura import __version__
from pictura.cli.options import BatchOptions, Pictures, with_groups
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.memory import return_freed
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura translate photo.jpg --model photo2vangogh",
    "pictura translate photo.jpg -o print.png --model photo2ukiyoe --strength 0.8",
    "pictura translate holidays/ -o painted/ --model runs/mine/bundle --direction B2A",
)
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file for one picture, else a folder (default: PICTURE_MODEL.png here)."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(help="A model's name (see pictura models), its folder or file (default: none, one is needed)."),
]
Memory = Annotated[int | None, typer.Option(min=16, metavar="MIB", help="Memory to work in (default: 1024).")]
Direction = Annotated[
    str | None,
    typer.Option(metavar="A2B|B2A", help="Which way, also by the domains' names (default: the model's first)."),
]
Strength = Annotated[
    float, typer.Option(min=0, max=2, help="From 0, the picture as it is, over 1, what was learned, to 2.")
]
NearestClass = Annotated[
    bool,
    typer.Option(
        "--nearest-class",
        help="Take colours of label maps that belong to no class for the nearest (default: off).",
    ),
]


@with_groups
def translate(
    pictures: Pictures,
    output: Output = None,
    model: ModelOption = None,
    direction: Direction = None,
    strength: Strength = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of what is random: one seed, one picture.")] = 0,
    nearest_class: NearestClass = False,
    memory: Memory = None,
    *,
    options: BatchOptions,
) -> None:
    """Turn pictures into another domain's with a trained model: photos into paintings, labels into photos.

    Their size stays. Label maps are grey values or palettes of class numbers, or have the classes' colours.
    """
    use_threads(options.threads)
    from pictura import api
    from pictura.cli.batch import Work, pending_jobs, run_batch
    from pictura.cli.jobs import plan_jobs
    from pictura.networks.tiling.streaming import DEFAULT_MEMORY
    from pictura.tasks.translate import open_translator

    model = _check_model(model)
    to_do = pending_jobs(plan_jobs(pictures, output, model_word(model, direction)), options)
    if not to_do:
        return
    bytes_to_use = DEFAULT_MEMORY if memory is None else memory * 2**20
    return_freed(bytes_to_use)
    translator = open_translator(
        model, direction, strength, seed, nearest_class=nearest_class, memory=bytes_to_use, device=options.device
    )
    work = Work(
        lambda picture, _, __: api.translate(picture, translator),
        {"translate": translator.about, "pictura": __version__},
        read=translator.read,
        less_memory="translate a smaller picture, or give less with --memory",
    )
    run_batch(to_do, work, options)


def _check_model(model: str | None) -> str:
    """The model that was named.

    Raises:
        PicturaError: none was; the sentence lists those that are shipped.
    """
    if model is not None:
        return model
    from pictura.tasks.translate import translating_models

    shipped = ", ".join(translating_models())
    own = "the folder or file of a model of your own"
    raise PicturaError(f"Say with --model what translates: {f'{shipped}, or ' if shipped else ''}{own}.")


def model_word(model: str, direction: str | None = None) -> str:
    """The model's name in a word, for file names, and the direction where one was asked for.

    A run's model is called as the run, and one on the hub without its owner.
    """
    path = Path(model).resolve() if Path(model).exists() else Path(model.partition("@")[0])
    if path.name in ("bundle", "model.safetensors"):
        path = Path(model).resolve().parent
    if path.name == "bundle":
        path = path.parent
    stem = path.stem if path.suffix == ".safetensors" else path.name
    return stem if direction is None else f"{stem}_{''.join(filter(str.isalnum, direction))}"
