"""Our default against the published recipes, in one run on one machine, all judged by VGG-19.

    python benchmarks/optimize.py CONTENT PAINTING [--size 512] [--only default,short] [--json FILE]

Recipes:
    default   `--preset balanced`: the compact encoder, coarse to fine.
    fast      `--preset fast`.
    short     `--preset quality`: the same short schedule with VGG-19.
    paper     (a) Gatys 2016: one scale, L-BFGS, 500 evaluations, normalised VGG-19 with average pooling.
    strongest (b) crowsonkb/style-transfer-pytorch: VGG-19, W2, 1000 steps at 128 pixels and 500 at each next scale.

Each runs in a process of its own, so that its peak memory is its own. The papers' runs take hours on two cores:
`--share 0.02` runs that share of their steps at each scale and multiplies the time, exact but for start-up; its
judgement is then of an unfinished picture and marked so.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from pictura.encoders.records import RECORDS
from pictura.methods.iterative.settings import Settings, preset
from pictura.style import STYLE_LAYERS

CHANNELS = dict(zip(STYLE_LAYERS, (64, 128, 256, 512, 512), strict=True))
# Their pictures are divided by torchvision's deviation: responses are 1 / (255 × 0.225) of the Caffe family's.
THEIR_SCALE = 1 / (255 * 0.225)


def strongest() -> Settings:
    """Their settings in our units: they divide by the number of channels, we by the layer's total variance."""
    scale = RECORDS["vgg19-caffe"].scales
    ours = {n: (scale[n] * THEIR_SCALE) ** 2 for n in (*STYLE_LAYERS, "relu4_2")}
    shares = dict(zip(STYLE_LAYERS, (256 / 341, 64 / 341, 16 / 341, 4 / 341, 1 / 341), strict=True))
    weights = {n: share * ours[n] / CHANNELS[n] for n, share in shares.items()}
    return Settings(
        preset="strongest",
        encoder="vgg19-caffe",
        padding="zeros",
        dtype="float32",
        content_layers={"relu4_2": 1.0},
        style_layers=weights,
        content_weight=0.015 * ours["relu4_2"] / 512,
        style_weight=sum(weights.values()),
        tv_weight=2.0,
        learning_rate=0.02,
        averaging=0.99,
        smoothing=0.0,
        steps=(1000, 500, 500, 500, 500),
    )


def recipe(name: str, share: float) -> tuple[Settings, float]:
    """The settings of a recipe and by how much its time must be multiplied to be that of the whole run."""
    if name in ("default", "fast", "short"):
        return preset({"default": "balanced", "fast": "fast", "short": "quality"}[name]), 1.0
    settings = preset("paper") if name == "paper" else strongest()
    steps = tuple(max(1, round(n * share)) for n in settings.steps)
    return settings.with_changes(steps=steps), sum(settings.steps) / sum(steps)


def run(name: str, content: str, painting: str, size: int, share: float, out: str) -> dict[str, float | str]:
    """One recipe in this process: seconds, processor seconds, peak memory; the picture goes to `out`."""
    import pictura

    settings, factor = recipe(name, share)
    wall, cpu = time.perf_counter(), time.process_time()
    picture = pictura.stylize(content, painting, settings, size=size)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    pictura.write(picture, out, overwrite=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"recipe": name, "wall": wall * factor, "cpu": cpu * factor, "peak_gib": peak, "share": 1 / factor}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("content")
    p.add_argument("painting")
    p.add_argument("--size", type=int, default=512)
    p.add_argument("--share", type=float, default=1.0, help="share of the published recipes' steps to run")
    p.add_argument("--only", default="default,fast,short,paper,strongest")
    p.add_argument("--out", type=Path, default=Path("runs/benchmark"))
    p.add_argument("--child", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.child:
        print(json.dumps(run(a.child, a.content, a.painting, a.size, a.share, str(a.out))))
        return
    a.out.mkdir(parents=True, exist_ok=True)
    kept = a.out / "rows.json"
    earlier = json.loads(kept.read_text()) if kept.exists() else []
    rows = [row for row in earlier if row["recipe"] not in a.only.split(",")]
    for name in a.only.split(","):
        target = a.out / f"{name}.png"
        command = [sys.executable, __file__, a.content, a.painting, "--size", str(a.size), "--share", str(a.share)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run(
            [*command, "--child", name, "--out", str(target)],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        rows.append(json.loads(said.stdout) | {"picture": str(target)})
        kept.write_text(json.dumps(rows, indent=1))
    judge(rows, a.content, a.painting, a.size)


def judge(rows: list[dict], content: str, painting: str, size: int) -> None:
    """Add VGG-19's judgement to each row and print the table."""
    from judge import Judge

    from pictura import read

    verdict = Judge(min(size, 512))
    photograph, paint = read(content).tensor(), read(painting).tensor()
    print("| recipe | wall s | CPU s | peak GiB | judged style | judged content |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        row["style"], row["content"] = verdict(read(row["picture"]).tensor(), photograph, paint)
        part = "" if row["share"] == 1 else f" (extrapolated from {row['share']:.1%} of its steps)"
        print(
            f"| {row['recipe']}{part} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['peak_gib']:.2f} "
            f"| {row['style']:.3f} | {row['content']:.3f} |"
        )


if __name__ == "__main__":
    main()
