"""What is compared with what, and what is refused; the figures themselves are tested with the metrics."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import pictura
from pictura.encoders import Encoder
from pictura.encoders.records import FAMILIES
from pictura.metrics.perceptual import HEAD_KEY, LPIPS_LAYERS
from pictura.metrics.superres import score
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.figures import MeasureOptions
from pictura.tasks.measure.metrics import METRICS, Judge
from pictura.tasks.measure.run import measure_pictures

PALETTE = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]


def noise(seed, count=12, side=24):
    return [np.random.default_rng((seed, i)).integers(0, 256, (side, side, 3), np.uint8) for i in range(count)]


def label_map(numbers, path, palette=PALETTE):
    image = Image.fromarray(np.array(numbers, np.uint8), "P" if palette else "L")
    if palette:
        image.putpalette(palette)
    path.parent.mkdir(exist_ok=True)
    image.save(path)


def measured(a, b, *metrics, encoder, **options):
    return {one.metric: one for one in measure_pictures(a, b, metrics, MeasureOptions(encoder, **options))}


def test_pairs_have_a_mean_and_its_standard_error(draw):
    true, made = [draw(seed=s) for s in range(3)], [draw(seed=s) * 0.9 for s in range(3)]
    psnr, ssim = pictura.measure(made, true, ["psnr", "ssim"], border=2)
    expected = [score(x, y, 2) for x, y in zip(made, true, strict=True)]
    assert list(psnr.values.values()) == pytest.approx([one.psnr for one in expected])
    assert psnr.value == pytest.approx(np.mean([one.psnr for one in expected]))
    assert ssim.error == pytest.approx(np.std([one.ssim for one in expected], ddof=1) / 3**0.5)
    assert (psnr.pictures, psnr.network, psnr.note) == (3, "", "without a border of 2")


def test_equal_pictures(draw, encoder):
    same = measured(draw(), draw(), "psnr", "content", "gram", "wasserstein", "perceptual", encoder=encoder)
    assert same["psnr"].value == math.inf
    assert same["psnr"].error is None
    assert "1 of 1 pairs are equal" in same["psnr"].note
    assert [same[name].value for name in ("content", "gram", "perceptual")] == [0, 0, 0]
    assert same["wasserstein"].value == pytest.approx(0, abs=1e-4)
    assert same["content"].network == "tiny: relu3_1"


def test_one_style_for_all(draw, encoder):
    found = measured([draw(seed=1), draw(seed=2)], draw(60, 30), "gram", encoder=encoder)["gram"]
    assert found.pictures == 2
    assert found.value > 0
    with pytest.raises(PicturaError, match="B is one picture and A several"):
        measured([draw(seed=1), draw(seed=2)], draw(), "perceptual", encoder=encoder)


def test_sets_tell_their_network_and_when_they_are_small(encoder):
    found = measured(noise(0), noise(1, 15), "kid", "fid", "artfid", encoder=encoder, content=noise(2))
    kid, fid = found["kid"], found["fid"]
    assert abs(kid.value) < 3 * kid.error
    assert kid.network == "tiny: relu3_1, mean over positions"
    assert kid.note.startswith("100 subsets of 12, ")
    assert fid.note.startswith("few pictures: below 50 a side covariances of 10 features make it too high; trust kid")
    own = measured(noise(0), noise(2), "perceptual", encoder=encoder)["perceptual"].value
    assert found["artfid"].value == pytest.approx((1 + own) * (1 + fid.value))
    assert "perceptual by tiny" in found["artfid"].network


def test_sets_that_are_none(encoder):
    with pytest.raises(PicturaError, match="at least 10 pictures, and A has 9"):
        measured(noise(0, 9), noise(1), "kid", encoder=encoder)
    with pytest.raises(PicturaError, match="B has one picture again and again"):
        measured(noise(0), noise(1)[:1] * 12, "fid", encoder=encoder)
    with pytest.raises(PicturaError, match="give their folder with --content"):
        measured(noise(0), noise(1), "artfid", encoder=encoder)


def test_lpips_needs_its_network_and_its_weights(draw, encoder, monkeypatch):
    with pytest.raises(PicturaError, match="or take the metric perceptual"):
        measured(draw(), draw(), "lpips", encoder=encoder)
    monkeypatch.setattr(Judge, "lpips", ("relu1_1", "relu3_1"))
    heads = {HEAD_KEY.format(i): torch.full((1, c, 1, 1), 0.5) for i, c in enumerate((6, 10))}
    both = measured(draw(), draw(seed=1), "lpips", "perceptual", encoder=encoder, lpips_weights=heads)
    assert both["lpips"].value == pytest.approx(both["perceptual"].value / 2)
    assert both["lpips"].network == "tiny: relu1_1, relu3_1, published weights"


def test_lpips_is_of_torchvision_s_vgg16():
    def judge(family, name="vgg16-torchvision"):
        chain = [(layer, nn.Identity()) for layer in LPIPS_LAYERS["vgg16"]]
        return Judge(Encoder(chain, FAMILIES[family], name=name), name)

    assert judge("torchvision").lpips == judge("torchvision", "vgg16").perceptual == LPIPS_LAYERS["vgg16"]
    assert judge("caffe").lpips is judge("torchvision", "vgg16_bn").lpips is None


def test_label_maps(tmp_path):
    label_map([[0, 1, 1, 2], [0, 0, 3, 2]], tmp_path / "true" / "x.png")
    label_map([[0, 1, 2, 2], [0, 1, 3, 2]], tmp_path / "found" / "x.png")
    pixels, classes, iou = pictura.measure(tmp_path / "found", tmp_path / "true", "segmentation")
    assert pixels.metric == "segmentation: pixel accuracy"
    assert (pixels.value, classes.value) == pytest.approx((6 / 8, (2 / 3 + 1 / 2 + 1 + 1) / 4))
    assert iou.value == pytest.approx((2 / 3 + 1 / 3 + 2 / 3 + 1) / 4)
    assert iou.note == "4 classes, 4 of them in use; absent ones do not count"
    more = pictura.measure(tmp_path / "found", tmp_path / "true", ["segmentation-released"], classes=6, ignore=3)
    assert more[2].value == pytest.approx((2 / 3 + 1 / 3 + 2 / 3) / 6)


def test_label_maps_by_colour(tmp_path):
    """A palette sorted anew, and colours that are a little off, mean the same classes."""
    numbers = np.array([[0, 1, 1, 2], [0, 0, 3, 2]], np.uint8)
    label_map(numbers, tmp_path / "true" / "x.png")
    label_map(3 - numbers, tmp_path / "sorted" / "x.png", list(np.reshape(PALETTE, (4, 3))[::-1].flatten()))
    colours = np.reshape(PALETTE, (4, 3))[numbers].astype(np.int16)
    (tmp_path / "colours").mkdir()
    Image.fromarray((colours * 9 // 10 + 5).astype(np.uint8)).save(tmp_path / "colours" / "x.png")
    for folder in ("sorted", "colours"):
        assert [one.value for one in pictura.measure(tmp_path / folder, tmp_path / "true", "segmentation")] == [1, 1, 1]
    (tmp_path / "rgb").mkdir()
    Image.fromarray(colours.astype(np.uint8)).save(tmp_path / "rgb" / "x.png")
    assert pictura.measure(tmp_path / "colours", tmp_path / "rgb", "segmentation")[2].value == 1


@pytest.mark.parametrize(
    ("found", "true", "words"),
    [
        ([[0, 1]], [[1, 1]], "has one class only"),
        ([[0, 1]], [[255, 1]], "has one class only"),
        ([[0, 1, 0]], [[0, 1]], "'x' is 3×1 pixels in A and 2×1 in B"),
    ],
)
def test_label_maps_that_tell_nothing(tmp_path, found, true, words):
    label_map(found, tmp_path / "found" / "x.png", None)
    label_map(true, tmp_path / "true" / "x.png", None)
    with pytest.raises(PicturaError, match=words):
        pictura.measure(tmp_path / "found", tmp_path / "true", "segmentation")


def test_arrays_of_numbers():
    truth, found = np.array([[0, 1, 1, -1]]), np.array([[0, 1, 0, 0]])
    assert [one.value for one in pictura.measure(found, truth, "segmentation")] == pytest.approx([2 / 3, 0.75, 0.5])


def test_photographs_are_no_label_maps(tmp_path):
    with pytest.raises(PicturaError, match="more than 256 colours"):
        pictura.measure(noise(0, 1), noise(1, 1), "segmentation")


def test_metrics_are_named(draw):
    with pytest.raises(PicturaError, match=r"no metric 'pnsr', only psnr, .* Did you mean 'psnr'\?"):
        pictura.measure(draw(), draw(), "pnsr")
    with pytest.raises(PicturaError, match="at least one metric"):
        pictura.measure(draw(), draw(), [])
    with pytest.raises(PicturaError, match="0 pixels or more"):
        pictura.measure(draw(), draw(), "psnr", border=-1)
    assert len(METRICS) == len(set(METRICS))
