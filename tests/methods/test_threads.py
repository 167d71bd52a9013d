"""One loaded network in several threads at once: each gets, bit for bit, what it would get alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import Tensor

from pictura import models
from pictura.methods import open_method
from pictura.methods.johnson import Johnson, JohnsonSettings
from pictura.networks.tiling import streaming
from pictura.networks.tiling.frozen import freeze_statistics, gather_statistics
from pictura.picture.resize import resize

ROUNDS = 2  # calls of each thread: more chances to disturb one another
MIB = {"adain": 26, "fast": 4}  # less than all of the pictures takes


def open_network(name: str):
    if name != "instance":
        return open_method(models.read_bundle(name))
    torch.manual_seed(0)
    return Johnson(JohnsonSettings(variant="instance", filters=4))


def pictures(count: int) -> list[Tensor]:
    """Different in content and in size."""
    noise = torch.rand(count, 3, 12, 16, generator=torch.Generator().manual_seed(0))
    return [resize(one[None], (320 + 8 * i, 376 - 16 * i)) * (0.4 + 0.6 * i / count) for i, one in enumerate(noise)]


def one_after_the_other(jobs: list[Callable[[], Tensor]]) -> list[Tensor]:
    with ThreadPoolExecutor(1) as pool:  # in a thread, too: torch may split sums otherwise in the main one
        return list(pool.map(lambda job: job(), jobs))


def at_once(jobs: list[Callable[[], Tensor]]) -> list[list[Tensor]]:
    """The results of ROUNDS calls of each job, all jobs running together."""
    start = Barrier(len(jobs))

    def work(job: Callable[[], Tensor]) -> list[Tensor]:
        results = []
        for _ in range(ROUNDS):
            start.wait(600)  # seconds: a busy machine is no failure
            results.append(job())
        return results

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(work, jobs))


def assert_undisturbed(jobs: list[Callable[[], Tensor]]) -> list[Tensor]:
    alone = one_after_the_other(jobs)
    for expected, results in zip(alone, at_once(jobs), strict=True):
        assert [torch.equal(result, expected) for result in results] == [True] * ROUNDS
    return alone


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("name", MIB)
def test_whole_pictures(name: str, threads: int) -> None:
    network = open_network(name)
    assert_undisturbed([lambda x=x: network.stylize(x, precision="float32") for x in pictures(threads)])


@pytest.mark.slow
@pytest.mark.parametrize("name", MIB)
def test_in_tiles_beside_whole_pictures(name: str) -> None:
    network, memory = open_network(name), [2**30, MIB[name] * 2**20] * 2
    jobs = [
        lambda x=x, m=m: network.stylize(x, precision="float32", memory=m)
        for x, m in zip(pictures(4), memory, strict=True)
    ]
    assert_undisturbed(jobs)


@pytest.mark.parametrize("name", [pytest.param("adain", marks=pytest.mark.slow), "fast"])
def test_all_in_tiles(name: str, monkeypatch) -> None:
    network = open_network(name)
    few = {"precision": "float32", "memory": MIB[name] * 2**20}
    run, tiles = streaming._Stream._run, []
    monkeypatch.setattr(streaming._Stream, "_run", lambda self, tile: (tiles.append(tile), run(self, tile))[1])
    assert_undisturbed([lambda x=x: network.stylize(x, **few) for x in pictures(2)])
    assert len(tiles) > 2 * (1 + ROUNDS)


@pytest.mark.parametrize("name", [*MIB, "instance"])
def test_frozen_statistics_beside_free_ones(name: str) -> None:
    network = open_network(name)
    x, y = pictures(2)
    paint = lambda x: network.stylize(x, precision="float32")  # noqa: E731
    frozen = freeze_statistics(paint, [y])
    held, free = assert_undisturbed([lambda: frozen(x), lambda: paint(x)])
    assert (held - free).abs().max() > 0.01


def test_statistics_are_gathered_beside_other_pictures() -> None:
    network = open_network("fast")
    x, y = pictures(2)
    paint = lambda x: network.stylize(x, precision="float32")  # noqa: E731

    def gather() -> Tensor:
        return torch.cat([part for pair in gather_statistics(paint, [x]).values() for part in pair])

    assert_undisturbed([gather, lambda: paint(y)])
