"""The order of samples, their randomness, and batches with any number of workers."""

import itertools

import pytest
import torch

from pictura.runtime import seeds
from pictura.runtime.errors import PicturaError
from pictura.training import loader
from pictura.training.loader import Order, Share

from .made import Made


def test_every_epoch_is_another_permutation():
    order = Order(3, 10)
    epochs = [[order[10 * epoch + i] for i in range(10)] for epoch in range(4)]
    for number, epoch in enumerate(epochs):
        assert sorted(place.sample for place in epoch) == list(range(10))
        assert {place.epoch for place in epoch} == {number}
    assert len({tuple(place.sample for place in epoch) for epoch in epochs}) == 4


def test_the_order_is_known_without_what_came_before():
    assert Order(3, 10)[37] == [Order(3, 10)[i] for i in range(38)][37]
    assert [Order(3, 10)[i] for i in range(10)] != [Order(4, 10)[i] for i in range(10)]


def test_processes_and_micro_batches_share_the_row_without_gap():
    shares = [Share(batch=2, accumulate=3, process=p, processes=4) for p in range(4)]
    assert {share.step for share in shares} == {24}
    seen = [n for micro in range(3) for share in shares for n in share.numbers(48, micro)]
    assert seen == list(range(48, 72))


def taken(count, **options):
    source = Made(count=5, size=6)
    share = Share(batch=3, accumulate=1, process=0, processes=1)
    return list(itertools.islice(loader.iterate_batches(source, Order(0, 5), share, **options), count))


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_are_the_same_with_any_number_of_workers(workers):
    for one, other in zip(taken(7), taken(7, workers=workers), strict=True):
        assert torch.equal(one["image"], other["image"])


def test_batches_go_on_where_they_were_left():
    for one, other in zip(taken(7)[4:], taken(3, consumed=12), strict=True):
        assert torch.equal(one["image"], other["image"])


def test_augmentation_changes_from_epoch_to_epoch():
    source = Made(count=1)
    share = Share(1, 1, 0, 1)
    first, second = itertools.islice(loader.iterate_batches(source, Order(0, 1), share), 2)
    assert not torch.equal(first["image"], second["image"])


class Bad(Made):
    def sample(self, index, generator):
        if index == 2:
            raise PicturaError("'x.png' is cut off or damaged: replace it.")
        return super().sample(index, generator)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_file_is_told_in_one_sentence(workers):
    row = loader.iterate_batches(Bad(), Order(0, 7), Share(2, 1, 0, 1), workers=workers)
    with pytest.raises(PicturaError, match=r"^'x.png' is cut off or damaged: replace it.$"):
        list(itertools.islice(row, 4))


class Uneven(Made):
    def sample(self, index, generator):
        self.size = 4 + index
        return super().sample(index, generator)


def test_samples_of_unequal_sizes():
    with pytest.raises(PicturaError, match="differ in size"):
        next(loader.iterate_batches(Uneven(), Order(0, 7), Share(2, 1, 0, 1)))


def test_seeds_are_numbers_of_their_place():
    assert seeds.derive_seed("step", 1, 23) != seeds.derive_seed("step", 12, 3)
    assert 0 <= seeds.derive_seed("x") < 2**63
    assert seeds.derive_seed("x", 1) == 2319442240190766601  # the same on every machine, or no training could be moved


def test_global_generators_are_put_back():
    before = torch.get_rng_state()
    with seeds.preserve_random_state():
        seeds.seed_all("x", 1)
        one = torch.rand(2)
        seeds.seed_all("x", 1)
        assert torch.equal(one, torch.rand(2))
    assert torch.equal(before, torch.get_rng_state())
