"""Makes the shipped bank of styles: numbers of public-domain paintings, no pixels of them.

    python recipes/styles/bank.py PAINTINGS

`paintings.csv` beside this file names them; PAINTINGS is a folder with the files.
"""

import argparse
import csv
from pathlib import Path

from pictura import read
from pictura.encoders import load_encoder
from pictura.style import STYLE_LAYERS, Style
from pictura.style.sources import STYLES_FOLDER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paintings", type=Path)
    folder = parser.parse_args().paintings
    encoder = load_encoder("compact", dtype="float32")
    table = Path(__file__).with_name("paintings.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        about = {key: row[key] for key in ("title", "painter", "year")} | {"licence": "painting in the public domain"}
        picture = read(folder / f"{row['file']}.jpg").tensor()
        style = Style.of([picture], encoder, STYLE_LAYERS, about=about)
        style.save(STYLES_FOLDER / f"{row['name']}.style", overwrite=True)
        print(row["name"])


if __name__ == "__main__":
    main()
