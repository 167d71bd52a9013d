"""Two processes train to what one with the doubled batch does, and their resume is as exact."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pictura.training import checkpoint, log

from .conftest import built, settings
from .made import Made

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="torchrun needs gloo with TCP")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, Path(__file__).with_name("pair.py"), folder],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


def last(folder):
    return checkpoint.read_checkpoint(folder / "checkpoints/step-00000006")


def test_two_processes_are_one_with_the_doubled_batch(run, tmp_path):
    from pictura.training.fit import fit

    fit(built("blur", rate=0.3), Made(), tmp_path / "one", settings(steps=6, batch=4, clip=0.05))
    one, two = last(tmp_path / "one"), last(run / "blur")
    first = built("blur").blurrer.state_dict()
    for name, tensor in one.tensors["model"].items():
        torch.testing.assert_close(two.tensors["model"][name], tensor, rtol=1e-5, atol=1e-6)
        assert not torch.allclose(first[name.removeprefix("blurrer.")], tensor, rtol=1e-2)
    assert (one.state["samples"], two.state["samples"]) == (24, 24)
    losses = [
        [line["losses"]["blur"] for line in log.read_log(f / "log.jsonl")] for f in (tmp_path / "one", run / "blur")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_resume_of_two_processes_is_exact(run):
    manifests = [run / name / "checkpoints/step-00000006/manifest.json" for name in ("stopped", "whole")]
    one, two = (json.loads(path.read_text())["files"] for path in manifests)
    assert one == two
    assert {"method-0.safetensors", "method-1.safetensors"} < set(one)


def test_another_number_of_processes_is_refused(run):
    from pictura.runtime.errors import PicturaError
    from pictura.training.fit import fit

    with pytest.raises(PicturaError, match="processes was 2 and is now 1"):
        fit(built("duel"), Made(), run / "stopped", settings(steps=8), resume=True)
