"""Pieces are kept one by one: nothing is done twice, and the numbers stay."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pictura
from pictura.experiments import pieces
from pictura.experiments.pieces import PieceStore, code_digest, decode_png, encode_png
from pictura.experiments.run import Options, compute_pieces, run_experiment
from pictura.runtime.errors import PicturaError

from .made import Counting, computed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal"


def numbers(folder):
    """What a report says, apart from how long all took."""
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del told["facts"]
    return told


def test_a_finished_experiment_does_nothing_again(tmp_path, journal):
    out = tmp_path / "out"
    run_experiment("counting", out, Options(), recipe=Counting(journal))
    before = (out / "report.json").read_bytes(), (out / "report.html").read_bytes()
    run_experiment("counting", out, Options(), resume=True, recipe=Counting(journal))
    assert computed(journal) == [1, 2, 3, 4]
    assert ((out / "report.json").read_bytes(), (out / "report.html").read_bytes()) == before


def test_an_exception_in_the_middle_loses_one_piece(tmp_path, journal):
    out = tmp_path / "out"
    with pytest.raises(RuntimeError, match="on purpose"):
        run_experiment("counting", out, Options(), recipe=Counting(journal, stop_at=-3))
    assert not (out / "report.html").exists()
    run_experiment("counting", out, Options(), resume=True, recipe=Counting(journal))
    assert computed(journal) == [1, 2, 3, 3, 4]


def test_kill_9_in_the_middle_then_resume(tmp_path, journal):
    out = tmp_path / "out"
    program = (
        "from pathlib import Path; from tests.experiments.made import Counting\n"
        "from pictura.experiments.run import Options, run_experiment\n"
        f"run_experiment('counting', Path({str(out)!r}), Options(), recipe=Counting({str(journal)!r}, stop_at=3))"
    )
    path = os.pathsep.join([str(ROOT), str(Path(pictura.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -9
    kept = {path.name: path.read_bytes() for path in (out / "pieces").glob("*.json")}
    assert len(kept) == 2
    run_experiment("counting", out, Options(), resume=True, recipe=Counting(journal))
    assert computed(journal) == [1, 2, 3, 3, 4]
    assert kept.items() <= {path.name: path.read_bytes() for path in (out / "pieces").glob("*.json")}.items()
    first = numbers(out)
    run_experiment("counting", out, Options(), resume=True, recipe=Counting(journal))
    assert numbers(out) == first


def test_another_recipe_or_other_code_is_another_piece(tmp_path, journal, monkeypatch):
    first, *_ = Counting(journal).plan(Options())
    other, *_ = Counting(journal).plan(Options(seed=1))
    assert first.digest != other.digest
    before = first.digest
    assert replace(first, name="another name").digest == before
    monkeypatch.setattr(pieces, "code_digest", lambda: "changed")
    assert first.digest != before


def test_the_code_that_shows_is_not_in_the_digest():
    assert len(code_digest()) == 12
    assert {"cli", "study", "experiments"} <= pieces.SHOWING


def test_a_torn_file_is_computed_again(tmp_path, journal):
    piece, *_ = Counting(journal).plan(Options())
    store = PieceStore(tmp_path / "pieces")
    store.get(piece)
    path = tmp_path / "pieces" / f"{piece.digest}.json"
    path.write_bytes(path.read_bytes()[:100])
    assert not store.get(piece).kept
    assert store.get(piece).kept
    assert computed(journal) == [1, 1]


def test_fresh_and_kept_results_are_the_same(tmp_path, journal):
    piece, *_ = Counting(journal).plan(Options())
    fresh, kept = (PieceStore(tmp_path / "pieces").get(piece) for _ in range(2))
    assert (fresh.kept, kept.kept) == (False, True)
    assert (fresh.found.numbers, fresh.seconds, fresh.finished) == (kept.found.numbers, kept.seconds, kept.finished)
    assert np.array_equal(fresh.found.pictures["noise"], kept.found.pictures["noise"])


def test_pictures_keep_their_bytes():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8).astype(np.float32) / np.float32(255)
    assert np.array_equal(decode_png(encode_png(pixels)), pixels)


def test_progress_goes_over_the_whole_experiment(tmp_path, journal):
    heard = []
    plan = Counting(journal).plan(Options())
    plan[0] = replace(plan[0], cost=5.0)
    compute_pieces(plan, PieceStore(tmp_path / "pieces"), lambda share, said: heard.append((share, said)))
    shares = [share for share, _ in heard]
    assert shares == sorted(shares) and (shares[0], shares[-1]) == (0.0, 1.0)
    assert (5 / 8, "1/4 piece 1") in heard and (2.5 / 8, "1/4 piece 1: half") in heard


def test_a_folder_in_use_is_refused(tmp_path, journal):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(PicturaError, match="is not empty: add --resume"):
        run_experiment("counting", tmp_path / "out", Options(), recipe=Counting(journal))
    with pytest.raises(PicturaError, match="is a file"):
        run_experiment("counting", tmp_path / "out" / "mine.txt", Options(), recipe=Counting(journal))
    with pytest.raises(PicturaError, match="no budget: choose small or paper"):
        run_experiment("counting", tmp_path / "new", Options("huge"), recipe=Counting(journal))
    assert computed(journal) == []


def test_without_matplotlib_nothing_begins(tmp_path, journal, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PicturaError, match=r"pictura\[experiments\]"):
        run_experiment("counting", tmp_path / "out", Options(), recipe=Counting(journal))
    assert not (tmp_path / "out").exists()
