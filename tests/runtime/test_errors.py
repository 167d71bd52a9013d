"""A sentence is one line, whatever it quotes."""

import pickle
import warnings
from pathlib import Path

import pytest

from pictura.interop.checkpoint import read_tensors
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import MAX_REASON, PicturaError, explain, reason

pytestmark = pytest.mark.kinds


def test_a_sentence_has_no_line_breaks() -> None:
    assert str(PicturaError("'a\nb' \r\n is\u2028bad  here.")) == "'a b' is bad  here."
    assert str(PicturaError()) == ""


def test_a_library_s_words_are_short_and_on_one_line() -> None:
    assert reason(ValueError("one\n  two")) == "one two"
    assert reason(ValueError()) == "ValueError"
    assert len(reason(ValueError("long " * 1000))) == MAX_REASON
    assert "\n" not in explain(RuntimeError("x\ny" * 300), "a.png")


def test_a_header_that_quotes_itself_is_told_in_one_sentence(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"one\\n two' + b"x" * 500 + b'","shape":[1],"data_offsets":[0,4]}}'
    path = tmp_path / "one.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(PicturaError, match="download it again") as caught, open_safetensors(path):
        pass
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < MAX_REASON + len(str(path)) + 100


def test_an_old_text_with_backslashes_warns_nobody(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    path.write_bytes(pickle.dumps({"a": "x"}, protocol=0).replace(b"Va", b"S'\\s'\n").replace(b"cbuiltins", b"c\\s"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PicturaError):
            read_tensors(path)
