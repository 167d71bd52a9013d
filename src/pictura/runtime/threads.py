"""How many processor threads the work may take, and what must be set before torch is imported."""

import contextlib
import math
import os
from pathlib import Path

# Read by the libraries when torch is imported, not later.
ENVIRONMENT = {
    # oneDNN and torch's own cache keep what they prepared for every picture size they met, a gigabyte after many sizes;
    # 64 entries hold the layers of one size.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
    "LRU_CACHE_CAPACITY": "64",
    # Large pieces of memory in pages of 2 MiB, where Linux has them on request: fewer are to be fetched and looked up.
    "THP_MEM_ALLOC_ENABLE": "1",
    # Threads that spin for long while they wait keep the one they wait for off the processor. On two cores a step at
    # 128 pixels took 5.3 s beside a training; with this 0.19 s beside a busy loop, and on quiet cores 0.02 s as before.
    "GOMP_SPINCOUNT": "10000",
}
CGROUP = Path("/sys/fs/cgroup")


def set_environment() -> None:
    """Set `ENVIRONMENT`; to be called before torch is imported. The user's own values win."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def available_processors() -> int:
    """Processors this process may use, at least 1: its affinity, and the CPU quota of its container."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(affinity, _cpu_quota(CGROUP))))


def _cpu_quota(cgroup: Path) -> float:
    """Processors' worth of time a container is given, infinite without a limit; cgroup version 2, then 1."""
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        quota, period = (cgroup / "cpu.max").read_text().split()
        return int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        quota, period = ((cgroup / "cpu" / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else math.inf  # -1: no limit
    return math.inf


def use_threads(count: int | None = None) -> int:
    """Let torch compute with `count` threads, by default as many as help, and return how many that is.

    By default torch's own choice, one a physical core, unless fewer processors are available: more threads than
    processors wait for one another. Operations never run beside each other: a network is a chain of them.
    """
    import torch

    threads = count or min(torch.get_num_threads(), available_processors())
    torch.set_num_threads(threads)
    with contextlib.suppress(RuntimeError):  # torch takes this once, before any work; later it stays as it is
        torch.set_num_interop_threads(1)
    return threads
