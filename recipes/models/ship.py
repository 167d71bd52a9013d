"""Puts a trained bundle among those that come with pictura.

    python recipes/models/ship.py NAME BUNDLE --metric TEXT [--picture FILE] [--title TEXT] [--does TEXT] [--data TEXT]

Words that are not given stay as the bundle has them. A model of the same name makes room.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from pictura import Picture, models, read
from pictura.models.shipping import ship_bundle
from pictura.picture.resize import resize_longest

WORDS = {
    "data": "1151 photographs (ImageNet samples, BSDS500, Urban100, Sun-Hays) and public-domain paintings",
    "data_licence": "the photographs are for research only",
    "licence": "MIT; trained on research-only photographs",
}
SIDE = 512  # longest of the picture


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name")
    p.add_argument("bundle", type=Path)
    p.add_argument("--picture", type=Path)
    words = ("title", "does", "metric", "data", "data_licence", "licence", "command")
    for word in words:
        p.add_argument("--" + word.replace("_", "-"))
    a = p.parse_args()
    bundle = models.read_bundle(a.bundle)
    settings = dict(bundle.settings)
    if "styles" in settings:  # their names, not where the paintings lay
        settings["styles"] = [Path(style).stem for style in settings["styles"]]
    given = {word: value for word in words if (value := getattr(a, word)) is not None}
    picture = None
    if a.picture:
        shown = read(a.picture).tensor()
        picture = Picture.of(resize_longest(shown, SIDE))
    ship_bundle(
        replace(bundle, settings=settings, about=WORDS | dict(bundle.about) | given), a.name, picture, overwrite=True
    )


if __name__ == "__main__":
    main()
