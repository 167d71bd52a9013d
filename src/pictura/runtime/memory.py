"""What glibc does with memory that is freed."""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

M_MMAP_THRESHOLD = -3  # glibc's malloc.h
# Smaller pieces are used again by malloc. One pass of AdaIN at 1024×1024 held at most 309 MiB as glibc comes, 217 with
# this, for a sixth more time; 123 of them are alive at once.
PIECE = 8 * 2**20
# A small budget works in small tiles, and so in small pieces: with 32 MiB to work in, a picture of 1536 pixels held 131
# MiB more than one of 64 with pieces of 8 MiB, and 103 with pieces of 2, for a tenth more time.
SHARE = 1 / 16  # of the budget


def return_freed(memory: int | None = None) -> None:
    """Give freed pieces of memory back at once, from now on, if they are as large as responses of a picture.

    Otherwise malloc keeps them and, since no two layers ask for the same size, seldom finds one that fits. For work
    whose memory is to stay within a budget, `memory` bytes; with another C library nothing happens.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            piece = PIECE if memory is None else min(PIECE, int(SHARE * memory))
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, piece)


def measure_memory() -> int:
    """Bytes of memory this machine has, or what its container may take; 0 where the system does not say."""
    pages = 0
    with contextlib.suppress(AttributeError, ValueError, OSError):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        return min(pages, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return pages
