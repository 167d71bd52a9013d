"""The pair of functions people know: what is saved comes back as the same method."""

import numpy as np
import pytest
import torch

from pictura.methods.srcnn import Srcnn
from pictura.picture import Picture
from pictura.runtime.errors import PicturaError
from pictura.tasks.load import from_pretrained, save_pretrained


def test_there_and_back(tmp_path, draw):
    method = Srcnn(Srcnn.tiny())
    folder = save_pretrained(method, tmp_path / "sharp", Picture.of(np.zeros((8, 8, 3))), about={"licence": "MIT"})
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "config.json", "README.md", "picture.jpg"}
    for source in (folder, folder / "model.safetensors"):
        again = from_pretrained(source)
        assert (type(again), again.settings) == (Srcnn, method.settings)
        assert torch.equal(again.enlarge(draw(12, 14)), method.enlarge(draw(12, 14)))
        assert not any(network.training for network in again.networks().values())
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "# sharp" in card and method.paper in card and "MIT" in card


def test_a_name_that_is_none():
    with pytest.raises(PicturaError, match="Model 'nothing-like-it' not found"):
        from_pretrained("nothing-like-it")
