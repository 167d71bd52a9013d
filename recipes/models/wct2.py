"""A decoder for WCT² to start with: each level is the linear map that best gives back what the encoder's level took.

    python recipes/models/wct2.py PHOTOS BUNDLE [--count 120] [--crop 192]

From the deepest level on, the last convolution of a level is fitted by least squares to the encoder's LL (at the top to
the picture), from what the levels below it make; those before it pass on what they get. `pictura train wct2 PHOTOS
--start BUNDLE` goes on from there.
"""

import argparse
import random
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura import models, read
from pictura.methods import find_method
from pictura.networks.layers.padding import pad
from pictura.networks.wct2 import Convolve, WaveletDecoder
from pictura.picture.resize import resize_longest

RIDGE = 1e-4  # of the mean square of the features


def pass_on(convolution: Convolve) -> None:
    """As many channels out as in, each as it came where none is negative."""
    weight = convolution.conv.weight
    weight.mul_(0.05)
    for i in range(len(weight)):
        weight[i, i, 1, 1] += 1
    convolution.conv.bias.zero_()


def fit(pairs: list[tuple[Tensor, Tensor]], convolution: Convolve) -> float:
    """The least squares convolution of inputs to targets, 1×C×H×W each; the share of the variance that is left."""
    a = b = None
    for x, y in pairs:
        columns = F.unfold(pad(x), 3)[0].double()
        columns = torch.cat([columns, columns.new_ones(1, columns.shape[1])])
        target = y.flatten(2)[0].double()
        a = columns @ columns.T if a is None else a + columns @ columns.T
        b = columns @ target.T if b is None else b + columns @ target.T
    scale = RIDGE * a.diagonal().mean()
    found = torch.linalg.solve(a + scale * torch.eye(len(a), dtype=a.dtype), b).T.float()
    convolution.conv.weight.copy_(found[:, :-1].view_as(convolution.conv.weight))
    convolution.conv.bias.copy_(found[:, -1])
    off = sum(float((convolution(x) - y).square().sum()) for x, y in pairs)
    return off / sum(float((y - y.mean((2, 3), keepdim=True)).square().sum()) for _, y in pairs)


@torch.no_grad()
def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("photos", type=Path)
    p.add_argument("bundle", type=Path)
    p.add_argument("--count", type=int, default=120)
    p.add_argument("--crop", type=int, default=192)
    a = p.parse_args()
    torch.manual_seed(0)
    kind = find_method("wct2")
    method = kind(kind.Settings())
    decoder = method.decoder
    assert isinstance(decoder, WaveletDecoder)
    levels = {4: decoder.level4, 3: decoder.level3, 2: decoder.level2, 1: decoder.level1}
    for level in levels.values():
        for convolution in list(level)[:-1]:
            pass_on(convolution)
    photos = []
    for path in random.Random(0).sample(sorted(a.photos.glob("*.jpg")), a.count):
        image = read(path).tensor()
        image = resize_longest(image, round(a.crop * 1.4))
        photos.append(image[..., : image.shape[2] // 8 * 8, : image.shape[3] // 8 * 8])
    for number, level in levels.items():
        pairs = []
        for image in photos:
            f: dict[str, Tensor] = {}
            method._run(image, lambda site, part, f=f: f.setdefault(site, part))
            x = f["encoder4"] if number == 4 else f[f"decoder{number}"]
            for convolution in list(level)[:-1]:
                x = convolution(x)
            pairs.append((x, method._normalize(image) if number == 1 else f[f"low{number - 1}"]))
        print(f"level {number}: {fit(pairs, level[-1]):.4f} of the variance is left", flush=True)
    models.save_bundle(models.Bundle.of("wct2", method.settings.model_dump(mode="json"), method.networks()), a.bundle)


if __name__ == "__main__":
    main()
