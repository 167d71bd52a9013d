"""`pictura measure`."""

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pictura import __version__
from pictura.cli.options import RUNNING, Device, Overwrite, Quiet, Threads, with_groups
from pictura.cli.text import align_columns, examples, print_text
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.tasks.measure.figures import Measured

EXAMPLES = examples(
    "pictura measure upscaled/ originals/ --metric psnr --metric ssim --border 4",
    "pictura measure translated/ paintings/ --metric kid --metric fid --json scores.json",
    "pictura measure painted.png starry-night.jpg --metric gram --metric wasserstein",
    "pictura measure found-labels/ true-labels/ --metric segmentation --csv scores.csv",
    "pictura measure made/ labels/ --metric seg-score --model runs/judge/bundle --real photographs/",
)
COLUMNS = ("metric", "value", "standard error", "pictures", "network", "note")
STDOUT = Path("-")
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME",
        help="Of pairs: psnr, ssim, psnr-rgb, ssim-rgb, content, gram, wasserstein, perceptual, lpips; of folders as "
        "wholes: kid, fid, artfid; of label maps: segmentation, segmentation-released; of photographs of label maps: "
        "seg-score, seg-score-released; of frames in a row: warp (repeatable; default: none, one is needed).",
    ),
]


@dataclass(frozen=True)
class FigureOptions:
    """How figures are taken: fields of `MeasureOptions`."""

    encoder: Annotated[str, typer.Option(help="The network whose features are compared (see pictura encoders).")] = (
        "compact"
    )
    weights: Annotated[
        Path | None,
        typer.Option(
            "--encoder-weights",
            metavar="FILE",
            help="Weights for an --encoder that is an architecture (default: the known ones).",
        ),
    ] = None
    lpips_weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The learned weights of LPIPS for the network of --encoder (default: none)."),
    ] = None
    content: Annotated[Path | None, typer.Option(help="For artfid: what A was made of, by the same names.")] = None
    border: Annotated[int, typer.Option(min=0, help="Pixels at each side that PSNR and SSIM leave out.")] = 0
    classes: Annotated[
        int | None, typer.Option(min=2, help="How many classes label maps have (default: as many as B's numbers go).")
    ] = None
    ignore: Annotated[int, typer.Option(min=0, help="The number in B's label maps whose pixels do not count.")] = 255
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|FILE",
            help="For seg-score: the network that segments A, a model of `pictura train segment` or a file of "
            "ESPNet's.",
        ),
    ] = None
    real: Annotated[
        Path | None,
        typer.Option(help="For seg-score: the real photographs of B, by the same names, whose scores are told first."),
    ] = None
    nearest_class: Annotated[
        bool,
        typer.Option("--nearest-class", help="For seg-score: take other colours in B for the nearest class's."),
    ] = False
    seen_at: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="For seg-score: the size at which the network sees pictures (default: their own)."
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Of the random subsets of kid.")] = 0


@dataclass(frozen=True)
class TableOptions:
    """How the work is done, and where the figures go."""

    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table there, too.", rich_help_panel=RUNNING)
    ] = None
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE|-",
            help="Write JSON there, with the value of each picture; - is stdout, without the table.",
            rich_help_panel=RUNNING,
        ),
    ] = None
    overwrite: Overwrite = False
    device: Device = "auto"
    threads: Threads = None
    quiet: Quiet = False


@with_groups
def measure(
    a: Annotated[Path, typer.Argument(metavar="A", help="What is measured: a picture, or a folder of them.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="What it is measured by: the truth, a style, real pictures.")],
    metric: Metrics = None,
    *,
    how: FigureOptions,
    table: TableOptions,
) -> None:
    """Measure pictures against others: PSNR, SSIM, style and content distances, KID, FID, segmentation scores.

    Pairs have the same name in two folders. Means over pairs, and kid, come with their standard error.
    """
    use_threads(table.threads)
    for path in (table.csv_file, table.json_file):
        if path is not None and path != STDOUT:
            check_free(path, table.overwrite)
    from pictura.cli.progress import counting_bar
    from pictura.interop.checkpoint import read_tensors
    from pictura.interop.segmenters import open_segmenter
    from pictura.tasks.measure.figures import MeasureOptions
    from pictura.tasks.measure.run import measure_pictures

    opened = {
        "lpips_weights": None if how.lpips_weights is None else read_tensors(how.lpips_weights),
        "model": None if how.model is None else open_segmenter(how.model, table.device),
        "seen_at": None if how.seen_at is None else _parse_size(how.seen_at),
    }
    with counting_bar("measured", quiet=table.quiet) as progress:
        options = MeasureOptions(**vars(how) | opened, device=table.device, progress=progress)
        found = measure_pictures(a, b, metric or [], options)
    _write(found, str(a), str(b), table)
    if table.json_file != STDOUT and not table.quiet:
        print_text(_as_table(found))


def _write(found: Sequence["Measured"], a: str, b: str, table: TableOptions) -> None:
    """The files that were asked for; JSON perhaps to stdout."""
    told = json.dumps({"a": a, "b": b, "pictura": __version__, "measured": [_plain(one) for one in found]})
    to_stdout = table.json_file == STDOUT
    for file, text in ((table.csv_file, _as_csv(found)), (None if to_stdout else table.json_file, told + "\n")):
        if file is not None:
            write_atomic(file, text.encode(), overwrite=table.overwrite)
    if to_stdout:
        print_text(told)


def _parse_size(text: str) -> tuple[int, int]:
    """``512x256`` to (512, 256)."""
    if (found := re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text)) is None:
        raise PicturaError(f"A size is two numbers such as 512x256, width and height, not '{text}'.")
    return int(found[1]), int(found[2])


def _as_table(found: Sequence["Measured"]) -> str:
    """Columns for people; below them what is to be known of figures, each thing once."""
    rows = [COLUMNS[:5]]
    rows += [(o.metric, _short(o.value), _short(o.error), str(o.pictures), o.network) for o in found]
    notes: dict[str, list[str]] = {}
    for one in found:
        notes.setdefault(one.note, []).append(one.metric)
    told = [f"{', '.join(metrics)}: {note}" for note, metrics in notes.items() if note]
    return "\n".join([align_columns(rows), *told])


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _as_csv(found: Sequence["Measured"]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((o.metric, o.value, o.error, o.pictures, o.network, o.note) for o in found)
    return text.getvalue()


def _plain(one: "Measured") -> dict[str, Any]:
    """For JSON, which has no infinity: null."""
    values = {name: _finite(value) for name, value in one.values.items()}
    return {
        "metric": one.metric,
        "value": _finite(one.value),
        "standard_error": one.error,
        "pictures": one.pictures,
        "network": one.network or None,
        "note": one.note or None,
        "values": values or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
