"""`pictura app`: the studio."""

import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli.text import examples, print_text

EXAMPLES = examples("pictura app", "pictura app --port 8080 --no-browser")
Name = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST", help="Name by which browsers reach this machine (repeatable; default: --host only)."),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where photographs, results and history are kept (default: $PICTURA_APP, else the user's data folder).",
    ),
]


def app(
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 is all of this machine's, for others to use it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8020,
    name: Name = None,
    folder: FolderOption = None,
    memory: Annotated[
        int | None,
        typer.Option(min=1024, metavar="MIB", help="Memory for all pictures in work (default: 3/4 of the machine's)."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Open the studio in the browser: everything on one page, for who does not like to type.

    The page is served by this machine to itself; no picture leaves it. Ctrl-C ends it.
    """
    from pictura.app.folder import Folder, default_folder
    from pictura.app.server import make_app
    from pictura.app.studio import Studio
    from pictura.runtime.memory import measure_memory
    from pictura.runtime.serving import address_of, check_hosts, make_server, open_socket

    hosts = check_hosts(host, name or ())
    listening = open_socket(host, port)
    place = Folder(folder or default_folder())
    studio = Studio(place, memory * 2**20 if memory is not None else 3 * measure_memory() // 4)
    address = address_of("localhost" if host == "127.0.0.1" else host, listening)
    print_text(f"The studio is at {address} (Ctrl-C ends it). It keeps its pictures in '{place.root}'.", err=True)
    studio.start()
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        make_server(make_app(studio, hosts), limit_concurrency=200, timeout_graceful_shutdown=1).run(
            sockets=[listening]
        )
    finally:
        studio.close()
