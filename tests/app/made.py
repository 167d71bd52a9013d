"""Small studios: real ones with their makers in this process, and such whose makers only pretend."""

import io
import secrets
import threading
import time
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from pictura.app.folder import Folder
from pictura.app.process import Ended
from pictura.app.server import make_app
from pictura.app.studio import Studio
from pictura.app.worker import Maker
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.runtime.errors import PicturaError

STARRY = {"source": "style:starry-night"}


def draw(seed=0, size=(40, 48)):
    """H×W×3 of 8 bits."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


def encode(pixels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


class Inside:
    """A worker that makes in this process what the real one makes in its own."""

    def __init__(self, *_):
        self.maker, self.turn, self.calls = Maker(lambda told: self.tell(told), DEFAULT_MEMORY), threading.Lock(), []
        self.tell = lambda told: None

    def start(self):
        """Nothing is to be started."""

    def call(self, task, tell=None, seconds=None):
        with self.turn:
            self.tell = tell or (lambda told: None)
            self.calls.append(task["task"])
            return self.maker(dict(task))

    def kill(self):
        """Nothing can be killed."""

    close = kill


class Pretender(Inside):
    """A worker that answers at once and writes small pictures; with `seconds` it takes time, and can be killed."""

    def __init__(self, *_, seconds=0.0):
        self.calls, self.seconds, self.turn = [], seconds, threading.Lock()
        self.killed, self.closed, self.fails, self.crash = threading.Event(), False, None, None

    def call(self, task, tell=None, seconds=None):
        with self.turn:
            if self.closed:
                raise Ended(0)
            self.calls.append(task)
            return getattr(self, f"_{task['task']}")(task, tell)

    def _make(self, task, tell):
        self.killed.clear()
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            if tell is not None:
                tell({"step": 1, "steps": 9, "left": self.seconds, "picture": "aGk="})
            if self.killed.wait(0.01):
                raise Ended(-9)
        if self.crash is not None:
            raise Ended(self.crash)
        if self.fails:
            raise PicturaError(self.fails)
        for name in ("view", "thumb", "result"):
            Image.new("RGB", (8, 6)).save(task[name])
        return {"width": 8, "height": 6}

    def _check(self, task, _):
        image = Image.open(task["path"])
        for name in ("view", "thumb"):
            image.save(task[name])
        return {"width": image.width, "height": image.height, "suffix": ".png"}

    def _preview(self, task, _):
        return {"after": "aGk="}

    def _looks(self, task, _):
        return {"looks": [{"id": "starry-night", "group": "paint", "order": {"kind": "paint"}}]}

    def kill(self):
        self.killed.set()

    def close(self):
        self.closed = True
        self.killed.set()


def open_studio(root, worker=Pretender, heavy=None):
    """A studio whose queue does not run yet."""
    studio = Studio(Folder(Path(root)))
    light = worker()
    studio.light = studio.uploads.worker = studio.previews.worker = light
    studio.heavy = studio.runner.worker = heavy or worker()
    return studio


class Browser:
    """What a page of ours asks for."""

    def __init__(self, studio):
        self.studio = studio
        app = make_app(studio)
        self.client = TestClient(app, base_url="http://127.0.0.1:8020", raise_server_exceptions=False)
        self.client.__enter__()  # one event loop for all requests, as in a server
        self.token = {"X-Token": studio.token}
        close = studio.close

        def close_both():
            self.client.__exit__(None, None, None)
            close()

        studio.close = close_both

    def get(self, path):
        return self.client.get(path)

    def post(self, path, json=None, **more):
        return self.client.post(path, json=json, headers=self.token, **more)

    def delete(self, path):
        return self.client.delete(path, headers=self.token)

    def upload(self, content, name="photo.png", role="photo"):
        return self.client.post(
            "/api/pictures", params={"name": name, "role": role}, content=content, headers=self.token
        )

    def add(self, pixels=None, **more):
        answer = self.upload(encode(draw() if pixels is None else pixels), **more)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def order(self, *orders, batch=None, title="A picture"):
        sent = {"batch": batch or secrets.token_hex(8), "jobs": [{"order": order, "title": title} for order in orders]}
        return self.post("/api/jobs", sent)

    def jobs(self, which="ended"):
        return self.get("/api/jobs").json()[which]

    def wait(self, count, seconds=60):
        """Until so many jobs are at their end."""
        end = time.monotonic() + seconds
        while len(found := self.jobs()) < count:
            assert time.monotonic() < end, self.get("/api/status").json()
            time.sleep(0.02)
        return found


def paint(picture, **more):
    return {"kind": "paint", "picture": picture, "shares": [STARRY], **more}
