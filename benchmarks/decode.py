"""How many samples a second of one processor core a training gets: decoded, cropped, varied, as tensors.

    python benchmarks/decode.py [FOLDER --kind images] [--crop 256] [--count 200]

Without a folder it makes pictures of the usual kinds in a temporary one. Processor time is counted, so that other
programs do not disturb; pictures are in the file system's cache after the first pass, which is not counted.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from pictura.data import DataSettings, open_data, recognize_kind
from pictura.picture import read


def scene(height: int, width: int, seed: int) -> Image.Image:
    """Soft colours with some grain: what a photograph costs to decode, more or less."""
    dice = np.random.default_rng(seed)
    soft = Image.fromarray(dice.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return Image.fromarray((np.asarray(soft) * 0.9 + dice.integers(0, 26, (height, width, 3))).astype(np.uint8))


def made(folder: Path, count: int) -> list[tuple[str, Path, str]]:
    """(what, folder, kind): pictures as the data sets of the papers have them."""
    sizes = {"256² JPEG": (256, 256), "640×480 JPEG": (480, 640), "12 MP JPEG": (3000, 4000)}
    sets = []
    for what, (height, width) in sizes.items():
        place = folder / what.replace(" ", "-")
        place.mkdir()
        for i in range(min(count, 8) if height > 1000 else count):
            scene(height, width, i).save(place / f"{i}.jpg", quality=88)
        sets.append((what, place, "images"))
    pairs = folder / "pairs"
    for side in "AB":
        (pairs / f"train{side}").mkdir(parents=True)
    for i in range(count):
        scene(256, 256, i).save(pairs / "trainA" / f"{i}.jpg", quality=88)
        scene(256, 256, i).quantize(12).save(pairs / "trainB" / f"{i}.png")
    return [*sets, ("256² pair, label map", pairs, "paired")]


def rate(work: Callable[[int], object], count: int) -> float:
    """Calls a second of processor time, after one pass that is not counted."""
    for i in range(count):
        work(i)
    begun = time.process_time()
    for i in range(count):
        work(i)
    return count / max(1e-9, time.process_time() - begun)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path, nargs="?")
    p.add_argument("--kind")
    p.add_argument("--crop", type=int, default=256)
    p.add_argument("--count", type=int, default=200)
    a = p.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        sets = (
            made(Path(place), a.count)
            if a.folder is None
            else [(a.folder.name, a.folder, a.kind or recognize_kind(a.folder))]
        )
        print(f"samples of {a.crop}² a second of one core\n")
        print("| set | files read whole | samples, nothing kept | samples from memory |\n| --- | --- | --- | --- |")
        for what, folder, kind in sets:
            measured(what, folder, kind, a.crop, a.count)


def measured(what: str, folder: Path, kind: str, crop: int, count: int) -> None:
    """One row: `picture.read`, then samples without and with the cache."""
    number = torch.Generator().manual_seed(0)
    bare, kept = (open_data(folder, kind, crop, settings=DataSettings(cache=room)) for room in (0, 2000))
    count = min(count, len(bare))
    whole = rate(lambda i: [read(views[i % len(views)].path) for views in bare.part.views.values()], min(count, 50))
    rates = (rate(lambda i, s=source: s.sample(i, number), count) for source in (bare, kept))
    print(f"| {what} | {whole:.0f} | " + " | ".join(f"{one:.0f}" for one in rates) + " |")


if __name__ == "__main__":
    main()
