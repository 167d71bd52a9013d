"""The command line: `pictura`, a thin layer over what `import pictura` gives.

Reading order: app (commands and errors), stylize (the main road), options, recipe, jobs, painting, report.
"""

import io
import sys


def main() -> None:
    """Run the program and leave with its exit code: 0 done, 2 an error the user can fix, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console without our letters shows others instead of failing
            stream.reconfigure(errors="replace")
    from pictura.cli.app import app

    app(prog_name="pictura")
