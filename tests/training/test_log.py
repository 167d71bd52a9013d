"""The log of a run, thinned, torn and resumed, and its curves."""

import re
import xml.etree.ElementTree as ET

import pytest

from pictura.training import log


def test_a_log_that_is_too_long_is_thinned(tmp_path):
    kept = log.Log(tmp_path / "log.jsonl", steps=6000)
    for step in range(1, 10):
        kept.add(step, {"a": float(step)}, 0.1, 1.0)
    assert [(line["step"], line["losses"]["a"]) for line in log.read_log(kept.path)] == [(3, 2.0), (6, 5.0), (9, 8.0)]


def test_a_loss_of_some_steps_is_the_mean_of_these(tmp_path):
    kept = log.Log(tmp_path / "log.jsonl", steps=8000)  # four steps a line
    for step in range(1, 5):
        kept.add(step, {"critic": 1.0} | ({"generator": float(step)} if step % 3 == 0 else {}), 0.1, 1.0)
    assert log.read_log(kept.path)[0]["losses"] == {"critic": 1.0, "generator": 3.0}


def test_a_torn_log_is_read_and_gone_on_with(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1, "losses": {}}\n{"step": 2, "losses": {}}\n{"step": 3, "lo')
    kept = log.Log(path, 10)
    kept.begin(1)
    kept.add(2, {"a": 1.0}, 0.1, 1.0)
    assert [line["step"] for line in log.read_log(path)] == [1, 2]


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [1e-9, 1.0, 1e9], [-1.0, 3.0, 0.0]])
def test_plots_of_all_sorts_of_losses(values):
    text = log.draw_losses([{"step": i + 1, "losses": {"a<b>": v}} for i, v in enumerate(values)])
    svg = ET.fromstring(text)
    assert len(svg.findall("{*}polyline")) == bool(values)
    assert not re.search("nan|inf", text)
