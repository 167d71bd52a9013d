"""What the loop asks of a data set; `pictura.data` opens them."""

from typing import Protocol

import torch
from torch import Tensor

from pictura.training.method import DataKind


class DataSource(Protocol):
    """Samples by number; the same number and the same generator give the same sample, on any machine."""

    @property
    def kind(self) -> DataKind:
        """Which tensors a sample has, see `Batch`."""

    def fingerprint(self) -> str:
        """Short text that changes when the data do (names, sizes, how they are cropped); a resume compares it."""

    def __len__(self) -> int:
        """Samples of one epoch, at least 1."""

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        """One sample, cropped and augmented with this generator's randomness only: a batch's tensors without N.

        Raises:
            PicturaError: the file is broken.
        """
