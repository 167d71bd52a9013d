import json
import math
import os
import subprocess
import sys

import pytest
import torch

from pictura import __version__
from pictura.cli.text import align_columns, format_duration
from pictura.encoders.records import RECORDS
from pictura.picture import read_settings
from pictura.runtime import threads

from .conftest import QUICK, done, size_of


def test_synthesize():
    result = done("synthesize", "paint.png", "-o", "out.png", "--size", "40x24", "--json", *QUICK)
    assert size_of("out.png") == (40, 24)
    assert json.loads(result.stdout)["width"] == 40
    assert read_settings("out.png")["settings"]["preset"] == "texture"
    done("synthesize", "paint.png", "-o", "again.png", "--size", "40x24", "--config", "out.png")
    assert read_settings("again.png")["settings"] == read_settings("out.png")["settings"]


def test_encoders(monkeypatch, desk):
    monkeypatch.setenv("PICTURA_WEIGHTS", str(desk / "weights"))
    known = {encoder["name"]: encoder for encoder in json.loads(done("encoders", "--json").stdout)}
    assert set(known) == set(RECORDS)
    assert known["compact"]["weights"].endswith("compact.safetensors")
    how = known["vgg19-torchvision"]["weights"]
    assert how.startswith("`pictura encoders get vgg19-torchvision` fetches them")
    assert how.endswith(f"put 'vgg19-torchvision.safetensors' into {desk / 'weights'}")
    assert "fetched when first used" in known["vgg16-torchvision"]["weights"]
    assert all(encoder["licence"] in done("encoders").stdout for encoder in known.values())


def test_check(monkeypatch, desk):
    monkeypatch.setenv("PICTURA_WEIGHTS", str(desk / "weights"))
    facts = json.loads(done("check", "--json").stdout)
    assert (facts["pictura"], facts["torch"], facts["threads"]) == (__version__, torch.__version__, 1)
    assert len(facts["missing"]) == 2  # neither styles nor vgg19-caffe
    assert "`pictura encoders` says how to get it" in done("check").stdout


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({}, math.inf),
    ],
)
def test_quota_of_a_container(desk, monkeypatch, files, quota):
    (desk / "cpu").mkdir()
    for name, text in files.items():
        (desk / name).write_text(text)
    monkeypatch.setattr(threads, "CGROUP", desk)
    assert threads._cpu_quota(desk) == quota
    assert 1 <= threads.available_processors() <= max(1, math.ceil(min(quota, 10**6)))


def test_threads():
    assert threads.use_threads(2) == torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert threads.use_threads() == 1
    done("stylize", "photo.png", "--style", "paint.png", "--threads", "2", *QUICK)
    assert torch.get_num_threads() == 2


def test_what_torch_reads_when_imported_is_set_before_unless_the_user_did():
    code = "import os, sys, pictura; print(*map(os.environ.get, sys.argv[1:])); assert 'torch' not in sys.modules"
    names = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY", "GOMP_SPINCOUNT")
    users = {name: value for name, value in os.environ.items() if name not in names} | {"LRU_CACHE_CAPACITY": "7"}
    command = [sys.executable, "-c", code, *names]
    told = subprocess.run(command, env=users, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["64", "7", "10000"]


def test_text():
    assert align_columns([("a", "bb", "c"), ("aaa", "b", "")]) == "a    bb  c\naaa  b"
    assert [format_duration(s) for s in (0.4, 80, 7500)] == ["0 s", "1 min 20 s", "2 h 5 min"]
