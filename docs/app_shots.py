"""Makes the pictures of the studio's documentation: docs/pictures/app-*.jpg.

    python docs/app_shots.py DATA

DATA holds content/, of which portraits in the public domain are taken. It needs Playwright and Chromium.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
PATIENCE = 120_000  # milliseconds


@contextmanager
def studio() -> Iterator[str]:
    """The address of a studio that is empty."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pictura", "app", "--no-browser", "--port", "0", "--folder", folder]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
        try:
            assert process.stderr is not None
            address = re.findall(r"http://\S+/", process.stderr.readline())[0]
            urllib.request.urlopen(address + "api/looks", timeout=120).close()
            yield address
        finally:
            process.terminate()
            process.wait(30)


def save(page: Page, name: str) -> None:
    page.mouse.move(2, 2)
    page.wait_for_timeout(800)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.save(PICTURES / f"app-{name}.jpg", quality=84, optimize=True)
    print(name, image.size, flush=True)


def opened(browser: Any, address: str, width: int, height: int, scheme: str) -> Page:
    page: Page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    return page


def choose(page: Page, card: str) -> None:
    page.locator(f'.card[data-id="{card}"]').click()
    page.wait_for_selector("#compare[data-showing=preview]")
    page.wait_for_selector("#compare .busy", state="hidden")


def photograph(page: Page, number: int) -> None:
    page.locator("#strip .shot").nth(number).locator("button").first.click()
    page.wait_for_timeout(400)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    content = parser.parse_args().data / "content"
    portraits = [content / "astronaut.jpg", content / "grace-hopper.jpg"]
    with studio() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = opened(browser, address, 1280, 800, "light")
        save(page, "start")
        for count, path in enumerate([ROOT / "examples" / "photo.jpg", *portraits], 1):
            page.set_input_files("#files", [path])
            page.wait_for_selector(f"#strip .shot >> nth={count - 1}")
        photograph(page, 0)
        choose(page, "great-wave")
        save(page, "desktop")
        page.locator("#make").click()
        page.wait_for_selector("#compare[data-showing=result]")
        brush(page)
        faces(page)
        batch(page)
        phone = opened(browser, address, 390, 844, "dark")
        photograph(phone, 0)
        choose(phone, "starry-night")
        save(phone, "phone")
        browser.close()


def brush(page: Page) -> None:
    page.locator(".controls summary").click()
    page.get_by_text("Paint only a part").click()
    box = page.locator("#compare canvas").bounding_box()
    assert box is not None
    for row in range(4):
        page.mouse.move(box["x"] + 20, box["y"] + 60 + 60 * row)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * (0.75 - 0.12 * row), box["y"] + 60 + 60 * row, steps=6)
        page.mouse.up()
    save(page, "brush")
    page.locator("#brushes").get_by_text("Cancel").click()


def faces(page: Page) -> None:
    photograph(page, 1)
    choose(page, "older")
    save(page, "faces")


def batch(page: Page) -> None:
    photograph(page, 2)
    choose(page, "the-scream")
    page.get_by_label("Best").check()
    page.locator("#make").click()
    page.locator("#make-all").click()
    page.wait_for_selector("#compare[data-showing=step]")
    page.wait_for_timeout(6000)
    save(page, "batch")
    page.locator("#cancel-all").click()
    page.wait_for_selector("#tray", state="hidden")
    page.get_by_label("Quick").check()
    page.locator("#make-all").click()
    page.wait_for_selector("#tray")
    page.wait_for_selector("#tray", state="hidden")
    page.locator("#open-history").click()
    save(page, "history")
    page.locator("#close-history").click()


if __name__ == "__main__":
    main()
