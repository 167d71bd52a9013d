"""A photo in every look, on one sheet: each style in one pass."""

from collections.abc import Callable

import numpy as np
import torch

from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture
from pictura.picture.resize import fit_size, resize
from pictura.picture.sheet import contact_sheet
from pictura.runtime.errors import PicturaError
from pictura.style import style_names
from pictura.tasks.feed_forward import DEFAULT_MODELS, open_feed_forward
from pictura.tasks.load import from_pretrained
from pictura.training.capabilities import Stylizes

COLUMNS = 6
CELL = 256  # longest side of a look in pixels: 28 styles in a minute on one slow core, and strokes are seen


def show_looks(photo: PictureInput, tell: Callable[[int, int, str], None] | None = None) -> Picture:
    """The photo, and it in every shipped style in one pass, as a sheet with names; `tell` hears done, all and name.

    Raises:
        PicturaError: the photo cannot be read, or no style is installed.
    """
    picture = as_picture(photo)
    size = fit_size(*picture.size, min(CELL, max(picture.size)))
    small = picture.with_pixels(resize(picture.tensor(), size))
    looks, painters = [("photo", small.pixels)], _open_painters()
    for done, (name, method, style, model) in enumerate(painters, 1):
        painter = open_feed_forward(method, [style], [1.0], model=model)
        with torch.inference_mode():
            looks.append((name, Picture.of(painter(small.tensor())).pixels))
        if tell is not None:
            tell(done, len(painters), name)
    rows = [looks[at : at + COLUMNS] for at in range(0, len(looks), COLUMNS)]
    sheet = contact_sheet([[p for _, p in row] for row in rows], [[n for n, _ in row] for row in rows], size[0])
    return Picture.of(sheet)


def _open_painters() -> list[tuple[str, str, str, Stylizes]]:
    """Each look's name on the sheet, its method, its style and its model.

    Raises:
        PicturaError: no style is installed.
    """
    names = style_names()
    if not names:
        raise PicturaError("No styles are installed: reinstall pictura.")
    painters: list[tuple[str, str, str, Stylizes]] = []
    for method, name in DEFAULT_MODELS.items():
        model = from_pretrained(name, device="auto")
        if isinstance(model, Stylizes):
            suffix = "" if method == "adain" else f", {method}"
            painters += [(style + suffix, method, style, model) for style in model.style_names or names]
    return painters


def draw_example(side: int = CELL) -> Picture:
    """A picture of our own for sheets without a photo: a sun over hills and water."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    sky = np.stack([0.35 + 0.6 * y, 0.55 + 0.3 * y, 0.95 - 0.25 * y], -1)
    ball = np.hypot(x - 0.68, y - 0.25)[..., None]
    picture = np.where(ball < 0.11, np.array([1.0, 0.93, 0.6]), sky)
    for base, height, pace, colour in (
        (0.55, 0.10, 7.0, (0.42, 0.45, 0.60)),
        (0.66, 0.06, 11.0, (0.25, 0.45, 0.25)),
        (0.80, 0.03, 5.0, (0.18, 0.30, 0.45)),
    ):
        edge = base + height * np.sin(pace * x + 9 * base)
        shade = (0.8 + 0.4 * (y - edge) + 0.08 * np.sin(90 * y))[..., None]
        picture = np.where((y > edge)[..., None], np.array(colour) * shade, picture)
    return Picture.of(np.clip(picture, 0, 1).astype(np.float32))
