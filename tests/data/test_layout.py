"""Which folders are recognised as what, and what is said about the others."""

import pytest

from pictura.data import DataSettings, open_data, recognize_kind
from pictura.data.layout import tell_left_out
from pictura.data.settings import data_settings
from pictura.runtime.errors import PicturaError

from .conftest import noise, save


def put(folder, *names, size=(8, 12)):
    for seed, name in enumerate(names):
        save(folder / name, noise(*size, seed=seed))


def opened(path, kind, **options):
    return open_data(path, kind, 4, **options)


def files(source, side):
    return [view.path.relative_to(source.path).as_posix() for view in source.part.views[side]]


def test_images_are_found_below_and_sorted(tmp_path):
    put(tmp_path, "b.png", "a/c.JPG", "a/d/e.webp", ".hidden/f.png", "notes.png.d/g.bmp")
    (tmp_path / "readme.txt").touch()
    assert files(opened(tmp_path, "images"), "image") == ["a/c.JPG", "a/d/e.webp", "b.png", "notes.png.d/g.bmp"]


def test_images_with_splits(tmp_path):
    put(tmp_path, "train/a.png", "train/b.png", "test/c.png")
    assert len(opened(tmp_path, "images")) == 2
    assert files(opened(tmp_path, "images", split="test"), "image") == ["test/c.png"]
    with pytest.raises(PicturaError, match="no pictures for 'val', only for train, test"):
        opened(tmp_path, "images", split="val")


def test_sides_may_be_links_and_only_other_links_are_left_out(tmp_path):
    put(tmp_path, "photos/a.png", "paintings/b.png")
    (tmp_path / "photos/c.heic").touch()
    for name, target in (("trainA", "photos"), ("trainB", "paintings"), ("more", "photos")):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(tmp_path / target)
    assert files(opened(tmp_path / "set", "unpaired"), "A") == ["trainA/a.png"]
    links, heic = tell_left_out(tmp_path / "set")
    assert "'more' (a link" in links
    assert "trainA" not in links
    assert "trainA': 'c.heic'" in heic


def test_a_linked_side_may_hold_the_splits(tmp_path):
    put(tmp_path, "photos/train/a.png", "photos/test/b.png", "set/B/train/c.png", "set/B/test/d.png")
    (tmp_path / "set" / "A").symlink_to(tmp_path / "photos")
    assert files(opened(tmp_path / "set", "unpaired", split="test"), "A") == ["A/test/b.png"]
    assert tell_left_out(tmp_path / "set") == []


PAIRED = [
    ("trainA/{}.png", "trainB/{}.jpg"),
    ("train_A/{}.png", "train_B/{}.jpg"),
    ("A/{}.png", "B/{}.png"),
    ("A/train/{}.png", "B/train/{}.png"),
    ("train/A/{}.png", "train/B/{}.png"),
    ("labels/{}.png", "photos/{}.jpg"),
    ("trainA/day/{}.png", "trainB/day/{}.png"),
]


@pytest.mark.parametrize("names", PAIRED, ids=lambda names: names[0])
def test_two_folders_are_pairs_or_two_sides(tmp_path, names):
    for name in names:
        put(tmp_path, name.format(1), name.format(2))
    assert recognize_kind(tmp_path) == "paired"
    for kind in ("paired", "unpaired"):
        source = opened(tmp_path, kind)
        assert [files(source, side) for side in "AB"] == [[name.format(1), name.format(2)] for name in names]
    turned = opened(tmp_path, "paired", settings=DataSettings(direction="BtoA"))
    assert files(turned, "A") == [names[1].format(1), names[1].format(2)]


def test_every_split_of_two_sides(tmp_path):
    put(tmp_path, "trainA/1.png", "trainB/1.png", "testA/2.png", "testB/2.png", "valA/3.png", "valB/3.png")
    assert list(opened(tmp_path, "paired").layout.parts) == ["train", "val", "test"]
    assert files(opened(tmp_path, "unpaired", split="test"), "B") == ["testB/2.png"]


def test_unpaired_names_need_not_agree(tmp_path):
    put(tmp_path, "trainA/1.png", "trainA/2.png", "trainB/x.png")
    assert recognize_kind(tmp_path) == "unpaired"
    assert len(opened(tmp_path, "unpaired")) == 2


@pytest.mark.parametrize("folder", ["", "train/"])
def test_side_by_side(tmp_path, folder):
    put(tmp_path, f"{folder}1.png", f"{folder}2.png")
    source = opened(tmp_path, "paired")
    assert [view.half for view in source.part.views["B"]] == ["right", "right"]
    assert len(source) == 2


def test_orphans_are_kept_for_the_audit(tmp_path):
    put(tmp_path, "A/1.png", "A/2.png", "B/2.png", "B/3.png")
    source = opened(tmp_path, "paired")
    assert files(source, "A") == ["A/2.png"]
    assert [path.name for path in source.part.orphans] == ["1.png", "3.png"]


@pytest.mark.parametrize(
    ("kind", "names", "said"),
    [
        ("images", ["notes.txt"], r"contains no pictures: add \.avif"),
        ("paired", ["notes.txt"], "not laid out as paired pictures: expected trainA and trainB .* found nothing"),
        ("paired", ["trainA/1.png"], "has 'trainA' but no side B for it: expected trainA and trainB"),
        ("paired", ["A/1.png", "B/2.png"], "No file of side A has the same name as one of side B"),
        ("paired", ["A/1.png", "A/1.jpg", "B/1.png"], r"1\.jpg' and .*1\.png' differ only in their suffix"),
        ("unpaired", ["1.png", "2.png"], "not laid out as unpaired pictures: .* found 2 pictures"),
        ("unpaired", ["x/1.png", "y/1.png", "z/1.png"], "found the folder x, the folder y, the folder z"),
        ("unpaired", ["trainA/1.png", "trainB/notes.txt"], "trainB' contains no pictures"),
        (
            "labelled",
            ["1.png"],
            r"No labels found in .*: expected one folder per class .* such as \{age\}_\{gender\}_\*",
        ),
    ],
)
def test_other_layouts_are_told(tmp_path, kind, names, said):
    for name in names:
        if name.endswith("txt"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        else:
            put(tmp_path, name)
    with pytest.raises(PicturaError, match=said):
        opened(tmp_path, kind)


def test_a_square_picture_is_no_pair(tmp_path):
    put(tmp_path, "1.png", size=(8, 8))
    with pytest.raises(PicturaError, match="8 × 8 pixels, but two pictures side by side are wider than high"):
        opened(tmp_path, "paired")


def test_no_folder_and_no_kind(tmp_path):
    with pytest.raises(PicturaError, match="nowhere' does not exist: give a folder"):
        opened(tmp_path / "nowhere", "images")
    put(tmp_path, "1.png")
    with pytest.raises(PicturaError, match="is a file"):
        opened(tmp_path / "1.png", "images")
    with pytest.raises(PicturaError, match="Did you mean 'paired'"):
        opened(tmp_path, "pared")
    with pytest.raises(PicturaError, match=r"load \(4\) is smaller than crop \(8\)"):
        open_data(tmp_path, "images", 8, settings=data_settings({"load": 4}))
