"""Named weights: looked for in the package first; a file of weights is opened within limits."""

import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from pictura.runtime import downloads
from pictura.runtime.downloads import Artifact, open_safetensors, verify_sha256
from pictura.runtime.errors import PicturaError


def test_the_package_comes_before_the_cache(tmp_path):
    artifact = Artifact("toy", "toy.bin", tmp_path / "cache", tmp_path / "package")
    assert artifact.find() is None
    for folder in ("cache", "package"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "toy.bin").touch()
        assert artifact.find() == tmp_path / folder / "toy.bin"


def test_another_digest_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    verify_sha256(tmp_path / "a", hashlib.sha256(b"a").hexdigest())
    with pytest.raises(PicturaError, match=r"SHA-256 mismatch for '.*a': expected 0+…, got ca978112.*…; ask again\."):
        verify_sha256(tmp_path / "a", "0" * 64, "ask again")


def test_limits_and_suffixes(tmp_path, monkeypatch):
    path = tmp_path / "a.pth"
    save_file({"a": np.zeros(3), "b": np.zeros(3)}, path)
    with pytest.raises(PicturaError, match="is a pickle"), open_safetensors(path):
        pass
    with open_safetensors(path, framework="np", any_suffix=True) as file:
        assert sorted(file.keys()) == ["a", "b"]
    monkeypatch.setattr(downloads, "MAX_TENSORS", 1)
    with pytest.raises(PicturaError, match="more than 1 tensors"), open_safetensors(path, any_suffix=True):
        pass
    monkeypatch.setattr(downloads, "MAX_BYTES", 10)
    with pytest.raises(PicturaError, match="exceeds the limit"), open_safetensors(path, any_suffix=True):
        pass
