"""Large pictures through the command line: seconds, processor seconds and the most memory the whole program held.

    python benchmarks/large.py [--side 8192] [--method johnson,adain,upscale,translate,resnet_9,unet_256,optimize]
        [--threads 2] [--memory MIB] [--json FILE]

Rows:
    johnson    pictura stylize --method johnson, starry-night, side × side.
    adain      pictura stylize --method adain, starry-night, side × side.
    upscale    pictura upscale, from a quarter of the side to the side.
    translate  pictura translate, photo2vangogh, side × side.
    resnet_9   the same with CycleGAN's generator, untrained, and
    unet_256   with pix2pix's.
    optimize   pictura stylize, starry-night, one step at side × side, from a picture an eighth as wide and high; only
               where it is named, since a step at 8192² takes a quarter of an hour.

The picture is waves and grain, 8 bits, made here and written by the project. Each row is the real program in a process
of its own, reading and writing files; memory is that process's peak, interpreter, libraries and all. This process
imports nothing large: a child's peak counts what its parent held when it was started.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STYLE = "starry-night"
ROWS = {
    "johnson": ("stylize", "--method", "johnson", "--style", STYLE),
    "adain": ("stylize", "--method", "adain", "--style", STYLE),
    "upscale": ("upscale", "--scale", "4"),
    "translate": ("translate", "--model", "photo2vangogh"),
    "optimize": ("stylize", "--style", STYLE, "--steps", "1"),
}
REDUCED = {"upscale": 4, "optimize": 8}  # times that the picture is smaller than what is made of it
UNTRAINED = {"resnet_9": ("cyclegan", {"directions": "A2B"}), "unet_256": ("pix2pix", {})}  # as in their papers
GRAIN = 12  # of 255


def make(path: Path, side: int) -> None:
    """Waves of colour with grain, side × side, as a PNG."""
    import numpy as np

    from pictura.picture import Picture, write

    dice = np.random.default_rng(0)
    samples = np.empty((side, side, 3), np.uint8)
    x = np.arange(side)[:, None] * np.array([[0.011, 0.017, 0.023]])
    for y, row in enumerate(samples):
        row[:] = 127 + 100 * np.sin(x + y / np.array([53, 71, 97])) + dice.integers(-GRAIN, GRAIN, (side, 3))
    write(Picture.of(samples), path)


def make_model(folder: Path, name: str) -> None:
    """A bundle of a paper's generator with new weights."""
    from pictura.methods import build_method, find_method
    from pictura.models import Bundle, save_bundle

    method, settings = UNTRAINED[name]
    built = build_method(find_method(method), find_method(method).Settings(**settings))
    save_bundle(Bundle.of(method, built.settings.model_dump(), built.deployed_networks()), folder)


def measured(method: str, side: int, folder: Path, options: list[str]) -> dict[str, object]:
    """One row.

    Raises:
        RuntimeError: the program failed, with what it said.
    """
    source, target = folder / f"{method}.png", folder / f"{method}-made.png"
    size = str(side // REDUCED.get(method, 1))
    subprocess.run([sys.executable, __file__, "--make", str(source), "--side", size], check=True)
    if method in UNTRAINED:
        model = folder / "model"
        subprocess.run([sys.executable, __file__, "--make-model", str(model), "--method", method], check=True)
        name, *rest = "translate", "--model", str(model)
    else:
        name, *rest = ROWS[method]
        rest += ["--size", str(side)] if method == "optimize" else []
    command = [sys.executable, "-m", "pictura", name, str(source), "-o", str(target), "--quiet", *rest, *options]
    with (folder / "said").open("w+") as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode or not target.is_file():
            said.seek(0)
            raise RuntimeError(f"{method} at {side}: {said.read().strip() or child.returncode}")
    return {
        "method": method,
        "side": side,
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "mib": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--side", type=int, default=8192)
    p.add_argument("--method", default=",".join(name for name in ROWS if name != "optimize"))
    p.add_argument("--threads", type=int)
    p.add_argument("--memory", type=int, help="MiB to work in, as the program's --memory")
    p.add_argument("--json", type=Path)
    p.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    p.add_argument("--make-model", type=Path, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.make:
        make(a.make, a.side)
        return
    if a.make_model:
        make_model(a.make_model, a.method)
        return
    given = {"--threads": a.threads, "--memory": a.memory}
    options = [str(word) for name, value in given.items() if value is not None for word in (name, value)]
    rows = []
    print("| method | side | wall s | CPU s | peak MiB |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    for method in a.method.split(","):
        with tempfile.TemporaryDirectory() as folder:
            row = measured(method, a.side, Path(folder), options)
        rows.append(row)
        figures = f"{row['seconds']:.1f} | {row['cpu_seconds']:.1f} | {row['mib']:.0f}"
        print(f"| {method} | {a.side} | {figures} |", flush=True)
        if a.json:
            a.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
