"""Where weights are looked for, and how they are fetched; the hub is played by the test."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from pictura.encoders import available_encoders, store
from pictura.encoders.records import FAMILIES, RECORDS, Weights
from pictura.runtime.downloads import HubFile
from pictura.runtime.errors import PicturaError

CONTENT = b"weights"
HUB = HubFile("someone/something", "0" * 40)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PICTURA_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def record() -> Weights:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return replace(RECORDS["resnet50-torchvision"], filename="w.safetensors", sha256=sha256, hub=HUB)


def play_hub(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[tuple[str, str, str]]:
    """Put a hub client in place that delivers `answer`; returns what it is asked for."""
    asked: list[tuple[str, str, str]] = []

    def hf_hub_download(repo: str, filename: str, *, revision: str, local_dir: Path) -> str:
        asked.append((repo, filename, revision))
        if isinstance(answer, Exception):
            raise answer
        local_dir.mkdir(parents=True)
        (local_dir / filename).write_bytes(answer)
        return str(local_dir / filename)

    module = ModuleType("huggingface_hub")
    module.hf_hub_download = hf_hub_download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PICTURA_WEIGHTS", str(tmp_path))
    assert store.weights_folder() == tmp_path
    monkeypatch.delenv("PICTURA_WEIGHTS")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    assert store.weights_folder() == tmp_path / ".cache" / "pictura" / "weights"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert store.weights_folder() == tmp_path / "Local" / "pictura" / "weights"


def test_available_lists_all_and_finds_what_is_there(folder: Path) -> None:
    folder.mkdir()
    here = folder / RECORDS["vgg19-caffe"].filename
    here.touch()
    places = {known.record.name: known.path for known in available_encoders()}
    assert places.keys() == RECORDS.keys()
    assert places["vgg19-caffe"] == here
    assert places["resnet50-torchvision"] is None


def test_a_file_on_disk_is_used_without_the_network(folder: Path, record: Weights, monkeypatch) -> None:
    asked = play_hub(monkeypatch, CONTENT)
    folder.mkdir()
    (folder / record.filename).write_bytes(CONTENT)
    assert store.weights_artifact(record).fetch() == folder / record.filename
    assert asked == []


def test_wrong_content_is_refused(folder: Path, record: Weights) -> None:
    folder.mkdir()
    (folder / record.filename).write_bytes(b"something else")
    with pytest.raises(PicturaError, match=r"SHA-256 mismatch for .*w\.safetensors.*resnet50-torchvision"):
        store.weights_artifact(record).fetch()


def test_download_is_pinned_checked_and_found_afterwards(folder: Path, record: Weights, monkeypatch) -> None:
    asked = play_hub(monkeypatch, CONTENT)
    path = store.weights_artifact(record).fetch()
    assert asked == [(HUB.repo, "model.safetensors", HUB.revision)]
    assert path == folder / record.filename
    assert path.read_bytes() == CONTENT
    assert store.weights_artifact(record).fetch() == path
    assert len(asked) == 1


def test_wrong_download_is_refused_and_not_kept(folder: Path, record: Weights, monkeypatch) -> None:
    play_hub(monkeypatch, b"something else")
    with pytest.raises(PicturaError, match="SHA-256"):
        store.weights_artifact(record).fetch()
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_offline_names_the_file_and_the_folder(folder: Path, record: Weights, monkeypatch) -> None:
    play_hub(monkeypatch, ConnectionError("no route"))
    with pytest.raises(PicturaError) as caught:
        store.weights_artifact(record).fetch()
    assert all(part in str(caught.value) for part in (record.filename, str(folder), HUB.url, "ConnectionError"))


def test_without_the_hub_client(folder: Path, record: Weights, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(PicturaError, match=r"pip install 'pictura\[hub\]'"):
        store.weights_artifact(record).fetch()


def test_without_a_place_to_fetch_from(folder: Path, record: Weights) -> None:
    with pytest.raises(PicturaError) as caught:
        store.weights_artifact(replace(record, hub=None)).fetch()
    assert record.filename in str(caught.value) and str(folder) in str(caught.value)


def test_records_are_complete() -> None:
    from pictura.encoders.files import ARCHITECTURES

    for record in RECORDS.values():
        assert record.architecture in ARCHITECTURES
        assert record.family in FAMILIES
        assert record.sha256 is None or len(bytes.fromhex(record.sha256)) == 32
        if record.hub:
            assert len(bytes.fromhex(record.hub.revision)) == 20
            assert record.sha256, "a download must be checked"
