"""Networks of ESPNet's authors, from files; made ones of the same shapes, and the published where they are here."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import pictura
from pictura.data.known_palettes import CAMVID, CITYSCAPES
from pictura.interop.segmenters import ImportedSegmenter, open_segmenter
from pictura.networks.espnet import ESPNet
from pictura.networks.espnetv2 import ESPNetv2
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import Segments

SHARED = Path(__file__).parents[3] / "shared"
CAMVID_SET = SHARED / "data" / "translation" / "camvid"
WIDTHS, DECODER = (16, 32, 64, 128), (16, 12, 8)


def made(kind):
    torch.manual_seed(0)
    return {
        "camvid": lambda: ESPNet(12, 1, 2, with_picture=True),
        "city": lambda: ESPNet(20, 2, 1, with_picture=False),
        "v2": lambda: ESPNetv2(20, WIDTHS, DECODER),
    }[kind]().eval()


def stored(network, path, **changes):
    tensors = {k: t.contiguous() for k, t in network.state_dict().items() if "num_batches" not in k} | changes
    save_file({k: t for k, t in tensors.items() if t is not None}, path)
    return path


@pytest.mark.parametrize("kind", ["camvid", "city", "v2"])
def test_the_file_tells_the_network(tmp_path, kind, draw):
    network = made(kind)
    opened = open_segmenter(stored(network, tmp_path / "net.safetensors"), "cpu")
    assert isinstance(opened, ImportedSegmenter) and isinstance(opened, Segments)
    assert opened.classes == (CAMVID if kind == "camvid" else CITYSCAPES)
    with torch.no_grad():
        x = torch.rand(1, 3, 64, 96)
        torch.testing.assert_close(opened.network(x), network(x))
        assert network(x).shape == (1, len(opened.classes), 64, 96)
    for size in ((1, 1), (33, 50)):
        found = opened.segment(draw(*size))
        assert found.shape == size and found.dtype == torch.int64
        assert not set(found.unique().tolist()) & {list(opened.classes).index(name) for name in opened.ignored_classes}
    with pytest.raises(PicturaError, match="too little for this network; it needs at least"):
        opened.segment(draw(64, 64), memory=1000)
    with pytest.raises(PicturaError, match="has no option 'strength'"):
        opened.segment(draw(64, 64), strength=1)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("camvid", {"br.bias": None}, "is missing 'br.bias', which an ESPNet has"),
        ("camvid", {"more": torch.zeros(1)}, "contains 'more', which an ESPNet does not"),
        ("camvid", {"br.bias": torch.zeros(3)}, r"'br.bias' in '.*' has shape \(3,\) where an ESPNet has \(12,\)"),
        ("camvid", {"classifier.weight": torch.zeros(5, 5, 2, 2)}, "tells 5 classes apart; known are"),
        ("camvid", {"br.bias": torch.full((12,), torch.nan)}, "contains NaN"),
        ("v2", {"bu_br_l3.0.weight": None}, "is missing 'bu_br_l3.0.weight', which an ESPNetv2 has"),
        ("v2", {"base_net.level3_0.act.weight": torch.zeros(7)}, "of .* channels, which there is none of"),
    ],
)
def test_damaged_files(tmp_path, kind, changes, words):
    path = stored(made(kind), tmp_path / "net.safetensors", **changes)
    with pytest.raises(PicturaError, match=words):
        open_segmenter(path, "cpu")


def test_what_is_of_no_such_project_stays_what_it_is(tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    for path in (tmp_path / "other.safetensors", tmp_path, tmp_path / "nowhere.safetensors", "upscale-x4"):
        assert open_segmenter(path) == path


@pytest.mark.slow
def test_camvid_as_published(tmp_path):
    """Eight frames, 320×240 enlarged to the 480×360 that the network is for; published: class accuracy 0.683."""
    weights = SHARED / "weights" / "espnet_p2q8_camvid.safetensors"
    if not (weights.is_file() and CAMVID_SET.is_dir()):
        pytest.skip(f"the network or CamVid's pictures are not in {SHARED}")
    for side in "AB":
        (tmp_path / side).mkdir()
        for path in sorted((CAMVID_SET / f"test{side}").iterdir())[::30]:
            (tmp_path / side / path.name).symlink_to(path)
    scores = pictura.measure(tmp_path / "A", tmp_path / "B", "seg-score", model=weights, seen_at=(480, 360))
    assert scores[0].value > 0.8
    assert scores[1].value > 0.55
    assert np.asarray(Image.open(next((tmp_path / "B").iterdir()))).max() <= 11
