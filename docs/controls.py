"""Makes docs/pictures/controls.jpg: every control with every method that stylizes, on the package's own pictures.

python docs/controls.py
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pictura
from pictura.app.commands import REFERENCES
from pictura.picture import Picture, read, write
from pictura.picture.sheet import contact_sheet

ROOT = Path(__file__).parents[1]
SIDE, HEIGHT, QUALITY = 512, 150, 62  # painted at this longest side; shown so high
PAINTINGS = ("great-wave", "composition-vii")
Mask = NDArray[np.float32]
# Each method's two styles.
STYLES: dict[str, list[Path | str]] = {
    "optimize": [ROOT / "examples" / "paintings" / f"{name}.jpg" for name in PAINTINGS],
    "adain": [ROOT / "examples" / "paintings" / f"{name}.jpg" for name in PAINTINGS],
    "johnson": list(PAINTINGS),
    "photo": [REFERENCES / "blue-night.jpg", REFERENCES / "warm-wood.jpg"],
    "wct2": [REFERENCES / "blue-night.jpg", REFERENCES / "warm-wood.jpg"],
}
FOREIGN = {"johnson": ("--style-mask", "--style-scale"), "photo": ("--style-scale",), "wct2": ("--style-scale",)}


def half(left: bool) -> Mask:
    """H×W, 1 on the left or the right, with a soft border."""
    ramp = 1 / (1 + np.exp(np.linspace(-10, 10, 64, dtype=np.float32)))
    return np.tile(ramp if left else 1 - ramp, (48, 1))


CONTROLS: dict[str, dict[str, Any]] = {
    "--strength 0.5": {"strength": 0.5},
    "--mask": {"masks": [half(left=True)]},
    "--style-mask": {"masks": [half(left=True)], "style_masks": [half(left=False)]},
    "--style-scale 2": {"style_scale": 2.0},
    "--keep-colours": {"keep_colours": True},
    "--match-colours": {"match_colours": True},
    "--protect": {"protect": half(left=True)},
    "--style-weight": {"style_weights": (0.5, 0.5)},
}


def main() -> None:
    photo = read(ROOT / "examples" / "photo.jpg")
    white = np.ones((*photo.size, 3), np.float32)
    rows = [[photo.pixels, *(paint(photo, method, {}).pixels for method in STYLES)]]
    labels = [["photo", *STYLES]]
    for option, control in CONTROLS.items():
        cells = [
            white if option.split()[0] in FOREIGN.get(method, ()) else paint(photo, method, control).pixels
            for method in STYLES
        ]
        rows.append([white, *cells])
        labels.append([option, *("" if cell is white else method for cell, method in zip(cells, STYLES, strict=True))])
        print(option, flush=True)
    target = ROOT / "docs" / "pictures" / "controls.jpg"
    write(Picture.of(contact_sheet(rows, labels, HEIGHT)), target, overwrite=True, quality=QUALITY)


def paint(photo: Picture, method: str, control: dict[str, Any]) -> Picture:
    """A photo with a control; with two styles only where their weights are it."""
    styles = STYLES[method] if "style_weights" in control else STYLES[method][:1]
    painted = pictura.stylize(photo, styles, method=method, size=SIDE, **control)
    assert isinstance(painted, Picture)
    return painted


if __name__ == "__main__":
    main()
