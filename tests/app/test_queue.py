"""The queue: one after another, paused, cancelled at once; killed and restarted: nothing lost, nothing done twice."""

import threading
import time

import pytest
from PIL import Image
from tests.app.made import Browser, Pretender, draw, open_studio, paint

from pictura.app.folder import Folder
from pictura.app.store import MAX_TRIES, Store
from pictura.runtime.errors import PicturaError


def made_by(worker):
    return [task["result"] for task in worker.calls if task["task"] == "make"]


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_twenty_pictures_with_pause_and_cancel(tmp_path):
    studio = open_studio(tmp_path, heavy=Pretender(seconds=0.05))
    browser = Browser(studio)
    ids = [browser.add(draw(k)) for k in range(4)]
    browser.order(*[paint(id_) for id_ in ids * 5])
    studio.runner.start()
    browser.wait(3)
    browser.post("/api/queue", {"paused": True})
    until(lambda: browser.get("/api/status").json()["running"] is None)
    status, done = browser.get("/api/status").json(), len(browser.jobs())
    assert status["paused"] and status["waiting"] == 20 - done and status["left"] >= 0
    time.sleep(0.2)
    assert len(browser.jobs()) == done
    waiting = [job["id"] for job in browser.jobs("active")]
    browser.post("/api/jobs/cancel", {"ids": waiting[-5:]})
    browser.post("/api/queue", {"paused": False})
    ended = browser.wait(20)
    assert [job["state"] for job in ended].count("cancelled") == 5
    assert len(made_by(studio.heavy)) == len(set(made_by(studio.heavy))) == 15
    places = [job["place"] for job in ended if job["state"] == "done"]
    assert places == sorted(places, reverse=True)
    studio.close()


def test_cancel_works_at_once_and_leaves_nothing(tmp_path):
    studio = open_studio(tmp_path, heavy=Pretender(seconds=60))
    browser = Browser(studio)
    studio.runner.start()
    browser.order(paint(browser.add()))
    until(lambda: (browser.get("/api/status").json()["running"] or {}).get("picture"))
    (job,) = browser.jobs("active")
    assert browser.get(f"/api/jobs/{job['id']}/step").content == b"hi"
    began = time.monotonic()
    browser.post("/api/jobs/cancel", {"ids": [job["id"]]})
    until(lambda: browser.get("/api/status").json()["running"] is None)
    assert time.monotonic() - began < 1
    assert browser.jobs()[0]["state"] == "cancelled"
    assert list(studio.folder.results.iterdir()) == []
    studio.heavy.seconds = 0
    browser.order(paint(job["picture"]))
    assert browser.wait(2)[0]["state"] == "done"
    studio.close()


def test_the_same_batch_sent_again_is_made_once(browser, studio):
    id_ = browser.add()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(browser.order(paint(id_), batch="a" * 16).json()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["added"] for answer in answers) == [False] * 7 + [True]
    browser.wait(1)
    assert len(made_by(studio.heavy)) == 1


@pytest.mark.parametrize(("fails", "crash"), [("It has no face.", None), (None, -9), (None, 139)])
def test_a_job_that_fails_is_told_and_the_next_is_made(browser, studio, fails, crash):
    studio.heavy.fails, studio.heavy.crash = fails, crash
    id_ = browser.add()
    browser.order(paint(id_))
    job = browser.wait(1)[0]
    assert job["state"] == "failed"
    assert job["error"] == fails or "use a smaller picture" in job["error"]
    studio.heavy.fails = studio.heavy.crash = None
    browser.order(paint(id_))
    assert browser.wait(2)[0]["state"] == "done"


def test_an_end_in_mid_batch_loses_nothing_and_does_nothing_twice(tmp_path):
    studio = open_studio(tmp_path, heavy=Pretender(seconds=0.03))
    browser = Browser(studio)
    id_ = browser.add()
    browser.order(*[paint(id_)] * 8, batch="a" * 16)
    studio.runner.start()
    browser.wait(3)
    studio.close()  # as a kill: the job that runs stays as running
    first = made_by(studio.heavy)
    again = open_studio(tmp_path)
    token, page = studio.token, Browser(again)
    assert again.token == token
    assert page.order(*[paint(id_)] * 8, batch="a" * 16).json() == {"added": False}
    again.runner.start()
    ended = page.wait(8)
    assert [job["state"] for job in ended] == ["done"] * 8
    done_before = {f"{job['id']}.png" for job in ended} - {p.rpartition("/")[2] for p in made_by(again.heavy)}
    assert len(made_by(again.heavy)) + len(done_before) == 8
    assert len(set(first) & set(made_by(again.heavy))) <= 1  # what was in work is begun again
    again.close()


def test_what_was_written_before_the_end_is_not_made_again(tmp_path):
    studio = open_studio(tmp_path)
    browser = Browser(studio)
    browser.order(paint(browser.add()))
    row = studio.store.start_next()
    Image.new("RGB", (9, 7)).save(studio.folder.result(row["id"]))  # and the server ends here
    studio.close()
    again = open_studio(tmp_path)
    (job,) = Browser(again).jobs()
    assert (job["state"], job["width"], job["height"]) == ("done", 9, 7)
    again.close()


def test_a_job_that_ends_the_server_is_not_begun_for_ever(tmp_path):
    studio = open_studio(tmp_path)
    browser = Browser(studio)
    browser.order(paint(browser.add()))
    studio.close()
    for _ in range(MAX_TRIES):
        folder = Folder(tmp_path)
        store = Store(folder)
        assert store.start_next() is not None
        store.close()
        folder.close()
    again = open_studio(tmp_path)
    (job,) = Browser(again).jobs()
    assert job["state"] == "failed" and "ended 3 times" in job["error"]
    again.close()


def test_one_folder_one_studio(tmp_path):
    studio = open_studio(tmp_path)
    with pytest.raises(PicturaError, match="A studio is open already"):
        Folder(tmp_path)
    studio.close()
    Folder(tmp_path).close()


def test_a_pause_outlives_a_restart(tmp_path):
    studio = open_studio(tmp_path)
    Browser(studio).post("/api/queue", {"paused": True})
    studio.close()
    again = open_studio(tmp_path)
    assert again.status()["paused"]
    again.close()


def test_the_time_left_is_learned(browser, studio):
    id_ = browser.add()
    guess = studio.store.seconds_of({"effort": "adain-1", "megapixels": 0.002})
    browser.order(paint(id_))
    browser.wait(1)
    assert studio.store.seconds_of({"effort": "adain-1", "megapixels": 0.002}) != guess
