"""Feed-forward style transfer against its peers, in one run on one machine: seconds and memory.

    python benchmarks/feedforward.py [--sizes 512,1024,2048,4096] [--only slim,examples] [--threads 2]
        [--memory MIB] [--json FILE]

Rows:
    slim      our real-time network, as applied by default; --slim BUNDLE for trained weights (time is the same).
    slim32    the same in float32.
    adain     our arbitrary style; --adain BUNDLE likewise. The style's encoding is part of the time, as for microast.
              Ours work within --memory, by default what they work in anyway, and give freed memory back as the
              command line does.
    examples  pytorch/examples' network, as it comes: float32, torch's own order of memory.
    microast  MicroAST.

The peers need their weights in $PICTURA_WEIGHTS. A picture is noise, square; each row and size has a process of its
own, which runs once to warm up (twice above all: caches), then --runs times; the fastest counts. Memory is the peak of
the process less what it held before the network and the picture were there.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OURS, THEIRS = ("slim", "slim32", "adain"), ("examples", "microast")


def peak() -> float:
    """Most memory this process has held, in MiB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 2**20 if sys.platform == "darwin" else held / 2**10


def prepared(row: str, side: int, bundle: str | None, memory: int | None) -> Callable[[], object]:
    """The work to be timed."""
    import torch

    photo = torch.rand(1, 3, side, side)
    if row in THEIRS:
        from peers import PEERS, opened

        file, run = PEERS[row]
        weights = opened(Path(os.environ["PICTURA_WEIGHTS"]) / file)
        others = (torch.rand(1, 3, 512, 512),) if row == "microast" else ()
        return lambda: run(weights, photo, *others)
    from pictura import methods

    name = "adain" if row == "adain" else "johnson"
    if bundle:
        from pictura import models

        method: Any = methods.open_method(models.read_bundle(bundle))
    else:
        kind = methods.find_method(name)
        method = kind(kind.Settings())
    options: dict[str, object] = {"precision": "float32"} if row.endswith("32") else {}
    if memory is not None:
        options["memory"] = memory * 2**20
    return lambda: method.stylize(photo, **options)


def measured(row: str, side: int, threads: int, runs: int, bundle: str | None, memory: int | None) -> dict[str, object]:
    """One row at one size in this process."""
    if row not in THEIRS:
        from pictura.runtime.memory import return_freed  # what pictura sets before torch is imported is set, too

        return_freed()
    import torch

    torch.set_num_threads(threads)
    torch.nn.functional.conv2d(torch.rand(1, 3, 64, 64), torch.rand(4, 3, 3, 3))  # what every network loads
    idle = peak()
    seconds, processor = [], []
    with torch.inference_mode():
        work = prepared(row, side, bundle, memory)
        for _ in range(1 + runs):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            seconds.append(time.perf_counter() - wall)
            processor.append(time.process_time() - cpu)
    return {
        "row": row,
        "side": side,
        "seconds": min(seconds[1:]),
        "cpu_seconds": min(processor[1:]),
        "first": seconds[0],
        "mib": peak() - idle,
        "threads": threads,
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", default="512,1024,2048,4096")
    p.add_argument("--only", default=",".join(OURS + THEIRS))
    p.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    p.add_argument("--runs", type=int, default=2)
    p.add_argument("--slim")
    p.add_argument("--adain")
    p.add_argument("--memory", type=int, metavar="MIB")
    p.add_argument("--json", type=Path)
    p.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.child:
        row, side = a.child[0], int(a.child[1])
        print(json.dumps(measured(row, side, a.threads, a.runs, a.adain if row == "adain" else a.slim, a.memory)))
        return
    rows = []
    for side in map(int, a.sizes.split(",")):
        for row in a.only.split(","):
            command = [sys.executable, __file__, *sys.argv[1:], "--child", row, str(side)]
            said = subprocess.run(command, capture_output=True, text=True)
            if said.returncode:
                print(f"{row} at {side}: failed: {said.stderr.strip().splitlines()[-1]}", file=sys.stderr)
                continue
            rows.append(json.loads(said.stdout))
            if a.json:
                a.json.write_text(json.dumps(rows, indent=1))
    table(rows)


def table(rows: list[dict]) -> None:
    """Each row beside the examples' network of the same size."""
    print("| side | network | seconds | CPU s | MiB above idle | times faster than examples | share of its memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    base = {row["side"]: row for row in rows if row["row"] == "examples"}
    for row in rows:
        against, ratio = base.get(row["side"]), "– | –"
        if against:
            ratio = f"{against['cpu_seconds'] / row['cpu_seconds']:.1f} | {row['mib'] / against['mib']:.2f}"
        figures = f"{row['seconds']:.2f} | {row['cpu_seconds']:.2f} | {row['mib']:.0f}"
        print(f"| {row['side']} | {row['row']} | {figures} | {ratio} |")


if __name__ == "__main__":
    main()
