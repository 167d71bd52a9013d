"""The page opens offline, shows what the report holds, and says the same numbers."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from pictura.experiments.page import format_value, write_page
from pictura.experiments.plots import draw_curves
from pictura.experiments.report import Cell, Curves, Pictures, Report, Series, Table, finite, low
from pictura.experiments.run import Options, run_experiment

from .made import Counting


class Reader(HTMLParser):
    """Tags with their attributes, and the text of each script."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.inside = [], {}, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = (tag, dict(attributes).get("id"))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        self.texts[self.inside] = self.texts.get(self.inside, "") + data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("experiment") / "out"
    run_experiment("counting", out, Options(), recipe=Counting(out.parent / "journal"))
    return out


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_is_fetched(page):
    reader = Reader(page)
    for tag, attributes in reader.tags:
        for name in ("src", "href", "xlink:href", "srcset", "poster", "data", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, name, value)
    assert {tag for tag, _ in reader.tags}.isdisjoint({"iframe", "object", "embed", "base"})
    style = reader.texts["style", None]
    assert "@import" not in style and "url(" not in re.sub(r"url\(#", "", page)
    policy = next(a["content"] for tag, a in reader.tags if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; img-src data:")


def test_every_picture_is_inside(page):
    pictures = [a for tag, a in Reader(page).tags if tag == "img" and "src" in a]
    assert len(pictures) == 4
    assert all(a["src"].startswith("data:image/") and a["alt"] for a in pictures)


def test_the_numbers_of_the_page_are_those_of_the_file(page, folder):
    told = json.loads(Reader(page).texts["script", "numbers"])
    assert told == json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert told["title"] == "Counting </script> & more"
    assert told["pieces"]["piece 3"]["numbers"]["square"] == 9
    assert told["facts"]["experiment"] == "counting" and told["facts"]["torch"]
    table = next(block for block in told["blocks"] if block["kind"] == "table")
    assert [row[1] for row in table["rows"]] == [1, 4, 9, 16]


def test_words_are_escaped_and_both_tables_shown(page):
    assert "<b>text</b>" not in page and "A &lt;b&gt;text&lt;/b&gt;." in page
    assert "Squares &amp; &lt;roots&gt;" in page
    assert "What differs:</b> the numbers" in page and "Theirs" in page
    assert page.count("</script>") == 2


def test_the_page_is_for_a_phone_too_and_for_the_dark(page):
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page and "max-width: 599px" in page


def test_curves_take_the_ink_of_the_page():
    curves = Curves("A & b", "x", "y", [Series("one", [1, 2], [1, 10]), Series("two", [1, 2], [3, 2])], log_y=True)
    svg = draw_curves(curves)
    assert svg == draw_curves(curves)
    assert "currentColor" in svg and "#010203" not in svg
    assert svg.startswith("<svg role") and 'width="' not in svg.partition(">")[0]
    assert ">one<" in svg and "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg)


def test_the_best_values_are_marked():
    table = Table("t", ["a", "b", "c"], [["x", 2.0, 1], ["y", 1.0, 3], ["z", None, 3]], best={**low("b"), "c": "high"})
    assert table.find_best() == {(1, 1), (1, 2), (2, 2)}
    assert "td class=best" in write_page(Report("t", "", [table]))


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.123456, "0.1235"), (12345.678, "12,346"), (3, "3"), ("a", "a")]
)
def test_values_as_people_read_them(value, shown):
    assert format_value(value) == shown


def test_infinity_is_no_number_in_json():
    assert finite({"a": [float("inf"), 1.0, (float("nan"),)]}) == {"a": [None, 1.0, [None]]}


def test_a_large_picture_is_a_jpeg():
    noise = np.random.default_rng(0).random((200, 200, 3)).astype(np.float32)
    flat = np.zeros((20, 20, 3), np.float32)
    page = write_page(Report("t", "", [Pictures("p", [("", [Cell("noise", noise), Cell("flat", flat)])])]))
    assert page.count("data:image/jpeg") == 1 and page.count("data:image/png") == 1
