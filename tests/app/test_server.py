"""The studio's answers: what a page may ask, and what strangers, the careless and the greedy are answered."""

import io
import struct
import threading
import zipfile
import zlib

import pytest
from PIL import Image
from tests.app.made import Browser, draw, encode, paint

from pictura.app import server, uploads
from pictura.app.folder import clean_name
from pictura.runtime.serving import read_page


def test_from_nothing_to_a_download(browser):
    picture = browser.upload(encode(draw()), name="../../Sunday.jpg").json()
    assert (picture["name"], picture["width"], picture["height"]) == ("Sunday.jpg", 48, 40)
    assert [one["id"] for one in browser.get("/api/pictures").json()] == [picture["id"]]
    assert browser.get(f"/api/pictures/{picture['id']}/thumb").headers["Content-Type"] == "image/webp"
    assert browser.post("/api/preview", {"order": paint(picture["id"])}).json()["after"] == "aGk="
    assert browser.order(paint(picture["id"])).json() == {"added": True}
    (job,) = browser.wait(1)
    assert (job["state"], job["width"], job["order"]["shares"][0]["source"]) == ("done", 8, "style:starry-night")
    got = browser.get(f"/api/jobs/{job['id']}/download")
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Sunday_starry-night.png"
    assert Image.open(io.BytesIO(got.content)).size == (8, 6)
    command = browser.get(f"/api/jobs/{job['id']}/command").json()["command"]
    assert command.startswith("pictura stylize ") and command.endswith("-o Sunday_starry-night.png")
    again = browser.post(f"/api/jobs/{job['id']}/use").json()
    assert again["name"] == "Sunday_starry-night.png"
    assert browser.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert browser.jobs() == []
    assert browser.get(f"/api/jobs/{job['id']}/full").status_code == 404


def test_a_batch_is_one_archive(browser):
    ids = [browser.add(draw(k), name="same.png") for k in range(3)]
    browser.order(*map(paint, ids), batch="b" * 16)
    browser.wait(3)
    archive = zipfile.ZipFile(io.BytesIO(browser.get(f"/api/batches/{'b' * 16}/zip").content))
    assert len(set(archive.namelist())) == 3
    assert browser.get(f"/api/batches/{'c' * 16}/zip").status_code == 422


def test_a_removed_photograph_is_kept_while_the_history_needs_it(browser, studio):
    id_ = browser.add()
    browser.order(paint(id_))
    (job,) = browser.wait(1)
    browser.delete(f"/api/pictures/{id_}")
    assert browser.get("/api/pictures").json() == []
    assert browser.get(f"/api/pictures/{id_}/view").status_code == 200
    browser.delete(f"/api/jobs/{job['id']}")
    assert browser.get(f"/api/pictures/{id_}/view").status_code == 404
    assert list(studio.folder.pictures.iterdir()) == []


def test_strangers_are_refused(browser, studio):
    client, id_ = browser.client, browser.add()
    for host in ("evil.example", "[::1", "127.0.0.1.evil.example"):
        assert client.get("/", headers={"Host": host}).status_code == 403
        assert client.get(f"/api/pictures/{id_}/full", headers={"Host": host}).status_code == 403
    assert client.get("/", headers={"Host": "LOCALHOST:9"}).status_code == 200
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        sent = client.post("/api/pictures", content=encode(draw()), headers=browser.token | {"Origin": origin})
        assert sent.status_code == 403
    changes = [
        ("POST", f"/api/{p}") for p in ("pictures", "pictures/example", "preview", "jobs", "jobs/cancel", "queue")
    ]
    changes += [("POST", f"/api/jobs/{id_}/use"), ("DELETE", f"/api/jobs/{id_}"), ("DELETE", f"/api/pictures/{id_}")]
    for token in ({}, {"X-Token": "guess"}, {"X-Token": studio.token[:-1]}, {"X-Token": ""}):
        for method, path in changes:
            assert client.request(method, path, headers=token, json={}).status_code in (403, 422), path
            assert len(browser.get("/api/pictures").json()) == 1
    assert client.delete(f"/api/pictures/{id_}", headers={"X-Token": "guess"}).status_code == 403
    answer = browser.get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert studio.token in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/page/..%2Fserver.py",
        "/page/index.html",
        "/looks/..%2F..%2F__init__.py",
        "/api/pictures/..%2F..%2Fhistory.sqlite/full",
        "/api/pictures/0123456789abcdef/full",
        "/api/pictures/0123456789ABCDEF/full",
        "/api/jobs/0123456789abcdef/full",
        "/api/jobs/0123456789abcdef/..%2F..%2Flock",
        "/history.sqlite",
        "/docs",
        "/openapi.json",
    ],
)
def test_nothing_else_is_served(browser, path):
    assert browser.get(path).status_code in (404, 422)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("a\x00b\r\n.png", "ab.png"),
        ("\u202egnp.exe.png", "gnp.exe.png"),
        ("....", "picture"),
        ("", "picture"),
        ("/", "picture"),
        ("é" * 300 + ".jpeg", "é" * 100 + ".jpeg"),
        ('<img src=x onerror="1">.png', "img src=x onerror=1.png"),
    ],
)
def test_names_are_for_people_only(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"picture": "../../etc/passwd"},
        {"shares": []},
        {"shares": [{"source": "/etc/passwd"}]},
        {"shares": [{"source": "picture:../../etc"}]},
        {"shares": [{"source": "style:starry-night", "mask": "a.png"}]},
        {"shares": [{"source": "style:starry-night", "weight": -1}]},
        {"shares": [{"source": "style:a"}] * 5},
        {"shares": [{"source": "style:a", "mask": "0" * 16}, {"source": "style:b"}]},
        {"strength": float("inf")},
        {"size": 100_000},
        {"method": "paper"},
        {"model": "/etc/passwd"},
        {"kind": "shell"},
        {"kind": "translate", "model": "../../x", "shares": None},
        {"kind": "edit", "shares": None},
    ],
    ids=str,
)
def test_orders_that_make_no_sense(browser, change):
    order = {k: v for k, v in (paint(browser.add()) | change).items() if v is not None}
    text = server.json.dumps({"order": order}).replace("Infinity", "1e999")
    sent = browser.post("/api/preview", content=text)
    assert sent.status_code == 422
    sent = browser.post("/api/jobs", content=f'{{"batch": "{"a" * 16}", "jobs": [{{"title": "x", {text[1:]}]}}')
    assert sent.status_code == 422
    assert browser.jobs("active") == []


def test_a_photograph_that_is_not_there(browser):
    assert browser.post("/api/preview", {"order": paint("0" * 16)}).status_code == 422
    assert "add it again" in browser.order(paint("0" * 16)).json()["detail"]


def test_what_waits_is_bounded(tmp_path, browser, studio, monkeypatch):
    monkeypatch.setattr(server, "MAX_JOBS", 5)
    studio.store.paused = True
    id_ = browser.add()
    assert browser.order(*[paint(id_)] * 4).status_code == 201
    refused = browser.order(*[paint(id_)] * 2)
    assert (refused.status_code, len(browser.jobs("active"))) == (429, 4)
    assert "4 pictures wait already" in refused.json()["detail"]


def test_bodies_are_bounded(browser, monkeypatch):
    assert browser.post("/api/jobs", content=b"x" * (server.MAX_BODY + 1)).status_code == 413
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    assert browser.upload(b"x" * 1001).status_code == 413
    chunked = browser.client.post("/api/pictures", content=iter([b"x" * 600] * 3), headers=browser.token)
    assert chunked.status_code == 413
    assert browser.upload(b"").status_code == 422


def test_the_folder_is_bounded(browser, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PICTURES", 2)
    browser.add(), browser.add()
    full = browser.upload(encode(draw()))
    assert (full.status_code, "full" in full.json()["detail"]) == (507, True)


def test_two_hundred_uploads_at_once(browser, studio):
    answers, content = [], encode(draw())
    threads = [threading.Thread(target=lambda: answers.append(browser.upload(content).status_code)) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 200 and set(answers) <= {201, 429}
    assert answers.count(201) == len(browser.get("/api/pictures").json()) >= uploads.WAITING
    assert list(studio.folder.coming.iterdir()) == []


def bomb(width, height):
    """A PNG that asks for so many pixels and has a few bytes of them."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(2**16))) + chunk(b"IEND", b"")
    )


@pytest.fixture
def real(tmp_path):
    from tests.app.made import Inside, open_studio

    made = open_studio(tmp_path / "real", Inside)
    yield Browser(made)
    made.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(45000, 45000), "2025"),
        (bomb(9000, 9000), "damaged"),
        (b"<svg onload=alert(1)>", "evil.png"),
        (b"GIF89a" + bytes(20), "evil.png"),
        (encode(draw())[:300], "truncated or damaged"),
        (encode(draw(), "JPEG")[:200], "is a JPEG file with a damaged"),
    ],
    ids=["2 gigapixels", "81 megapixels in 200 bytes", "svg", "gif", "half a png", "half a jpeg"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(real, content, words):
    answer = real.upload(content, name="evil.png")
    told = answer.json()["detail"]
    assert answer.status_code == 422 and "'evil.png'" in told
    assert words in told or "45000" in told
    assert str(real.studio.folder.root) not in told
    assert real.get("/api/pictures").json() == []
    assert list(real.studio.folder.coming.iterdir()) == list(real.studio.folder.pictures.iterdir()) == []


def test_the_page_asks_nobody_else_and_is_small():
    page = read_page("pictura.app")
    for name, content in page.items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text and "//cdn" not in text, name
    assert sum(map(len, page.values())) <= 300 * 1024


def test_the_page_is_valid_html():
    html5lib = pytest.importorskip("html5lib")
    html5lib.HTMLParser(strict=True).parse(read_page("pictura.app")["index.html"].decode())
