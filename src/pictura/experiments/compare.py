"""One picture across methods, on a sheet, with the time of each and its distances from style and content."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pictura.experiments.material import as_pixels, judge_name, open_judge
from pictura.losses.moments import Moments, moments
from pictura.losses.wasserstein import WassersteinLoss
from pictura.metrics.style import content_distance
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture
from pictura.picture.picture import Pixels
from pictura.picture.resize import resize_longest
from pictura.picture.sheet import contact_sheet
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.style import load_style
from pictura.tasks.feed_forward import FeedForwardStylizer
from pictura.tasks.measure.metrics import Judge
from pictura.tasks.stylize import open_stylizer, resolve_method

SIDE = 512  # longest side in pixels, unless one is asked for: optimisation takes seconds
COLUMNS = 3
LOSS_NETWORK = "compact"  # of the default settings and of the shipped networks' trainings


@dataclass(frozen=True)
class Compared:
    """What one method made: its pixels H×W×3, seconds of painting, distances from style and content."""

    method: str
    pixels: Pixels
    seconds: float
    style: float
    content: float


@dataclass(frozen=True)
class Comparison:
    """All methods on one picture; `judge` is the network in whose features the distances are."""

    photo: Pixels
    painting: Pixels | None
    results: Sequence[Compared]
    judge: str

    def sheet(self) -> Picture:
        """Photograph, style and results with labels."""
        cells = [("photograph", self.photo), *([] if self.painting is None else [("style", self.painting)])]
        cells += [(f"{one.method}, {one.seconds:.2g} s", one.pixels) for one in self.results]
        columns = 2 if len(cells) == 4 else COLUMNS  # no row with one picture in it
        rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        height = min(384, self.photo.shape[0])
        pictures, labels = ([[cell[i] for cell in row] for row in rows] for i in (1, 0))
        return Picture.of(contact_sheet(pictures, labels, height))  # type: ignore[arg-type]


def compare_methods(
    photo: PictureInput,
    style: str | Path,
    methods: Sequence[str],
    *,
    size: int | None = None,
    device: str = "auto",
    tell: Callable[[int, int, str], None] = lambda done, total, method: None,
) -> Comparison:
    """Paint a picture by each method, and judge what they made.

    Args:
        photo: a picture of any kind.
        style: a shipped name, a ``.style`` file or a picture's path.
        methods: such as ``optimize``, ``adain`` and ``johnson``; each opens with its own defaults.
        size: longest side of all results, by default the picture's own, 512 pixels at most.
        device: auto, cpu, cuda or mps.
        tell: hears done, all and the method that is next.

    Raises:
        PicturaError: no such method or style, a method that cannot paint this style, or none at all.
    """
    if not methods:
        raise PicturaError("Name the methods to compare, such as --method optimize,adain,johnson.")
    names = list(dict.fromkeys(resolve_method(name) for name in methods))
    picture = as_picture(photo)
    image = resize_longest(picture.tensor(), size or min(SIDE, max(picture.size)))
    # All that can be refused is refused before the first one paints.
    stylizers = {name: open_stylizer(name, [str(style)], device=device) for name in names}
    judge, wanted, painting = _open_judge(style, image, str(choose_device(device)))
    results = []
    for done, (name, stylizer) in enumerate(stylizers.items()):
        tell(done, len(names), name)
        start = time.monotonic()
        with torch.inference_mode(isinstance(stylizer, FeedForwardStylizer)):
            made = stylizer.render(image)
        seconds = time.monotonic() - start
        results.append(Compared(name, as_pixels(made), seconds, *_judge(made, image, judge, wanted)))
    tell(len(names), len(names), "")
    return Comparison(as_pixels(image), painting, results, judge.told)


def _open_judge(style: str | Path, image: Tensor, device: str) -> tuple[Judge, Moments, Pixels | None]:
    """Who judges, the style's moments at the size of the picture, and the painting where it is one.

    Of a saved style only the moments in the shipped encoder are known, so that this one has to judge.
    """
    side = max(image.shape[2:])
    name = judge_name(LOSS_NETWORK)
    try:
        judge = open_judge(name, device)
        source = load_style(style, judge.encoder, judge.style)
    except PicturaError:
        judge = open_judge(LOSS_NETWORK, device)
        source = load_style(style, judge.encoder, judge.style)
    painting = None
    if source.images:
        first = source.images[0][:, :3]
        painting = as_pixels(resize_longest(first, side))
    return judge, source.at(side), painting


@torch.no_grad()
def _judge(made: Tensor, image: Tensor, judge: Judge, wanted: Moments) -> tuple[float, float]:
    """(style, content) as in `pictura.metrics.style`."""
    layers = [*judge.style, *judge.content]
    f, p = judge.see(made.cpu(), layers), judge.see(image, judge.content)
    terms = [WassersteinLoss(*wanted[layer], judge.encoder.scale(layer))(*moments(f[layer])) for layer in judge.style]
    content = content_distance({layer: f[layer] for layer in judge.content}, p, judge.scales(judge.content))
    return max(0.0, float(torch.stack(terms).mean())), content
