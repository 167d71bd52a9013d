"""A bundle, its folder, its one file: what goes in comes out, and nothing else does."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pictura import models
from pictura.models import Bundle, config, saving
from pictura.models.saving import pack_bundle
from pictura.picture import Picture
from pictura.runtime import downloads
from pictura.runtime.errors import PicturaError

from .conftest import Small, same


def test_what_is_saved_is_read(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    for source in (folder, str(folder), folder / "model.safetensors"):
        read = models.read_bundle(source)
        assert (read.method, read.settings, read.about) == ("toy", bundle.settings, bundle.about)
        assert same(read.tensors, bundle.tensors)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_weights_return_to_their_networks(bundle, networks, tmp_path):
    others = {"generator": Small(), "critic": nn.Conv2d(3, 1, 1)}
    models.read_bundle(models.save_bundle(bundle, tmp_path / "night")).fill(others)
    for name, network in networks.items():
        assert same(others[name].state_dict(), network.state_dict())


def test_a_bundle_is_a_copy(networks):
    bundle = Bundle.of("toy", {}, networks)
    with torch.no_grad():
        networks["critic"].weight.fill_(7)
    assert not (bundle.tensors["critic.weight"] == 7).any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: {k: v for k, v in t.items() if k != "critic.bias"}, "is missing 'critic.bias'"),
        (lambda t: t | {"critic.bias2": t["critic.bias"]}, "contains 'critic.bias2'.*Did you mean 'critic.bias'"),
        (lambda t: t | {"critic.bias": torch.zeros(2)}, r"'critic.bias' .* shape \(2,\) .* \(1,\)"),
    ],
)
def test_other_weights_are_refused_before_anything_changes(bundle, networks, change, said):
    before = {key: tensor.clone() for key, tensor in networks["generator"].state_dict().items()}
    altered = replace(bundle, tensors=change({key: tensor + 1 for key, tensor in bundle.tensors.items()}))
    with pytest.raises(PicturaError, match=said):
        altered.fill(networks)
    assert same(before, networks["generator"].state_dict())


def test_equal_bundles_are_equal_files(bundle):
    turned = dict(reversed(bundle.tensors.items()))
    assert pack_bundle(bundle) == pack_bundle(replace(bundle, tensors=turned)) == pack_bundle(bundle)


def test_channels_last_and_shared_weights_are_saved(bundle, tmp_path):
    one = torch.rand(4, 3, 3, 3).contiguous(memory_format=torch.channels_last)
    tied = replace(bundle, tensors={"a.x": one, "b.x": one, "c.x": one.flatten()[:5]})
    assert same(models.read_bundle(models.save_bundle(tied, tmp_path / "tied")).tensors, tied.tensors)


def test_halved_takes_half_and_reads_as_float32(bundle, tmp_path):
    filters = {"generator.big": torch.rand(64, 64, 3, 3), "generator.bias": torch.rand(64)}
    whole, half = (
        pack_bundle(one) for one in (replace(bundle, tensors=filters), replace(bundle, tensors=filters).to_half())
    )
    assert len(half) < 0.52 * len(whole)
    read = models.read_bundle(models.save_bundle(replace(bundle, tensors=filters).to_half(), tmp_path / "half")).tensors
    assert all(tensor.dtype == torch.float32 for tensor in read.values())
    assert torch.equal(read["generator.bias"], filters["generator.bias"])
    assert torch.allclose(read["generator.big"], filters["generator.big"], atol=1e-3)


def test_nothing_is_replaced_unasked(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    before = (folder / "model.safetensors").read_bytes()
    other = replace(bundle, tensors={"a.x": torch.zeros(1)})
    with pytest.raises(PicturaError, match="exists already"):
        models.save_bundle(other, folder)
    assert (folder / "model.safetensors").read_bytes() == before
    (folder / "notes.txt").write_text("mine")
    models.save_bundle(other, folder, overwrite=True)
    assert list(models.read_bundle(folder).tensors) == ["a.x"]
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("stops_at", range(5))
def test_a_save_that_breaks_off_leaves_a_bundle_that_reads(bundle, tmp_path, monkeypatch, stops_at):
    """Whatever file was the last one written: the old weights or the new ones, never a mixture, never an error."""
    folder = models.save_bundle(bundle, tmp_path / "night")
    other = replace(bundle, settings={"channels": 5}, tensors={"a.x": torch.zeros(1)})
    calls = iter(range(10))

    def broken(name):
        before = getattr(saving, name)

        def run(*arguments, **options):
            if next(calls) == stops_at:
                raise KeyboardInterrupt
            return before(*arguments, **options)

        monkeypatch.setattr(f"pictura.models.saving.{name}", run)

    for name in ("_remove_file", "write_atomic", "write"):
        broken(name)
    with pytest.raises(KeyboardInterrupt):
        models.save_bundle(other, folder, Picture.of(np.zeros((2, 2, 3))), overwrite=True)
    read = models.read_bundle(folder)
    expected = bundle if stops_at < 2 else other
    assert (read.settings, set(read.tensors)) == (expected.settings, set(expected.tensors))


def test_numbers_that_are_none_are_neither_saved_nor_read(bundle, tmp_path):
    nan = replace(bundle, tensors={"a.x": torch.tensor([1.0, float("nan")])})
    with pytest.raises(PicturaError, match=r"'a\.x' contains NaN or infinity"):
        models.save_bundle(nan, tmp_path / "nan")
    assert not (tmp_path / "nan").exists()
    told = {config.METADATA_KEY: config.encode_config("toy", {}, {})}
    save_file({"a.x": torch.tensor([float("inf")])}, tmp_path / "inf.safetensors", told)
    with pytest.raises(PicturaError, match=r"'a\.x' in .*inf\.safetensors.* NaN or infinity"):
        models.read_bundle(tmp_path / "inf.safetensors")


def test_a_changed_file_is_noticed(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(PicturaError, match="SHA-256"):
        models.read_bundle(folder)


def test_settings_of_another_model_are_noticed(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | {"settings": {"channels": 5}}))
    with pytest.raises(PicturaError, match=r"config\.json' does not match 'model\.safetensors'"):
        models.read_bundle(folder)


def test_words_may_be_edited_and_config_may_be_lost(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(told | {"about": {"title": "Dawn"}}))
    assert models.read_bundle(folder).about == {"title": "Dawn"}
    (folder / "config.json").unlink()
    assert models.read_bundle(folder).about["title"] == "Night"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "contains invalid settings"),
        ("[1]", "not a pictura model"),
        ('{"hidden_size": 768}', "not a pictura model"),
        ('{"format": "pictura-bundle-9"}', "update pictura"),
        ('{"format": "pictura-bundle-1", "method": 3}', "has no valid 'method'"),
        ("[" * 100_000, "contains invalid settings"),
    ],
)
def test_a_config_of_others_is_refused(bundle, tmp_path, content, said):
    folder = models.save_bundle(bundle, tmp_path / "night")
    (folder / "config.json").write_text(content)
    with pytest.raises(PicturaError, match=said):
        models.read_bundle(folder)


def test_what_is_no_bundle_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PicturaError, match="empty' is not a model folder"):
        models.read_bundle(tmp_path / "empty")
    (tmp_path / "x.pth").write_bytes(b"\x80\x02")
    with pytest.raises(PicturaError, match=r"pickle.*pictura import"):
        models.read_bundle(tmp_path / "x.pth")
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(PicturaError, match="cannot be read as a safetensors file"):
        models.read_bundle(tmp_path / "x.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "y.safetensors")
    with pytest.raises(PicturaError, match="weights without pictura settings"):
        models.read_bundle(tmp_path / "y.safetensors")
    save_file(
        {"a": torch.zeros(1, dtype=torch.uint8)},
        tmp_path / "z.safetensors",
        {config.METADATA_KEY: config.encode_config("t", {}, {})},
    )
    with pytest.raises(PicturaError, match="stored as U8"):
        models.read_bundle(tmp_path / "z.safetensors")


def test_limits(bundle, tmp_path, monkeypatch):
    folder = models.save_bundle(bundle, tmp_path / "night")
    monkeypatch.setattr(downloads, "MAX_TENSORS", 3)
    with pytest.raises(PicturaError, match="more than 3 tensors"):
        models.read_bundle(folder)
    monkeypatch.setattr(downloads, "MAX_BYTES", 100)
    with pytest.raises(PicturaError, match="exceeds the limit"):
        models.read_bundle(folder)


def test_a_folder_that_cannot_be_written(bundle, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PicturaError, match="not a folder"):
        models.save_bundle(bundle, tmp_path / "file")


def test_card_says_what_it_must(bundle, tmp_path):
    folder = models.save_bundle(
        replace(bundle, about={**bundle.about, "command": "pictura paint x"}), tmp_path / "night"
    )
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in (
        "# Night",
        "Paints the night.",
        "CC0",
        "MIT",
        "PSNR 30.12",
        "pictura paint x",
        "pictura.load",
        "| channels | 4 |",
    ):
        assert part in card
    assert "picture.jpg" not in card
    assert card.startswith("---\nlicense: mit\n")
    models.save_bundle(bundle, folder, Picture.of(np.zeros((4, 4, 3))), overwrite=True)
    assert "![Night](picture.jpg)" in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "picture.jpg").is_file()
    bare = models.save_bundle(replace(bundle, about={}), tmp_path / "bare")
    assert "| training data | unknown |" in (bare / "README.md").read_text(encoding="utf-8")


def test_config_vouches_for_the_weights(bundle, tmp_path):
    folder = models.save_bundle(bundle, tmp_path / "night")
    content = (folder / "model.safetensors").read_bytes()
    assert json.loads((folder / "config.json").read_text())["weights"] == {
        "file": "model.safetensors",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
