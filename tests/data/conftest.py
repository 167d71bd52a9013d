"""Made sets of pictures in a folder of the test's own."""

import numpy as np
import pytest
import torch
from PIL import Image


def noise(height=24, width=32, seed=0, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def save_map(path, numbers):
    """A label map: class numbers H×W under a palette of four colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette(bytes([0, 0, 0, 250, 10, 20, 30, 240, 50, 60, 70, 230]))
    image.save(path)
    return path


@pytest.fixture
def dice():
    """A generator; called with a seed it gives another one."""
    return lambda seed=0: torch.Generator().manual_seed(seed)


@pytest.fixture
def pairs(tmp_path):
    """trainA, trainB (4 pairs) and testA, testB (2 pairs), 32×24 pixels, all different; B is the negative of A."""
    for split, count, first in (("train", 4, 0), ("test", 2, 10)):
        for i in range(count):
            picture = noise(seed=first + i)
            save(tmp_path / f"{split}A" / f"{i}.png", picture)
            save(tmp_path / f"{split}B" / f"{i}.png", 255 - picture)
    return tmp_path
