"""Over a real socket: what is told as it happens, slow clients, and clients that leave."""

import contextlib
import json
import socket
import threading
import time

import pytest
from tests.app.made import Pretender, draw, encode, open_studio, paint

from pictura.app import server, uploads
from pictura.app.server import make_app
from pictura.runtime.serving import make_server, open_socket

JSON = "application/json"


@pytest.fixture
def served(tmp_path):
    """(studio, port) of a running server whose makers pretend to need a while."""
    studio = open_studio(tmp_path, heavy=Pretender(seconds=0.3))
    running, listening = make_server(make_app(studio)), open_socket("127.0.0.1", 0)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    studio.runner.start()
    yield studio, listening.getsockname()[1]
    running.should_exit = running.force_exit = True
    thread.join()
    listening.close()
    studio.close()


class Line:
    """A connection, used as the test likes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.port, self.got = port, b""

    def send(self, method, path, body=b"", length=None, **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)

    def until(self, words):
        while words not in self.got:
            part = self.socket.recv(65536)
            assert part, self.got
            self.got += part
        return self.got

    def status(self):
        return int(self.until(b"\r\n").split()[1])

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def line(port):
    made = Line(port)
    yield made
    made.close()


def test_what_happens_is_told_as_it_happens(served):
    studio, port = served
    with line(port) as events, line(port) as page:
        events.send("GET", "/api/events")
        events.until(b'"waiting": 0')
        page.send("POST", "/api/pictures?name=a.png", encode(draw()), X_Token=studio.token)
        assert page.status() == 201, page.got
        id_ = studio.store.shown_pictures()[0]["id"]
        sent = {"batch": "a" * 16, "jobs": [{"order": paint(id_), "title": "Stars"}]}
        with line(port) as other:
            other.send("POST", "/api/jobs", json.dumps(sent).encode(), X_Token=studio.token, Content_Type=JSON)
            assert other.status() == 201, other.got
        told = events.until(b'"title": "Stars"')
        assert b"text/event-stream" in told and b'"step": 1' in events.until(b'"step": 1')


def test_streams_are_bounded_and_given_back(served, monkeypatch):
    _, port = served
    monkeypatch.setattr(server, "MAX_STREAMS", 3)
    lines = [Line(port) for _ in range(3)]
    for one in lines:
        one.send("GET", "/api/events")
        one.until(b"data:")
    with line(port) as fourth:
        fourth.send("GET", "/api/events")
        assert fourth.status() == 429
    for one in lines:  # they leave
        one.close()
    end = time.monotonic() + 15
    while True:
        with line(port) as again:
            again.send("GET", "/api/events")
            if again.status() == 200:
                break
        assert time.monotonic() < end
        time.sleep(0.1)


def test_slow_uploads_end_and_others_go_on(served, monkeypatch):
    studio, port = served
    monkeypatch.setattr(uploads, "QUIET_SECONDS", 0.5)
    slow = [Line(port) for _ in range(uploads.AT_ONCE)]
    for one in slow:
        one.send("POST", "/api/pictures", b"\x89PNG", length=5000, X_Token=studio.token)
    with line(port) as page:
        began = time.monotonic()
        page.send("GET", "/api/status")
        assert page.status() == 200 and time.monotonic() - began < 2
    with line(port) as quick:
        quick.send("POST", "/api/pictures", encode(draw()), X_Token=studio.token)
        assert quick.status() == 201  # once the slow ones are given up
    assert [one.status() for one in slow] == [408] * len(slow)
    for one in slow:
        one.close()
    assert list(studio.folder.coming.iterdir()) == []


def test_a_client_that_leaves_leaves_nothing(served):
    studio, port = served
    for _ in range(2 * uploads.AT_ONCE):
        gone = Line(port)
        gone.send("POST", "/api/pictures", b"\x89PNG", length=5000, X_Token=studio.token)
        gone.close()
    with line(port) as quick:
        quick.send("POST", "/api/pictures", encode(draw()), X_Token=studio.token)
        assert quick.status() == 201
    end = time.monotonic() + 10
    while list(studio.folder.coming.iterdir()):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(studio.store.shown_pictures()) == 1
