"""The audit finds each thing by itself, and nothing in a sound set."""

import io

import numpy as np
import pytest
from PIL import Image

from pictura.data import DataSettings, audit, audit_source, open_data
from pictura.data.auditing import audit_error
from pictura.data.looks import find_twins, image_signature
from pictura.runtime.errors import PicturaError

from .conftest import noise, save, save_map


def soft(seed, height=60, width=80):
    """What two pictures can look alike in: soft shapes."""
    small = noise(5, 7, seed=seed)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def opened(folder, kind="paired", crop=8, **values):
    return open_data(folder, kind, crop, settings=DataSettings(**values))


def found(source):
    """{(check, file)} of a report."""
    report = audit(source)
    return {(one.check, report.name(one.views[0])) for one in report.findings}


@pytest.mark.parametrize("kind", ["images", "paired", "unpaired", "labelled"])
def test_a_sound_set(pairs, kind):
    source = opened(pairs, kind)
    seen = []
    report = audit(source, lambda *counts: seen.append(counts))
    assert report.findings == ()
    assert report.pictures == 12
    assert seen[-1] == (12, 12)
    assert audit_source(source) is source


@pytest.mark.parametrize("kept", [0, 0.3, 0.95])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_cut_off_files_of_any_split(pairs, suffix, kept):
    for place in ("trainA/1", "trainB/1", "testB/0"):
        (pairs / f"{place}.png").unlink()
        save(pairs / f"{place}.{suffix}", noise(seed=50 + len(place)))
    for place in ("trainB/1", "testB/0"):
        data = (pairs / f"{place}.{suffix}").read_bytes()
        (pairs / f"{place}.{suffix}").write_bytes(data[: int(kept * len(data))])
    assert found(opened(pairs)) == {("broken", f"trainB/1.{suffix}"), ("broken", f"testB/0.{suffix}")}


def test_damage_behind_a_sound_header_is_found(pairs):
    path = pairs / "trainA" / "2.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with Image.open(path) as image:
        assert image.size == (32, 24)
    assert found(opened(pairs)) == {("broken", "trainA/2.png")}


def test_missing_partners(pairs):
    (pairs / "trainB" / "1.png").unlink()
    (pairs / "testA" / "0.png").unlink()
    assert found(opened(pairs)) == {("no partner", "trainA/1.png"), ("no partner", "testB/0.png")}
    assert found(opened(pairs, "unpaired")) == set()


def test_unequal_partners(pairs):
    save(pairs / "trainB" / "3.png", noise(24, 33, seed=70))
    assert found(opened(pairs)) == {("unequal sizes", "trainA/3.png")}
    assert found(opened(pairs, "unpaired")) == set()


def test_odd_widths_of_pairs_side_by_side(tmp_path):
    for i in range(3):
        save(tmp_path / f"{i}.png", noise(20, 60 + (i == 1), seed=i))
    assert found(opened(tmp_path)) == {("broken", "1.png (left half)")}


def test_flat_pictures_but_not_label_maps(pairs):
    save(pairs / "trainA" / "0.png", np.full((24, 32, 3), 200, np.uint8))
    for i in range(4):
        save_map(pairs / "trainB" / f"{i}.png", np.ones((24, 32)))
    assert found(opened(pairs)) == {("flat", "trainA/0.png")}


def test_colours_where_class_numbers_are_asked_for(pairs):
    save_map(pairs / "trainB" / "0.png", np.ones((24, 32)))
    checks = found(opened(pairs, label_values="indices"))
    assert {name for check, name in checks if check == "broken"} >= {"trainB/1.png", "trainB/2.png", "trainB/3.png"}


def test_sizes_worth_a_look(tmp_path):
    for i in range(5):
        save(tmp_path / f"{i}.png", noise(20, 30, seed=i))
    save(tmp_path / "wide.png", noise(20, 95, seed=9))
    save(tmp_path / "low.png", noise(6, 30, seed=9))
    report = audit(opened(tmp_path, "images"))
    assert {(one.check, one.views[0].path.name) for one in report.findings} == {
        ("unusual size", "wide.png"),
        ("unusual size", "low.png"),
    }
    assert report.bad == ()
    assert "is 95 × 20 pixels where 30 × 20 is usual" in "\n".join(report.lines())
    checks = {one.check for one in audit(opened(tmp_path, "images", crop=24)).findings}
    assert checks == {"unusual size", "smaller than the crop"}


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_copies_of_test_pictures(tmp_path, split, suffix):
    for i in range(4):
        save(tmp_path / "train" / f"{i}.png", soft(i))
    save(tmp_path / split / f"x.{suffix}", soft(2))
    assert found(opened(tmp_path, "images")) == {("copy of a test picture", "train/2.png")}


def test_copies_in_the_half_of_a_pair(tmp_path):
    for i in range(3):
        save(tmp_path / "train" / f"{i}.png", np.hstack([soft(i), soft(10 + i)]))
    save(tmp_path / "test" / "0.png", np.hstack([soft(5), soft(11)]))
    assert found(opened(tmp_path)) == {("copy of a test picture", "train/1.png (right half)")}


def changed(picture, how):
    image = Image.fromarray(picture)
    if how == "half":
        return np.asarray(image.resize((40, 30), Image.Resampling.LANCZOS))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("how", ["half", "jpeg"])
def test_near_copies_are_named(tmp_path, how):
    for i in range(6):
        save(tmp_path / "train" / f"{i}.png", soft(i))
    save(tmp_path / "test" / "x.png", changed(soft(4), how))
    save(tmp_path / "test" / "y.png", soft(99))
    report = audit(opened(tmp_path, "images"))
    assert {(one.check, one.views[0].path.name) for one in report.findings if "size" not in one.check} == {
        ("like a test picture", "4.png")
    }
    assert report.bad == ()


def test_strangers_are_no_twins():
    pictures = [image_signature(soft(i)) for i in range(200)]
    assert find_twins(pictures[:100], pictures[100:]) == []
    assert [(twin.first, twin.second, twin.exact) for twin in find_twins(pictures[:3], pictures[1:2])] == [(1, 0, True)]
    assert find_twins([], pictures) == find_twins(pictures, []) == []


def test_faint_pictures_of_one_colour_are_told_apart_by_their_shapes():
    pictures = [image_signature(soft(i) // 32 + 100) for i in range(20)]
    assert np.abs(pictures[0].thumb.astype(int) - pictures[1].thumb).mean() < 6
    assert find_twins(pictures[:10], pictures[10:]) == []


def test_equal_values_of_another_depth_are_not_the_same_pixels():
    eight, sixteen = soft(1), soft(1).astype(np.uint16) * 257
    (twin,) = find_twins([image_signature(eight)], [image_signature(sixteen)])
    assert not twin.exact


def test_skipping_drops_pairs_whole(pairs):
    (pairs / "trainB" / "1.png").write_bytes(b"")
    save(pairs / "trainA" / "3.png", np.zeros((24, 32, 3), np.uint8))
    (pairs / "trainA" / "0.png").unlink()
    source = opened(pairs)
    with pytest.raises(PicturaError, match=r"has bad files \(broken: 1, no partner: 1, flat: 1; first 'trainB/1"):
        audit_source(source)
    kept = audit_source(source, skip_bad=True)
    assert [kept.names(i) for i in range(len(kept))] == [["trainA/2.png", "trainB/2.png"]]
    assert audit(kept).bad == ()
    assert kept.fingerprint() != source.fingerprint()


def test_nothing_left(tmp_path):
    save(tmp_path / "1.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(PicturaError, match="No samples remain"):
        audit_source(opened(tmp_path, "images"), skip_bad=True)


def test_report_for_programs_and_people(pairs):
    for i in range(4):
        (pairs / "trainB" / f"{i}.png").write_bytes(b"")
    report = audit(opened(pairs))
    told = report.as_json()
    assert (told["kind"], told["samples"], told["bad"]) == ("paired", {"train": 4, "test": 2}, 4)
    assert told["findings"][0]["files"] == ["trainB/0.png"]
    lines = list(report.lines(limit=3))
    assert lines[0].startswith("broken: 'trainB/0.png' cannot be read: ")
    assert lines[-2:] == [
        "broken: 1 more",
        "12 pictures, paired: 4 for train, 2 for test (pairs); 4 bad, 0 to look at.",
    ]
    assert "\n" not in str(audit_error(report))
