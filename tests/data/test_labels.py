"""Label maps by number and by colour, and what is said of others."""

import json

import numpy as np
import pytest
from PIL import Image

from pictura.data.labels import LabelClasses, as_stored_numbers, read_label_map
from pictura.data.palettes import palette_classes
from pictura.picture import Picture, read
from pictura.runtime.errors import PicturaError

COLOURS = np.array([[0, 0, 223], [0, 128, 255], [255, 0, 0], [128, 128, 128]], np.uint8)
CLASSES = LabelClasses(("wall", "window", "door", "roof"), COLOURS)
NUMBERS = np.random.default_rng(0).integers(0, 4, (7, 9), np.uint8)


def indexed(numbers=NUMBERS, colours=COLOURS, path="map.png"):
    image = Image.fromarray(numbers, "P")
    image.putpalette(colours.tobytes())
    image.save(path)
    return path


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def taken(source, **options):
    picture = read_label_map(source, CLASSES, **options)
    assert (picture.depth, picture.grey, picture.own) == (8, False, None)
    return picture.samples


def test_by_number_and_by_colour():
    Image.fromarray(NUMBERS).save("grey.png")
    Image.fromarray(NUMBERS.astype(np.uint16)).save("deep.png")
    Image.fromarray(COLOURS[NUMBERS]).save("rgb.png")
    foreign = indexed(colours=COLOURS // 2 + 7, path="foreign.png")
    sources = (indexed(), "grey.png", "deep.png", "rgb.png", foreign)
    for source in (*sources, *map(Image.open, sources), NUMBERS, COLOURS[NUMBERS], read("rgb.png")):
        assert np.array_equal(taken(source), COLOURS[NUMBERS]), source


def test_a_sorted_palette_counts_by_its_colours():
    order = np.array([2, 0, 3, 1], np.uint8)
    indexed(np.argsort(order).astype(np.uint8)[NUMBERS], COLOURS[order])
    assert np.array_equal(taken("map.png"), COLOURS[NUMBERS])


def test_black_and_white():
    edges = LabelClasses(("ground", "edge"), np.array([[255] * 3, [0] * 3], np.uint8))
    drawn = np.where(NUMBERS > 1, np.uint8(0), np.uint8(255))
    Image.fromarray(drawn).convert("1").save("one-bit.png")
    for source in (drawn, Picture.of(drawn)):
        assert np.array_equal(read_label_map(source, edges).samples[..., 0], drawn)
    assert np.array_equal(read_label_map("one-bit.png", edges).samples[..., 0], 255 - drawn)  # numbers 0 and 1


def test_alpha_stays_and_what_is_hidden_is_no_mistake():
    rgb, alpha = COLOURS[NUMBERS].copy(), np.ones((7, 9), np.float32)
    rgb[0, 0], alpha[0, 0] = (1, 2, 3), 0
    picture = read_label_map(Picture(rgb, alpha), CLASSES)
    assert np.array_equal(picture.samples[0, 1:], rgb[0, 1:]) and (picture.samples[0, 0] == COLOURS).all(1).any()
    assert picture.alpha is alpha


def test_another_colour_is_told_with_the_nearest_class():
    rgb = COLOURS[NUMBERS].copy()
    rgb[0, :5], rgb[1, 0] = (250, 10, 10), (9, 9, 9)
    Image.fromarray(rgb).save("rgb.png")
    told = r"'rgb\.png' has 5 pixels of #fa0a0a, .* \(one of 2 such colours\).* 'door' #ff0000.*--nearest-class"
    with pytest.raises(PicturaError, match=told):
        taken("rgb.png")
    made = taken("rgb.png", nearest=True)
    assert (made[0, :5] == COLOURS[2]).all() and np.array_equal(made[2:], COLOURS[NUMBERS[2:]])
    distances = np.square(np.array([9, 9, 9]) - COLOURS.astype(int)).sum(1)
    assert np.array_equal(made[1, 0], COLOURS[distances.argmin()])
    stray = np.vstack([COLOURS, [[250, 10, 10]]]).astype(np.uint8)
    with pytest.raises(PicturaError, match="#fa0a0a"):
        taken(indexed(np.where(NUMBERS == 0, 4, NUMBERS).astype(np.uint8), stray))


def test_too_many_classes():
    with pytest.raises(PicturaError, match=r"numbers up to 7, and the model knows 4 classes, .*'wall'.* to 3 \('roof'"):
        taken(NUMBERS + 4)
    with pytest.raises(PicturaError, match="class numbers up to 300"):
        taken(np.full((3, 3), 300, np.uint16))
    assert (taken(np.full((3, 3), 130, np.uint8), nearest=True) == 128).all()
    ignored = np.array([[0, 1, 2], [3, 0, 255]], np.uint8)  # 255, as "ignore" is often written
    with pytest.raises(PicturaError, match="class numbers up to 255"):
        taken(ignored, nearest=True)


def test_numbers_of_any_whole_kind():
    for kind in (np.int64, np.int32, np.uint16):
        assert np.array_equal(as_stored_numbers(NUMBERS.astype(kind)), NUMBERS)
    assert as_stored_numbers(NUMBERS.astype(np.int64)).dtype == np.uint8
    assert as_stored_numbers(np.full((2, 2), 300)).dtype == np.uint16
    odd = np.array([[-1, 0]])
    assert as_stored_numbers(odd) is odd


def test_large_maps_go_band_by_band(monkeypatch):
    monkeypatch.setattr("pictura.picture.bands.BAND_PIXELS", 10)
    rgb = COLOURS[NUMBERS].copy()
    rgb[:, 4] = 5
    assert np.array_equal(taken(rgb, nearest=True)[:, 5:], rgb[:, 5:])


def test_what_a_model_tells():
    again = LabelClasses.parse(json.loads(json.dumps(CLASSES.plain())))
    assert again.names == CLASSES.names and np.array_equal(again.colours, COLOURS)
    alike, many = {"a": [1, 1, 1], "b": [1, 1, 1]}, {str(i): [i % 256, i // 256, 0] for i in range(257)}
    rows = ([1, 2], [0, 0, 256], [0, 0, 1.5], 3)
    for damaged in (None, {}, [], alike, many, *({"a": row} for row in rows)):
        with pytest.raises(PicturaError, match="labels of the model 'odd'"):
            LabelClasses.parse(damaged, "odd")


def test_classes_of_what_is_trained_on(tmp_path):
    paths = [tmp_path / indexed(NUMBERS.clip(max=i), path=f"{i}.png") for i in (1, 3, 2)]
    (tmp_path / "classes.txt").write_text("# number name\n0 wall 0 0 223\n2 door 255 0 0\nnonsense\n")
    found = palette_classes(paths, tmp_path)
    assert found.names == ("wall", "class 1", "door", "class 3") and np.array_equal(found.colours, COLOURS)
    assert palette_classes([*paths, tmp_path / indexed(colours=COLOURS[::-1], path="b.png")], tmp_path) is None
    Image.fromarray(NUMBERS).save("grey.png")
    assert palette_classes([tmp_path / "grey.png"], tmp_path) is None
    assert palette_classes([], tmp_path) is None
