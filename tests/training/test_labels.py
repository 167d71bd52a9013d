"""A training whose data are label maps leaves a model that knows their classes."""

import numpy as np
import pytest
from PIL import Image

import pictura
from pictura.data import DataSettings, open_data

COLOURS = np.array([[0, 0, 223], [0, 128, 255], [255, 0, 0]], np.uint8)


def test_classes_go_into_the_model_and_are_taken_by_number(train, tmp_path) -> None:
    numbers = np.random.default_rng(0).integers(0, 3, (2, 16, 20), np.uint8)
    for side in "AB":
        (tmp_path / "data" / side).mkdir(parents=True)
    for i, one in enumerate(numbers):
        labels = Image.fromarray(one)
        labels.putpalette(COLOURS.tobytes())
        labels.save(tmp_path / "data/A" / f"{i}.png")
        Image.fromarray(255 - COLOURS[one]).save(tmp_path / "data/B" / f"{i}.png")
    (tmp_path / "data/classes.txt").write_text("0 wall\n1 window\n2 door\n")
    source = open_data(tmp_path / "data", "unpaired", 12, settings=DataSettings(label_maps="A"))
    model = pictura.load(train("like_cyclegan", data=source, steps=1) / "bundle")
    assert model.about["labels"] == {"A": {"wall": [0, 0, 223], "window": [0, 128, 255], "door": [255, 0, 0]}}
    made = model.translate(numbers[0])
    assert np.array_equal(made, model.translate(COLOURS[numbers[0]]))
    with pytest.raises(pictura.PicturaError, match="no class of the model"):
        model.translate(255 - COLOURS[numbers[0]])
    model.translate(255 - COLOURS[numbers[0]], direction="B2A")  # photographs go the other way
