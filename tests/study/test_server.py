"""The page and its answers: each stored once, whatever is sent again; and nothing for strangers."""

import threading
from collections import Counter

import pytest
from tests.study.made import Rater, make_one, open_app, open_client

from pictura.runtime.errors import PicturaError
from pictura.runtime.serving import check_hosts, open_socket
from pictura.study.store import Store, open_store
from pictura.study.trials import plan_session, right_answer


@pytest.fixture
def study(tmp_path):
    """(client, study, store) of four trials and two for practice."""
    folder, study = make_one(tmp_path, size=(2, 2))
    app, store = open_app(folder, study)
    with open_client(app) as client:
        yield client, study, store
    store.close()


def test_a_rater_goes_through_all(study):
    client, plan, store = study
    rater = Rater(client)
    state = rater.state()
    assert (state["next"], state["score"]) == (0, None)
    trials = plan_session(plan, 0)
    assert [tuple(t["pictures"]) for t in state["trials"]] == [t.pictures for t in trials]
    assert [t["practice"] for t in state["trials"]] == [True] * 2 + [False] * 4
    told = rater.send(0, right_answer(plan, trials[0])).json()
    assert told == {
        "stored": True,
        "right": True,
        "real": [plan.pictures[n].source == "real" for n in trials[0].pictures],
    }
    assert rater.send(1, "left").json().keys() == {"stored", "right", "real"}
    assert rater.send(2, "left").json() == {"stored": True}  # nothing of how it goes
    assert rater.finish()["next"] == 6
    lefts = sum(right_answer(plan, t) == "left" for t in trials[2:])
    assert rater.state()["score"] == lefts / 4 == 0.5
    rows = list(store.rows())
    assert [row["position"] for row in rows] == list(range(6))
    assert (rows[2]["exposure_ms"], rows[2]["second_ms"], rows[2]["response_ms"]) == (1000.0, 1001.0, 700.0)
    assert not {"token", "id"} & rows[0].keys()


def test_an_answer_sent_again_is_stored_once(study):
    client, _, store = study
    rater = Rater(client)
    first = rater.send(0, "left", "a" * 32)
    assert rater.send(0, "left", "a" * 32).json() == first.json()
    other = rater.send(0, "right", "b" * 32)  # a second tab
    assert other.json()["stored"] is False
    assert other.json()["right"] == first.json()["right"]
    assert [(row["position"], row["answer"]) for row in store.rows()] == [(0, "left")]
    assert rater.send(1, "left", "a" * 32).status_code == 422  # an id of another trial
    assert rater.send(2, "left").status_code == 409
    assert rater.send(6, "left").status_code == 409
    assert rater.state()["next"] == 1


def test_the_same_answer_from_many_threads(study):
    client, _, store = study
    rater = Rater(client)
    found = []
    threads = [
        threading.Thread(target=lambda k=k: found.append(rater.send(0, "left", f"{k % 3}" * 16))) for k in range(9)
    ]
    run_all(threads)
    assert [answer.status_code for answer in found] == [200] * 9
    assert len(list(store.rows())) == 1
    assert sum(answer.json()["stored"] for answer in found) == 3


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rate_at_once(client, store, raters=50):
    """All raters at once, each answer sent twice, with reloads in the middle; none lost, none doubled."""
    failed = []

    def rate(k):
        try:
            rater = Rater(client)
            for position in range(len(rater.state()["trials"])):
                id_ = f"{k:016}-{position}"
                assert [rater.send(position, "left", id_).status_code for _ in range(2)] == [200, 200]
                if position == k % 2:
                    assert rater.state()["next"] == position + 1
        except Exception as error:  # noqa: BLE001, told below, by the main thread
            failed.append(error)

    run_all([threading.Thread(target=rate, args=(k,)) for k in range(raters)])
    assert failed == []
    rows = list(store.rows())
    assert len(rows) == raters * 2
    assert len({(row["rater"], row["position"]) for row in rows}) == raters * 2
    assert sorted({row["number"] for row in rows}) == list(range(raters))


def test_fifty_raters_at_once(tmp_path):
    folder, study = make_one(tmp_path, items=2, trials=1, practice=1, fakes=("a",), size=(2, 2))
    app, store = open_app(folder, study)
    with open_client(app) as client:
        rate_at_once(client, store)


@pytest.mark.parametrize("kind", ["realness", "preference"])
def test_other_kinds(tmp_path, kind):
    folder, study = make_one(tmp_path, kind, size=(2, 2))
    app, store = open_app(folder, study)
    with open_client(app) as client:
        rater = Rater(client, lambda trial, position: "3" if kind == "realness" else "right")
        assert rater.finish()["score"] is None
        assert Counter(row["answer"] for row in store.rows()).total() == 6
        other = Rater(client)
        assert other.send(0, "5").status_code == 422
        assert other.send(0, "left" if kind == "realness" else "0").status_code == 422


def test_pictures_and_page_and_nothing_else(study):
    client, plan, _ = study
    page = client.get("/")
    assert "script-src" not in page.headers["Content-Security-Policy"]  # default-src 'self' holds for all
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for part in ("main.js", "net.js", "pictures.js", "screens.js", "study.css", "icon.svg"):
        answer = client.get(f"/page/{part}")
        assert answer.status_code == 200
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in answer.text
    assert client.get(f"/pictures/{next(iter(plan.pictures))}").headers["Content-Type"] == "image/png"
    for path in (
        "/pictures/study",
        "/pictures/..%2Fstudy.json",
        "/page/..%2Fplan.py",
        "/study.json",
        "/docs",
        "/openapi.json",
    ):
        assert client.get(path).status_code == 404
    assert client.get("/api/session", headers={"X-Session": "guess"}).status_code == 404
    assert client.get("/api/session").status_code == 422
    about = client.get("/api/study").json()
    assert about.keys() == {"id", "kind", "title", "question", "ask", "consent", "practice", "total"}


def test_strangers_are_refused(study):
    client, _, store = study
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/", headers={"Host": "[::1"}).status_code == 403
    assert client.get("/", headers={"Host": "LOCALHOST:9"}).status_code == 200
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert client.post("/api/sessions", headers={"Origin": origin}).status_code == 403
    assert client.post("/api/sessions", headers={"Origin": "http://127.0.0.1:8000"}).status_code == 201
    assert client.post("/api/answers", content=b"x" * 5000).status_code == 413
    rater = Rater(client)
    for bad in ({"views": 0}, {"response_ms": -1}, {"response_ms": "NaN"}, {"more": 1}, {"scale": 1e99}):
        assert rater.send(0, "left", **bad).status_code == 422
    assert rater.send(0, "left", "short").status_code == 422
    assert list(store.rows()) == []


def test_a_database_that_goes_while_serving_loses_nothing_silently(tmp_path):
    folder, study = make_one(tmp_path, size=(2, 2))
    app, _ = open_app(folder, study)
    with open_client(app) as client:
        rater = Rater(client)
        (folder / "answers.sqlite").rename(folder / "away")
        assert rater.send(0, "left", "a" * 32).status_code == 503  # the browser sends again
        assert not (folder / "answers.sqlite").exists()
        (folder / "away").rename(folder / "answers.sqlite")
        assert rater.send(0, "left", "a" * 32).json()["stored"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///{folder}/none.sqlite", "none.sqlite' does not exist: serve the study first"),
        ("sqlite:///{folder}/study.json", "cannot be used (file is not a database)"),
        ("sqlite://", "Answers in memory would be lost"),
        ("nonsense", "address is not understood"),
        ("oracledb://x/y", "address is not understood"),
        ("postgresql://me:secret@127.0.0.1:9/none?connect_timeout=1", "The database 'postgresql"),
    ],
)
def test_databases_that_are_not_there(tmp_path, url, sentence):
    (tmp_path / "study.json").write_text("{}" * 1000, encoding="utf-8")
    with pytest.raises(PicturaError) as error:
        Store(url.format(folder=tmp_path), "0" * 16, create=False)
    assert sentence in str(error.value)
    assert "secret" not in str(error.value)


def test_a_folder_where_no_database_can_be_made(tmp_path):
    with pytest.raises(PicturaError, match="cannot be made"):
        open_store(tmp_path / "none", "0" * 16, None, create=True)


def test_addresses():
    assert check_hosts("0.0.0.0", ["study.example.org"])[-1] == "study.example.org"
    with pytest.raises(PicturaError, match="say with --name"):
        check_hosts("0.0.0.0", [])
    with open_socket("127.0.0.1", 0) as taken, pytest.raises(PicturaError, match="cannot be used"):
        open_socket("127.0.0.1", taken.getsockname()[1])
