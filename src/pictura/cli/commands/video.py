"""`pictura video`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pictura.cli.options import (
    Device,
    LongestSide,
    Overwrite,
    Quiet,
    Styles,
    StyleWeights,
    Threads,
    current_method,
    with_groups,
)
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import examples, format_duration
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import digest_file
from pictura.runtime.signals import catch_signals
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.tasks.feed_forward import FeedForwardStylizer
    from pictura.video import VideoProgress, VideoResult

EXAMPLES = examples(
    "pictura video clip.mp4 --style starry-night",
    "pictura video clip.mp4 -o painted.webm --style great-wave --size 960 --strength 0.8",
    "pictura video clip.mp4 -o painted.mkv --style the-scream --codec ffv1 --keep-colours",
    "pictura video clip.mp4 --style the-scream --mask sky.png --style great-wave --mask ground.png",
    "pictura video clip.mp4 -o graded.mp4 --style other.jpg --method photo",
    "pictura video clip.mp4 -o graded.mp4 --style other.jpg --method photo --resume",
)


@dataclass(frozen=True)
class StyleOptions:
    """What the frames become: all that opens a painter."""

    style: Styles = None
    weight: StyleWeights = None
    mask: Annotated[
        list[Path] | None,
        typer.Option(
            help="Mask image per style: white where that style applies in all frames (repeatable; default: everywhere)."
        ),
    ] = None
    style_mask: Annotated[
        list[Path] | None,
        typer.Option(help="Mask image per style: white what of its picture counts (repeatable; default: all)."),
    ] = None
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="adain: any style; johnson: the styles of a trained model; photo, wct2: the colours of another.",
        ),
    ] = "adain"
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="From 0, the video, to 1.")] = 1.0
    style_scale: Annotated[float, typer.Option(min=0.01, help="Size of the strokes; adain.")] = 1.0
    luma: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="How much brightness and contrast comes with the colours; photo."),
    ] = 1.0
    skin: Annotated[
        bool, typer.Option("--skin/--no-skin", help="Whether skin keeps its hue where faces are found; photo.")
    ] = True
    keep_colours: Annotated[bool, typer.Option("--keep-colours", "--keep-colors", help="Keep the video's colours.")] = (
        False
    )
    match_colours: Annotated[
        bool,
        typer.Option(
            "--match-colours", "--match-colors", help="Give the painting's colours the frame's mean and covariance."
        ),
    ] = False
    protect: Annotated[
        Path | None, typer.Option(help="Mask image: white where all frames stay legible (default: nowhere).")
    ] = None
    faces: Annotated[
        Literal["keep", "off"],
        typer.Option(help="keep: faces stay legible; one found in one frame and not in the next flickers."),
    ] = "off"
    model: Annotated[str | None, typer.Option(help="Model to use (default: the shipped one).")] = None
    memory: Annotated[
        int | None, typer.Option(min=16, metavar="MIB", help="Memory for one frame's painting (default: 1024).")
    ] = None
    device: Device = "auto"

    @property
    def label(self) -> str:
        """The styles in a word, for file names, and the method where it is not the default."""
        styles = "+".join(Path(name).stem for name in self.style or ())
        return styles if self.method == "adain" else f"{styles}_{self.method}"

    def __str__(self) -> str:
        return f"{self.method}, {', '.join(self.style or [])}, strength {self.strength:g}"

    def recipe(self) -> dict[str, Any]:
        """All that the painted frames depend on, files by what is in them."""
        told = {name: value for name, value in vars(self).items() if name not in ("memory", "device")}
        return {name: _identify(value) for name, value in told.items()}

    def open_stylizer(self) -> "FeedForwardStylizer":
        """The network, with everything refused that can be refused before the first frame."""
        import torch

        from pictura.tasks.feed_forward import FeedForwardStylizer
        from pictura.tasks.stylize import mask_tensor, open_stylizer

        method = current_method(self.method) or self.method
        own: dict[str, Any] = {} if self.memory is None else {"memory": self.memory * 2**20}
        if method != "optimize":
            own |= {"model": self.model, "style_scale": self.style_scale, "luma": self.luma, "skin": self.skin}
        stylizer = open_stylizer(
            method,
            self.style or [],
            self.weight or None,
            masks=[mask_tensor(mask) for mask in self.mask or ()],
            style_masks=[mask_tensor(mask) for mask in self.style_mask or ()],
            keep_colours=self.keep_colours,
            match_colours=self.match_colours,
            protect=None if self.protect is None else mask_tensor(self.protect),
            faces=self.faces == "keep",
            device=self.device,
            strength=self.strength,
            **own,
        )
        if not isinstance(stylizer, FeedForwardStylizer):
            raise PicturaError("A video is painted in one pass a frame: take --method adain, johnson, photo or wct2.")
        stylizer(torch.full((1, 3, 32, 32), 0.5))
        return stylizer


def _identify(value: Any) -> Any:
    """An option as JSON: a file as its digest, so that another picture under the same name is another option."""
    if isinstance(value, list):
        return [_identify(part) for part in value]
    if isinstance(value, (str, Path)) and Path(value).is_file():
        return digest_file(Path(value)).sha256
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class OutputOptions:
    """How the painted frames are kept: arguments of `paint_video`."""

    size: LongestSide = None
    statistics: Annotated[
        Literal["shots", "clip", "frames"],
        typer.Option(
            help="Normalization statistics of a frame: those of its shot (no flicker), of the whole clip, or its own."
        ),
    ] = "shots"
    follow: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.95,
            help="Share of the painted frame before in each, moved along with the picture (default: 0.5; photo: 0).",
        ),
    ] = None
    codec: Annotated[str | None, typer.Option(help="vp9, av1, h264, or ffv1 (lossless) (default: vp9).")] = None
    quality: Annotated[
        int | None,
        typer.Option(
            min=0, help="The codec's constant quality: less is better, and a larger file (default: the codec's)."
        ),
    ] = None
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Copy the sound track unchanged.")] = True
    overwrite: Overwrite = False
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where a video of this name was stopped or killed; with the same options."),
    ] = False


@with_groups
def video(
    clip: Annotated[Path, typer.Argument(metavar="VIDEO", help="The video.")],
    style_options: StyleOptions,
    output_options: OutputOptions,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .mp4, .webm or .mkv file (default: VIDEO_STYLE.mp4 here)."),
    ] = None,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line when it is finished.")] = False,
) -> None:
    """Stylize a video without flicker; sound and timing are kept.

    Ctrl-C finishes the file with the frames that are painted, so that it plays; --resume goes on from there.
    """
    if not style_options.style:
        raise PicturaError("No style given: add one, for example --style starry-night.")
    target = output or Path(f"{clip.stem}_{style_options.label}.mp4")
    use_threads(threads)
    from pictura.video.painting import check_video_target, paint_video

    o = output_options
    check_video_target(clip, target, o.codec, o.quality, o.overwrite, o.resume)
    painter = style_options.open_stylizer()
    follow = o.follow if o.follow is not None else 0.5 if painter.holding is None else 0.0  # what draws no strokes
    with ConsoleReport(quiet, as_json) as report, catch_signals(clean_up=True) as stop:
        made = paint_video(
            clip,
            target,
            painter,
            recipe=style_options.recipe(),
            tags={"comment": f"pictura: {style_options}"},
            callback=lambda progress: _show_progress(report, clip.name, progress),
            stop=stop,
            **vars(o) | {"follow": follow},
        )
        _report_video(report, clip, made)
    if not made.complete:
        raise typer.Exit(stop.exit_code)


def _show_progress(report: ConsoleReport, name: str, progress: "VideoProgress") -> None:
    """Move the bar: ``12/230 frames  1.5 a second  2 min 25 s left``."""
    doing = name if progress.painting else f"{name}: looking through it"
    counted = f"{progress.frame}/{progress.total}" if progress.total else f"{progress.frame}"
    left = "" if progress.left is None else f"  {format_duration(progress.left)} left"
    said = f"{counted} frames  {progress.rate:.3g} a second{left}"
    report.move(doing, progress.frame, progress.total, said)


def _report_video(report: ConsoleReport, clip: Path, made: "VideoResult") -> None:
    for what in made.dropped:
        report.say(f"{clip}: left off, since {made.path.name} cannot contain it: {what}")
    height, width = made.size
    shots = f"{made.shots} shot" + "s" * (made.shots != 1)
    line = f"{made.path}, {width}×{height}, {made.frames} frames, {shots}, {format_duration(made.seconds)}"
    facts = {"content": str(clip), "output": str(made.path), "width": width, "height": height}
    facts |= {"frames": made.frames, "before": made.before, "shots": made.shots}
    facts |= {"seconds": round(made.seconds, 3), "complete": made.complete}
    report.write_result(f"{clip}: {line}", facts)
    if not made.complete:
        report.tell(f"pictura: interrupted; '{made.path}' holds the first {made.frames} frames; --resume goes on")
