"""Styles in one pass and by optimisation, on photographs that no training saw, judged by VGG-19.

    python benchmarks/arbitrary.py DATA [--only adain,microast,optimize,fast] [--model FILE] [--fast FILE] [--out DIR]

DATA holds content/ and styles/. The photographs are in no training; of the paintings, `UNSEEN` are in none of ours
(what MicroAST saw of them is not known); `fast` knows the others only. Longest side 512. Lower is better: *style* 1 is
the photograph itself.
Seconds are processor time of the whole call, one thread, the painting's encoding included.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from judge import Judge
from peers import PEERS, opened
from torch import Tensor

import pictura
from pictura import read
from pictura.picture.resize import resize, resize_longest

CONTENTS = ("astronaut", "yosemite-valley", "tourist-and-building", "hibiscus")
UNSEEN = ("van-gogh-almond-blossoms", "klimt-death-and-life", "monet-poppies", "cezanne-card-players")
SEEN = {  # and their names among the styles of `fast`
    "van-gogh-starry-night": "starry-night",
    "hokusai-great-wave": "great-wave",
    "munch-the-scream": "the-scream",
    "kandinsky-composition-vii": "composition-vii",
}
SIDE = 512
Work = Callable[[Tensor, Tensor, str], Tensor]


def workers(model: str | None, ten: str | None) -> dict[str, Work]:
    """Photo and painting 1×3×H×W, and the painting's file, to the painted photo."""

    def adain(photo: Tensor, painting: Tensor, _: str) -> Tensor:
        return pictura.stylize(photo, painting, method="adain", model=model)

    def fast(photo: Tensor, _: Tensor, name: str) -> Tensor:
        return pictura.stylize(photo, SEEN[name], method="johnson", model=ten)

    def microast(photo: Tensor, painting: Tensor, _: str) -> Tensor:
        file, run = PEERS["microast"]
        height, width = photo.shape[2:]
        made = run(opened(Path(os.environ["PICTURA_WEIGHTS"]) / file), divisible(photo), divisible(painting))
        return resize(made, (height, width)).clamp(0, 1)

    def optimize(photo: Tensor, painting: Tensor, _: str) -> Tensor:
        return pictura.stylize(photo, painting)

    return {"adain": adain, "microast": microast, "optimize": optimize, "fast": fast}


def divisible(picture: Tensor) -> Tensor:
    """Sides that divide by 4, as that network wants them."""
    return picture[..., : picture.shape[-2] // 4 * 4, : picture.shape[-1] // 4 * 4]


def sized(path: Path) -> Tensor:
    """A picture with its longest side at `SIDE`."""
    pixels = read(path).tensor()
    return resize_longest(pixels, SIDE)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path)
    p.add_argument("--model")
    p.add_argument("--fast")
    p.add_argument("--only", default="adain,microast,optimize")
    p.add_argument("--out", type=Path, help="a folder for the pictures")
    a = p.parse_args()
    torch.set_num_threads(1)
    judge, known = Judge(SIDE), workers(a.model, a.fast)
    print("| method | paintings | style | content | CPU s |\n| --- | --- | --- | --- | --- |")
    for name in a.only.split(","):
        for kind, styles in (("unseen", UNSEEN), ("seen", tuple(SEEN)))[name == "fast" :]:
            rows = []
            for content in CONTENTS:
                photo = sized(a.data / "content" / f"{content}.jpg")
                for style in styles:
                    painting = sized(a.data / "styles" / f"{style}.jpg")
                    began = time.process_time()
                    made = known[name](photo, painting, style)
                    seconds = time.process_time() - began
                    rows.append((*judge(made, photo, painting), seconds))
                    if a.out:
                        target = a.out / f"{name}-{content}-{style}.png"
                        pictura.write(pictura.Picture.of(made), target, overwrite=True)
            style, content, seconds = (sum(column) / len(rows) for column in zip(*rows, strict=True))
            print(f"| {name} | {kind} | {style:.3f} | {content:.3f} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
