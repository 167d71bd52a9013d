"""Pairs of glyphs of two fonts: python glyphs.py FONT_A FONT_B FOLDER, for `pictura train paired FOLDER`.

Every letter of both fonts becomes a square picture, black on white, under the same name in trainA and trainB; one in
five, chosen by its code, goes to testA and testB instead, so that what is looked at later was never seen.
"""

import argparse
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pictura.runtime.errors import PicturaError

SIDE = 64  # of a picture in pixels
SIZE = 38  # of the letters: the widest and their accents fit
BASELINE = 44  # rows above it
HELD_BACK = 5  # every so many letters is for testing
# Latin with its extensions, Greek, Cyrillic.
RANGES = ((0x21, 0x7E), (0xA1, 0x17F), (0x386, 0x3CE), (0x400, 0x45F))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, nargs=2, metavar="FONT")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    write_pairs(asked.fonts, asked.folder)


def write_pairs(fonts: list[Path], folder: Path) -> int:
    """Write what both fonts have; return how many letters that is."""
    opened = [open_font(path) for path in fonts]
    letters = [one for one in candidates() if all(has_letter(font, one) for font in opened)]
    for font in opened:
        letters = different(letters, font)
    for i, letter in enumerate(letters):
        split = "test" if i % HELD_BACK == HELD_BACK - 1 else "train"
        for font, side in zip(opened, "AB", strict=True):
            path = folder / f"{split}{side}" / f"u{ord(letter):04x}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw(font, letter).save(path)
    return len(letters)


def open_font(path: Path) -> ImageFont.FreeTypeFont:
    """A font file.

    Raises:
        PicturaError: it is none.
    """
    try:
        return ImageFont.truetype(path, SIZE)
    except OSError as error:
        raise PicturaError(f"'{path}' is no font that can be read: give a .ttf or .otf file.") from error


def candidates() -> Iterator[str]:
    """Letters, digits and signs that are drawn by themselves."""
    for first, last in RANGES:
        for code in range(first, last + 1):
            if unicodedata.category(chr(code))[0] in "LNPS":
                yield chr(code)


def has_letter(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    """Whether the font draws it with anything but its sign for a missing one."""
    mask, missing = font.getmask(letter), font.getmask("\uffff")
    return mask.getbbox() is not None and (mask.size, bytes(mask)) != (missing.size, bytes(missing))


def different(letters: list[str], font: ImageFont.FreeTypeFont) -> list[str]:
    """Without those that look like an earlier one, such as the Greek and the Cyrillic A: a test must be of new ones."""
    found: dict[bytes, str] = {}
    for letter in letters:
        found.setdefault(draw(font, letter).tobytes(), letter)
    return list(found.values())


def draw(font: ImageFont.FreeTypeFont, letter: str) -> Image.Image:
    """One letter in the middle of a square, on its baseline."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(picture).text((SIDE / 2, BASELINE), letter, "black", font, anchor="ms")
    return picture


if __name__ == "__main__":
    main()
