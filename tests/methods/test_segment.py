"""What names pixels: it learns, in tiles as in one piece; classes come from the data; FCN-8s begins with a VGG-16."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import pictura
from pictura.data import DataSettings
from pictura.data.known_palettes import CAMVID, FACADES, PALETTES, find_palette
from pictura.data.palettes import set_classes
from pictura.encoders import Encoder
from pictura.encoders.records import FAMILIES
from pictura.methods.segment import Segment, SegmentSettings, fill_trunk
from pictura.networks.vgg import VGG
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.tasks.load import open_pretrained

TWO = {"left": (255, 0, 0), "right": (0, 0, 255), "void": (0, 0, 0)}


def built(**changes):
    torch.manual_seed(0)
    method = Segment(SegmentSettings(**({"classes": TWO, "widths": (4, 8, 8, 8)} | changes)))
    method.network.eval()
    return method


def batch(count=2, side=48, seed=0):
    """Bright on the left and dark on the right, with a border of void between them."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.zeros(count, 3, side, side)
    truth[:, 0, :, : side // 2 - 1], truth[:, 2, :, side // 2 + 1 :] = 1, 1
    light = 0.3 + 0.5 * truth[:, :1] + 0.1 * torch.rand(count, 3, side, side, generator=generator)
    return {"A": light, "B": truth}


def taught(method, steps=25):
    method.prepare(torch.device("cpu"), torch.Generator())
    optimizer = torch.optim.Adam(method.network.parameters(), 5e-3)

    def update(segmenter):
        optimizer.zero_grad()
        segmenter.backward()
        optimizer.step()

    losses = [method.step(batch(seed=i), update, torch.Generator().manual_seed(i)) for i in range(steps)]
    return [one["cross-entropy"].item() for one in losses]


def test_it_learns_and_never_finds_void():
    method = built()
    losses = taught(method)
    assert losses[-1] < losses[0] / 3
    image = batch(1, seed=99)["A"]
    found = method.segment(image)
    assert found.dtype == torch.int64
    assert set(found.unique().tolist()) == {0, 1}
    assert (found[:, :20] == 0).float().mean() > 0.95 and (found[:, 28:] == 1).float().mean() > 0.95
    shown = method.show(batch(1))
    assert [one.shape for one in shown] == [(1, 3, 48, 48)] * 3
    assert torch.equal(shown[2], batch(1)["B"])


def test_numbers_are_those_of_the_label_map():
    """Void in front moves the numbers of the others."""
    method = built(classes={"void": (0, 0, 0), "left": (255, 0, 0), "right": (0, 0, 255)})
    assert set(method.segment(torch.rand(1, 3, 32, 32)).unique().tolist()) <= {1, 2}


@pytest.mark.parametrize("variant", ["compact", "fcn8s"])
def test_what_is_far_away_does_not_matter(variant):
    """Which is what tiles rely on: a piece of a picture has the same scores a receptive radius away from the cut."""
    method = built(variant=variant, hidden=8, narrower=16)  # seeds torch's generator
    with torch.no_grad():  # scores begin at 0
        for parameter in method.network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    image = torch.rand(1, 3, 32, 1088)
    radius, cut = method.network.receptive_radius, 544
    with torch.no_grad():
        whole, left, right = (method._score(x, "float32") for x in (image, image[..., :cut], image[..., cut:]))
    torch.testing.assert_close(whole[..., : cut - radius], left[..., : cut - radius])
    torch.testing.assert_close(whole[..., cut + radius :], right[..., radius:])
    assert whole.std() > 0
    with pytest.raises(PicturaError, match="too little for this network; it needs at least"):
        method.segment(image, memory=1000)


def test_classes_by_the_name_of_a_set():
    assert validate_settings(SegmentSettings, {"classes": "camvid"}).classes == CAMVID
    assert len(FACADES) == 12
    assert len(built(classes="camvid").counted) == 11
    assert all(len(set(palette.values())) == len(palette) for palette in PALETTES.values())
    with pytest.raises(PicturaError, match="There is no palette 'facade', only facades"):
        find_palette("facade")
    with pytest.raises(PicturaError, match="There is no palette 'facade', only facades"):
        validate_settings(SegmentSettings, {"classes": "facade"})
    with pytest.raises(PicturaError, match="two classes have one colour"):
        validate_settings(SegmentSettings, {"classes": {"a": (0, 0, 0), "b": (0, 0, 0)}})
    with pytest.raises(PicturaError, match="There is one class to learn, and it takes two"):
        built(classes={"a": (0, 0, 0), "void": (1, 1, 1)})


def test_fcn_begins_with_a_vgg16():
    method = built(variant="fcn8s", hidden=8)
    look = FAMILIES["torchvision"]
    vgg = Encoder(VGG("vgg16").chain(), look, name="vgg16")
    fill_trunk(method.network, vgg)
    theirs = [one for one in vgg.stages.modules() if isinstance(one, nn.Conv2d)]
    for ours, other in zip(method.network.convolutions(), theirs, strict=True):
        assert torch.equal(ours.weight, other.weight) and torch.equal(ours.bias, other.bias)
    with pytest.raises(PicturaError, match="begins with the weights of a whole VGG-16, not 'vgg11'"):
        fill_trunk(method.network, Encoder(VGG("vgg11").chain(), look, name="vgg11"))


def labelled(folder, numbers=(0, 1), palette=True):
    for i in range(2):
        for side, mode in (("A", "RGB"), ("B", "P" if palette else "RGB")):
            path = folder / f"train{side}" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            data = batch(1, seed=i)[side][0].movedim(0, -1).mul(255).round().byte().numpy()
            image = Image.fromarray(data)
            if mode == "P":
                image = Image.fromarray(np.where(data[..., 0] > 0, *numbers[::-1]).astype(np.uint8), "P")
                image.putpalette([0, 0, 255, 255, 0, 0])
            image.save(path)
    (folder / "classes.txt").write_text("# index name\n0 right 0 0 255\n1 left 255 0 0\n")
    return folder


def test_classes_come_from_the_data(tmp_path):
    assert set_classes(labelled(tmp_path / "two"), DataSettings()) == {"right": [0, 0, 255], "left": [255, 0, 0]}
    with pytest.raises(PicturaError, match="show one class only"):
        set_classes(labelled(tmp_path / "one", (0, 0)), DataSettings())
    with pytest.raises(PicturaError, match=r"so their classes are unknown: say them with --set classes=facades"):
        set_classes(labelled(tmp_path / "colours", palette=False), DataSettings())


def test_a_training_and_a_score(tmp_path):
    """From the command to a model folder, and with it a score of the photographs."""
    from pictura.cli.app import app

    data = labelled(tmp_path / "data")
    sets = ("steps=2", "batch=2", "crop=32", "widths=[4,4,4,4]", "load=0", "scale=[1,1]")
    words = ["train", "segment", str(data), "-o", str(tmp_path / "run"), "-q", *(w for s in sets for w in ("--set", s))]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    method, about = open_pretrained(tmp_path / "run" / "bundle")
    assert method.classes == {"right": (0, 0, 255), "left": (255, 0, 0)}
    model = pictura.load(tmp_path / "run" / "bundle")
    assert (model.can, model.classes) == (("segment",), method.classes)
    assert model.segment(data / "trainA" / "0.png").shape == (48, 48)
    with pytest.raises(PicturaError, match="cannot stylize; it can segment"):
        model.stylize(data / "trainA" / "0.png", "starry-night")
    assert pictura.load("upscale-x4").classes == {}
    assert about["labels"] == {"B": {"right": [0, 0, 255], "left": [255, 0, 0]}}
    found = pictura.measure(data / "trainA", data / "trainB", "seg-score", model=tmp_path / "run" / "bundle")
    assert found[0].network.startswith("bundle (SHA-256 ")
    assert json.loads((tmp_path / "run" / "bundle" / "config.json").read_text())["method"] == "segment"
