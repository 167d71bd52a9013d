"""Cuts, and which frames are sampled."""

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura.video.shots import CutDetector, EvenSamples, survey_frames  # noqa: E402

from .made import numbers, planes, ramp  # noqa: E402


@pytest.mark.parametrize("count", [1, 5, 8, 9, 100, 1000])
def test_samples_are_few_and_evenly_spread(count):
    spread = EvenSamples(most=8, stride=1)
    for i in range(count):
        spread.add(i)
    steps = {b - a for a, b in zip(spread.items, spread.items[1:], strict=False)}
    assert spread.items[0] == 0
    assert min(count, 5) <= len(spread.items) <= 8
    assert len(steps) <= 1
    assert count - spread.items[-1] <= spread.stride


def test_a_short_row_has_a_sample():
    spread = EvenSamples(most=8, stride=6)
    spread.add("only")
    assert spread.items == ["only"]


def test_a_cut_is_seen_and_movement_is_not():
    first = [ramp(0, shift=2 * i) for i in range(12)]
    second = [ramp(3, shift=2 * i) for i in range(6)]
    cuts = CutDetector()
    assert [cuts.is_cut(frame) for frame in first + second] == [i in (0, 12) for i in range(18)]


def test_a_fade_is_no_cut():
    cuts = CutDetector()
    assert sum(cuts.is_cut(planes("yuv420p", (16 + 9 * i, 128, 128), 32, 32)) for i in range(24)) == 1


def flat(*levels):
    return [planes("yuv420p", (level, 128, 128), 32, 32) for level in levels]


def test_movement_that_grows_is_no_cut():
    cuts = CutDetector()
    assert sum(cuts.is_cut(frame) for frame in flat(20, 26, 35, 47, 62, 80, 101, 125, 150)) == 1


def test_each_shot_has_its_own_idea_of_movement():
    restless, calm, third = (100, 115) * 4, (200, 200), (165, 165)
    cuts = CutDetector()
    assert [cuts.is_cut(frame) for frame in flat(*restless, *calm, *third)] == [i in (0, 8, 10) for i in range(12)]


def test_a_survey_makes_something_of_each_shot():
    frames = [ramp(0)] * 10 + [ramp(3)] * 3 + [ramp(6)] * 9
    made = survey_frames(iter(frames), "shots", lambda samples: [int(numbers(frame)[0][0, 0]) for frame in samples])
    level = [int(numbers(frames[i])[0][0, 0]) for i in (0, 10, 13)]
    assert made.frames == 22
    assert [shot.first for shot in made.shots] == [0, 10, 13]
    assert [set(shot.frozen_statistics) for shot in made.shots] == [{one} for one in level]
    known = made.per_frame()
    assert [next(known)[0] for _ in range(23)] == [level[0]] * 10 + [level[1]] * 3 + [level[2]] * 10


def test_one_shot_where_cuts_do_not_count():
    frames = [ramp(0)] * 10 + [ramp(3)] * 10
    assert len(survey_frames(iter(frames), "clip", len).shots) == 1
