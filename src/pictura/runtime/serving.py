"""Small local web servers: who may ask, how much may be sent, the address, the page's files. FastAPI is not needed."""

import json
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SECURITY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS = {
    "Content-Security-Policy": SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """Refuses a foreign Host (a name made to point here), a foreign Origin (a page elsewhere that sends), long bodies.

    Args:
        app: the ASGI application behind it.
        hosts: the names by which people may ask.
        limit: the most bytes of a body, by the path of a request.
        headers: put on each answer.
    """

    def __init__(
        self, app: Any, hosts: Iterable[str], limit: Callable[[str], int], headers: dict[str, str] | None = None
    ) -> None:
        self.app, self.limit = app, limit
        self.hosts = {host.lower().strip("[]") for host in hosts}
        self.headers = [(k.lower().encode(), v.encode()) for k, v in (HEADERS if headers is None else headers).items()]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                added = [(name, value) for name, value in self.headers if name not in own]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        refused = self._refuse(scope)
        if refused is None:
            await self.app(scope, receive, answer)
            return
        status, words = refused
        content = json.dumps({"detail": words}).encode()
        told = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        if status == 413:
            told.append((b"connection", b"close"))  # the rest of the body is not read
        await answer({"type": "http.response.start", "status": status, "headers": told})
        await answer({"type": "http.response.body", "body": content})

    def _refuse(self, scope: MutableMapping[str, Any]) -> tuple[int, str] | None:
        """Status and words, for what is not let through."""
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin, length = given.get("host", ""), given.get("origin"), given.get("content-length", "0")
        if _hostname(f"//{host}") not in self.hosts:
            return 403, "This host's name is not known here."
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "Another site's page may not send here."
        if not length.isdigit() or int(length) > self.limit(scope["path"]) or "transfer-encoding" in given:
            return 413, "That is too long."
        return None


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:  # brackets that are no address
        return None


def read_page(package: str) -> dict[str, bytes]:
    """The files in the folder ``page`` of a package, by name."""
    return {path.name: path.read_bytes() for path in files(package).joinpath("page").iterdir() if path.is_file()}


def media_type(name: str) -> str:
    """The Content-Type of one of them."""
    return TYPES[Path(name).suffix]


def check_hosts(host: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names by which people may ask, for a server that listens at `host`.

    Raises:
        PicturaError: it listens everywhere, and no name was given.
    """
    named = tuple(names)
    if host in ("0.0.0.0", "::", "") and not named:  # noqa: S104, asked for by the user
        raise PicturaError(f"With --host {host or '0.0.0.0'} say with --name by what name people reach this machine.")  # noqa: S104
    return (*LOOPBACK, host, *named)


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes one that is free.

    Raises:
        PicturaError: the port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise PicturaError(
            f"'{host}', port {port}, cannot be used ({error.strerror or error}): choose another --port or --host."
        ) from error


def address_of(host: str, listening: socket.socket) -> str:
    """The address of the page, as a browser takes it."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}/"


def run_server(app: Any, listening: socket.socket) -> None:
    """Serve until a signal comes."""
    make_server(app).run(sockets=[listening])


def make_server(app: Any, **options: Any) -> "uvicorn.Server":
    """Without WebSockets, and without a log of who asked what; `options` are of uvicorn's configuration."""
    import uvicorn

    usual: dict[str, Any] = {
        "log_level": "warning",
        "server_header": False,
        "access_log": False,
        "lifespan": "off",
        "ws": "none",
    }
    return uvicorn.Server(uvicorn.Config(app, **(usual | options)))
