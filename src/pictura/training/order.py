"""Which sample comes when: a new permutation every epoch, known from the seed and the number of the sample."""

from typing import NamedTuple

import torch
from torch import Tensor

from pictura.runtime import seeds


class Place(NamedTuple):
    """One sample of one epoch."""

    epoch: int
    sample: int


class Order:
    """The endless row of samples of a data set; its only state is how many were consumed, which the caller keeps."""

    def __init__(self, seed: int, length: int) -> None:
        self.seed, self.length = seed, length
        self._epoch, self._permutation = -1, torch.empty(0, dtype=torch.int64)

    def __getitem__(self, number: int) -> Place:
        """The sample of this number, from 0; epochs follow each other without a gap."""
        epoch, place = divmod(number, self.length)
        return Place(epoch, int(self._permutation_of(epoch)[place]))

    def _permutation_of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            self._permutation = torch.randperm(self.length, generator=seeds.generator("order", self.seed, epoch))
            self._epoch = epoch
        return self._permutation


class Share(NamedTuple):
    """Which part of the row one process sees, so that all of them together see it once and in order."""

    batch: int
    accumulate: int
    process: int
    processes: int

    @property
    def step(self) -> int:
        """Samples that one optimisation step consumes in all processes."""
        return self.batch * self.accumulate * self.processes

    def numbers(self, consumed: int, micro: int) -> range:
        """The samples of this process's batch `micro` of the step that begins after so many samples."""
        first = consumed + (micro * self.processes + self.process) * self.batch
        return range(first, first + self.batch)
