"""What a `Picture` does for a person: in a notebook, on the screen, as a file, as other libraries' pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictura.picture.bands import integer_samples
from pictura.picture.writing import write

if TYPE_CHECKING:
    from pictura.picture.picture import Picture

NOTEBOOK_SIDE = 640  # pixels: what a notebook's column shows; a large picture would be stored in the notebook whole


class Shown:
    """The base of `Picture` that has these functions."""

    def numpy(self) -> NDArray[Any]:
        """A copy of the pixels, H×W×3 sRGB: uint8 where a file has 8 bits, else float32 in [0, 1]."""
        return cast("Picture", self).samples.copy()

    def pil(self) -> Image.Image:
        """As PIL's picture of 8 bits, RGB, or RGBA where there is alpha."""
        picture = cast("Picture", self)
        image = Image.fromarray(integer_samples(picture.samples, np.uint8))
        if picture.alpha is not None:
            image.putalpha(Image.fromarray(integer_samples(picture.alpha, np.uint8)))
        return image

    def save(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        settings: dict[str, Any] | None = None,
        quality: int = 95,
    ) -> Path:
        """Write it to a file, as `pictura.write` does, and return the path."""
        return write(cast("Picture", self), path, overwrite=overwrite, settings=settings, quality=quality)

    def show(self) -> None:
        """Open it in the system's viewer; in a notebook naming it last in a cell shows it there."""
        self.pil().show()

    def _repr_png_(self) -> bytes:
        """The PNG that a notebook shows, at most `NOTEBOOK_SIDE` pixels a side."""
        image, file = self.pil(), io.BytesIO()
        image.thumbnail((NOTEBOOK_SIDE, NOTEBOOK_SIDE))
        image.save(file, "PNG")
        return file.getvalue()
