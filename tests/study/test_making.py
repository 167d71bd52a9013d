"""A study's folder, and what is refused, in one sentence each."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.study.made import make_folder, make_one

from pictura.runtime.errors import PicturaError
from pictura.study.making import StudyRequest, make_study
from pictura.study.plan import read_study

NAMES = [f"{k:03}" for k in range(6)]


def test_pictures_tell_nothing(tmp_path):
    folder, study = make_one(tmp_path)
    assert read_study(folder) == study
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == sorted(f"{n}.png" for n in study.pictures)
    for name, picture in study.pictures.items():
        written, source = (
            Image.open(p)
            for p in (folder / "pictures" / f"{name}.png", tmp_path / picture.source / f"{picture.item}.png")
        )
        with written, source:
            assert np.array_equal(np.array(written), np.array(source))
            assert set(written.info) <= {"icc_profile"}
    practice = {p.item for p in study.pictures.values() if p.practice}
    assert len(practice) == 2


def test_transparent_and_grey_pictures_become_like_all(tmp_path):
    folder, study = make_one(tmp_path, items=6)
    Image.new("LA", (12, 16), (0, 0)).save(tmp_path / "a" / "000.png")
    request = StudyRequest(kind="real-fake", fakes={"a": tmp_path / "a"}, real=tmp_path / "real", trials=4, practice=2)
    again = make_study(tmp_path / "again", request)
    name = next(n for n, p in again.pictures.items() if (p.source, p.item) == ("a", "000"))
    with Image.open(tmp_path / "again" / "pictures" / f"{name}.png") as written:
        assert (written.mode, written.getextrema()) == ("RGB", ((255, 255),) * 3)
    assert set(again.pictures).isdisjoint(study.pictures)  # names are random
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"trials": 9}, "'a' has 6 pictures and 11 are needed, 2 for practice"),
        ({"real": None}, "A real-fake study needs --real DIR"),
        ({"fakes": {}}, "A real-fake study needs --real DIR and --fake NAME=DIR"),
        ({"real": "nowhere"}, "nowhere' does not exist: give a folder"),
        ({"real": "empty"}, "empty' contains no pictures: add"),
        ({"real": "large"}, "has 9 × 9 pixels and"),
        ({"real": "other", "pairing": "same"}, "'a' has a picture '000' and 'real' has none (12 names differ)"),
        ({"fakes": {"a": "real", "b": "other"}}, "'a' has a picture '000' and 'b' has none"),
        ({"fakes": {"real": "real"}}, "'real' cannot be the name of an algorithm"),
        ({"references": ["real"]}, "shows no references"),
        ({"kind": "realness", "broken": "real"}, "no right answers"),
        ({"kind": "preference"}, "compares two algorithms or more"),
        ({"kind": "preference", "fakes": {"a": "real", "b": "real"}}, "has no real pictures"),
    ],
)
def test_mistakes(tmp_path, change, sentence):
    make_folder(tmp_path / "real", NAMES)
    make_folder(tmp_path / "other", [f"x{name}" for name in NAMES])
    make_folder(tmp_path / "large", NAMES, (9, 9))
    (tmp_path / "empty").mkdir()
    given = {"kind": "real-fake", "fakes": {"a": "real"}, "real": "real", "trials": 4, "practice": 2} | change
    given["fakes"] = {name: tmp_path / path for name, path in given["fakes"].items()}
    given |= {name: tmp_path / given[name] for name in ("real", "broken") if given.get(name)}
    with pytest.raises(PicturaError) as error:
        make_study(tmp_path / "study", StudyRequest(**given))
    assert sentence in str(error.value)
    assert not (tmp_path / "study").exists()
    assert not list(tmp_path.glob(".study*"))


def test_a_folder_that_exists_is_left_alone(tmp_path):
    _, _ = make_one(tmp_path)
    with pytest.raises(PicturaError, match="exists already"):
        make_study(
            tmp_path / "study", StudyRequest(kind="real-fake", fakes={"a": tmp_path / "a"}, real=tmp_path / "real")
        )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pictures": {}}, "is no study file"),
        ({"pictures": {"../../etc/passwd": {"source": "a", "item": "x", "size": [1, 1]}}}, "is no study file"),
        ({"trials": 30}, "too few pictures"),
        ({"version": 2}, "is no study file"),
    ],
)
def test_a_damaged_study_file(tmp_path, change, sentence):
    folder, study = make_one(tmp_path)
    (folder / "study.json").write_text(json.dumps(study.model_dump(mode="json") | change), encoding="utf-8")
    with pytest.raises(PicturaError, match=sentence):
        read_study(folder)


def test_an_empty_or_incomplete_study(tmp_path):
    with pytest.raises(PicturaError, match="is no study"):
        read_study(tmp_path)
    folder, _ = make_one(tmp_path)
    next((folder / "pictures").iterdir()).unlink()
    with pytest.raises(PicturaError, match="is missing: make the study again"):
        read_study(folder)
