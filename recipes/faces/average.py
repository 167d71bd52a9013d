"""Draws what a model does on an average face, which is nobody's, for its card and the docs.

    python recipes/faces/average.py MODEL DATA smiling=-1.5,-1,-0.5,0,0.5,1,1.5 -o average.png
    python recipes/faces/average.py MODEL DATA age=5,15,25,35,45,55,65,75 -o average.png

DATA is a folder of aligned faces. Rows are averages of so many of them, mirrored, too: --of 24, in two rows.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from pictura import models, read
from pictura.methods import open_method
from pictura.picture import Picture, write
from pictura.picture.resize import resize

SIDE = 128


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("data", type=Path, nargs="+", help="one folder a row")
    p.add_argument("values", help="attribute=value,value,…")
    p.add_argument("--of", type=int, default=24)
    p.add_argument("-o", "--output", type=Path, required=True)
    a = p.parse_args()
    torch.set_num_threads(1)
    method = open_method(models.read_bundle(a.model))
    attribute, _, values = a.values.partition("=")
    rows = [
        torch.cat([method.edit(face, attributes={attribute: float(v)}) for v in values.split(",")], 3)  # type: ignore[attr-defined]
        for face in (average(folder, a.of) for folder in a.data)
    ]
    write(Picture.of(torch.cat(rows, 2)), a.output, overwrite=True)


def average(folder: Path, count: int) -> Tensor:
    """The mean of faces spread over a folder, 1×3×SIDE×SIDE, with the contrast of one of them."""
    paths = sorted(folder.iterdir())
    faces = torch.cat([resize(read(path).tensor(), (SIDE, SIDE)) for path in paths[:: max(1, len(paths) // count)]])
    faces = torch.cat([faces, faces.flip(3)])
    mean = faces.mean(0, keepdim=True)
    middle = mean.mean((2, 3), keepdim=True)
    contrast = faces.std((2, 3)).mean() / mean.std((2, 3)).mean()
    return (middle + contrast * (mean - middle)).clamp(0, 1)


if __name__ == "__main__":
    main()
