"""A real browser in front of the real program: whole ways through the studio, by mouse, by keys, on a phone."""

import io
import json
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image
from tests.app.chromium import FLAGS, PROGRAM, Server, shoot, showing
from tests.app.made import draw, encode

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
    # What Playwright leaves to its own end.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("studio"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, server):
    """Opens pages; what they complain of fails the test."""
    contexts, errors = [], []

    def opened(width=1280, height=800, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def ask(server, path):
    with urllib.request.urlopen(f"{server.address}api/{path}", timeout=30) as answer:
        return json.load(answer)


def clear(server, page):
    """Photographs off the desk, by the page's own buttons."""
    while page.locator("#strip .shot").count():
        page.evaluate("document.querySelector('#strip .drop')?.click()")
        page.wait_for_timeout(50)


def give(page, *pictures):
    before = page.locator("#strip .shot").count()
    files = [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": encode(draw(k, (60, 80)))} for k, name in pictures
    ]
    page.set_input_files("#files", files)
    page.wait_for_selector(f"#strip .shot >> nth={before + len(pictures) - 1}")


def choose(page, card):
    page.locator(f'.card[data-id="{card}"]').click()
    showing(page, "preview")


def make(page):
    page.locator("#make").click()
    showing(page, "result")


def saved(page):
    with page.expect_download() as download:
        page.locator("#download").click()
    return download.value


@pytest.mark.parametrize("size", SIZES)
def test_five_clicks_from_nothing_to_a_download(open_page, server, size):
    page = open_page(*SIZES[size], color_scheme="light" if size == "desktop" else "dark")
    clear(server, page)
    assert page.locator("#welcome").is_visible()
    shoot(page, f"start-{size}")
    page.locator("#example").click()  # 1
    page.wait_for_selector("#strip .shot")
    page.locator('.card[data-id="starry-night"]').click()  # 2
    showing(page, "preview")
    shoot(page, f"preview-{size}")
    make(page)  # 3
    shoot(page, f"result-{size}")
    download = saved(page)  # 4
    assert download.suggested_filename == "example_starry-night.png"
    assert Image.open(download.path()).size == (512, 342)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    clear(server, page)


def test_by_keys_alone(open_page, server):
    page = open_page()
    clear(server, page)

    def tab_to(selector, most=60):
        for _ in range(most):
            if page.evaluate(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached")

    tab_to("#example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#strip .shot")
    tab_to("#search")
    page.keyboard.type("hokusai")
    page.wait_for_selector('.card[data-id="great-wave"]')
    tab_to(".card")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    showing(page, "preview")
    tab_to(".controls input[type=range]")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")  # sends the form
    showing(page, "result")
    page.locator("#compare .slide").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#compare .slide").input_value() == "51"
    page.keyboard.press("1")
    tab_to("#download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("example_")
    clear(server, page)


DROP = """async ([selector, name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  const options = { dataTransfer: data, bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector(selector).dispatchEvent(new DragEvent(kind, options));
}"""


def test_a_dropped_painting_a_mix_and_a_mask(open_page, server):
    page = open_page()
    clear(server, page)
    page.evaluate(DROP, [".left", "garden.png", list(encode(draw(7, (60, 80))))])
    page.wait_for_selector("#strip .shot")
    page.evaluate(DROP, [".right", "mine.png", list(encode(draw(8, (60, 80))))])
    showing(page, "preview")
    assert page.locator(".controls h2").inner_text() == "mine"
    page.locator(".controls summary").click()
    page.get_by_text("Mix with another").click()
    page.locator('.card[data-id="udnie"]').click()
    page.wait_for_selector(".share >> nth=1")
    assert page.locator(".controls h2").inner_text().startswith("mine + Udnie")
    page.get_by_text("Paint only a part").click()
    box = page.locator("#compare canvas").bounding_box()
    middle = box["y"] + box["height"] / 2
    for stroke in range(2):
        page.mouse.move(box["x"] + 5, middle + 60 * stroke)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 4, middle + 60 * stroke, steps=4)
        page.mouse.up()
    page.get_by_text("Undo", exact=True).click()
    page.locator("#compare canvas").focus()
    page.keyboard.press("Space")
    shoot(page, "brush")
    page.locator("#brush-done").click()
    page.wait_for_selector("#brushes", state="hidden")
    make(page)
    order = ask(server, "jobs")["ended"][0]["order"]
    assert [share["source"][:7] for share in order["shares"]] == ["picture", "style:u"]
    masks = [share["mask"] for share in order["shares"]]
    assert all(masks) and masks[0] != masks[1]
    page.locator(".menu summary").click()
    page.get_by_text("Show it as a command").click()
    assert page.locator("#words pre").inner_text().count("--mask") == 2
    page.locator("#words .bar button").click()
    clear(server, page)


@pytest.mark.parametrize(
    ("card", "changes"),
    [("photo2sketch", "same size"), ("x2", "twice"), ("blue-night", "same size")],
)
def test_other_things_to_do(open_page, server, card, changes):
    page = open_page()
    clear(server, page)
    give(page, (3, "small"))
    page.locator(f'.card[data-id="{card}"]').click()
    showing(page, "preview")
    shoot(page, card)
    make(page)
    job = ask(server, "jobs")["ended"][0]
    size = {"same size": (80, 60), "twice": (160, 120)}[changes]
    assert (job["state"], (job["width"], job["height"])) == ("done", size)
    clear(server, page)


def test_steps_are_shown_and_a_cancel_works_at_once(open_page, server):
    page = open_page()
    clear(server, page)
    give(page, (3, "small"))
    page.locator('.card[data-id="texture"]').click()
    page.locator("#make").click()
    showing(page, "step")
    assert "step" in page.locator("#tray").inner_text()
    shoot(page, "step")
    page.locator("#cancel").click()
    began = time.monotonic()
    page.wait_for_selector("#tray", state="hidden")
    assert time.monotonic() - began < 3
    assert ask(server, "jobs")["ended"][0]["state"] == "cancelled"
    clear(server, page)


def test_a_face_is_changed_or_missed_in_a_sentence(open_page, server, draw_face):
    page = open_page()
    clear(server, page)
    face = (draw_face(160)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    files = [("face.png", encode(face)), ("none.png", encode(draw(1, (60, 80))))]
    page.set_input_files("#files", [{"name": n, "mimeType": "image/png", "buffer": b} for n, b in files])
    page.wait_for_selector("#strip .shot >> nth=1")
    page.locator('#strip img[alt="face.png"]').click()
    choose(page, "smile")
    make(page)
    assert ask(server, "jobs")["ended"][0]["order"]["smile"] == 1
    page.locator('#strip img[alt="none.png"]').click()
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("#notice").inner_text().startswith("No face was found")
    clear(server, page)


def test_twenty_pictures_paused_cancelled_reloaded_in_two_tabs_and_killed(open_page, server):
    page = open_page()
    clear(server, page)
    done_before = {job["id"] for job in ask(server, "jobs?limit=100")["ended"]}
    give(page, *((k, f"holiday-{k}") for k in range(20)))
    choose(page, "blue-night")
    page.locator("#make-all").click()
    page.wait_for_selector("#tray")
    shoot(page, "batch")
    page.locator("#pause").click()
    wait(lambda: ask(server, "status")["running"] is None)
    status = ask(server, "status")
    assert status["paused"] and status["waiting"] > 5
    page.reload()
    page.wait_for_selector("#tray")
    assert page.locator("#pause").inner_text() == "Go on"
    other = open_page(*SIZES["phone"])
    other.wait_for_selector("#tray")
    other.locator("#pause").click()
    wait(lambda: ask(server, "status")["waiting"] < status["waiting"] - 2)
    server.kill()
    server.start()
    page.wait_for_selector("#tray")
    wait(lambda: ask(server, "status")["waiting"] <= 3)
    page.locator("#cancel-all").click()
    wait(lambda: ask(server, "status")["running"] is None and ask(server, "status")["waiting"] == 0)
    ended = [job for job in ask(server, "jobs?limit=100")["ended"] if job["id"] not in done_before]
    states = [job["state"] for job in ended]
    assert len(states) == 20 and set(states) == {"done", "cancelled"} and states.count("done") >= 16
    assert len({job["picture"] for job in ended}) == 20
    page.locator("#open-history").click()
    for k in range(2):
        page.locator(".past input").nth(k).check()
    shoot(page, "history")
    page.locator("#compare-two").click()
    showing(page, "pair")
    clear(server, page)


def wait(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_nothing_bars_people_from_the_page(open_page, server, size, scheme):
    Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe
    page = open_page(*SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    clear(server, page)
    found = bad(Axe().run(page))
    give(page, (1, "one"), (2, "two"))
    choose(page, "udnie")
    page.locator(".controls summary").click()
    found += bad(Axe().run(page))
    page.locator("#open-history").click()
    found += bad(Axe().run(page))
    page.locator("#close-history").click()
    clear(server, page)
    assert found == []


def bad(results):
    """What is serious, with where it is."""
    serious = [one for one in results.response["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in serious]


def test_what_the_page_becomes_is_valid_html(open_page, server):
    html5lib = pytest.importorskip("html5lib")
    page = open_page()
    give(page, (1, "one"))
    choose(page, "udnie")
    html5lib.HTMLParser(strict=True).parse("<!doctype html>" + page.content().removeprefix("<!DOCTYPE html>"))
    image = page.screenshot()
    assert Image.open(io.BytesIO(image)).size == SIZES["desktop"]
    clear(server, page)
