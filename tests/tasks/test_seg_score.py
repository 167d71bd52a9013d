"""Photographs that were made of label maps, judged by a network: the figures, the ceiling, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image

import pictura
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import Segments

COLOURS = {"sky": (0, 0, 255), "wall": (255, 0, 0), "void": (0, 0, 0), "tree": (0, 255, 0)}


class ByColour:
    """Finds the class whose colour is nearest, but never void."""

    name = "by-colour"
    classes, ignored_classes = COLOURS, ("void",)

    def segment(self, image, *, memory=0, precision="auto"):
        colours = torch.tensor(list(COLOURS.values())).view(4, 3, 1, 1) / 255
        distance = (image - colours).square().sum(1)
        distance[2] = torch.inf
        self.seen = tuple(image.shape[-2:])
        return distance.argmin(0)


def save(folder, numbers, mode="RGB", name="x"):
    folder.mkdir(exist_ok=True)
    numbers = np.array(numbers, np.uint8)
    colours = np.array(list(COLOURS.values()), np.uint8)
    image = Image.fromarray(numbers if mode != "RGB" else colours[numbers], "L" if mode != "RGB" else "RGB")
    if mode == "P":
        image = Image.fromarray(numbers, "P")
        image.putpalette(colours.flatten().tolist())
    image.save(folder / f"{name}.png")
    return folder


@pytest.fixture
def truth(tmp_path):
    return save(tmp_path / "true", [[0, 0, 1, 1], [0, 2, 3, 3]], "P")


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_the_ceiling_comes_first(tmp_path, mode):
    assert isinstance(ByColour(), Segments)
    truth = save(tmp_path / "true", [[0, 0, 1, 1], [0, 2, 3, 3]], mode)
    real = save(tmp_path / "real", [[0, 0, 1, 1], [0, 0, 3, 1]])
    made = save(tmp_path / "made", [[0, 0, 1, 0], [1, 1, 3, 1]])
    found = pictura.measure(made, truth, ["seg-score", "seg-score-released"], model=ByColour(), real=real)
    assert [one.metric for one in found[:6]] == [
        f"seg-score{of}: {score}"
        for of in (" of real photographs", "")
        for score in ("pixel accuracy", "class accuracy", "class IoU")
    ]
    # Of the seven pixels that count: sky 3, wall 2, tree 2.
    assert [one.value for one in found[:3]] == pytest.approx([6 / 7, (1 + 1 + 1 / 2) / 3, (1 + 2 / 3 + 1 / 2) / 3])
    assert [one.value for one in found[3:6]] == pytest.approx([4 / 7, (2 / 3 + 1 / 2 + 1 / 2) / 3, (2 + 1 + 2) / 12])
    assert found[3].note == "3 classes; absent ones do not count; 67% of the ceiling"
    assert [one.value for one in found[6:]] == pytest.approx([one.value for one in found[:6]])  # none is absent
    assert {one.network for one in found} == {"by-colour"}


def test_an_absent_class(tmp_path):
    numbers = [[0, 0, 1, 1]]
    truth, made = save(tmp_path / "true", numbers, "P"), save(tmp_path / "made", numbers)
    found = pictura.measure(made, truth, ["seg-score", "seg-score-released"], model=ByColour())
    assert [one.value for one in found] == pytest.approx([1, 1, 1, 1, 2 / 3, 2 / 3])
    assert "no ceiling: give the real photographs with --real" in found[0].note


def test_the_network_may_see_another_size(tmp_path, truth):
    network = ByColour()
    made = save(tmp_path / "made", [[0, 0, 1, 1], [0, 0, 3, 3]])
    found = pictura.measure(made, truth, "seg-score", model=network, seen_at=(32, 16))
    assert network.seen == (16, 32)
    assert found[0].value == 1
    assert found[0].network == "by-colour, pictures seen at 32×16"
    with pytest.raises(PicturaError, match="16x16 or more"):
        pictura.measure(made, truth, "seg-score", model=network, seen_at=(8, 8))


def test_colours_beside_the_palette(tmp_path, truth):
    made = save(tmp_path / "made", [[0, 0, 1, 1], [0, 0, 3, 3]])
    path = truth / "x.png"
    samples = np.asarray(Image.open(path).convert("RGB")).copy()
    samples[0, 0] = (10, 0, 240)
    Image.fromarray(samples).save(path)
    with pytest.raises(PicturaError, match=r"1 pixel of #0a00f0, which is no class of the model; .* with --nearest-cl"):
        pictura.measure(made, truth, "seg-score", model=ByColour())
    assert pictura.measure(made, truth, "seg-score", model=ByColour(), nearest_class=True)[0].value == 1


def test_numbers_of_no_class(tmp_path):
    made = save(tmp_path / "made", [[0, 0, 1, 1]])
    truth = save(tmp_path / "true", [[0, 255, 255, 1]], "L")
    assert pictura.measure(made, truth, "seg-score", model=ByColour())[0].value == 1
    with pytest.raises(PicturaError, match=r"'x' has class numbers from 0 to 255, .* say with --ignore"):
        pictura.measure(made, truth, "seg-score", model=ByColour(), ignore=9)


@pytest.mark.parametrize(
    ("found", "true", "words"),
    [
        ([[0, 1, 0, 1]], [[1, 1, 1, 2]], "has one class only of those that count"),
        ([[0, 1]], [[2, 2]], "has no class only"),
        ([[0, 1, 0]], [[0, 1]], "The photograph 'x' is 3×1 pixels and its label map 2×1: bring both to one size"),
    ],
)
def test_maps_that_tell_nothing(tmp_path, found, true, words):
    made, truth = save(tmp_path / "made", found), save(tmp_path / "true", true, "P")
    with pytest.raises(PicturaError, match=words):
        pictura.measure(made, truth, "seg-score", model=ByColour())


def test_folders_that_do_not_match(tmp_path, truth):
    made = save(tmp_path / "made", [[0, 0, 1, 1], [0, 0, 3, 3]])
    other = save(tmp_path / "other", [[0, 1]], name="y")
    with pytest.raises(PicturaError, match="have no partner of the same name in"):
        pictura.measure(other, truth, "seg-score", model=ByColour())
    with pytest.raises(PicturaError, match=r"have no partner of the same name"):
        pictura.measure(made, truth, "seg-score", model=ByColour(), real=other)


def test_a_network_that_segments_is_needed(tmp_path, truth):
    made = save(tmp_path / "made", [[0, 0, 1, 1], [0, 0, 3, 3]])
    with pytest.raises(PicturaError, match="seg-score needs a network that segments photographs: name it with --model"):
        pictura.measure(made, truth, "seg-score")
    with pytest.raises(PicturaError, match="The model 'upscale-x4' does not segment pictures, it is of the method sup"):
        pictura.measure(made, truth, "seg-score", model="upscale-x4")
