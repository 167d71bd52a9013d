"""Paint a photograph in four of the styles that come with pictura, and make handwritten digits; `make demo` runs this.

Writes into demo/: the photograph, the four results, and all of it on one sheet; and a sheet of digits.
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
    pictura.write(digits(), OUT / "digits.png", overwrite=True)
    print(f"{OUT / 'digits.png'} shows digits that nobody wrote, and what lies between two of them.")


def sheet(photo: pictura.Picture, results: dict[str, pictura.Picture]) -> pictura.Picture:
    """The photograph and its paintings, each above the work that gave the style."""
    blank = np.ones_like(photo.pixels)
    works = [pictura.read(HERE / "paintings" / f"{style}.jpg").pixels for style in results]
    rows = [[photo.pixels, *(result.pixels for result in results.values())], [blank, *works]]
    labels = [["the photograph", *results], ["", *(STYLES[style] for style in results)]]
    return pictura.Picture.of(contact_sheet(rows, labels, height=240))


def digits() -> pictura.Picture:
    """Ten rows: digits with a column for each label, others from codes, and three ways from one digit to another."""
    labelled = pictura.sample("digits-cgan", 50, seed=1)
    model = pictura.load("digits-vae")
    ways = [model.interpolate(labelled[a], labelled[b], steps=10) for a, b in ((0, 1), (6, 5), (7, 2))]
    return pictura.lay_out(
        [*labelled, *model.sample(20, seed=1), *(one for way in ways for one in way)], columns=10, scale=2
    )


if __name__ == "__main__":
    main()
