"""Feed one kind of reader with damaged files until the time is over: ``child.py KIND SEED SECONDS FOLDER``.

A process of its own, so that memory can be limited and a crash or a hang in C is seen by the parent. Each fault is one
line of JSON on stdout; its input stays in FOLDER/faults. Every input is made from ``KIND SEED NUMBER`` alone.
"""

import json
import logging
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import seeds

from pictura.runtime.errors import PicturaError

ALARM = 20  # seconds an input of some kilobytes may take; most take milliseconds
# Bytes an input may take beyond what the process had when it began to read; that of a picture of `MAX_PIXELS` (16 bits
# of it are 1.2 GB in float32) is the largest that is meant.
BUDGET = 2 * 2**30


class TooSlow(BaseException):
    """An input took longer than `ALARM`; no `Exception`, so that no reader takes it for a fault of the file."""


def main(kind: str, seed: str, seconds: float, folder: Path) -> None:
    """Read damaged files; print what is no `PicturaError`."""
    (folder / "faults").mkdir(parents=True, exist_ok=True)
    logging.disable()
    warnings.simplefilter("error")
    target = seeds.TARGETS[kind](folder / "seeds")
    for sound in target.files():  # what is sound must be read; it also loads what is loaded once
        target.read(sound)
    signal.signal(signal.SIGALRM, _give_up)
    _limit_memory()
    told: set[tuple[str, ...]] = set()
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        _try_one(target, kind, seed, number, folder, told)
    print(json.dumps({"kind": kind, "inputs": number, "megabytes": _megabytes()}), flush=True)


def _try_one(target: seeds.Target, kind: str, seed: str, number: int, folder: Path, told: set[tuple[str, ...]]) -> None:
    path = target.damaged(random.Random(f"{kind} {seed} {number}"), folder / "now")
    signal.alarm(ALARM)
    try:
        target.read(path)
    except PicturaError as error:
        fault = None if "\n" not in str(error) else error
    except (Exception, TooSlow) as error:
        fault = error
    else:
        fault = None
    finally:
        signal.alarm(0)
    if fault is not None:
        ours = [f for f in traceback.extract_tb(fault.__traceback__) if "pictura" in Path(f.filename).parts]
        where = (type(fault).__name__, *(f"{f.filename}:{f.lineno}" for f in ours[-1:]))
        if where not in told:
            told.add(where)
            kept = folder / "faults" / f"{kind}-{seed}-{number}{path.suffix}"
            (shutil.copytree if path.is_dir() else shutil.copy)(path, kept)
            trace = "".join(traceback.format_exception(fault)[-6:])
            print(json.dumps({"kind": kind, "number": number, "file": str(kept), "trace": trace}), flush=True)
    shutil.rmtree(folder / "now", ignore_errors=True)


def _give_up(*_: object) -> None:
    raise TooSlow(f"more than {ALARM} s")


def _limit_memory() -> None:
    """What an input asks for beyond the budget fails as it would on a machine without that memory."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + BUDGET
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**10 if sys.platform == "linux" else 2**20)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
