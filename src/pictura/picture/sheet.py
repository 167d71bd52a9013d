"""Sheets: pictures of any size in a grid with captions, and pictures of one size side by side as they are."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pictura.picture.picture import Picture, Pixels
from pictura.picture.resize import resize

_GAP = 8  # white pixels around every cell
_SEAM = 2  # white pixels between the pictures of a grid
_TEXT = 14  # height of a caption's letters, in pixels
_LINE = 20  # room for a caption


def contact_sheet(
    rows: Sequence[Sequence[Pixels]], labels: Sequence[Sequence[str]] | None = None, height: int = 256
) -> Pixels:
    """Rows of pictures, each H×W×3 in [0, 1], on white; every cell `height` pixels high, its label below.

    Rows may differ in length; labels, if given, have the shape of rows. Returns H×W×3 float32 in [0, 1].
    """
    cells = [[_scale_picture(picture, height) for picture in row] for row in rows]
    columns = max(len(row) for row in cells)
    widths = [max(row[i].shape[1] for row in cells if i < len(row)) for i in range(columns)]
    pitch = height + _GAP + (_LINE if labels else 0)
    sheet = Image.new("RGB", (sum(widths) + _GAP * (columns + 1), pitch * len(cells) + _GAP), "white")
    for r, row in enumerate(cells):
        for c, cell in enumerate(row):
            left, top = sum(widths[:c]) + _GAP * (c + 1), pitch * r + _GAP
            sheet.paste(Image.fromarray(np.rint(cell * 255).astype(np.uint8)), (left, top))
            if labels:
                _draw_caption(sheet, labels[r][c], left, top + height + 2, widths[c])
    return np.asarray(sheet).astype(np.float32) / np.float32(255)


def make_grid(pictures: Sequence[Picture], columns: int) -> Picture:
    """Pictures of one size side by side, row by row, with white between them; their pixels stay. One stays itself."""
    height, width = pictures[0].size
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    shape = (rows * (height + _SEAM) - _SEAM, columns * (width + _SEAM) - _SEAM, 3)
    grid = np.ones(shape, np.float32)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + _SEAM), i % columns * (width + _SEAM)
        grid[top : top + height, left : left + width] = picture.pixels
    return Picture.of(grid)


def _scale_picture(pixels: Pixels, height: int) -> Pixels:
    picture = Picture.of(pixels)
    width = max(1, round(picture.size[1] * height / picture.size[0]))
    return picture.with_pixels(resize(picture.tensor(), (height, width))).pixels


def _draw_caption(sheet: Image.Image, text: str, left: int, top: int, width: int) -> None:
    """One line, shortened with an ellipsis to the width of its cell."""
    font = ImageFont.load_default(size=_TEXT)
    shown = text
    while shown and font.getlength(shown) > width:
        text = text[:-1]
        shown = text and text + "…"
    ImageDraw.Draw(sheet).text((left, top), shown, fill="black", font=font)
