"""From a data source to batches, by workers beside the training or in it; the batches are the same."""

import signal
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from pictura.runtime import seeds
from pictura.runtime.errors import PicturaError
from pictura.training.method import Batch
from pictura.training.order import Order, Place, Share
from pictura.training.source import DataSource

Sample = dict[str, Tensor]
BatchIterator = Iterator[Batch]


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
        row = iter(loader)
    for batch in row:
        if isinstance(batch, PicturaError):
            raise batch
        yield batch


def first_batch(source: DataSource, count: int) -> Batch:
    """The same few samples whenever asked, for sample sheets."""
    samples = [source.sample(i, seeds.generator("shown", i)) for i in range(min(count, len(source)))]
    batch = _collate(list(samples))
    if isinstance(batch, PicturaError):
        raise batch
    return batch


def _collate(samples: list[Sample | PicturaError]) -> Batch | PicturaError:
    good: list[Sample] = []
    for sample in samples:
        if isinstance(sample, PicturaError):
            return sample
        good.append(sample)
    shapes = {tuple((name, tensor.shape) for name, tensor in sample.items()) for sample in good}
    if len(shapes) > 1:
        return PicturaError("The data set's samples differ in size: give the training a crop.")
    return {name: torch.stack([sample[name] for sample in good]) for name in good[0]}


def _ignore_interrupt(worker: int) -> None:
    """A worker leaves Ctrl-C, which reaches the whole group, to the training, and dies of SIGTERM as ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
