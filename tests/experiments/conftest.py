"""What tests of whole experiments share: few steps of small pictures, and made data."""

import numpy as np
import pytest
import torch
from PIL import Image

from pictura.experiments import run
from pictura.experiments.painting import PLAIN


@pytest.fixture
def few(monkeypatch):
    """48 pixels and two steps, judged by the shipped encoder, whatever else is on this disk."""
    torch.set_num_threads(1)
    monkeypatch.setenv("PICTURA_WEIGHTS", "/nowhere")
    monkeypatch.setattr(run, "SIDES", {"small": 48, "paper": 64})
    monkeypatch.setattr("pictura.experiments.painting.PLAIN", PLAIN.with_changes(steps=(2,)))


@pytest.fixture
def pairs(tmp_path):
    """Six pairs to learn from and two to test with: photographs of noise, label maps of two classes in a palette."""
    for split, count in (("train", 6), ("test", 2)):
        for i in range(count):
            random = np.random.default_rng([i, count])
            labels = Image.fromarray((random.random((8, 8)) > 0.5).astype(np.uint8)).resize((72, 72), 0).convert("P")
            labels.putpalette([200, 30, 30, 20, 60, 220])
            for side in "AB":
                (tmp_path / "pairs" / f"{split}{side}").mkdir(parents=True, exist_ok=True)
            labels.save(tmp_path / "pairs" / f"{split}B" / f"{i}.png")
            labels.convert("RGB").save(tmp_path / "pairs" / f"{split}A" / f"{i}.png")
    return tmp_path / "pairs"
