"""Super-resolution beside the literature: prints the table of PSNR and SSIM, or makes the sheet of crops.

    python benchmarks/superres.py SETS                      # a folder with Set5/ and Set14/
    python benchmarks/superres.py CONTENT --picture         # writes docs/pictures/superres.jpg

Peers need their weights in $PICTURA_WEIGHTS. `--model NAME=FOLDER` takes another model for a row or adds one.

Protocol: sides cut to multiples of the scale; reduced by MATLAB's bicubic, rounded to 8 bits; enlarged, rounded to 8
bits; PSNR and SSIM on Y of BT.601 in studio range, rounded; as many pixels left out at each border as the scale; the
grey file of Set14 on its own values; means over the pictures.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from superres_peers import peers
from torch import Tensor

from pictura.metrics.superres import Score, score
from pictura.picture import Picture, read, write
from pictura.picture.degrade import crop_to_scale, degrade, imresize
from pictura.picture.sheet import contact_sheet
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads
from pictura.tasks.enlarge import open_enlarger

Network = Callable[[Tensor], Tensor]
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
MODELS = {
    4: {"SRCNN": "srcnn-x4", "pixel loss": "upscale-x4", "feature loss": "upscale-x4-sharp"},
    8: {"pixel loss": "upscale-x8"},
}
# evaluation pages of SRCNN's and Johnson's papers, as most tables copy them
PUBLISHED = {
    ("SRCNN, published", 4): {"Set5": "30.48 / 0.8628", "Set14": "27.49 / 0.7503"},
    ("Johnson pixel, published", 4): {"Set5": "28.40 / 0.8205", "Set14": "25.75 / 0.6994"},
    ("Johnson feature, published", 4): {"Set5": "27.09 / 0.7680", "Set14": "24.99 / 0.6731"},
    ("Johnson pixel, published", 8): {"Set5": "24.77 / 0.6864", "Set14": "23.02 / 0.5787"},
    ("Johnson feature, published", 8): {"Set5": "23.26 / 0.7058", "Set14": "21.64 / 0.5837"},
}
# Content pictures that may be shown, and the corner of a crop in them (top, left), all of SIDE pixels.
CROPS = {"astronaut": (60, 150), "hibiscus": (330, 380), "tourist-and-building": (330, 560), "cliff-palace": (420, 240)}
SIDE = 160


def networks(scale: int, changed: dict[str, str]) -> dict[str, Network]:
    """Every row of the table that can be computed here, by name."""
    found: dict[str, Network] = {"bicubic": lambda x: imresize(x, (scale * x.shape[-2], scale * x.shape[-1]))}
    for name, model in (MODELS.get(scale, {}) | changed).items():
        try:
            found[name] = open_enlarger(model, scale)
        except PicturaError as error:
            print(f"({name} is left out: {error})")
    return found | (peers() if scale == 4 else {})


@torch.no_grad()
def table(sets: Path, scale: int, changed: dict[str, str]) -> None:
    names = ("Set5", "Set14")
    print(f"\n| ×{scale} | {' | '.join(f'{name} PSNR / SSIM' for name in names)} | CPU s at 512² |")
    print("| --- | --- | --- | --- |")
    for name, network in networks(scale, changed).items():
        cells = [mean([scored(network, path, scale) for path in sorted((sets / s).glob("*.png"))]) for s in names]
        print(f"| {name} | {' | '.join(cells)} | {seconds(network):.2f} |", flush=True)
    for (name, at), row in PUBLISHED.items():
        if at == scale:
            print(f"| {name} | {' | '.join(row[s] for s in names)} | – |")


def scored(network: Network, path: Path, scale: int) -> Score:
    picture = read(path)
    true = crop_to_scale(picture.tensor(), scale)
    return score(network(degrade(true, scale)), true, scale, grey=picture.grey)


def mean(scores: list[Score]) -> str:
    psnr, ssim = (statistics.mean(getattr(one, name) for one in scores) for name in ("psnr", "ssim"))
    return f"{psnr:.2f} / {ssim:.4f}"


def seconds(network: Network) -> float:
    """Of processor time, for the second run on 512×512; the first one prepares."""
    x = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    network(x)
    began = time.process_time()
    network(x)
    return time.process_time() - began


@torch.no_grad()
def crops(content: Path, changed: dict[str, str], target: Path) -> None:
    """Each picture reduced to a quarter and enlarged again; one column a network, the truth last."""
    rows, labels = [], []
    ready = {name: network for name, network in networks(4, changed).items() if name != "FSRCNN"}
    for name, (top, left) in CROPS.items():
        true = crop_to_scale(read(content / f"{name}.jpg").tensor(), 4)
        small = degrade(true, 4)
        made = {row: network(small) for row, network in ready.items()} | {"truth": true}
        cut = [Picture.of(x[..., top : top + SIDE, left : left + SIDE].clamp(0, 1)) for x in made.values()]
        rows.append([one.pixels for one in cut])
        labels.append(list(made))
    pixels = contact_sheet(rows, labels, height=2 * SIDE)
    write(Picture.of(pixels), target, overwrite=True, quality=80)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path)
    p.add_argument("--scale", type=int, choices=(4, 8), action="append")
    p.add_argument("--model", action="append", default=[], metavar="NAME=FOLDER")
    p.add_argument("--picture", nargs="?", type=Path, const=PICTURES / "superres.jpg")
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    print(f"{use_threads(a.threads)} threads")
    changed = dict(one.split("=", 1) for one in a.model)
    if a.picture:
        crops(a.data, changed, a.picture)
        return
    for scale in a.scale or (4, 8):
        table(a.data, scale, changed)


if __name__ == "__main__":
    main()
