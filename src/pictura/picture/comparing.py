"""Two pictures on top of each other for a notebook: a slider that needs nothing but the page it is in."""

from __future__ import annotations

import base64
import html
import io
import secrets

from pictura.picture.kinds import PictureInput, as_picture
from pictura.picture.picture import Picture
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError

SIDE = 960  # pixels: twice what a column has, for fine screens
_PAGE = """<div style="position:relative;max-width:{width}px;aspect-ratio:{width}/{height}" id="{id}">
<img alt="{first}" src="{a}" style="position:absolute;inset:0;width:100%;height:100%;margin:0;max-width:none">
<img alt="{second}" src="{b}" style="position:absolute;inset:0;width:100%;height:100%;margin:0;max-width:none;\
clip-path:inset(0 0 0 50%)">
<div style="position:absolute;top:0;bottom:0;left:50%;width:2px;margin-left:-1px;background:#fff;\
box-shadow:0 0 2px #000;pointer-events:none"></div>
<input type="range" min="0" max="100" value="50" aria-label="{first} and {second}: how much of each" \
style="position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize" \
oninput="var p=this.parentNode;p.children[1].style.clipPath='inset(0 0 0 '+this.value+'%)';\
p.children[2].style.left=this.value+'%'">
</div><p style="max-width:{width}px;display:flex;justify-content:space-between;margin:.3em 0">\
<small>{first}</small><small>{second}</small></p>"""


class Comparison:
    """What `compare` gives: a notebook shows it as a slider, elsewhere it is two pictures."""

    def __init__(self, first: Picture, second: Picture, words: tuple[str, str]) -> None:
        self.first, self.second, self.words = first, second, words

    def _repr_html_(self) -> str:
        """The slider, the pictures within it, at most `SIDE` pixels a side."""
        height, width = self.first.size
        shown = min(1.0, SIDE / max(height, width))
        size = (max(1, round(width * shown)), max(1, round(height * shown)))
        first, second = (html.escape(word, quote=True) for word in self.words)
        return _PAGE.format(
            id=f"pictura-{secrets.token_hex(4)}",
            a=_address(self.first, size),
            b=_address(self.second, size),
            width=size[0],
            height=size[1],
            first=first,
            second=second,
        )


@check_arguments
def compare(first: PictureInput, second: PictureInput, *, words: tuple[str, str] = ("before", "after")) -> Comparison:
    """Two pictures of any kind on top of each other: named last in a notebook's cell, a slider between them.

    Args:
        first, second: as `content` in `stylize`, of one shape; the second may be larger or smaller.
        words: what they are called.

    Raises:
        PicturaError: one cannot be read, or they have different shapes.
    """
    a, b = as_picture(first), as_picture(second)
    (ha, wa), (hb, wb) = a.size, b.size
    # A pixel more or less is what rounding gives when a picture was made smaller.
    if abs(wa * hb - wb * ha) > max(wa + ha, wb + hb):
        raise PicturaError(f"Pictures of {wa}×{ha} and {wb}×{hb} pixels have different shapes: compare others.")
    return Comparison(a, b, words)


def _address(picture: Picture, size: tuple[int, int]) -> str:
    """The picture itself as an address; JPEG, as a notebook keeps it, or WebP where something is transparent."""
    file, kind = io.BytesIO(), "JPEG" if picture.alpha is None else "WEBP"
    picture.pil().resize(size).save(file, kind, quality=88)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
