"""scikit-learn's handwritten digits as a folder of pictures: python recipes/digits/make.py FOLDER.

1,797 digits of 43 people, 8×8 pixels of 17 greys each: the test half of the Optical Recognition of Handwritten Digits
of the UCI Machine Learning Repository (Alpaydin and Kaynak 1998, doi 10.24432/C50P49, CC BY 4.0), which comes with
scikit-learn. Here they are enlarged to 32×32, smoothly, so that strokes look like strokes, and lie in train/0 to
train/9 and test/0 to test/9: one in five, in the order of the set, is held back for testing.
"""

import argparse
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from pictura import Picture, write
from pictura.picture.resize import resize

SIDE = 32  # of a picture in pixels
MARGIN = 1  # of the 8×8, which digits fill from top to bottom: strokes end inside the picture
GREYS = 16  # the set's white
HELD_BACK = 5  # every so many digits is for testing
# An 8×8 grey is the share of ink in 4×4 pixels. Enlarged it is soft; this steep a curve gives strokes with edges again.
CONTRAST = 8.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    write_digits(parser.parse_args().folder)


def write_digits(folder: Path, count: int | None = None) -> None:
    """Write all, or the first `count`, white on black."""
    set_of_digits = load_digits()
    images, labels = set_of_digits.images[:count], set_of_digits.target[:count]
    pictures = enlarge(torch.from_numpy(images / GREYS).float()[:, None])
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        split = "test" if i % HELD_BACK == HELD_BACK - 1 else "train"
        write(Picture.of(picture.expand(1, 3, -1, -1)), folder / split / str(label) / f"{i:04d}.png")


def enlarge(digits: torch.Tensor) -> torch.Tensor:
    """N×1×8×8 in [0, 1] to N×1×32×32: bicubic, then a sigmoid that keeps 0, ½ and 1."""
    smooth = resize(F.pad(digits, 4 * [MARGIN]), (SIDE, SIDE))
    steep = torch.sigmoid(CONTRAST * (smooth - 0.5))
    least, most = torch.sigmoid(torch.tensor([-CONTRAST / 2, CONTRAST / 2]))
    return ((steep - least) / (most - least)).clamp(0, 1)


if __name__ == "__main__":
    main()
