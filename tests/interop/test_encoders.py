"""Encoders that anybody can get: from a published file with a digest, or of a downloaded checkpoint."""

import hashlib
import importlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from pictura.encoders import available_encoders, load_encoder, store
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.records import RECORDS, Origin
from pictura.interop.encoders import convert_encoder, fetch_encoder, get_encoder
from pictura.networks.vgg import VGG
from pictura.runtime.errors import PicturaError

pytestmark = pytest.mark.kinds


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PICTURA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv(store.ALLOW_FETCHING, raising=False)
    monkeypatch.setitem(ARCHITECTURES, "vgg19", _make_small)


def _make_small() -> VGG:
    """VGG in names and order, with two channels everywhere."""
    network = VGG("vgg11")
    for module in network.features:
        if isinstance(module, torch.nn.Conv2d):
            before = 3 if module.in_channels == 3 else 2
            module.weight = torch.nn.Parameter(torch.randn(2, before, 3, 3))
            module.bias = torch.nn.Parameter(torch.zeros(2))
    return network


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(_make_small().state_dict()) | {"classifier.0.weight": torch.zeros(2, 2)}


@pytest.fixture
def checkpoint(tmp_path: Path, state: dict[str, torch.Tensor]) -> Path:
    torch.save(state, tmp_path / "vgg19.pth")
    return tmp_path / "vgg19.pth"


class Server:
    """Serves one file and counts who asks."""

    def __init__(self, content: bytes) -> None:
        outer, self.asked = self, 0

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                if self.path != "/vgg19.pth":
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                return None

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/vgg19.pth"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    served = Server(checkpoint.read_bytes())
    origin = Origin(served.url, hashlib.sha256(checkpoint.read_bytes()).hexdigest())
    monkeypatch.setitem(RECORDS, "vgg19-torchvision", replace(RECORDS["vgg19-torchvision"], origin=origin))
    yield served
    served.close()


def test_every_encoder_has_an_origin() -> None:
    for name, record in RECORDS.items():
        if name == "compact":
            assert store.find_weights(record) is not None  # shipped
            continue
        assert record.origin is not None and record.origin.url.startswith("https://")
        if record.origin.sha256:
            assert len(bytes.fromhex(record.origin.sha256)) == 32
            assert record.origin.sha256[:8] in record.origin.url  # torchvision's own check
        said = store.how_to_get(record)
        assert f"pictura encoders get {name}" in said
        assert record.origin.sha256 or record.origin.url in said


def test_get_fetches_checks_and_converts(server: Server, state, tmp_path: Path) -> None:
    path = get_encoder("vgg19-torchvision")
    assert path == tmp_path / "weights" / "vgg19-torchvision.safetensors"
    encoder = load_encoder("vgg19-torchvision", dtype="float32")
    assert torch.equal(encoder.stages[0].weight, state["features.0.weight"])
    assert (get_encoder("vgg19-torchvision"), server.asked) == (path, 1)
    assert [p for p in (tmp_path / "weights").rglob("*") if p.is_file()] == [path]  # the download is not kept
    assert {one.record.name: one.path for one in available_encoders()}["vgg19-torchvision"] == path


def test_nothing_is_fetched_unless_it_is_allowed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    store._getters.clear()
    importlib.reload(importlib.import_module("pictura.api"))  # whoever imports pictura need do no more
    with pytest.raises(PicturaError, match=r"encoders get vgg19-torchvision` fetches them, or set PICTURA_FETCH=1"):
        load_encoder("vgg19-torchvision")
    assert server.asked == 0
    monkeypatch.setenv(store.ALLOW_FETCHING, "1")
    load_encoder("vgg19-torchvision")
    load_encoder("vgg19-torchvision")
    assert server.asked == 1


def test_another_file_under_the_address_is_refused(server: Server, monkeypatch, tmp_path: Path) -> None:
    wrong = replace(RECORDS["vgg19-torchvision"], origin=Origin(server.url, "0" * 64))
    with pytest.raises(PicturaError, match="SHA-256 mismatch for http"):
        fetch_encoder(wrong)
    gone = replace(wrong, origin=Origin(server.url + "x", "0" * 64))
    with pytest.raises(PicturaError, match=r"could not be downloaded .HTTPError"):
        fetch_encoder(gone)
    server.close()
    with pytest.raises(PicturaError, match="could not be downloaded"):
        fetch_encoder(wrong)
    assert not [p for p in tmp_path.rglob("weights/**/*") if p.is_file()]


def test_caffe_s_colours_are_turned_round_and_its_training_is_recognized(state, checkpoint, tmp_path: Path) -> None:
    scaled = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    rgb = state["features.0.weight"] * scaled
    energy = tuple(rgb.square().mean((0, 2, 3)).sqrt().tolist())
    record = replace(RECORDS["vgg19-caffe"], origin=Origin("https://example.org/x.pth", energy=energy))
    for weight in (rgb, rgb.flip(1)):
        torch.save(state | {"features.0.weight": weight}, tmp_path / "given.pth")
        made = convert_encoder(record, tmp_path / "given.pth")
        assert made.name == f"converted-{record.filename}"  # the usual name is promised to a file with a digest
        assert torch.equal(load_encoder("vgg19-caffe", dtype="float32").stages[0].weight, rgb)
    with pytest.raises(PicturaError, match=r"right shapes but other weights: take https://example\.org"):
        convert_encoder(record, checkpoint)


def test_one_sentence_says_where_it_is_published() -> None:
    with pytest.raises(PicturaError) as caught:
        load_encoder("vgg19-caffe")
    assert "download https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth" in str(caught.value)
    assert "`pictura encoders get vgg19-caffe --from FILE`" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features.0.weight": torch.full((2, 3, 3, 3), float("nan"))}, "NaN or infinity"),
        ({"features.0.weight": torch.zeros(2, 4, 3, 3)}, "has shape"),
        ({"layer1.0.conv1.weight": torch.zeros(1)}, "which vgg19 does not have"),
    ],
)
def test_what_is_not_that_checkpoint_is_refused(state, tmp_path: Path, change, said: str) -> None:
    torch.save(state | change, tmp_path / "given.pth")
    with pytest.raises(PicturaError, match=said):
        get_encoder("vgg19-torchvision", tmp_path / "given.pth")
    assert not [p for p in tmp_path.rglob("weights/**/*") if p.is_file()]


def test_a_name_that_is_none() -> None:
    with pytest.raises(PicturaError, match="Did you mean 'vgg19-caffe'"):
        get_encoder("vgg19-cafe")
    with pytest.raises(PicturaError, match="comes with pictura"):
        get_encoder("compact", "x.pth")


def test_densenet_s_old_keys() -> None:
    from pictura.interop.encoders import _rename

    assert _rename("features.denseblock1.denselayer12.norm.1.running_mean") == (
        "features.denseblock1.denselayer12.norm1.running_mean"
    )
    assert _rename("features.denseblock1.denselayer1.conv2.weight") == "features.denseblock1.denselayer1.conv2.weight"
