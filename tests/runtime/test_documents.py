"""JSON and TOML from outside: one reader for all places, with a limit on size, depth and numbers."""

import json
import time
from pathlib import Path

import pytest

from pictura.models.config import CONFIG_FILE, read_config
from pictura.runtime import documents
from pictura.runtime.documents import MAX_DEPTH, UnreadableDocument, parse_json, parse_toml
from pictura.runtime.errors import PicturaError
from pictura.tasks.provenance import read_provenance
from pictura.training.checkpoint import MANIFEST, BrokenCheckpoint, read_checkpoint
from pictura.training.identity import read_precision
from pictura.training.log import read_log
from pictura.training.recipes import apply_changes, read_recipe

pytestmark = pytest.mark.kinds
DEEP = "[" * 50_000 + "]" * 50_000
SOURCE = Path(documents.__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DEEP, "levels deep"),
        ('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "levels deep"),
        ("[NaN]", "NaN or infinity"),
        ("[-Infinity]", "NaN or infinity"),
        ("[1e999]", "NaN or infinity"),
        ("1" + "0" * 30, "64 bits"),
        ("1" * 5000, "digits"),
        ("{", "line 1"),
        (b"\x80", "decode"),
        (" " * (documents.MAX_DOCUMENT_BYTES + 1), "longer than"),
    ],
)
def test_json_that_cannot_be_believed(text, reason):
    with pytest.raises(UnreadableDocument, match=reason):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a = {DEEP[:500] + DEEP[-500:]}", r"levels deep|letters"),
        (".".join("a" * 100) + " = 1", "levels deep"),
        ("a = inf", "NaN or infinity"),
        ("a = nan", "NaN or infinity"),
        ("a = ", "Invalid value"),
        (b"a = '\xff'", "decode"),
        ("#\n" * documents.MAX_TOML_BYTES, "longer than"),
        ("#" * (documents.MAX_TOML_LINE + 1), "letters"),
    ],
)
def test_toml_that_cannot_be_believed(text, reason):
    with pytest.raises(UnreadableDocument, match=reason):
        parse_toml(text)


def test_what_is_sound_is_read():
    value = {"a": [1, 2.5, None, True, {"b": "ü"}], "c": 2**63}
    assert parse_json(json.dumps(value)) == value == parse_json(json.dumps(value).encode())
    assert parse_toml("a = [1, {b = 'x'}]\nc = 1979-05-27") | {"c": 0} == {"a": [1, {"b": "x"}], "c": 0}


def test_every_place_says_it_in_one_sentence(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text(DEEP)
    with pytest.raises(PicturaError, match="levels deep"):
        read_provenance(deep)
    (tmp_path / "deep.toml").write_text(f"about = {DEEP[:100] + DEEP[-100:]}")
    with pytest.raises(PicturaError, match="levels deep"):
        read_recipe(tmp_path / "deep.toml")
    (tmp_path / CONFIG_FILE).write_text(DEEP)
    with pytest.raises(PicturaError, match="levels deep"):
        read_config(tmp_path)
    (tmp_path / MANIFEST).write_text(DEEP)
    with pytest.raises(BrokenCheckpoint, match="levels deep"):
        read_checkpoint(tmp_path)
    assert read_precision(deep) is None
    assert read_log(deep) == []
    changed = apply_changes({"method": {}}, [f"rate={DEEP[:200]}"], {"method": ["rate"]})
    assert changed["method"]["rate"] == DEEP[:200]  # no TOML: a text, which no setting takes


def test_nobody_else_parses():
    """The limits hold in all places because there is no other reader."""
    words = ("json.load", "tomllib", "JSONDecoder", "yaml")
    found = {p.name for p in SOURCE.rglob("*.py") if any(word in p.read_text(encoding="utf-8") for word in words)}
    assert found == {"documents.py"}


def test_a_recipe_of_dots_takes_no_time():
    line = "x" + ".a" * (documents.MAX_TOML_LINE // 2 - 4) + "=1\n"
    start = time.process_time()
    for text in ("x" + ".a" * 30_000 + "=1", line * (documents.MAX_TOML_BYTES // len(line))):
        with pytest.raises(UnreadableDocument):
            parse_toml(text)
    assert time.process_time() - start < 10
