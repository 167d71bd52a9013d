"""A made data set, and the test methods' place, for this process and for those that tests start."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

import pictura.methods
from pictura.runtime import seeds
from pictura.training.method import DataKind

METHODS = Path(__file__).parent / "methods"


def place() -> None:
    """Make `pictura.methods` find the test methods, too."""
    if str(METHODS) not in pictura.methods.__path__:
        pictura.methods.__path__.append(str(METHODS))


class Made:
    """Waves in colour, shifted at random, which is the augmentation; every kind of data."""

    def __init__(self, kind: DataKind = "images", count: int = 7, size: int = 12, seed: int = 0) -> None:
        self.kind, self.count, self.size, self.seed = kind, count, size, seed

    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.kind} {self.count} {self.size} {self.seed}".encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        shift = float(torch.rand((), generator=generator))
        if self.kind in ("paired", "unpaired"):
            return {"A": self.picture(index, shift), "B": self.picture(index + 100, shift)}
        sample = {"image": self.picture(index, shift)}
        return sample | ({"label": torch.tensor(index % 2)} if self.kind == "labelled" else {})

    def picture(self, index: int, shift: float) -> Tensor:
        pace = torch.rand(3, 1, 1, generator=seeds.generator("made", self.seed, index))
        y, x = torch.meshgrid(*[torch.linspace(0, 1, self.size)] * 2, indexing="ij")
        return 0.5 + 0.4 * torch.sin(12 * pace * x + 9 * (1 - pace) * y + 6 * shift)
