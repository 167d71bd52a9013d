"""`pictura experiment`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli.options import Device, Quiet, Threads
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import align_columns, examples, format_duration, print_text
from pictura.experiments import BUDGETS, EXPERIMENTS, TRAINING
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura experiment",
    "pictura experiment optimizers",
    "pictura experiment weights --budget paper -o weights --resume",
    "pictura experiment objectives --data facades --minutes 2",
)
Name = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="The experiment; without it all of them are listed.", show_default=False),
]
Budget = Annotated[
    str, typer.Option(metavar="small|paper", help="Minutes on two cores, or the paper's own size and steps.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on in a folder: what is finished there is kept (default: off).")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for report.html, report.json and pieces/ (default: experiment-NAME)."),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Pictures for the experiments that train, and for superres (default: none)."),
]
Minutes = Annotated[
    float | None,
    typer.Option(min=0.01, help="Minutes that each training takes, in those that train (default: the budget's)."),
]
Photo = Annotated[Path | None, typer.Option(metavar="FILE", help="A photo to paint (default: one of ours).")]
Style = Annotated[Path | None, typer.Option(metavar="FILE", help="A painting (default: The Starry Night).")]


def experiment(
    name: Name = None,
    budget: Budget = "small",
    resume: Resume = False,
    output: Output = None,
    data: Data = None,
    minutes: Minutes = None,
    photo: Photo = None,
    style: Style = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of whatever is random.")] = 0,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Run an experiment of the papers; it ends in a page that opens offline, and its numbers as JSON.

    Each piece is kept when it is finished, so that --resume repeats nothing.
    """
    if name is None:
        rows = [(one, line + (" (needs --data)" if one in TRAINING else "")) for one, line in EXPERIMENTS.items()]
        print_text(align_columns(rows))
        return
    if budget not in BUDGETS:
        raise PicturaError(f"'{budget}' is no budget: choose {' or '.join(BUDGETS)}.")
    use_threads(threads)
    from pictura.experiments.run import PAGE, Options, run_experiment

    folder = output or Path(f"experiment-{name}")
    options = Options(budget, photo, style, data, minutes, device, seed)  # type: ignore[arg-type]
    with ConsoleReport(quiet, as_json=False) as console:
        start = time.monotonic()
        first: list[float] = []  # what was done before this call

        def tell(share: float, said: str) -> None:
            if not first and not said.endswith("kept from before"):
                first.append(share)
            done = share - first[0] if first else 0.0
            spent = time.monotonic() - start
            left = f"  {format_duration(spent * (1 - share) / done)} left" if done > 0 and spent > 1 else ""
            console.move(name, round(1000 * share), 1000, f"{100 * share:.0f} %  {said}{left}")

        run_experiment(name, folder, options, resume=resume, progress=tell)
        console.say(f"{name}: {folder / PAGE}")
