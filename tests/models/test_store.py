"""Shipped bundles, cached ones, the hub; the hub is played by the test."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pictura import models
from pictura.models import available_models, store
from pictura.models.shipping import ship_bundle
from pictura.picture import Picture
from pictura.runtime.errors import PicturaError

from .conftest import same

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = f"someone/night@{COMMIT}"
PACKAGED = Path(models.__file__).parents[1] / "assets" / "models"


def play_hub(monkeypatch, source):
    """A hub client that gives the files of a folder, or raises; returns what it is asked for."""
    asked = []

    def hf_hub_download(repo, filename, *, revision, local_dir):
        asked.append((repo, filename, revision))
        if isinstance(source, Exception):
            raise source
        if not (source / filename).is_file():
            raise FileNotFoundError(filename)
        local_dir.mkdir(parents=True, exist_ok=True)
        (local_dir / ".cache").mkdir(exist_ok=True)
        (local_dir / filename).write_bytes((source / filename).read_bytes())
        return str(local_dir / filename)

    module = ModuleType("huggingface_hub")
    module.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked


def test_shipped(bundle):
    ship_bundle(bundle, "starry-night", Picture.of(np.zeros((8, 8, 3))))
    ship_bundle(replace(bundle, about={**bundle.about, "title": "Wave"}), "great-wave")
    wave, night = available_models()
    assert (wave.name, wave.title, wave.picture) == ("great-wave", "Wave", None)
    assert (night.method, night.licence, night.metric) == ("toy", "MIT", {"PSNR": 30.125, "steps": 4})
    assert night.picture.is_file()
    assert night.bytes == night.path.stat().st_size
    read = models.read_bundle("starry-night")
    assert (read.settings, read.about, read.source) == (bundle.settings, bundle.about, "starry-night")
    assert read.tensors.keys() == bundle.tensors.keys()


def test_shipped_is_verified(bundle):
    ship_bundle(bundle, "night")
    path = store.BUNDLED_FOLDER / "night.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PicturaError, match="SHA-256"):
        models.read_bundle("night")
    path.unlink()
    with pytest.raises(PicturaError, match="'night' is missing; reinstall pictura"):
        models.read_bundle("night")


def test_shipping_asks_for_a_name_and_for_words(bundle):
    with pytest.raises(PicturaError, match="not a valid model name"):
        ship_bundle(bundle, "../night")
    with pytest.raises(PicturaError, match="'night' needs 'data_licence' in about"):
        ship_bundle(replace(bundle, about={"title": "a", "does": "b", "data": "c"}), "night")
    ship_bundle(bundle, "night")
    with pytest.raises(PicturaError, match="exists already"):
        ship_bundle(bundle, "night")


def test_what_is_packaged_is_as_registered(monkeypatch):
    """The real package: each file is registered with its digest, and reads."""
    monkeypatch.setattr(store, "BUNDLED_FOLDER", PACKAGED)
    known = store.bundled_models()
    assert {path.stem for path in PACKAGED.glob("*.safetensors")} == set(known)
    for name in known:
        models.read_bundle(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nigth", r"Model 'nigth' not found; bundled models: night\. Did you mean 'night'"),
        ("runs/night.safetensors", "'runs/night.safetensors' does not exist"),
        ("runs/deep/night", "'runs/deep/night' does not exist"),
        ("someone/night", "someone/night@ and its 40 digits"),
        ("someone/night@main", "give the commit"),
    ],
)
def test_unknown_names(bundle, name, said, monkeypatch):
    asked = play_hub(monkeypatch, ConnectionError())
    ship_bundle(bundle, "night")
    with pytest.raises(PicturaError, match=said):
        models.read_bundle(name)
    assert asked == []


def test_hub_is_asked_once_at_one_commit(bundle, tmp_path, monkeypatch):
    published = models.save_bundle(bundle, tmp_path / "published", Picture.of(np.zeros((8, 8, 3))))
    asked = play_hub(monkeypatch, published)
    assert same(models.read_bundle(NAME).tensors, bundle.tensors)
    assert {(repo, revision) for repo, _, revision in asked} == {("someone/night", COMMIT)}
    count = len(asked)
    assert same(models.read_bundle(NAME).tensors, bundle.tensors)
    assert len(asked) == count
    (cached,) = available_models()
    assert (cached.name, cached.title, cached.shipped) == (NAME, "Night", False)
    assert cached.picture is not None
    assert not (store.models_folder() / "downloads" / cached.path.parent.name).exists()
    assert models.read_bundle(cached.name).source == NAME


def test_a_hub_bundle_without_card_and_picture(bundle, tmp_path, monkeypatch):
    published = models.save_bundle(bundle, tmp_path / "published")
    (published / "README.md").unlink()
    play_hub(monkeypatch, published)
    assert same(models.read_bundle(NAME).tensors, bundle.tensors)


def test_wrong_weights_from_the_hub_are_not_kept(bundle, tmp_path, monkeypatch):
    published = models.save_bundle(bundle, tmp_path / "published")
    (published / "model.safetensors").write_bytes(b"something else")
    play_hub(monkeypatch, published)
    with pytest.raises(PicturaError, match="SHA-256"):
        models.read_bundle(NAME)
    assert not [path for path in store.models_folder().rglob("*") if path.is_file()]


def test_a_hub_model_of_others_is_refused(bundle, tmp_path, monkeypatch):
    published = models.save_bundle(bundle, tmp_path / "published")
    told = json.loads((published / "config.json").read_text())
    del told["weights"]
    (published / "config.json").write_text(json.dumps(told))
    play_hub(monkeypatch, published)
    with pytest.raises(PicturaError, match="has no SHA-256"):
        models.read_bundle(NAME)


def test_offline_says_which_files_to_put_where(bundle, tmp_path, monkeypatch):
    play_hub(monkeypatch, ConnectionError("no route"))
    with pytest.raises(PicturaError) as caught:
        models.read_bundle(NAME)
    place = store.hub_folder("someone/night", COMMIT)
    links = [f"https://huggingface.co/someone/night/resolve/{COMMIT}/{f}" for f in ("config.json", "model.safetensors")]
    assert all(part in str(caught.value) for part in (*links, str(place), "ConnectionError"))
    models.save_bundle(bundle, place)  # by hand
    assert same(models.read_bundle(NAME).tensors, bundle.tensors)


def test_without_the_hub_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(PicturaError, match=r"pip install 'pictura\[hub\]'"):
        models.read_bundle(NAME)


def test_the_real_client_offline(monkeypatch):
    """Not a played one: its errors are those that are caught."""
    pytest.importorskip("huggingface_hub", reason="the extra 'hub' is not installed")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(PicturaError, match="could not be downloaded"):
        models.read_bundle(NAME)


def test_what_else_lies_in_the_cache_is_passed_over(bundle):
    place = store.hub_folder("someone/night", COMMIT)
    models.save_bundle(bundle, place)
    (place / "config.json").write_text("{")
    (store.models_folder() / "a--b@c").mkdir()
    assert available_models() == []


def test_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("PICTURA_MODELS")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    assert store.models_folder() == tmp_path / ".cache" / "pictura" / "models"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert store.models_folder() == tmp_path / "Local" / "pictura" / "models"
