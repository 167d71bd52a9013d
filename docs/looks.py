"""Makes the references and the thumbnails of the studio's gallery: src/pictura/assets/references and looks.

    python docs/looks.py DATA

DATA holds content/, of which photographs without restrictions are taken; see assets/references/SOURCES.md.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from pictura.app.catalogue import list_looks
from pictura.app.commands import REFERENCES
from pictura.app.making import Desk, make
from pictura.app.orders import parse_order
from pictura.picture import Picture, read

ASSETS = REFERENCES.parent
LOOKS = ASSETS / "looks"
SIDE, QUALITY = (288, 216), 62  # a card, on a fine screen
REFERENCE_SIDE = 448
# The reference's name → the file of DATA/content.
SOURCES = {
    "blue-night": "rocket",
    "warm-wood": "coffee",
    "soft-window": "succulent",
    "clear-morning": "building-exterior",
    "dark-red": "hibiscus",
    "old-print": "calla-plant",
    "black-and-white": "cliff-palace",
}
OWN_PICTURE = ("labels2facade", "font2font", "denoise", "deblur")  # what a photograph of ours would not show
# Portraits in the public domain, by the US Navy and NASA, and the face there.
PORTRAITS = {"smile": ("grace-hopper", (154, 172, 354, 322))}
PORTRAIT = ("astronaut", (124, 28, 324, 178))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    content = parser.parse_args().data / "content"
    REFERENCES.mkdir(exist_ok=True)
    LOOKS.mkdir(exist_ok=True)
    for name, source in SOURCES.items():
        image = Image.open(content / f"{source}.jpg").convert("RGB")
        image.thumbnail((REFERENCE_SIDE, REFERENCE_SIDE))
        image.save(REFERENCES / f"{name}.jpg", quality=82)
    photo = read(ASSETS / "pictures" / "photo.jpg")
    for card in list_looks():
        save(show(card, photo, content), LOOKS / f"{card['id']}.webp")
        print(card["id"], flush=True)


def show(card: dict[str, Any], photo: Picture, content: Path) -> Image.Image:
    """What a card's order makes of a picture of ours."""
    name, order = card["id"], parse_order(json.dumps(card["order"] | {"picture": "0" * 16}))
    if order.kind == "edit":
        portrait, face = PORTRAITS.get(name, PORTRAIT)
        return make(order, read(content / f"{portrait}.jpg"), Desk({}, {}))[0].pil().crop(face)
    if order.kind == "enlarge":
        width, height = (96, 72) if order.scale < 8 else (48, 36)
        left = photo.pil().crop((236, 170, 236 + width, 170 + height))
        return left.resize(SIDE, Image.Resampling.NEAREST if name == "x2" else Image.Resampling.BICUBIC)
    if order.kind == "texture":
        return read(REFERENCES / "warm-wood.jpg").pil().crop((300, 180, 448, 291))
    if name in OWN_PICTURE:
        return Image.open(ASSETS / "models" / f"{name}.jpg")
    return make(order, photo, Desk({}, {}))[0].pil()


def save(image: Image.Image, path: Path) -> None:
    ImageOps.fit(image.convert("RGB"), SIDE).save(path, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
