"""Losses of a short training in bfloat16 beside those of float32, and what another seed changes.

    python benchmarks/precision.py [--method pix2pix] [--steps 40] [--seeds 3] [--side 64]

Small networks on made pairs. The mean of each loss over the second half of the steps, in float32 for several seeds and
in mixed precision for the first of them. On a processor that is not made for bfloat16 the last run is the slow one.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from pictura.methods import find_method
from pictura.runtime import seeds
from pictura.training.fit import fit
from pictura.training.log import read_log
from pictura.training.settings import TrainSettings


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--method", default="pix2pix")
    p.add_argument("--steps", type=int, default=40)
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--side", type=int, default=64)
    a = p.parse_args()
    exact = [run(a, "32-true", seed) for seed in range(a.seeds)]
    mixed = run(a, "bf16-mixed", 0)
    print("| loss | bfloat16, seed 0 | float32, seed 0 | float32, all seeds |\n| --- | --- | --- | --- |")
    for name, value in mixed.items():
        found = [one[name] for one in exact]
        spread = f"{statistics.mean(found):.4f} ± {statistics.stdev(found):.4f}"
        print(f"| {name} | {value:.4f} | {found[0]:.4f} | {spread} |")


def run(a: argparse.Namespace, precision: str, seed: int) -> dict[str, float]:
    """Loss → its mean over the second half."""
    seeds.seed_all(seed)
    kind = find_method(a.method)
    method = kind(kind.tiny())
    settings = TrainSettings(
        steps=a.steps,
        batch=1,
        crop=a.side,
        threads=1,
        seed=seed,
        precision=precision,
        save_every=10**6,
        show_every=10**6,
        device="cpu",
    )
    with tempfile.TemporaryDirectory() as folder:
        fit(method, Waves(method.data_kind, a.side), Path(folder) / "run", settings)
        late = [line["losses"] for line in read_log(Path(folder) / "run/log.jsonl")][a.steps // 2 :]
    return {name: statistics.mean(line[name] for line in late) for name in late[0]}


class Waves:
    """A data source of waves in colour, and their negatives."""

    def __init__(self, kind: str, side: int) -> None:
        self.kind, self.side = kind, side

    def fingerprint(self) -> str:
        return f"waves {self.side}"

    def __len__(self) -> int:
        return 8

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        pace = torch.linspace(4, 12, 3).view(3, 1, 1) + index
        y, x = torch.meshgrid(*[torch.linspace(0, 1, self.side)] * 2, indexing="ij")
        wave = 0.5 + 0.4 * torch.sin(pace * x + 9 * y)
        return {"A": wave, "B": 1 - wave}


if __name__ == "__main__":
    main()
