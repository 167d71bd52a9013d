"""What the studio makes is what the command that it shows makes, to the pixel."""

import shlex

import numpy as np
import pytest
from tests.app.made import Browser, Inside, draw, encode, open_studio, paint
from typer.testing import CliRunner

from pictura.cli.app import app
from pictura.methods.iterative.settings import PRESETS
from pictura.picture import read

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A studio that makes in this process, with a photograph, a painting and a mask."""
    patch = pytest.MonkeyPatch()
    for name, settings in PRESETS.items():
        patch.setitem(PRESETS, name, settings.with_changes(steps=(2,)))
    studio = open_studio(tmp_path_factory.mktemp("studio"), Inside)
    studio.runner.start()
    browser = Browser(studio)
    ids = {"photo": browser.add(draw(1)), "style": browser.add(draw(2), name="mine.png", role="style")}
    half = np.zeros((40, 48, 3), np.uint8)
    half[:, :24] = 255
    ids["mask"], ids["rest"] = (browser.add(one, name="mask.png", role="mask") for one in (half, 255 - half))
    yield browser, ids
    studio.close()
    patch.undo()


def orders(ids):
    photo, own = ids["photo"], {"source": f"picture:{ids['style']}"}
    wave = {"source": "style:great-wave"}
    masked = [own | {"mask": ids["mask"]}, wave | {"mask": ids["rest"]}]
    return {
        "style": paint(photo, strength=0.7, style_scale=1.5),
        "weights": paint(photo, shares=[own | {"weight": 2}, wave], colours="keep", faces=False),
        "masks": paint(photo, shares=masked, colours="match", size=32),
        "trained": paint(photo, method="johnson"),
        "light": paint(photo, method="photo", shares=[{"source": "reference:blue-night"}], luma=0.5, skin=False),
        "best": paint(photo, method="optimize", seed=3, style_scale=0.8),
        "translation": {"kind": "translate", "picture": photo, "model": "photo2vangogh", "strength": 0.6},
        "enlargement": {"kind": "enlarge", "picture": photo, "scale": 2, "model": "upscale-x4-sharp"},
        "texture": {"kind": "texture", "picture": photo, "width": 64, "height": 64, "seed": 5},
    }


@pytest.mark.parametrize(
    "name", ["style", "weights", "masks", "trained", "light", "best", "translation", "enlargement", "texture"]
)
def test_the_command_makes_the_same(real, name, tmp_path, monkeypatch):
    browser, ids = real
    monkeypatch.chdir(tmp_path)
    before = len(browser.jobs())
    assert browser.order(orders(ids)[name]).status_code == 201
    job = browser.wait(before + 1)[0]
    assert job["state"] == "done", job["error"]
    program, *words = shlex.split(browser.get(f"/api/jobs/{job['id']}/command").json()["command"])
    assert program == "pictura"
    result = RUNNER.invoke(app, words)
    assert result.exit_code == 0, result.output
    ours, theirs = read(browser.studio.folder.result(job["id"])), read(tmp_path / words[-1])
    assert np.array_equal(ours.samples, theirs.samples)
    assert ours.settings.keys() == theirs.settings.keys()
    assert str(browser.studio.folder.root) not in str(ours.settings)


def test_a_face_is_edited_as_by_the_command(real, tmp_path, draw_face, monkeypatch):
    browser, _ = real
    monkeypatch.chdir(tmp_path)
    pixels = (draw_face(128)[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    before = len(browser.jobs())
    browser.order({"kind": "edit", "picture": browser.add(pixels), "age": 65, "smile": 0.7})
    job = browser.wait(before + 1)[0]
    assert job["state"] == "done", job["error"]
    words = shlex.split(browser.get(f"/api/jobs/{job['id']}/command").json()["command"])[1:]
    assert RUNNER.invoke(app, words).exit_code == 0
    made = read(browser.studio.folder.result(job["id"]))
    assert np.array_equal(made.samples, read(tmp_path / words[-1]).samples)
    assert not np.array_equal(made.samples, pixels)


def test_what_cannot_be_done_is_told_in_a_sentence(real):
    browser, ids = real
    before = len(browser.jobs())
    browser.order({"kind": "edit", "picture": ids["photo"], "smile": 1.0})
    job = browser.wait(before + 1)[0]
    assert (job["state"], job["error"].startswith("No face was found")) == ("failed", True)
    sent = browser.post("/api/preview", {"order": paint(ids["photo"], shares=[{"source": "style:nothing"}])})
    assert sent.json()["detail"] == "There is no style 'nothing'."


def test_previews(real):
    browser, ids = real
    light = browser.studio.light
    first = browser.post("/api/preview", {"order": orders(ids)["best"]}).json()
    count = len(light.calls)
    assert browser.post("/api/preview", {"order": orders(ids)["best"]}).json() == first
    assert len(light.calls) == count  # the same one once
    assert "before" not in first
    piece = browser.post("/api/preview", {"order": orders(ids)["enlargement"]}).json()
    assert piece.keys() == {"before", "after", "seconds"}
    assert "no preview" in browser.post("/api/preview", {"order": orders(ids)["texture"]}).json()["detail"]


def test_a_download_knows_what_its_file_knew(real):
    import io

    from PIL import Image

    browser, _ = real
    exif = Image.Exif()
    exif[0x013B] = "Ada"  # the artist
    id_ = browser.upload(encode(draw(4), "JPEG", exif=exif), name="holiday.jpg").json()["id"]
    before = len(browser.jobs())
    browser.order(paint(id_))
    job = browser.wait(before + 1)[0]
    for kind, form in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")):
        got = Image.open(io.BytesIO(browser.get(f"/api/jobs/{job['id']}/download?as={kind}").content))
        assert (got.format, got.getexif()[0x013B]) == (form, "Ada")
    assert "starry-night" in str(read(browser.studio.folder.result(job["id"])).settings)


def test_a_tiff_is_shown_by_browsers(real):
    browser, _ = real
    id_ = browser.upload(encode(draw(3), "TIFF"), name="scan.tif").json()["id"]
    assert browser.get(f"/api/pictures/{id_}/full").headers["Content-Type"] == "image/jpeg"


def test_every_card_can_be_ordered(real):
    browser, ids = real
    cards = browser.get("/api/looks").json()
    assert {card["group"] for card in cards} == {"paint", "light", "turn", "face", "large", "quick", "more"}
    assert all(card["thumb"] for card in cards)
    for card in cards:
        sent = browser.order(card["order"] | {"picture": ids["photo"]}, batch=None)
        assert sent.status_code == 201, card
        browser.post("/api/jobs/cancel", {"ids": [job["id"] for job in browser.jobs("active")]})
    browser.wait(1)
