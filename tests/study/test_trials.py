"""What raters are shown: balanced, mixed, never twice, the same for the same number."""

from collections import Counter
from itertools import combinations

import pytest
from tests.study.made import make_folder, make_one

from pictura.study.trials import algorithm_of, plan_session, right_answer


def sources(study, trial):
    return tuple(study.pictures[name].source for name in trial.pictures)


def items(study, trial):
    return tuple(study.pictures[name].item for name in trial.pictures)


@pytest.mark.parametrize("pairing", ["different", "same"])
def test_pairs_are_balanced_and_of_one_algorithm(tmp_path, pairing):
    broken = make_folder(tmp_path / "broken", "xyz", (2, 2), shade=7)
    _, study = make_one(tmp_path, items=26, trials=20, practice=4, pairing=pairing, broken=broken, size=(2, 2))
    for number in range(6):
        trials = plan_session(study, number)
        assert trials == plan_session(study, number)
        assert [t.role for t in trials[:4]] == ["practice"] * 4
        assert Counter(t.role for t in trials) == {"practice": 4, "scored": 20, "vigilance": 2}
        shown = [name for t in trials for name in t.pictures]
        assert len(set(shown)) == len(shown)
        for role in ("practice", "scored", "vigilance"):
            lefts = [sources(study, t)[0] == "real" for t in trials if t.role == role]
            assert sum(lefts) * 2 == len(lefts)
        scored = [t for t in trials if t.role != "vigilance"]
        assert {s for t in scored for s in sources(study, t)} == {"real", algorithm_of(study, number)}
        assert all((a == b) == (pairing == "same") for a, b in (items(study, t) for t in scored))
        assert all(study.pictures[n].practice == (t.role == "practice") for t in trials for n in t.pictures)
        assert all((right_answer(study, t) == "left") == (sources(study, t)[0] != "real") for t in trials)
    assert plan_session(study, 0) != plan_session(study, 1)
    assert Counter(algorithm_of(study, number) for number in range(10)) == {"a": 5, "b": 5}


def test_a_pair_is_never_of_one_input_however_few_there_are(tmp_path):
    _, study = make_one(tmp_path, items=4, trials=2, practice=2, fakes=("a",), size=(2, 2))
    for number in range(30):
        assert all(len(set(items(study, t))) == 2 for t in plan_session(study, number))


def test_ratings_mix_all_sources(tmp_path):
    _, study = make_one(tmp_path, "realness", items=12, trials=20, practice=5, size=(2, 2))
    trials = plan_session(study, 3)
    assert [t.role for t in trials] == ["practice"] * 5 + ["scored"] * 20
    counts = Counter(sources(study, t)[0] for t in trials if t.role == "scored")
    assert set(counts) == {"real", "a", "b"}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len({t.pictures for t in trials}) == 25


def test_preferences_are_of_one_input_and_all_pairs(tmp_path):
    names = [f"{k:03}" for k in range(14)]
    reference = make_folder(tmp_path / "content", names, (3, 5))
    _, study = make_one(
        tmp_path, "preference", items=14, trials=12, fakes=("a", "b", "c"), references=[reference], size=(2, 2)
    )
    trials = [t for t in plan_session(study, 0) if t.role == "scored"]
    counts = Counter(frozenset(sources(study, t)) for t in trials)
    assert counts == {frozenset(pair): 4 for pair in combinations("abc", 2)}
    for trial in trials:
        assert len({*items(study, trial), study.pictures[trial.references[0]].item}) == 1
    for pair in combinations("abc", 2):
        assert sum(sources(study, t) == pair for t in trials) == 2
