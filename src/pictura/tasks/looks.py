"""A photo in every look, on one sheet: each style in one pass."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture
from pictura.picture.picture import Pixels
from pictura.picture.resize import fit_size, resize
from pictura.picture.sheet import contact_sheet
from pictura.runtime.errors import PicturaError
from pictura.style import style_names
from pictura.tasks.feed_forward import open_feed_forward
from pictura.tasks.load import from_pretrained

COLUMNS = 6
CELL = 256  # longest side of a look in pixels: 28 styles in a minute on one slow core, and strokes are seen
FAST_MODEL = "fast"  # the shipped network of the method johnson, which has styles of its own


def show_looks(photo: PictureInput, tell: Callable[[int, int, str], None] | None = None) -> Picture:
    """The photo, and it in every shipped style in one pass, as a sheet with names; `tell` hears done, all and name.

    Raises:
        PicturaError: the photo cannot be read, or no style is installed.
    """
    picture = as_picture(photo)
    size = fit_size(*picture.size, min(CELL, max(picture.size)))
    small = picture.with_pixels(resize(picture.tensor(), size))
    looks, total = [("photo", small.pixels)], len(style_names()) + len(_fast_styles())
    if total == 0:
        raise PicturaError("No styles are installed: reinstall pictura.")
    for done, (name, pixels) in enumerate(_paint_looks(small.tensor()), 1):
        looks.append((name, pixels))
        if tell is not None:
            tell(done, total, name)
    rows = [looks[at : at + COLUMNS] for at in range(0, len(looks), COLUMNS)]
    sheet = contact_sheet([[p for _, p in row] for row in rows], [[n for n, _ in row] for row in rows], size[0])
    return Picture.of(sheet)


def _paint_looks(image: Tensor) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of each look, named as --style and --method take it."""
    adain = from_pretrained("adain", device="auto")
    for name in style_names():
        yield name, _paint(image, "adain", name, adain)
    if not (names := _fast_styles()):
        return
    fast = from_pretrained(FAST_MODEL, device="auto")
    for name in names:
        yield f"{name}, johnson", _paint(image, "johnson", name, fast)


def _paint(image: Tensor, method: str, style: str, model: object) -> Pixels:
    with torch.inference_mode():
        painted = open_feed_forward(method, [style], [1.0], model=model, device="auto")(image)  # type: ignore[arg-type]
    return Picture.of(painted).pixels


def _fast_styles() -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(from_pretrained(FAST_MODEL), "style_names", ())
    return names


def draw_example(side: int = CELL) -> Picture:
    """A picture of our own for sheets without a photo: a sun over hills and water, with light, dark, edges and flats."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    sky = np.stack([0.35 + 0.6 * y, 0.55 + 0.3 * y, 0.95 - 0.25 * y], -1)
    ball = np.hypot(x - 0.68, y - 0.25)[..., None]
    picture = np.where(ball < 0.11, np.float32([1.0, 0.93, 0.6]), sky)
    for base, height, pace, colour in (
        (0.55, 0.10, 7.0, (0.42, 0.45, 0.60)),
        (0.66, 0.06, 11.0, (0.25, 0.45, 0.25)),
        (0.80, 0.03, 5.0, (0.18, 0.30, 0.45)),
    ):
        edge = base + height * np.sin(pace * x + 9 * base)
        shade = (0.8 + 0.4 * (y - edge) + 0.08 * np.sin(90 * y))[..., None]
        picture = np.where((y > edge)[..., None], np.float32(colour) * shade, picture)
    return Picture.of(np.clip(picture, 0, 1).astype(np.float32))
