"""Small studies of noise, and raters who answer through the server."""

import secrets

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from pictura.study.making import StudyRequest, make_study
from pictura.study.server import make_app
from pictura.study.store import open_store

HOSTS = ("127.0.0.1",)


def make_folder(path, names, size=(16, 12), shade=None):
    """A folder of PNG pictures: noise, or of one shade."""
    path.mkdir(parents=True)
    for k, name in enumerate(names):
        pixels = np.random.default_rng([k, len(path.name)]).integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels if shade is None else np.full_like(pixels, shade)).save(path / f"{name}.png")
    return path


def make_one(tmp_path, kind="real-fake", *, items=6, trials=4, practice=2, fakes=("a", "b"), size=(16, 12), **more):
    """(folder, study) of a small study."""
    names = [f"{k:03}" for k in range(items)]
    folders = {name: make_folder(tmp_path / name, names, size) for name in fakes}
    real = None if kind == "preference" else make_folder(tmp_path / "real", names, size)
    folder = tmp_path / "study"
    request = StudyRequest(kind=kind, fakes=folders, real=real, trials=trials, practice=practice, **more)
    return folder, make_study(folder, request)


def open_app(folder, study, url=None):
    """(application, store)."""
    store = open_store(folder, study.id, url, create=True)
    return make_app(folder, study, store), store


def open_client(app):
    """A browser's requests, from this machine."""
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


class Rater:
    """One who answers all trials, as `choose(trial, position)` says."""

    def __init__(self, client, choose=lambda trial, position: "left"):
        self.client, self.choose = client, choose
        self.token = client.post("/api/sessions").json()["token"]

    def state(self):
        return self.client.get("/api/session", headers={"X-Session": self.token}).json()

    def send(self, position, answer, id_=None, **more):
        sent = {"id": id_ or secrets.token_hex(16), "position": position, "answer": answer, "response_ms": 700.0}
        sent |= {"exposure_ms": 1000.0, "second_ms": 1001.0} | more
        return self.client.post("/api/answers", json=sent, headers={"X-Session": self.token})

    def finish(self):
        state = self.state()
        for position, trial in list(enumerate(state["trials"]))[state["next"] :]:
            assert self.send(position, self.choose(trial, position)).status_code == 200
        return self.state()
