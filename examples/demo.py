"""Paint one photograph in four of the styles that come with pictura; `make demo` runs this.

Writes into demo/: the photograph, the four results, and all of it on one sheet.
"""

import time
from pathlib import Path

import numpy as np

import pictura
from pictura import encoders
from pictura.picture.sheet import contact_sheet
from pictura.runtime.threads import use_threads

HERE = Path(__file__).parent
OUT = HERE.parent / "demo"
STYLES = {
    "starry-night": "The Starry Night, Vincent van Gogh",
    "great-wave": "The Great Wave, Hokusai",
    "composition-vii": "Composition VII, Kandinsky",
    "the-scream": "The Scream, Edvard Munch",
}


def main() -> None:
    began = time.monotonic()
    use_threads()
    OUT.mkdir(exist_ok=True)
    photo = pictura.read(HERE / "photo.jpg")
    pictura.write(photo, OUT / "content.png", overwrite=True)
    encoder = encoders.load_encoder("compact")  # once for all four
    results = {}
    for style in STYLES:
        print(f"painting in the style {style} …", flush=True)
        results[style] = pictura.stylize(photo, style, encoder=encoder)
        pictura.write(results[style], OUT / f"{style}.png", overwrite=True)
    pictura.write(sheet(photo, results), OUT / "sheet.png", overwrite=True)
    print(f"{OUT / 'sheet.png'} shows them all; painted in {time.monotonic() - began:.0f} s.")


def sheet(photo: pictura.Picture, results: dict[str, pictura.Picture]) -> pictura.Picture:
    """The photograph and its paintings, each above the work that gave the style."""
    blank = np.ones_like(photo.pixels)
    works = [pictura.read(HERE / "paintings" / f"{style}.jpg").pixels for style in results]
    rows = [[photo.pixels, *(result.pixels for result in results.values())], [blank, *works]]
    labels = [["the photograph", *results], ["", *(STYLES[style] for style in results)]]
    return pictura.Picture.of(contact_sheet(rows, labels, height=240))


if __name__ == "__main__":
    main()
