"""Measures the mean response of every filter of VGG-19 over a folder of photographs; see `encoders.normalise`.

python recipes/encoders/means.py PHOTOS --count 60
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from scales import pictures

from pictura import encoders
from pictura.encoders.store import PACKAGE_FOLDER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = encoders.load_encoder("vgg19-caffe", dtype="float32")
    names = [name for name in encoder.layers if name.startswith("conv")]
    sums = {name: torch.zeros(()) for name in names}
    with torch.no_grad():
        for picture in pictures(options.folder, options.count):
            for name, response in encoder(picture, names).items():
                sums[name] = sums[name] + response.relu().mean((0, 2, 3)) / options.count
    save_file(sums, PACKAGE_FOLDER / "vgg19-caffe-means.safetensors", {"photographs": str(options.count)})


if __name__ == "__main__":
    main()
