"""Measures how large an encoder's features are over a folder of photographs; see `Encoder.scale`.

python recipes/encoders/scales.py vgg19-caffe PHOTOS --count 60 # a table for src/pictura/encoders/records.py
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pictura import encoders
from pictura.encoders.magnitude import measure

SIDE = 384  # pixels of the longer side at most: style transfer's usual sizes, and affordable


def pictures(folder: Path, count: int) -> Iterator[Tensor]:
    """`count` pictures spread evenly over the folder's sorted names, 1×3×H×W in [0, 1]."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".png"})
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
        rgb.thumbnail((SIDE, SIDE))
        yield torch.from_numpy(np.array(rgb)).movedim(2, 0)[None] / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoder")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = encoders.load_encoder(options.encoder, dtype="float32")
    sizes = measure(encoder, pictures(options.folder, options.count), encoder.layers)
    print(f"_{options.encoder.upper().replace('-', '_')}_SCALES = {{")
    for layer, size in sizes.items():
        print(f'    "{layer}": {size:.4g},')
    print("}")


if __name__ == "__main__":
    main()
