"""How much of what was taken from pictures a restoration model gives back: PSNR in dB, before and after.

    python benchmarks/restoration.py MODEL PICTURES [--sigma 0.1] [--radius 1.5] [--threads 2]

MODEL is a shipped name or a bundle of the method `restoration`; what is missing is what it was trained to give back,
of the strength asked for: noise of the standard deviation `sigma`, or a Gaussian blur of `radius` pixels.
"""

import argparse
from pathlib import Path

import torch

from pictura import Picture, models, read
from pictura.methods import open_method
from pictura.methods.restoration import Restoration
from pictura.metrics.similarity import psnr
from pictura.picture.degrade import add_noise, gaussian_blur, quantize
from pictura.picture.folder import PICTURE_SUFFIXES
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("pictures", type=Path)
    p.add_argument("--sigma", type=float, default=0.1)
    p.add_argument("--radius", type=float, default=1.5)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    use_threads(a.threads)
    method = open_method(models.read_bundle(a.model))
    if not isinstance(method, Restoration):
        raise PicturaError(f"The model '{a.model}' is of the method {method.name}, not of restoration.")
    generator = torch.Generator().manual_seed(0)
    values = []
    for path in sorted(a.pictures.iterdir()):
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            continue
        truth = Picture.tensor(read(path))
        if method.settings.missing == "noise":
            given = add_noise(truth, torch.tensor([a.sigma]), generator)
        else:
            given = quantize(gaussian_blur(truth, a.radius))
        made = quantize(method.translate(given))
        values.append([float(psnr(one, truth, 1.0)) for one in (given, made)])
    before, after = torch.tensor(values).mean(0).tolist()
    print(f"{len(values)} pictures: {before:.2f} dB as given, {after:.2f} dB as restored")


if __name__ == "__main__":
    main()
