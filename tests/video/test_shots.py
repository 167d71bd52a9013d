"""Cuts, and which frames are sampled."""

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from pictura.video.changes import CutDetector, thumbnail  # noqa: E402
from pictura.video.shots import EvenSamples, Sample, ShotSurvey, choose_telling  # noqa: E402

from .made import numbers, planes, ramp  # noqa: E402


@pytest.mark.parametrize("count", [1, 5, 8, 9, 100, 1000])
def test_samples_are_few_and_evenly_spread(count):
    spread = EvenSamples(most=8, stride=1)
    for i in range(count):
        spread.add(lambda i=i: i)
    steps = {b - a for a, b in zip(spread.items, spread.items[1:], strict=False)}
    assert spread.items[0] == 0
    assert min(count, 5) <= len(spread.items) <= 8
    assert len(steps) <= 1
    assert count - spread.items[-1] <= spread.stride


def test_a_short_row_has_a_sample():
    spread = EvenSamples(most=8, stride=6)
    spread.add(lambda: "only")
    assert spread.items == ["only"]


def test_a_cut_is_seen_and_movement_is_not():
    first = [ramp(0, shift=2 * i) for i in range(12)]
    second = [ramp(3, shift=2 * i) for i in range(6)]
    cuts = CutDetector()
    assert [cuts.is_cut(thumbnail(frame)) for frame in first + second] == [i in (0, 12) for i in range(18)]


def test_a_fade_is_no_cut():
    cuts = CutDetector()
    assert sum(cuts.is_cut(thumbnail(planes("yuv420p", (16 + 9 * i, 128, 128), 32, 32))) for i in range(24)) == 1


def flat(*levels):
    return [planes("yuv420p", (level, 128, 128), 32, 32) for level in levels]


def test_movement_that_grows_is_no_cut():
    cuts = CutDetector()
    assert sum(cuts.is_cut(thumbnail(frame)) for frame in flat(20, 26, 35, 47, 62, 80, 101, 125, 150)) == 1


def test_each_shot_has_its_own_idea_of_movement():
    restless, calm, third = (100, 115) * 4, (200, 200), (165, 165)
    cuts = CutDetector()
    found = [cuts.is_cut(thumbnail(frame)) for frame in flat(*restless, *calm, *third)]
    assert found == [i in (0, 8, 10) for i in range(12)]


def survey(frames, scope="shots", gather=lambda samples: [sample.seen for sample in samples], look=None):
    """What `gather` makes of the samples, which are the frames' numbers."""
    shots = ShotSurvey(scope, look or (lambda number, frame: number), gather)
    for frame in frames:
        shots.add(frame)
    return shots.finish()


def test_a_survey_makes_something_of_each_shot():
    frames = [ramp(0)] * 10 + [ramp(3)] * 3 + [ramp(6)] * 9
    made = survey(frames, look=lambda number, frame: int(numbers(frame)[0][0, 0]))
    level = [int(numbers(frames[i])[0][0, 0]) for i in (0, 10, 13)]
    assert made.frames == 22
    assert [(shot.begins, shot.first) for shot in made.shots] == [(0, 0), (10, 10), (13, 13)]
    assert [set(shot.held) for shot in made.shots] == [{one} for one in level]
    known = made.per_frame()
    assert [next(known)[0][0][0] for _ in range(23)] == [level[0]] * 10 + [level[1]] * 3 + [level[2]] * 10


def test_one_shot_where_cuts_do_not_count():
    frames = [ramp(0)] * 10 + [ramp(3)] * 10
    assert len(survey(frames, "clip", len).shots) == 1
    assert survey(frames, "frames").shots[0].held == []


def mixed(first, second, share):
    """A frame between two."""
    shades = [(1 - share) * a.astype(float) + share * b for a, b in zip(numbers(first), numbers(second), strict=True)]
    return planes("yuv420p", [shade.round() for shade in shades], first.width, first.height)


def test_a_dissolve_is_between_two_shots():
    a, b = ramp(0), ramp(3)
    frames = [a] * 14 + [mixed(a, b, (i + 1) / 8) for i in range(7)] + [b] * 9
    made = survey(frames)
    assert [(shot.begins, shot.first) for shot in made.shots] == [(0, 0), (14, 21)]
    assert all(number < 14 for number in made.shots[0].held)
    assert all(number >= 21 for number in made.shots[1].held)
    known = made.per_frame()
    shares = [{tuple(held): share for held, share in next(known)} for _ in range(30)]
    second = [one.get(tuple(made.shots[1].held), 0.0) for one in shares]
    assert second == pytest.approx([0.0] * 14 + [(i + 1) / 8 for i in range(7)] + [1.0] * 9)
    assert all(sum(one.values()) == pytest.approx(1) for one in shares)


def test_a_pan_and_changing_light_are_no_dissolve():
    pan = [ramp(0, 32, 48, shift=3 * i) for i in range(30)]
    assert len(survey(pan).shots) == 1
    a, dark = ramp(0), planes("yuv420p", (16, 128, 128), 48, 32)
    light = [mixed(a, dark, 0.03 * i) for i in range(20)]
    assert len(survey(light).shots) == 1


def test_a_fade_through_black_is_two_shots_and_black_belongs_to_the_first():
    a, b, black = ramp(0), ramp(3), planes("yuv420p", (16, 128, 128), 48, 32)
    down, up = [mixed(a, black, i / 10) for i in range(1, 11)], [mixed(black, b, i / 10) for i in range(1, 11)]
    made = survey([a] * 8 + down + [black] * 5 + up + [b] * 8)
    assert len(made.shots) == 2
    assert 8 + len(down) + 5 <= made.shots[1].first <= 8 + len(down) + 5 + 2


def test_a_fade_in_and_a_title_before_it_are_one_shot():
    a, black = ramp(0), planes("yuv420p", (16, 128, 128), 48, 32)
    made = survey([black] * 12 + [mixed(black, a, i / 10) for i in range(1, 11)] + [a] * 8)
    assert [shot.first for shot in made.shots] == [0]


def test_faded_frames_tell_nothing_about_a_shot():
    samples = [Sample(i, level, i) for i, level in enumerate((0.0, 0.05, 0.2, 0.11, 0.09))]
    assert [sample.number for sample in choose_telling(samples)] == [2, 3]
    assert len(choose_telling([Sample(0, 0.0, 0)] * 3)) == 3  # all of one colour: all there is
