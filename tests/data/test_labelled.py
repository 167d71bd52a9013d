"""Labels from folders, tables and file names."""

import pytest

from pictura.data import DataSettings, open_data
from pictura.data.labelled import attribute_columns, class_names
from pictura.data.settings import parse_data_settings
from pictura.runtime.errors import PicturaError

from .conftest import noise, save


def opened(path, *pairs, split="train"):
    return open_data(path, "labelled", 4, split=split, settings=parse_data_settings(pairs))


def labels(source):
    views = source.part.views["image"]
    return {view.path.name: label for view, label in zip(views, source.part.labels, strict=True)}


def put(folder, *names):
    for name in names:
        save(folder / name, noise(8, 8))


def test_folders(tmp_path):
    put(tmp_path, "dog/1.png", "cat/2.png", "cat/old/3.png")
    source = opened(tmp_path)
    assert source.classes == {"class": ("cat", "dog")}
    assert labels(source) == {"1.png": (1,), "2.png": (0,), "3.png": (0,)}


def test_classes_are_numbered_over_all_splits(tmp_path):
    put(tmp_path, "train/dog/1.png", "train/cat/2.png", "test/bee/3.png", "test/dog/4.png")
    assert labels(opened(tmp_path)) == {"1.png": (2,), "2.png": (1,)}
    assert labels(opened(tmp_path, split="test")) == {"3.png": (0,), "4.png": (2,)}


def test_whole_numbers_stay(tmp_path):
    put(tmp_path, "7/1.png", "12/2.png")
    source = opened(tmp_path)
    assert labels(source) == {"1.png": (7,), "2.png": (12,)}
    assert source.classes == {"class": ()}


def test_class_names(tmp_path):
    put(tmp_path, "words/dog/1.png", "words/cat/2.png", "digits/0/1.png", "digits/3/2.png", "years/0/1.png")
    put(tmp_path, "years/1990/1.png")
    assert class_names(tmp_path / "words", DataSettings()) == ("cat", "dog")
    assert class_names(tmp_path / "digits", DataSettings()) == ("0", "1", "2", "3")
    with pytest.raises(PicturaError, match="from 0 to 1990"):
        class_names(tmp_path / "years", DataSettings())
    (tmp_path / "words" / "labels.csv").write_text("file,age,smiling,hat\na.png,3,1,-1\nb.png,1,0,1\n")
    assert attribute_columns(tmp_path / "words", DataSettings()) == ("smiling", "hat")
    assert attribute_columns(tmp_path / "digits", DataSettings()) == ()
    with pytest.raises(PicturaError, match="choose one with labels"):
        class_names(tmp_path / "words", DataSettings(labels=("smiling", "hat")))


def test_pattern(tmp_path, dice):
    put(tmp_path, "train/34_1_00001.png", "train/5_0_x_2.png", "test/9_1_3.png")
    source = opened(tmp_path, "pattern={age}_{gender}_*")
    assert labels(source) == {"34_1_00001.png": (34, 1), "5_0_x_2.png": (5, 0)}
    assert source.sample(0, dice())["label"].tolist() == [34, 1]
    assert labels(opened(tmp_path, "pattern={age}_{gender}_*", "labels=gender")) == {
        "34_1_00001.png": (1,),
        "5_0_x_2.png": (0,),
    }


TABLE = "file,split,smiling,person\n1.png,train,yes,3\nb/2.png,train,no,4\n3.png,test,yes,3\n"


def test_table(tmp_path, dice):
    put(tmp_path, "1.png", "b/2.png", "test/3.png")
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8-sig")
    source = opened(tmp_path, "labels=smiling")
    assert labels(source) == {"1.png": (1,), "2.png": (0,)}
    assert source.classes == {"smiling": ("no", "yes")}
    assert source.sample(0, dice())["label"].shape == ()
    assert labels(opened(tmp_path, "labels=person,smiling", split="test")) == {"3.png": (3, 1)}
    assert opened(tmp_path, "labels=smiling", split="test").part.views["image"][0].path == tmp_path / "test" / "3.png"


def test_one_column_needs_no_name_and_the_table_may_lie_elsewhere(tmp_path):
    put(tmp_path / "pictures", "1.png")
    (tmp_path / "a.csv").write_text("image,age\n1.png,30\n")
    assert labels(opened(tmp_path / "pictures", f"csv={tmp_path / 'a.csv'}")) == {"1.png": (30,)}


@pytest.mark.parametrize(
    ("table", "pairs", "said"),
    [
        (TABLE, [], "has the labels smiling, person: choose with labels"),
        (TABLE, ["labels=smilin"], r"no label 'smilin': choose from smiling, person\. Did you mean 'smiling'"),
        ("name,age\n1.png,3\n", [], "has no column 'file'"),
        ("file,age\n1.png\n", [], "Line 2 of .* different number of fields"),
        ("file,age\n1.png,3,4\n", [], "Line 2 of .* different number of fields"),
        ("file,split,age\n1.png,training,3\n", [], "has the split 'training': use train, val, test"),
        ("file,age\n", [], "has no rows"),
        ("", [], "has no rows"),
        ("file,a\xe9\n", ["csv=nowhere.csv"], r"nowhere\.csv' cannot be read"),
    ],
)
def test_tables_that_do_not_do(tmp_path, table, pairs, said):
    put(tmp_path, "1.png")
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    with pytest.raises(PicturaError, match=said):
        opened(tmp_path, *pairs)


def test_two_tables(tmp_path):
    put(tmp_path, "1.png")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("file,age\n1.png,3\n")
    with pytest.raises(PicturaError, match=r"choose one with csv, for example csv=a\.csv"):
        opened(tmp_path)
    assert len(opened(tmp_path, "csv=b.csv")) == 1


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("*", "has no label"),
        ("{a}_{a}", "has no label, or one twice"),
        ("{age}-{gender}", r"1_2\.png' does not match the pattern"),
    ],
)
def test_patterns_that_do_not_do(tmp_path, pattern, said):
    put(tmp_path, "1_2.png")
    with pytest.raises(PicturaError, match=said):
        opened(tmp_path, f"pattern={pattern}")


def test_settings_as_text():
    made = parse_data_settings(["scale=1,1.5", "labels=a,b", "mirror=false", "cache=3", "direction=BtoA"])
    assert (made.scale, made.labels, made.mirror, made.cache, made.direction) == (
        (1, 1.5),
        ("a", "b"),
        False,
        3,
        "BtoA",
    )
    with pytest.raises(PicturaError, match="Expected KEY=VALUE, got 'mirror'"):
        parse_data_settings(["mirror"])
    with pytest.raises(PicturaError, match="Data setting direction"):
        parse_data_settings(["direction=up"])
    with pytest.raises(PicturaError, match="from a table or from a pattern"):
        parse_data_settings(["csv=a", "pattern={b}"])
