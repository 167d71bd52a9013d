"""Translators at an equal budget of processor time, and how long each takes to a quality.

    python benchmarks/translation.py pairs DATA [--minutes 4] [--rows L1,GAN,…] [--side 128] [--encoder FILE]
    python benchmarks/translation.py domains DATA …

``pairs``: DATA has trainA, testA (photographs) and trainB, testB (label maps in palette colours, same names). Every row
is trained in both directions for so many CPU minutes. How they are judged: `pictura.experiments.translating`.

``domains``: A photographs, B another domain, no pairs; the distance as a share of the untouched photographs'.

Several minutes, as in ``--minutes 2,8``, are as many runs. Steps are counted so that a run takes its time: each begins
with a few to see how long one takes. One thread.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from pictura.encoders import load_encoder
from pictura.experiments.translating import Job, Judge, Row, train_row
from pictura.runtime.threads import use_threads
from pictura.training.recipes import read_recipe

PIX2PIX: dict[str, Any] = {"generator": "unet_128"}
# The papers' networks in the size for 128 pixels, and ours. DiscoGAN is made for 64 pixels: it is trained on that, and
# what it makes of the reduced pictures is enlarged.
ROWS = {
    "L1": Row("pix2pix", PIX2PIX | {"objective": "L1"}),
    "GAN": Row("pix2pix", PIX2PIX | {"objective": "GAN"}),
    "cGAN": Row("pix2pix", PIX2PIX | {"objective": "cGAN"}),
    "L1+cGAN": Row("pix2pix", PIX2PIX | {"objective": "L1+cGAN"}),
    "CycleGAN": Row("cyclegan", {"generator": "resnet_6"}),
    "DualGAN": Row("dualgan", {"levels": 7, "size": 128}),
    "DiscoGAN": Row("discogan", {}, batch=8, side=64),
    "ours": Row("paired", {}, batch=2),
    "one-sided": Row("one_sided", read_recipe("one_sided")["method"], batch=2),  # ours
}
ROWS_OF = {
    "pairs": ["L1", "GAN", "cGAN", "L1+cGAN", "CycleGAN", "DualGAN", "DiscoGAN", "ours"],
    "domains": ["CycleGAN", "one-sided"],
}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("task", choices=list(ROWS_OF))
    p.add_argument("data", type=Path)
    p.add_argument("--minutes", default="4")
    p.add_argument("--rows", help="by default all that fit the task")
    p.add_argument("--side", type=int, default=128)
    p.add_argument("--directions", default="BtoA,AtoB", help="of pairs: BtoA is labels to photographs")
    p.add_argument("--encoder", type=Path, help="weights of resnet18-torchvision-to-layer3; left out: no distance")
    p.add_argument("--json", type=Path)
    a = p.parse_args()
    use_threads(1)
    directions = a.directions.split(",") if a.task == "pairs" else ["AtoB"]
    judge = Judge(load_encoder("resnet18-torchvision-to-layer3", weights=a.encoder) if a.encoder else None)
    for name in a.rows.split(",") if a.rows else ROWS_OF[a.task]:
        row = ROWS[name]
        for direction in directions:
            job = Job(a.data, direction, a.side)
            for minutes in map(float, a.minutes.split(",")):
                method, steps = train_row(row, job, minutes=minutes)
                found = {"row": name, "direction": direction, "minutes": minutes, "steps": steps}
                kind = method.data_kind if a.task == "domains" else "paired"
                made = judge.translate_tests(method, row, job, kind)
                labels = direction == "AtoB" and a.task == "pairs"
                found |= judge.segmentation(made, job) if labels else judge.distances(made, job, kind)
                print(json.dumps(found), flush=True)
                if a.json:
                    with a.json.open("a") as file:
                        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
