"""From a data set to batches: which sample comes when, and workers beside the training or in it; the batches are equal.

The order is a new permutation in every epoch, a function of the seed and the sample's number, so that a run resumes
anywhere without replaying what came before.
"""

import signal
import warnings
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from pictura.runtime import seeds
from pictura.runtime.errors import PicturaError
from pictura.training.method import Batch, DataKind

Sample = dict[str, Tensor]
BatchIterator = Iterator[Batch]


class DataSource(Protocol):
    """What the loop asks of a data set; `pictura.data` opens them.

    The same number and the same generator give the same sample, on any machine.
    """

    @property
    def kind(self) -> DataKind:
        """Which tensors a sample has, see `Batch`."""

    def fingerprint(self) -> str:
        """Short text that changes with the data (names, sizes, how they are cropped); a resume compares it."""

    def __len__(self) -> int:
        """Samples of one epoch, at least 1."""

    def sample(self, index: int, generator: torch.Generator) -> Sample:
        """One sample, cropped and augmented with this generator's randomness only: a batch's tensors without N.

        Raises:
            PicturaError: the file is broken.
        """


class Place(NamedTuple):
    """One sample of one epoch."""

    epoch: int
    sample: int


class Order:
    """The endless sequence of samples of a data set; its only state is how many were consumed, kept by the caller."""

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
    """Which part of the sequence one process sees, so that all of them together see it once and in order."""

    batch: int
    accumulate: int
    process: int
    processes: int

    @property
    def step(self) -> int:
        """Samples that one optimisation step consumes in all processes."""
        return self.batch * self.accumulate * self.processes

    def numbers(self, consumed: int, micro: int) -> range:
        """The samples of this process's batch `micro` of the step that begins after `consumed` samples."""
        first = consumed + (micro * self.processes + self.process) * self.batch
        return range(first, first + self.batch)


class _SampleDataset(Dataset[Sample | PicturaError]):
    """The source by `Place`; randomness is a function of (seed, epoch, index)."""

    def __init__(self, source: DataSource, seed: int) -> None:
        self.source, self.seed = source, seed

    def __getitem__(self, place: Place) -> Sample | PicturaError:
        try:
            return self.source.sample(place.sample, seeds.generator("sample", self.seed, *place))
        except PicturaError as error:  # from a worker an exception comes back as a traceback, this as its sentence
            return error


class _PlaceSampler(Sampler[list[Place]]):
    """Endless lists of places, one a batch."""

    def __init__(self, order: Order, share: Share, consumed: int) -> None:
        self.order, self.share, self.consumed = order, share, consumed

    def __iter__(self) -> Iterator[list[Place]]:
        consumed = self.consumed
        while True:
            for micro in range(self.share.accumulate):
                yield [self.order[number] for number in self.share.numbers(consumed, micro)]
            consumed += self.share.step


def iterate_batches(
    source: DataSource, order: Order, share: Share, consumed: int = 0, workers: int = 0, pin: bool = False
) -> BatchIterator:
    """One process's batches on the CPU, without end, from the sample after the first `consumed` of all on.

    What workers prepared ahead is dropped with them: only what was taken from here has been consumed.

    Raises:
        PicturaError: a sample's file is broken, or samples do not fit each other.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about more workers than processors: they were asked for
        loader = DataLoader(
            _SampleDataset(source, order.seed),
            batch_sampler=_PlaceSampler(order, share, consumed),
            num_workers=workers,
            collate_fn=_collate,
            worker_init_fn=_ignore_interrupt,
            pin_memory=pin,
        )
        batches = iter(loader)
    for batch in batches:
        if isinstance(batch, PicturaError):
            raise batch
        yield batch


def first_batch(source: DataSource, count: int) -> Batch:
    """The same few samples on every call, for sample sheets."""
    samples = [source.sample(i, seeds.generator("shown", i)) for i in range(min(count, len(source)))]
    batch = _collate(list(samples))
    if isinstance(batch, PicturaError):
        raise batch
    return batch


def _collate(samples: list[Sample | PicturaError]) -> Batch | PicturaError:
    whole: list[Sample] = []
    for sample in samples:
        if isinstance(sample, PicturaError):
            return sample
        whole.append(sample)
    shapes = {tuple((name, tensor.shape) for name, tensor in sample.items()) for sample in whole}
    if len(shapes) > 1:
        return PicturaError("Samples in the data set differ in size; set crop.")
    return {name: torch.stack([sample[name] for sample in whole]) for name in whole[0]}


def _ignore_interrupt(worker: int) -> None:
    """A worker leaves Ctrl-C, which reaches the whole group, to the training, and dies of SIGTERM as usual."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
