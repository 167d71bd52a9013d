"""Random numbers as a function of counters: what is drawn at a place depends on the place, not on what came before.

A generator that runs through a whole training would have to be saved, once for every process and worker. One made
from (seed, step), or (seed, epoch, sample), is the same after a crash and with any number of workers.
"""

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch

SeedPart = int | str


def derive_seed(*parts: SeedPart) -> int:
    """A number of 63 bits from words and numbers, the same on every machine; other parts give unrelated numbers."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(*parts: SeedPart) -> torch.Generator:
    """A new generator of the CPU, started at these parts."""
    return torch.Generator().manual_seed(derive_seed(*parts))


def seed_all(*parts: SeedPart) -> None:
    """Start all global generators (Python's, numpy's, torch's on every device) at these parts."""
    seed = derive_seed(*parts)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextlib.contextmanager
def preserve_random_state() -> Iterator[None]:
    """Whatever happens inside, the global generators of Python, numpy and the CPU are afterwards as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
